"""`eval`, `exec` and `compile` in the judge run only text that came with the task, whoever calls them.

A test, a helper of the prelude, or the library on their behalf (`typing.get_type_hints`, `inspect.get_annotations`, `doctest`,
a mark of pytest's) may be led to evaluate what an answer gave. What is the task's: the texts in its code, each line of them, and
its annotations. Other text, when a test evaluates it itself, is carried out on the solution's side (seal `objects`) or refused.

What is covered: these three functions, under whatever name, and imports of files that a test wrote; parsing to a tree is free.
What is not: other interpreters that a test starts. They run in the cell that the tests run in, which ends with the answer.
"""

from __future__ import annotations

import ast
import builtins
import functools
import os
import pickle
import sys
import typing
from collections.abc import Callable, Iterable
from types import CodeType, FrameType
from typing import Any

run_eval, run_exec, run_compile = builtins.eval, builtins.exec, builtins.compile
"""Python's own, for the judge's code."""
_MAKERS = frozenset({"importlib._bootstrap", "importlib._bootstrap_external", "collections", "dataclasses",
                     "_pytest.assertion.rewrite", "__main__"})  # fmt: skip
"""Modules that make code of what they check to be names, or of files of the system."""
_READ_ANNOTATIONS = frozenset({"typing", "inspect"})
_ANNOTATION = "<an annotation that is not the task's>"
_FUTURE = 0x1FF0000
"""Flags of a code object for what it imports from `__future__`."""


class _Task:
    """The task that is being judged: its texts, the files of its code, and who carries out what is not its own."""

    texts: frozenset[str] = frozenset()
    files: frozenset[str] | None = None
    """None before there is a task: then nothing of an answer's is here."""
    ask: Callable[..., Any] | None = None


def begin(texts: Iterable[str], files: Iterable[str], ask: Callable[..., Any] | None) -> None:
    """From now on the task's own are these texts, and what is compiled as one of `files`; `ask` carries out `eval` and `exec` of
    other text on the solution's side."""
    _Task.texts, _Task.files, _Task.ask = frozenset(texts), frozenset(files), ask


def end() -> None:
    """There is no task, and nothing of an answer's."""
    _Task.texts, _Task.files, _Task.ask = frozenset(), None, None


@functools.lru_cache(maxsize=1024)
def texts_of(source: str) -> frozenset[str]:
    """What code holds that may be evaluated."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
            found.update(line.strip().removeprefix(">>>").removeprefix("...").strip() for line in node.value.splitlines())
        annotation = getattr(node, "annotation", None) or getattr(node, "returns", None)
        if isinstance(annotation, ast.expr):
            found.update((ast.unparse(annotation), ast.get_source_segment(source, annotation) or ""))
    return frozenset(text.strip() for text in found)


RECURSION_LIMIT, HIGHEST_RECURSION_LIMIT = 1000, 20_000
"""The interpreter's own, and the highest that a test may set: a deep answer must not overflow the judge's stack."""
_set_recursion_limit = sys.setrecursionlimit


def reset_recursion_limit() -> None:
    _set_recursion_limit(RECURSION_LIMIT)


def install() -> None:
    """Put the guards in the place of Python's own, for good, and close what else a test could open to an answer by accident."""
    builtins.eval, builtins.exec, builtins.compile = guarded_eval, guarded_exec, guarded_compile
    sys.setrecursionlimit = lambda limit: _set_recursion_limit(min(limit, HIGHEST_RECURSION_LIMIT))
    for name in ("load", "loads", "Unpickler"):  # a test that unpickles an answer would run it here
        setattr(pickle, name, _refuse_to_unpickle)


def _refuse_to_unpickle(*_: Any, **__: Any) -> Any:
    raise TypeError("unpickling runs code, and the judge runs none of an answer's; use JSON, or isolation 'inline'")


def _is_the_tasks(source: Any, caller: FrameType) -> bool:
    if isinstance(source, CodeType):
        return source.co_filename != _ANNOTATION
    if _Task.files is None or caller.f_globals.get("__name__") in _MAKERS:
        return True
    text = source.decode("utf-8", "replace") if isinstance(source, (bytes, bytearray)) else source
    return _is_text_of_task(text) or (caller.f_globals.get("__name__") in _READ_ANNOTATIONS and _names_a_type(text))


def guarded_compile(
    source: Any, filename: Any, mode: str, flags: int = 0, dont_inherit: bool = False, optimize: int = -1, **more: Any
) -> Any:
    caller = sys._getframe(1)
    imports = str(caller.f_globals.get("__name__")).startswith("importlib")
    written = imports and os.getcwd() != "/" and os.path.abspath(filename).startswith(os.getcwd() + "/")
    makes = not flags & ast.PyCF_ONLY_AST
    if makes and caller.f_globals.get("__name__") == "typing" and not _is_the_tasks(source, caller):
        filename = _ANNOTATION  # which it may never evaluate: then nobody does
    elif makes and (written or not _is_the_tasks(source, caller)) and not _is_text_of_task(source):
        raise TypeError("the judge compiles no text but the task's own")
    inherited = 0 if dont_inherit else caller.f_code.co_flags & _FUTURE
    return run_compile(source, filename, mode, flags | inherited, True, optimize, **more)


def _is_text_of_task(source: Any) -> bool:
    return isinstance(source, str) and source.strip() in _Task.texts


def _names_a_type(text: Any) -> bool:
    """Whether an annotation is made of Python's own types: to evaluate it is to look names up."""
    try:
        nodes = list(ast.walk(ast.parse(text, mode="eval"))) if isinstance(text, str) and len(text) < _LONGEST_TYPE else []
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return bool(nodes) and all(
        isinstance(node, (ast.Expression, ast.Subscript, ast.Tuple, ast.List, ast.expr_context, ast.BitOr))
        or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr))
        or (isinstance(node, ast.Constant) and node.value in (None, ...))
        or (isinstance(node, ast.Name) and node.id in _TYPES)
        for node in nodes
    )


_LONGEST_TYPE = 300
_TYPES = frozenset(name for name, kind in vars(builtins).items() if isinstance(kind, type)) | frozenset(typing.__all__)


def guarded_eval(source: Any, names: Any = None, local: Any = None, /) -> Any:
    return _run(run_eval, "eval", source, names, local, sys._getframe(1))


def guarded_exec(source: Any, names: Any = None, local: Any = None, /, **more: Any) -> None:
    _run(run_exec, "exec", source, names, local, sys._getframe(1), **more)


def _run(run: Callable[..., Any], do: str, source: Any, names: Any, local: Any, caller: FrameType, **more: Any) -> Any:
    if _is_the_tasks(source, caller):
        if names is None:
            names, local = caller.f_globals, caller.f_locals if local is None else local
        return run(source, names, local, **more)
    by_the_task = caller.f_code.co_filename.rpartition("/")[2] in (_Task.files or ())
    if _Task.ask is None or isinstance(source, CodeType) or not by_the_task:
        raise TypeError(f"the judge gives {do} no text but the task's own")
    return _Task.ask(do, source, names, local)
