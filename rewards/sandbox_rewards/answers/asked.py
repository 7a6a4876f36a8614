"""What a task's tests ask an answer for."""

from __future__ import annotations

import ast
import builtins
import functools
import sys

from sandbox_tasks.syntax import parse_quietly
from sandbox_tasks.task import UnitTests

from sandbox_rewards.answers.definitions import bound_at_top

_GIVEN = frozenset(dir(builtins)) | sys.stdlib_module_names | {"np", "numpy", "pytest", "__name__", "__file__"}


def names_asked_for(spec: UnitTests) -> frozenset[str]:
    """Names that an answer has to bind for the tests to reach it; none in style `stdio`."""
    named = frozenset({spec.entry_point} if spec.entry_point else ())
    if spec.style == "pytest":
        return named | _imported_from_solution(spec.tests[0])
    return named | _free((*spec.tests, spec.setup), spec.prelude) if spec.style == "asserts" else named


@functools.lru_cache(maxsize=4096)
def _free(tests: tuple[str, ...], prelude: str) -> frozenset[str]:
    """Names that tests read, and that nothing in them, the prelude or the language gives."""
    trees = [parse_quietly(code) for code in tests]
    names = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)]
    inner = {n.name for tree in trees for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    parameters = {n.arg for tree in trees for n in ast.walk(tree) if isinstance(n, ast.arg)}
    bound = {n.id for n in names if not isinstance(n.ctx, ast.Load)} | inner | parameters
    bound = bound.union(*map(bound_at_top, (*trees, parse_quietly(prelude))))
    return frozenset({n.id for n in names} - bound - _GIVEN)


@functools.lru_cache(maxsize=4096)
def _imported_from_solution(test: str) -> frozenset[str]:
    """Names that a test module imports from `solution`, or reads as its attributes."""
    nodes = list(ast.walk(parse_quietly(test)))
    called = {"solution"}
    for node in nodes:
        if isinstance(node, ast.Import):
            called |= {a.asname for a in node.names if a.name == "solution" and a.asname}
    imported = {a.name for n in nodes if isinstance(n, ast.ImportFrom) and n.module == "solution" for a in n.names}
    read = {n.attr for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id in called}
    patched = {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    by_text = {text.split(".")[1] for text in patched if text.startswith("solution.") and len(text) < 200}
    return frozenset(name for name in imported | read | by_text if name.isidentifier())
