"""What a task's own code says about how it uses a solution, read from its text: no answer has a say in it.

What is covered: names that are the solution's to give, names of attributes that may be asked for, which names are classes, what
the tests raise themselves, and whether plain data is all they ask for.
What is not: what is put together while the tests run (`getattr(x, a + b)`): there every public attribute may be asked for.
"""

from __future__ import annotations

import ast
import builtins
import dis
import functools
import re
import sys
from collections.abc import Container, Iterable
from types import CodeType
from typing import Any, NamedTuple

from .guard import run_compile

_IMPORTS = (ast.Import, ast.ImportFrom)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_MODULES = frozenset(name for name in sys.stdlib_module_names if not name.startswith("_")) | {"np", "numpy"}


class NamesUsed(NamedTuple):
    """What the tests' names can mean."""

    solution: frozenset[str]
    """Read, and bound by nothing in the tests, in none of them."""
    modules: frozenset[str]
    """Used as a module of the standard library would be (`math.isclose`), imported or not: where it is not, or only later, it is
    the judge's own."""


@functools.lru_cache(maxsize=4096)
def names_used(sources: tuple[str, ...]) -> NamesUsed:
    nodes = [node for source in sources for node in ast.walk(parsed(source))]
    read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    bound = {alias.asname or alias.name.partition(".")[0] for node in nodes if isinstance(node, _IMPORTS) for alias in node.names}
    bound |= {node.name for node in nodes if isinstance(node, _DEFINITIONS)}
    bound |= {name for source in sources for name in _assigned(source)}
    based = [node.value.id for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    plain = [node.id for node in nodes if isinstance(node, ast.Name)]
    imported = {alias.asname or alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names
                if alias.asname in (None, alias.name) or alias.name == "numpy"}  # fmt: skip
    modules = {n for n in read - (bound - imported) if n in _MODULES and plain.count(n) == based.count(n)}
    return NamesUsed(frozenset(read - bound - modules), frozenset(modules))


@functools.lru_cache(maxsize=4096)
def parsed(source: str) -> ast.Module:
    return ast.parse(source)


def _assigned(source: str) -> set[str]:
    """Names that a module's own code binds, or a function of it by `global`."""
    code = run_compile(source, "names.py", "exec", dont_inherit=True)
    bound = {does.argval for does in dis.get_instructions(code) if does.opname in ("STORE_NAME", "STORE_GLOBAL")}
    inner = (does for one in code_inside(code) for does in dis.get_instructions(one))
    return bound | {does.argval for does in inner if does.opname == "STORE_GLOBAL"}


@functools.lru_cache(maxsize=1024)
def names_of_solution(tests: tuple[str, ...], setup: str, entry_point: str | None, trusted: frozenset[str]) -> list[str]:
    """Names that the tests use and the solution may give: never a builtin, one of the prelude's, or one that tests assign."""
    sources = tests + ((setup,) if setup else ())
    wanted = {n for n in names_used(sources).solution if n not in trusted and not hasattr(builtins, n)}
    if entry_point:
        wanted.add(entry_point)
    return sorted(n for n in wanted if not (n.startswith("__") and n.endswith("__")))


def names_read(source: str) -> set[str]:
    """Names that code reads and did not bind before."""
    bound: set[str] = set()
    read: set[str] = set()
    code = run_compile(source, "setup.py", "exec", dont_inherit=True)
    for does in dis.get_instructions(code):
        if does.opname in _READS and does.argval not in bound:
            read.add(does.argval)
        elif does.opname in _BINDS:
            bound.add(does.argval)
    for inner in code_inside(code):  # whatever is called later may use what is bound later
        read |= {does.argval for does in dis.get_instructions(inner) if does.opname in _READS} - bound
    return read


def reads_no_solution(read: Iterable[str], known: Container[str]) -> bool:
    """Whether code that reads these names can run before there is a solution: it needs nothing but builtins and `known`."""
    return all(name in known or (hasattr(builtins, name) and name not in _LOOK_FOR_NAMES) for name in read)


def code_inside(code: CodeType) -> list[CodeType]:
    own = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return own + [inner for one in own for inner in code_inside(one)]


_READS = frozenset({"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"})
_BINDS = frozenset({"STORE_NAME", "STORE_GLOBAL"})
_LOOK_FOR_NAMES = frozenset({"eval", "exec", "globals", "locals", "vars", "dir"})


# -- style `pytest` ---------------------------------------------------------------------------------------------


def runs_nothing(module: str) -> str | None:
    """Why pytest runs no test of the module whatever the answer is, or None where its text does not say."""
    tree = parsed(module)
    nodes = list(ast.walk(tree))
    if not any(word.startswith(("test", "Test")) for node in nodes for word in _words(node)):
        return "pytest finds no test in it: the name of a test begins with 'test'"
    skipped = {id(inner) for node in nodes if isinstance(node, _DEFINITIONS) and any(map(_is_skip, node.decorator_list))
               for inner in ast.walk(node)}  # fmt: skip
    if any(isinstance(node, ast.Assign) and _is_skip(node.value) and _binds_mark(node) for node in tree.body):
        skipped |= {id(node) for node in nodes}
    tests = [node for node in nodes if isinstance(node, _DEFINITIONS[:2]) and node.name.startswith("test")]
    return "each of its tests is marked to be skipped" if tests and all(id(test) in skipped for test in tests) else None


def _is_skip(node: ast.AST) -> bool:
    """`pytest.mark.skip`, with a reason or without."""
    return ast.unparse(node.func if isinstance(node, ast.Call) else node) == "pytest.mark.skip"


def _binds_mark(node: ast.Assign) -> bool:
    return [ast.unparse(target) for target in node.targets] == ["pytestmark"]


def lacks_fixture(module: str, name: str) -> bool:
    """Whether no answer can make up for a fixture that a test of the module names: nothing in the text defines it."""
    nodes = list(ast.walk(parsed(module)))
    defining = (node for node in nodes if not (isinstance(node, ast.arg) or isinstance(getattr(node, "ctx", None), ast.Load)))
    words = {word for node in nodes for word in _words(node)}
    return not words & {"parametrize", "getfixturevalue"} and name not in {w for node in defining for w in _words(node)}


# -- seal `objects` --------------------------------------------------------------------------------------------


class Uses(NamedTuple):
    """What handles may rely on."""

    words: frozenset[str]
    """Every identifier in the task's code, in its texts too: the attributes that may be asked for."""
    any_public: bool
    """The tests put names of attributes together."""
    classes: frozenset[str]
    """Names of the solution that are classes, by the reference or else by their use in the tests."""
    raised: tuple[type[BaseException], ...]
    """What the tests raise themselves, `AssertionError` always: nothing of the solution's may catch it."""

    def may_ask(self, name: str) -> bool:
        return name in self.words or (self.any_public and not name.startswith("_"))


@functools.lru_cache(maxsize=1024)
def uses(sources: tuple[str, ...], classes: tuple[str, ...] | None) -> Uses:
    """Of the prelude, the setup and the tests. `classes` of the reference, where there is one."""
    nodes = [node for source in sources for node in ast.walk(parsed(source))]
    words: set[str] = set()
    for node in nodes:
        words.update(_words(node))
    for word in tuple(words):
        words.update(_IMPLIED.get(word, ()))
    built = any(_puts_names_together(node) for node in nodes)
    named = frozenset(classes) if classes is not None else _used_as_classes(nodes)
    return Uses(frozenset(words), built, named, _raised(nodes))


def _words(node: ast.AST) -> Iterable[str]:
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        return (node.attr,)
    if isinstance(node, ast.keyword):
        return (node.arg or "keys",)
    if isinstance(node, ast.Dict) and None in node.keys:
        return ("keys",)
    if isinstance(node, ast.arg):
        return (node.arg,)
    if isinstance(node, _DEFINITIONS):
        return (node.name,)
    if isinstance(node, ast.alias):
        return node.name.split(".")
    if isinstance(node, ast.MatchClass):
        return ("__match_args__", *node.kwd_attrs)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.findall(r"\w+", node.value)
    return ()


_DATACLASS = ("__dataclass_fields__", "__doc__", "_field_type", "name", "init", "default", "default_factory", "kw_only", "type")
_FUNCTION = ("__name__", "__doc__", "__wrapped__", "__defaults__", "__kwdefaults__", "__annotations__", "__code__", "__module__")
_IMPLIED: dict[str, tuple[str, ...]] = {
    "vars": ("__dict__",),
    **dict.fromkeys(("fields", "asdict", "astuple", "replace", "is_dataclass"), _DATACLASS),
    **dict.fromkeys(("signature", "getdoc", "get_type_hints", "get_annotations", "wraps", "unwrap", "register"), _FUNCTION),
    **dict.fromkeys(("isgeneratorfunction", "iscoroutinefunction", "isasyncgenfunction", "getsource"), ("__code__",)),
    "dict": ("keys",), "isabstract": ("__abstractmethods__", "__flags__"),
    "closing": ("close",), "aclosing": ("aclose",),
}  # fmt: skip
"""What the library's functions ask for by themselves."""


def _puts_names_together(node: ast.AST) -> bool:
    """A call of `getattr` and the like whose name is no text."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)) or node.func.id not in _BY_NAME:
        return False
    return len(node.args) < 2 or not isinstance(node.args[1], ast.Constant)


_BY_NAME = frozenset({"getattr", "hasattr", "setattr", "delattr", "attrgetter", "methodcaller"})


def _used_as_classes(nodes: list[ast.AST]) -> frozenset[str]:
    """Names that the tests use as no function is used: what they give is asked for attributes or put together with its like."""
    made: dict[str, set[str]] = {}  # what a variable is made by calling
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                for name, value in _pairs(target, node.value):
                    made.setdefault(name, set()).update(_calls(value))
        elif isinstance(node, (ast.For, ast.comprehension)) and isinstance(node.target, ast.Name):
            made.setdefault(node.target.id, set()).update(_calls(node.iter))
        elif isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
            made.setdefault(node.optional_vars.id, set()).update(_calls(node.context_expr))

    def makers(node: ast.AST) -> set[str]:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return {node.func.id}
        return made.get(node.id, set()) if isinstance(node, ast.Name) else set()

    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Attribute):
            found |= makers(node.value) | ({node.value.id} if isinstance(node.value, ast.Name) else set())
        elif isinstance(node, ast.BinOp) and _like(makers(node.left), makers(node.right)):
            found |= makers(node.left) | makers(node.right)
        elif isinstance(node, ast.Compare):
            sides = [makers(side) for side in (node.left, *node.comparators)]
            found |= set().union(*sides) if all(sides) else set()
        elif isinstance(node, ast.ClassDef):
            found |= {base.id for base in node.bases if isinstance(base, ast.Name)}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "issubclass"):
            found |= {inner.id for argument in node.args[1:] for inner in ast.walk(argument) if isinstance(inner, ast.Name)}
        elif isinstance(node, ast.MatchClass) and isinstance(node.cls, ast.Name):
            found.add(node.cls.id)
        elif isinstance(node, ast.Subscript):
            found |= makers(node.value)
    return frozenset(name for name in found if name[:1].isupper()) | _made_by_lower(found, nodes)


def _made_by_lower(found: set[str], nodes: list[ast.AST]) -> frozenset[str]:
    """Of names in small letters those whose results the tests put together with numbers *and* ask for attributes."""
    asked = {n.value.func.id for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Call)
             and isinstance(n.value.func, ast.Name)}  # fmt: skip
    return frozenset(found & asked)


def _like(left: set[str], right: set[str]) -> bool:
    return bool(left and right)


def _pairs(target: ast.AST, value: ast.AST) -> list[tuple[str, ast.AST]]:
    if isinstance(target, ast.Name):
        return [(target.id, value)]
    if isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
        return [pair for one, other in zip(target.elts, value.elts, strict=False) for pair in _pairs(one, other)]
    return []


def _calls(node: ast.AST) -> set[str]:
    return {inner.func.id for inner in ast.walk(node) if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name)}


def _raised(nodes: list[ast.AST]) -> tuple[type[BaseException], ...]:
    names = set()
    for node in nodes:
        if isinstance(node, ast.Raise) and node.exc is not None:
            what = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            names.add(what.id if isinstance(what, ast.Name) else "")
    known: list[Any] = [AssertionError, *(vars(builtins).get(name) for name in sorted(names))]
    return tuple(kind for kind in known if isinstance(kind, type) and issubclass(kind, BaseException))
