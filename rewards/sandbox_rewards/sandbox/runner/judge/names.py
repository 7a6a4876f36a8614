"""What the names in a task's tests mean: the tests' own, the prelude's, a module's, or the solution's.

A solution never gives a builtin, a name that the prelude gives, one that the tests import or define, nor a module of the
standard library that they use without importing it.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import dis
import functools
import importlib
import sys
from types import CodeType
from typing import Any, NamedTuple

from .handles import Handle
from .session import Session


class NamesUsed(NamedTuple):
    """What the tests' names can mean."""

    solution: frozenset[str]
    """Read, and bound by nothing in the tests but assignment."""
    modules: frozenset[str]
    """Used as a module of the standard library would be (`math.isclose`) without being imported: the judge's own."""


@functools.lru_cache(maxsize=4096)
def names_used(sources: tuple[str, ...]) -> NamesUsed:
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    bound = {alias.asname or alias.name.partition(".")[0] for node in nodes if isinstance(node, _IMPORTS) for alias in node.names}
    bound |= {node.name for node in nodes if isinstance(node, _DEFINITIONS)}
    based = [node.value.id for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    plain = [node.id for node in nodes if isinstance(node, ast.Name)]
    modules = {n for n in read - bound if n in _MODULES and plain.count(n) == based.count(n)}
    return NamesUsed(frozenset(read - bound - modules), frozenset(modules))


_IMPORTS = (ast.Import, ast.ImportFrom)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_MODULES = frozenset(name for name in sys.stdlib_module_names if not name.startswith("_")) | {"np", "numpy"}


@functools.lru_cache(maxsize=1024)
def names_of_solution(tests: tuple[str, ...], setup: str, entry_point: str | None, trusted: frozenset[str]) -> list[str]:
    """Names that the tests use and the solution may give: never a builtin, and never one of the prelude's."""
    sources = tests + ((setup,) if setup else ())
    wanted = {n for n in names_used(sources).solution if n not in trusted and not hasattr(builtins, n)}
    if entry_point:
        wanted.add(entry_point)
    return sorted(n for n in wanted if not (n.startswith("__") and n.endswith("__")))


@functools.lru_cache(maxsize=1024)
def reads_no_solution(source: str, known: frozenset[str]) -> bool:
    """Whether code can run before there is a solution: it reads nothing but builtins, `known` and what it bound before."""
    bound: set[str] = set()
    read: set[str] = set()
    code = compile(source, "setup.py", "exec", dont_inherit=True)
    for does in dis.get_instructions(code):
        if does.opname in _READS and does.argval not in bound:
            read.add(does.argval)
        elif does.opname in _BINDS:
            bound.add(does.argval)
    for inner in _inside(code):  # whatever is called later may use what is bound later
        read |= {does.argval for does in dis.get_instructions(inner) if does.opname in _READS} - bound
    return all(name in known or (hasattr(builtins, name) and name not in _LOOK_FOR_NAMES) for name in read)


def _inside(code: CodeType) -> list[CodeType]:
    own = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return own + [inner for one in own for inner in _inside(one)]


_READS = frozenset({"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"})
_BINDS = frozenset({"STORE_NAME", "STORE_GLOBAL"})
_LOOK_FOR_NAMES = frozenset({"eval", "exec", "globals", "locals", "vars", "dir"})


def unimported_modules(spec: dict[str, Any]) -> dict[str, Any]:
    """Modules that tests use without importing them, as tests do that were written beside the solution."""
    found = {}
    for name in names_used((*spec["tests"], spec["setup"])).modules:
        with contextlib.suppress(ImportError):
            found[name] = importlib.import_module({"np": "numpy"}.get(name, name))
    return found


def sealed_builtins(session: Session) -> dict[str, Any]:
    """`eval` and `exec` for tests: what they run may be the solution's text, so they run it on the solution's side."""

    def sealed_eval(source: Any, names: Any = None, local: Any = None) -> Any:
        return session.ask("eval", source, names, local)

    def sealed_exec(source: Any, names: Any = None, local: Any = None) -> None:
        session.ask("exec", source, names, local)

    return {"eval": sealed_eval, "exec": sealed_exec}


class TestNames(dict[str, Any]):
    """The names that tests see. A solution's name that means plain data is asked for again at each use: it may change."""

    __test__ = False

    def __init__(self, session: Session, trusted: dict[str, Any]) -> None:
        super().__init__(trusted | {"__name__": "tests"})
        self._session = session
        self._trusted = trusted
        self._data: set[str] = set()

    def know(self, found: dict[str, Any]) -> None:
        """What the solution gives for the names of the tests; what the setup made of a name stays."""
        for name, value in found.items():
            if self.get(name) is self._trusted.get(name):
                super().__setitem__(name, value)
                if not isinstance(value, (Handle, type)):
                    self._data.add(name)

    def __getitem__(self, name: str) -> Any:
        if name in self._data:
            return self._session.fetch(name)
        return super().__getitem__(name)

    def __setitem__(self, name: str, value: Any) -> None:
        self._data.discard(name)
        super().__setitem__(name, value)
