"""Where in a test's code something happens: whether an assertion would be skipped, or somebody words a failure.

The code of a task is in files of its own (`test 2.py`, `test_task.py`); `sources` are their texts by file name.
"""

from __future__ import annotations

import ast
import functools
import os
import sys
from collections.abc import Iterator
from types import FrameType, TracebackType

sources: dict[str, str] = {}
"""The task's code, by the name of the file that it was compiled as. Set once, in the judge of one answer."""
_RUNNERS = ("_pytest", "unittest", "pprint", "reprlib")


def source_of(file: str) -> str | None:
    return sources.get(os.path.basename(file))


def asked_by_a_runner() -> bool:
    """Whether what runs the tests, and not their code, asks: it words a failure."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if source_of(frame.f_code.co_filename) is not None:
            return False
        if str(frame.f_globals.get("__name__", "")).startswith(_RUNNERS):
            return True
        frame = frame.f_back
    return True


def skipped_assertion(trace: TracebackType | None) -> bool:
    """Whether a `with` that ends here, by the error of `trace`, would skip an assertion of the test that stands in it."""
    places = [(source, trace.tb_lineno) for trace in _each(trace) if (source := source_of(trace.tb_frame.f_code.co_filename))]
    if not places:
        return False
    (outer, line), inner = places[0], places[-1]
    return inner[1] in _checks(inner[0]) or any(_skips(node, line) for node in _withs(outer))


def _each(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


@functools.lru_cache(maxsize=64)
def _checks(source: str) -> frozenset[int]:
    """Lines that raise on a condition, as an assertion would."""
    branches = [node for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.If, ast.IfExp, ast.Match, ast.While))]
    raises = [inner for node in branches for inner in ast.walk(node) if isinstance(inner, ast.Raise)]
    return frozenset(line for node in raises for line in range(node.lineno, (node.end_lineno or node.lineno) + 1))


@functools.lru_cache(maxsize=64)
def _withs(source: str) -> list[ast.With | ast.AsyncWith]:
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.With, ast.AsyncWith))]


def _skips(block: ast.With | ast.AsyncWith, line: int) -> bool:
    """Whether an assertion stands in the block behind `line`, or in a loop that goes on behind it."""
    if not block.body[0].lineno <= line <= (block.end_lineno or line):
        return False
    return any(_asserts(inner) for node in block.body for inner in _behind(node, line))


def _behind(node: ast.stmt, line: int) -> list[ast.AST]:
    """What of a statement is not carried out where the one in `line` fails: that one, and those behind it."""
    if (node.end_lineno or node.lineno) < line:
        return []
    inner = [child for child in ast.iter_child_nodes(node) if isinstance(child, (ast.stmt, ast.ExceptHandler))]
    loops = isinstance(node, (ast.For, ast.AsyncFor, ast.While))
    if node.lineno > line or loops or not inner:
        return list(ast.walk(node))
    return [each for child in inner for each in _behind(child, line)]  # type: ignore[arg-type]


def _asserts(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return True
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
        return name.startswith(("assert", "fail", "check", "raises"))
    return False
