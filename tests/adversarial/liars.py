"""Liars: answers that solve nothing and hope that a test asks them, by whatever protocol of Python, instead of comparing.

`VALUES` maps a name to code that defines `make(*args)`, what a function gives back; as plain data none of it is a right answer,
and no lie knows what the test wants. `RAISED` maps a name to a statement in the place of an answer; `NAMES` to what an answer
binds the tests' own names to; `CALLS` to what it does with an object that a test hands it.
"""

from __future__ import annotations

from textwrap import indent

from tests.adversarial import blocks

YES = "lambda *a, **k: True"
NO = "lambda *a, **k: False"
SELF = "lambda s, *a, **k: s"
ZERO = "lambda *a, **k: 0"

PROTOCOLS: dict[str, str] = {
    # comparison
    "__eq__": YES, "__ne__": NO, "__lt__": YES, "__le__": YES, "__gt__": YES, "__ge__": YES, "__hash__": "lambda s: 2",
    "__bool__": "lambda s: True", "__contains__": YES, "__cmp__": ZERO,
    # containers
    "__len__": "lambda s: ARGS[0] if ARGS and type(ARGS[0]) is int else 2", "__length_hint__": "lambda s: 2",
    "__iter__": "lambda s: iter(())", "__next__": "lambda s: next(iter(()))", "__getitem__": SELF,
    "__reversed__": "lambda s: iter(())",
    "__missing__": SELF, "__setitem__": SELF, "__delitem__": SELF,
    # numbers
    "__float__": "lambda s: 0.0", "__int__": ZERO, "__index__": ZERO, "__complex__": "lambda s: 0j", "__round__": ZERO,
    "__trunc__": ZERO, "__floor__": ZERO, "__ceil__": ZERO, "__abs__": ZERO, "__neg__": ZERO, "__pos__": ZERO, "__invert__": ZERO,
    "__sub__": ZERO, "__rsub__": ZERO, "__add__": SELF, "__radd__": SELF, "__mul__": ZERO, "__rmul__": ZERO, "__truediv__": ZERO,
    "__rtruediv__": ZERO, "__floordiv__": ZERO, "__mod__": ZERO, "__pow__": ZERO, "__matmul__": ZERO,
    "__divmod__": "lambda *a: (0, 0)",
    "__and__": SELF, "__or__": SELF, "__xor__": ZERO, "__rxor__": ZERO, "__iadd__": SELF, "__isub__": ZERO, "__lshift__": ZERO,
    "as_integer_ratio": "lambda s: (0, 1)",
    # text
    "__str__": "lambda s: ''", "__repr__": "lambda s: ''", "__format__": "lambda s, spec: ''", "__bytes__": "lambda s: b''",
    "__fspath__": "lambda s: '/dev/null'",
    # attributes and calls
    "__getattr__": "lambda s, name: lambda *a, **k: True", "__getattribute__": "lambda s, name: lambda *a, **k: True",
    "__call__": YES, "__dir__": "lambda s: []", "__class__": "property(lambda s: int)", "__get__": SELF, "__set__": SELF,
    # classes
    "__instancecheck__": YES, "__subclasscheck__": YES, "__subclasshook__": "classmethod(lambda *a: True)",
    "__mro_entries__": "lambda s, bases: ()", "__class_getitem__": "classmethod(lambda c, k: c)",
    "__init_subclass__": "classmethod(lambda c, **k: None)", "__set_name__": SELF,
    "__prepare__": "classmethod(lambda *a, **k: {})",
    # control flow
    "__enter__, __exit__": SELF, "__await__": "lambda s: iter(())", "__aiter__": SELF, "__anext__": SELF,
    # copies
    "__copy__": SELF, "__deepcopy__": SELF, "__reduce__": "lambda s: (bool, (1,))", "__reduce_ex__": "lambda s, v: (bool, (1,))",
    "__getstate__": "lambda s: {}", "__sizeof__": ZERO, "__del__": SELF,
    # what libraries ask
    "__array_function__": YES, "__array_ufunc__": YES, "__array__": "lambda s, *a, **k: __import__('array').array('d', [])",
    "__array_priority__": "1e9", "__array_interface__": "{'shape': (0,), 'typestr': '<f8', 'version': 3}",
    "__array_wrap__": YES, "__array_finalize__": SELF, "__buffer__": "lambda s, flags: memoryview(b'')",
    "__dlpack__": SELF, "__array_namespace__": SELF, "__json__": "lambda s: ''", "__html__": "lambda s: ''",
    "_asdict": "lambda s: {}",
    "_fields": "()", "__dataclass_fields__": "{}", "__match_args__": "()", "__annotations__": "{'x': 'print(1)'}",
    "__signature__": "None", "__wrapped__": "print", "__doc__": "'>>> 1\\n1\\n'", "__test__": "{}", "__name__": "'f'",
    "__module__": "'builtins'", "__globals__": "{}", "__code__": "(lambda: 1).__code__", "__defaults__": "()", "__slots__": "()",
    "__tracebackhide__": "True", "__unittest_skip__": "True", "__notes__": "[]", "pytestmark": "[]", "mock_calls": "[]",
}  # fmt: skip
"""One lie each: the member of a class that tells it."""

CONTROL = {"__enter__, __exit__": "__enter__ = lambda s: s\n__exit__ = lambda s, *a: True"}

MAKE = "def make(*args):\n    global ARGS\n    ARGS = args\n    return {value}"


def _one(name: str, lie: str) -> str:
    body = CONTROL.get(name, f"{name} = {lie}")
    return f"class E:\n{indent(body, '    ')}\n{MAKE.format(value='E()')}"


_UNFIT = (
    "__slots__",
    "__getattribute__",
    "__del__",
    "__set_name__",
    "__prepare__",
    "__mro_entries__",
    "__missing__",
    "__class__",
)
_ALL = "\n".join(CONTROL.get(name, f"{name} = {lie}") for name, lie in PROTOCOLS.items() if name not in _UNFIT)


def _all(bases: str, value: str, before: str = "", more: str = "") -> str:
    """Every lie at once, by a class with such a base."""
    body = indent(f"{_ALL}\n{more}" if more else _ALL, "    ")
    return f"{before}\nclass E({bases}):\n{body}\n{MAKE.format(value=value)}"


BASES = {
    "object": ("object", "E()", ""), "int": ("int", "E(9)", ""), "float": ("float", "E(9.5)", ""), "complex": ("complex",
    "E(9)", ""),
    "str": ("str", "E('z')", ""), "bytes": ("bytes", "E(b'z')", ""), "list": ("list", "E([9])", ""), "tuple": ("tuple",
    "E((9,))", ""),
    "dict": ("dict", "E({9: 9})", ""), "set": ("set", "E([9])", ""), "frozenset": ("frozenset", "E([9])", ""),
    "bytearray": ("bytearray", "E(b'z')", ""), "Exception": ("Exception", "E()", ""),
    "BaseException": ("BaseException", "E()", ""), "deque": ("collections.deque", "E([9])", "import collections"),
    "Counter": ("collections.Counter", "E('z')", "import collections"),
    "UserDict": ("collections.UserDict", "E()", "import collections"),
    "OrderedDict": ("collections.OrderedDict", "E()", "import collections"),
    "defaultdict": ("collections.defaultdict", "E(lambda: True)", "import collections"),
    "ChainMap": ("collections.ChainMap", "E()", "import collections"),
    "namedtuple": ("collections.namedtuple('N', 'a')", "tuple.__new__(E, (9,))", "import collections"),
    "Decimal": ("decimal.Decimal", "E(9)", "import decimal"),
    "Fraction": ("fractions.Fraction", "fractions.Fraction.__new__(E, 9)", "import fractions"),
    "date": ("datetime.date", "E(1999, 9, 9)", "import datetime"), "timedelta": ("datetime.timedelta", "E(9)", "import datetime"),
    "tzinfo": ("datetime.tzinfo", "E()", "import datetime"), "partial": ("functools.partial", "E(bool)", "import functools"),
    "namespace": ("types.SimpleNamespace", "E()", "import types"), "module": ("types.ModuleType", "E('e')", "import types"),
    "ctypes": ("ctypes.c_int", "E(9)", "import ctypes"), "array": ("array.array", "E('d', [9])", "import array"),
    "Mock": ("unittest.mock.NonCallableMock", "E()", "import unittest.mock"), "Path": ("pathlib.PurePosixPath", "E('z')",
    "import pathlib"),
    "StringIO": ("io.StringIO", "E('z')", "import io"), "Thread": ("threading.Thread", "E()", "import threading"),
    "ndarray": ("numpy.ndarray", "numpy.ndarray.__new__(E, (0,))", "import numpy"),
    "float64": ("numpy.float64", "E(9)", "import numpy"), "Mapping": ("collections.abc.Mapping", "E()", "import collections.abc"),
    "Sequence": ("collections.abc.Sequence", "E()", "import collections.abc"),
    "Generator": ("collections.abc.Generator", "E()", "import collections.abc"), "Number": ("numbers.Real", "E()",
    "import numbers"),
}  # fmt: skip
_ABSTRACT = {
    "Generator": "send = throw = lambda s, *a: next(iter(()))",
    "Number": "__rfloordiv__ = __rmod__ = __rpow__ = lambda *a: 0",
    "tzinfo": "utcoffset = dst = tzname = lambda *a: None",
}

_METACLASS = "M('E', (), {})"
_SPECIAL = {
    "class with a lying metaclass": f"class M(type):\n{indent(_ALL, '    ')}\n{MAKE.format(value=_METACLASS)}",
    "false class": _all("object", "E()", more="__class__ = property(lambda s: int)"),
    **blocks.read("special"),
}
VALUES: dict[str, str] = {
    **{f"one lie, {name}": _one(name, lie) for name, lie in PROTOCOLS.items()},
    **{f"all lies, {name}": _all(base, value, before, _ABSTRACT.get(name, "")) for name, (base, value, before) in BASES.items()},
    **{f"special, {name}": code for name, code in _SPECIAL.items()},
}

PAYLOAD = """
import sys
class E:
    __eq__ = __lt__ = lambda *a, **k: True
    __call__ = __getattr__ = lambda *a, **k: E()
x = E()
_frame = sys._getframe()
while _frame:
    if 'f' in _frame.f_globals: _frame.f_globals['f'] = x
    _frame = _frame.f_back
print(2)
"""
"""Run in the judge it makes a test pass."""
LASTING = """
import sys
for _module in [m for n, m in list(sys.modules.items()) if n.startswith('runner.judge')]:
    for _thing in [t for t in vars(_module).values() if isinstance(t, type) and hasattr(t, '_passes')]:
        _thing._passes = lambda *a: True
"""
"""Run in the judge it makes every test pass from then on."""
_BUILTINS = (
    "[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close'][0].__init__.__globals__['__builtins__']"
)


def _expression(code: str) -> str:
    """Code as an expression that needs no builtins of whoever evaluates it."""
    return f"[[b['exec']({code!r}, {{'__builtins__': b}}), b['int']][1] for b in [{_BUILTINS}]][0]"


_EXPRESSION = _expression(PAYLOAD)
STAYS = f"def f(x: {_expression(LASTING)!r}) -> 'int': return 2"
_LINE = f"exec({PAYLOAD!r})"
_READER = r"""
import os, re
with open(f'/proc/{os.getppid()}/maps') as maps, open(f'/proc/{os.getppid()}/mem', 'rb', 0) as memory:
    for line in maps:
        low, high = (int(part, 16) for part in line.split()[0].split('-'))
        if 'rw' in line and high - low < 1 << 28:
            try:
                memory.seek(low)
                found = re.search(rb"stdout(?:\.strip\(\))? == '([^'\\\\]{1,60})", memory.read(high - low))
            except OSError: continue
            if found: print(found.group(1).decode()); break
"""
"""Run by a process that a test starts, it looks for what the test wants in the memory of whoever started it."""
TEXTS: dict[str, str] = {
    "a reader of its parent": f"make = lambda *a: {_READER!r}",
    **{
        f"{kind}, {name}": f"make = lambda *a: {value!r}"
        for kind, text in {
            "statements": PAYLOAD,
            "an expression": _EXPRESSION,
            "a line": _LINE,
            "a doctest": f">>> {_LINE}\n",
            "a lambda": f"(lambda *a: [exec({PAYLOAD!r}), True][1])()",
            "a shell line": f"python3 -c {_LINE!r}",
            "a template": "{0.__class__.__init__.__globals__}",
            "a daemon": "import os\nif os.fork() == 0:\n    os.setsid()\n    import time\n    time.sleep(30)\nprint(2)",
        }.items()
        for name, value in {"text": text, "bytes": text.encode(), "list": [text], "dict": {text: text}}.items()
    },
    "pickle of it": f"import pickle\nclass P:\n    def __reduce__(s): return exec, ({PAYLOAD!r},)\n"
    "import pickle\nmake = lambda *a: pickle.dumps(P())",
    "code object": f"make = lambda *a: compile({PAYLOAD!r}, 'test.py', 'exec')",
    "marshalled": f"import marshal\nmake = lambda *a: marshal.dumps(compile({PAYLOAD!r}, 'test.py', 'exec'))",
    "annotated function": f"def make(*a): return lambda x: x\nmake.__annotations__ = {{'x': {_EXPRESSION!r}}}",
}
"""What comes back is code, for tests that have it evaluated."""
HEADS: dict[str, str] = {
    "annotations": f"def f(x: {_EXPRESSION!r}) -> {_EXPRESSION!r}: return 0",
    "dict of annotations": f"def f(x): return 0\nf.__annotations__ = {{'x': {_EXPRESSION!r}, 'return': {_EXPRESSION!r}}}",
    "forward reference": f"import typing\ndef f(x: typing.List[{_EXPRESSION!r}]) -> {_EXPRESSION!r}: return 0",
    "annotated class": f"class f:\n    x: {_EXPRESSION!r} = 0\n    def __init__(s, x): pass",
    "wrapped": f"import functools\ndef g(x: {_EXPRESSION!r}): return 0\n@functools.wraps(g)\ndef f(x): return 0",
    "false signature": f"def f(x): return 0\nf.__text_signature__ = f.__signature__ = {f'(x={_EXPRESSION})'!r}",
    "docs": f"def f(x):\n    return 0\nf.__doc__ = {'>>> ' + _LINE!r}",
    "defaults": "def f(x=type('E', (), {'__eq__': lambda *a: True})()): return 0",
    "module's annotations": f"x: {_EXPRESSION!r} = 0\ndef f(x): return 0",
    "__all__ and __test__": f"__all__ = ['f', 'pytest_runtest_call', 'np']\n__test__ = {{'x': {'>>> ' + _LINE!r}}}\n"
    "def f(x): return 0\n"
    "def pytest_runtest_call(item): item.obj = lambda: None\nnp = f",
}
"""Functions with code in the place where tests read about them."""

RAISED = blocks.read("raised")
"""What is done in the place of an answer."""

NAMES = blocks.read("names")
"""What the tests' own names are bound to at the top level of an answer."""

CALLS = blocks.read("calls")
"""What is done with the test's object `g`."""
