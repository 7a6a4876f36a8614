"""Ways out of a zero: whatever ends, hangs or fills a process, at every moment at which an answer's code can be made to run.

`ENDS` are statements; at the moments of `moments.txt` and at every hook of the objects of `hooked.txt` one is carried out. Every
verdict is a failure of that
answer, never `no_verdict`, and whoever is judged next on the same worker is judged as if it had not been there.
"""

from __future__ import annotations

from textwrap import indent

from tests.adversarial import blocks

ENDS = blocks.read("ends")

HOOKS = (
    "__hash__", "__repr__", "__str__", "__reduce__", "__reduce_ex__", "__eq__", "__bool__", "__len__", "__iter__", "__next__",
    "__getattr__",
    "__getattribute__", "__dir__", "__call__", "__format__", "__index__", "__float__", "__del__", "__contains__", "__sub__",
    "__instancecheck__",
    "__array_function__", "__array__", "__length_hint__", "__copy__", "__sizeof__", "__class__", "__dict__", "__module__",
    "__name__",
    "__qualname__", "__mro__", "__bases__", "args", "__cause__", "__notes__", "__traceback__", "with_traceback",
    "__subclasscheck__", "mro", "dtype",
    "__slots__", "_name_", "tolist", "__dataclass_fields__", "__code__", "__annotations__", "__doc__",
)  # fmt: skip
_VALUES = frozenset({
    "__class__", "__dict__", "__module__", "__name__", "__qualname__", "__mro__", "__bases__", "args", "__cause__",
    "__notes__", "__traceback__",
    "dtype", "__slots__", "_name_", "__dataclass_fields__", "__code__", "__annotations__", "__doc__",
})  # fmt: skip
"""Hooks that are read, not called: properties."""


def _hook(name: str, end: str) -> str:
    inner = indent(end, "    ")
    head = f"@property\ndef {name}(self):" if name in _VALUES else f"def {name}(self, *args, **named):"
    return f"{head}\n{inner}"


AT_HOOKS = (
    "SystemExit", "KeyboardInterrupt", "BaseException", "os._exit(0)", "segfault", "recursion", "a huge text", "a huge name",
    "UnicodeDecodeError, changed", "closed descriptors", "StopIteration", "names of the judge",
)  # fmt: skip
"""The ends of which every hook is tried; the others are tried at the plain moments."""

CELLS: dict[str, str] = {
    f"{name}, {moment}": blocks.filled(frame, "END", end)
    for moment, frame in blocks.read("moments").items() for name, end in ENDS.items()
} | {
    f"{name}, {hook} of {moment}": blocks.filled(frame, "HOOK", _hook(hook, ENDS[name]))
    for moment, frame in blocks.read("hooked").items() for hook in HOOKS for name in AT_HOOKS
}  # fmt: skip
"""Every end at every moment: an answer each."""

TESTS = {
    "asserts": ["assert f(1) == 2\nassert f(2) == want", "assert f(1) == 2, f(1)",
    "r = f(1)\nassert list(r) == [1], f'{r!r} {r}'"],
    "check": ["def check(candidate):\n    assert candidate(1) == 2, candidate(2)\n    assert candidate(2) == want"],
    "pytest": ["from solution import f\nimport solution\ndef test(): assert f(1) == 2, repr(f(2))\n"
               "def test_two(): assert [f(1)] == [solution.want]"],
}  # fmt: skip
HONEST = "want = 2\nclass A(list): pass\ndef f(x): return 2"
