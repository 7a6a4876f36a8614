"""What a task's tests ask an answer for."""

from __future__ import annotations

import ast
import builtins
import functools
import sys
from collections import Counter

from sandbox_tasks.syntax import parse_quietly
from sandbox_tasks.task import UnitTests

from sandbox_rewards.answers.definitions import bound_at_top

_GIVEN = frozenset({*dir(builtins), "__name__", "__file__"})
_MODULES = sys.stdlib_module_names | {"np", "numpy"}
"""What the judge imports for tests that read attributes of it."""


def names_asked_for(spec: UnitTests) -> frozenset[str]:
    """Names that an answer has to bind for the tests to reach it; none in style `stdio`."""
    named = frozenset({spec.entry_point} if spec.entry_point else ())
    if spec.style == "pytest":
        return named | _of_solution(spec.tests[0])[0]
    return named | _free((*spec.tests, spec.setup), spec.prelude) if spec.style == "asserts" else named


@functools.lru_cache(maxsize=4096)
def _free(tests: tuple[str, ...], prelude: str) -> frozenset[str]:
    """Names that tests read, and that nothing in them, the prelude or the language gives."""
    try:
        trees, given = [parse_quietly(code) for code in tests], parse_quietly(prelude)
    except SyntaxError:  # the sandbox says so, of the part that does not compile
        return frozenset()
    names = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)]
    inner = {n.name for tree in trees for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    parameters = {n.arg for tree in trees for n in ast.walk(tree) if isinstance(n, ast.arg)}
    bound = {n.id for n in names if not isinstance(n.ctx, ast.Load)} | inner | parameters
    bound = bound.union(*map(bound_at_top, (*trees, given)))
    based = [
        n.value.id for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)
    ]
    read = Counter(n.id for n in names)
    modules = {name for name, times in Counter(based).items() if name in _MODULES and read[name] == times}
    return frozenset(read.keys() - bound - modules - _GIVEN)


def asks_for_all(spec: UnitTests) -> bool:
    """Whether the tests take the answer as a module whose names they may look up in other ways: `from solution import *`,
    `getattr(solution, name)`, `importlib.import_module("solution")`.
    """
    return spec.style == "pytest" and _of_solution(spec.tests[0])[1]


@functools.lru_cache(maxsize=4096)
def _of_solution(test: str) -> tuple[frozenset[str], bool]:
    """Names that a test module imports from `solution`, or reads as its attributes; and whether it may use others."""
    try:
        nodes = list(ast.walk(parse_quietly(test)))
    except SyntaxError:  # as above
        return frozenset(), False
    called = {a.asname or a.name for n in nodes if isinstance(n, ast.Import) for a in n.names if a.name == "solution"}
    imported = {a.name for n in nodes if isinstance(n, ast.ImportFrom) and n.module == "solution" for a in n.names}
    based = [n for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id in called]
    used = sum(isinstance(n, ast.Name) and n.id in called for n in nodes)
    texts = {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    patched = {text.split(".")[1] for text in texts if text.startswith("solution.") and len(text) < 200}
    names = {name for name in imported | patched | {n.attr for n in based} if name.isidentifier()}
    return frozenset(names), "*" in imported or used > len(based) or "solution" in texts
