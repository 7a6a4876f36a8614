"""What an answer's functions are and depend on, without what it adds for show: usage examples, prints, asserts of its own.

Kept are the statements at the top level that bind a name which is needed, or that change what such a name holds: imports,
definitions, constants, `X.method = f`, `TABLE.append(...)`, a call of a function that fills a table, a decorator that registers,
`sys.setrecursionlimit(...)`, a module that is patched. A name is needed when the tests ask for it or something kept reads it.
Prints, asserts and `if __name__ == "__main__":` never are. Where names are looked up by their text (`globals()`, `exec`) all else
stays. This is EvalPlus' sanitising (arXiv:2305.01210) with the effects that it leaves out. Linear in the size of the code.
"""

from __future__ import annotations

import ast
import builtins
import symtable
import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from typing import NamedTuple

from sandbox_tasks.syntax import parse_quietly, symbols_quietly

_BY_TEXT = frozenset({"globals", "exec", "eval", "vars", "locals", "__import__"})
"""Functions that find names by their text."""
_SETS = ("set", "seed", "stack_size", "filterwarnings", "simplefilter", "disable", "enable", "register", "install", "patch",
         "basicConfig", "append", "insert", "extend", "update", "pop", "clear")  # fmt: skip
"""How functions of modules are called that change how later code runs: `sys.setrecursionlimit`, `sys.path.append`."""
_BUILTINS = frozenset(dir(builtins)) - {"setattr", "delattr", "exec"}
"""Those that change nothing that they are given."""
_GIVEN = frozenset({*dir(builtins), "__file__", "__annotations__", "__builtins__"})
_INSTALLED = sys.stdlib_module_names | {
    "numpy", "scipy", "pandas", "sympy", "networkx", "sortedcontainers", "sklearn", "torch", "more_itertools", "regex", "gmpy2",
}  # fmt: skip
"""Modules that are known to be others' work; any other that an answer imports is a file that it thinks of as its own."""
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Kept(NamedTuple):
    code: str
    """Lines that are left out are empty, so that the others keep their numbers."""
    left_out: int
    """Statements."""


def definitions(code: str, wanted: Iterable[str]) -> Kept:
    """The part of `code`, which parses, that its names `wanted` need."""
    tree = parse_quietly(code)
    statements = _statements(code, tree)
    if any(name in _BY_TEXT for s in statements if not s.for_show for name in s.reads | s.globals):
        kept = [not s.for_show for s in statements]
    else:
        kept = _Needs(statements, set(wanted)).kept
    nodes = [s.node for s, stays in zip(statements, kept, strict=True) if stays or _says_nothing(s.node)]
    left_out = len(tree.body) - len(nodes)
    return Kept(_only(code, tree, nodes) if left_out else code, left_out)


def bound_at_top(tree: ast.Module) -> set[str]:
    """Names that a module's statements bind in it; those that functions declare global too."""
    declared = {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
    return declared.union(*map(_bound, tree.body))


def defined_at_top(tree: ast.Module) -> set[str]:
    """Names that a module gives itself: those of `bound_at_top` without what it imports from the answer's own files
    (`from solution import f`), and without `f = f`.
    """
    declared = {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
    return declared.union(*(_bound(n, own=True) for n in tree.body if not _is_for_show(n)))


def without_own_imports(code: str, given: Set[str]) -> str:
    """The code, which parses, without imports at its top level from the answer's own files of names that are `given` anyway."""
    tree = parse_quietly(code)
    own = {id(n) for n in tree.body if isinstance(n, ast.ImportFrom) and _is_own(n) and all(_is_given(a, given) for a in n.names)}
    return _only(code, tree, [node for node in tree.body if id(node) not in own]) if own else code


def unbound(code: str, tree: ast.Module) -> set[str]:
    """Names that a module reads and does not bind, and that are no builtins."""
    bound = bound_at_top(tree)
    return set() if "*" in bound else {name for s in _statements(code, tree) for name in s.reads | s.globals} - bound - _GIVEN


@dataclass(frozen=True)
class _Effects:
    """What code may do to names of its module."""

    changes: frozenset[str]
    """Names whose values it stores into, or whose methods it calls."""
    passes: frozenset[str]
    """Names that it gives to something that might change them."""
    calls: frozenset[str]
    """What it calls, by the last part of its name."""


@dataclass
class _Statement:
    """A statement at the top level of a module, and, where it defines something that can be called, what calling it does."""

    node: ast.stmt
    binds: set[str]
    reads: set[str]
    runs: _Effects
    body: _Effects | None
    called_by: frozenset[str]
    """Names by which its body is called: its own, those of methods."""
    globals: set[str]
    """What the functions in it read of the module."""
    for_show: bool


class _Needs:
    """Works from the names that are wanted through all that they need; each statement, name and function is taken once."""

    def __init__(self, statements: list[_Statement], wanted: set[str]) -> None:
        self._statements = statements
        self._wanted = wanted
        self._imported = {n for s in statements if isinstance(s.node, ast.Import | ast.ImportFrom) for n in s.binds}
        functions = {s.node.name for s in statements if isinstance(s.node, _FUNCTIONS)}
        self._binders, self._changers, self._callers, self._changing, self._calling = (
            defaultdict[str, list[int]](list) for _ in range(5)
        )
        for number, statement in enumerate(statements):
            heirs = {_root(base) for base in statement.node.bases} if isinstance(statement.node, ast.ClassDef) else set()
            changes = statement.runs.changes | (statement.runs.passes - functions) | heirs
            _index(self._binders, statement.binds, number)
            _index(self._changers, changes - self._imported, number)
            _index(self._callers, statement.runs.calls, number)
            if body := statement.body:
                _index(self._changing, (body.changes | (body.passes - functions)) & statement.globals - self._imported, number)
                _index(self._calling, body.calls, number)
        self.kept = [False] * len(statements)
        self._active: set[str] = set()
        self._names: list[str] = list(wanted)
        self._run()

    def _run(self) -> None:
        for number, statement in enumerate(self._statements):
            if "*" in statement.binds or _is_future(statement.node) or _patches(statement.node, self._imported):
                self._keep(number)
        needed: set[str] = set()
        while self._names:
            if (name := self._names.pop()) in needed:
                continue
            needed.add(name)
            for number in (*self._binders[name], *self._changers[name]):
                self._keep(number)
            for number in self._changing[name]:
                self._activate(number)

    def _keep(self, number: int) -> None:
        statement = self._statements[number]
        if not self.kept[number] and not statement.for_show:
            self.kept[number] = True
            self._names += statement.reads | statement.globals

    def _activate(self, number: int) -> None:
        """Calls, at the top level, of what changes a name that is needed stay; calls of what the tests call are examples."""
        waiting = [number]
        while waiting:
            for name in self._statements[waiting.pop()].called_by - self._active - self._wanted:
                self._active.add(name)
                waiting += self._calling[name]
                for caller in self._callers[name]:
                    self._keep(caller)


def _index(index: dict[str, list[int]], names: Iterable[str], number: int) -> None:
    for name in names:
        index[name].append(number)


def _statements(code: str, tree: ast.Module) -> list[_Statement]:
    found = [_statement(node) for node in tree.body]
    starts = [_first_line(node) for node in tree.body]
    for table in symbols_quietly(code).get_children():
        place = bisect_right(starts, table.get_lineno()) - 1
        read = _globals_of(table)
        while place >= 0:
            found[place].globals |= read
            place -= 1
            if starts[place] != starts[place + 1]:  # statements of one line share what is read on it
                break
    return found


def _statement(node: ast.stmt) -> _Statement:
    running = list(_running(node))
    reads = {n.id for n in running if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Store)}
    body, called_by = None, frozenset[str]()
    if isinstance(node, _DEFINITIONS):
        inner = list(ast.walk(node))
        body = _effects(inner)
        called_by = frozenset({node.name} | {n.name for n in inner if isinstance(n, _FUNCTIONS) and n.name[:2] != "__"})
    return _Statement(node, _bound(node), reads, _effects(running), body, called_by, set(), _is_for_show(node))


def _running(node: ast.stmt) -> Iterator[ast.AST]:
    """The nodes that run as the statement does: bodies of functions don't."""
    waiting: list[ast.AST] = [node]
    while waiting:
        here = waiting.pop()
        yield here
        if isinstance(here, _FUNCTIONS):
            waiting += [*here.decorator_list, here.args, *([here.returns] if here.returns else [])]
        else:
            waiting += [here.args] if isinstance(here, ast.Lambda) else ast.iter_child_nodes(here)


def _effects(nodes: list[ast.AST]) -> _Effects:
    changes, passes, calls = set[str](), set[str](), set[str]()
    for node in nodes:
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            changes.add(_root(node))
        elif isinstance(node, ast.Global):
            changes |= set(node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del):
            changes.add(node.id)
        elif isinstance(node, _DEFINITIONS):
            calls |= {_last(decorator) for decorator in node.decorator_list}
            changes |= {_root(decorator) for decorator in node.decorator_list if isinstance(decorator, ast.Attribute)}
        elif isinstance(node, ast.Call):
            calls.add(_last(node.func))
            if isinstance(node.func, ast.Attribute):
                changes.add(_root(node.func))
            if not (isinstance(node.func, ast.Name) and node.func.id in _BUILTINS):
                passes |= {n.id for n in (*node.args, *(k.value for k in node.keywords)) if isinstance(n, ast.Name)}
    return _Effects(frozenset(changes), frozenset(passes), frozenset(calls))


def _globals_of(table: symtable.SymbolTable) -> set[str]:
    """Names of the module that functions and classes, and all that is in them, read or bind."""
    names, waiting = set[str](), [table]
    while waiting:
        here = waiting.pop()
        names |= {symbol.get_name() for symbol in here.get_symbols() if symbol.is_global()}
        waiting += here.get_children()
    return names


def _bound(node: ast.stmt, *, own: bool = False) -> set[str]:
    """Names that a statement binds where it stands; `*` for an import of all. `own`: see `defined_at_top`."""
    names = set[str]()
    waiting: list[ast.AST] = [node]
    while waiting:
        here = waiting.pop()
        if own and _borrows(here):
            continue
        if isinstance(here, _DEFINITIONS):
            names.add(here.name)
        elif isinstance(here, ast.alias):
            names.add(here.asname or here.name.partition(".")[0])
        elif isinstance(here, ast.Name) and isinstance(here.ctx, ast.Store):
            names.add(here.id)
        elif isinstance(here, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and here.name:
            names.add(here.name)
        if not isinstance(here, (*_DEFINITIONS, ast.Lambda, *_COMPREHENSIONS)):
            waiting += ast.iter_child_nodes(here)
    return names


def _borrows(node: ast.AST) -> bool:
    """Whether what it binds has to be there already: in a file of the answer's, or under the same name."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
        return all(isinstance(target, ast.Name) and target.id == node.value.id for target in node.targets)
    return _is_own(node)


def _is_own(node: ast.AST) -> bool:
    """Whether it imports nothing but files of the answer's."""
    if isinstance(node, ast.ImportFrom):
        return node.level > 0 or (node.module or "").partition(".")[0] not in _INSTALLED
    return isinstance(node, ast.Import) and not any(alias.name.partition(".")[0] in _INSTALLED for alias in node.names)


def _is_given(alias: ast.alias, given: Set[str]) -> bool:
    return alias.name in given and alias.asname in (None, alias.name)


def _is_for_show(node: ast.stmt) -> bool:
    """A print, an assert, or what only a program runs."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return _last(node.value.func) in ("print", "pprint")
    guard = isinstance(node, ast.If) and not node.orelse and {"__name__", "__main__"} <= {
        n.id if isinstance(n, ast.Name) else getattr(n, "value", None) for n in ast.iter_child_nodes(node.test)
    }  # fmt: skip
    return guard or isinstance(node, ast.Assert)


def _says_nothing(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _patches(node: ast.stmt, imported: set[str]) -> bool:
    """Whether it changes a module that it imported: `sys.setrecursionlimit(9999)`, `getcontext().prec = 50`."""
    if isinstance(node, _DEFINITIONS):
        return False
    stored = (n for n in _running(node) if isinstance(n, ast.Attribute | ast.Subscript) and not isinstance(n.ctx, ast.Load))
    if any(_root(n, through_calls=True) in imported for n in stored):
        return True
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and _last(call.func).startswith(_SETS) and _root(call.func, through_calls=True) in imported


def _root(node: ast.AST, *, through_calls: bool = False) -> str:
    """The name that an expression of attributes and items begins with; empty where there is none."""
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
            node = node.value
        elif isinstance(node, ast.Call) and through_calls:
            node = node.func
        else:
            return ""
    return node.id


def _last(node: ast.expr) -> str:
    """The last name of what is called: `c` of `a.b.c(1)(2)`."""
    while isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _first_line(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, _DEFINITIONS) else []
    return min([node.lineno, *(d.lineno for d in decorators)])


def _only(code: str, tree: ast.Module, kept: list[ast.stmt]) -> str:
    """The code with nothing but these statements: the lines of others are empty."""
    lines_of = [(node, range(_first_line(node) - 1, node.end_lineno or node.lineno)) for node in tree.body]
    staying = {id(node) for node in kept}
    held = {line for node, lines in lines_of if id(node) in staying for line in lines}
    lines = code.split("\n")
    for node, numbers in lines_of:
        if id(node) not in staying:
            if any(number in held for number in numbers):
                return ast.unparse(ast.Module(kept, []))
            lines[numbers.start : numbers.stop] = [""] * len(numbers)
    return "\n".join(lines)
