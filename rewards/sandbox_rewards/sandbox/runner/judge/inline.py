"""Isolation `inline`: a task's tests run inside the solution's own process, because they reach into its objects.

What is covered: what every solution gets - its cell, its limits, no file or process of the judge. What is not: the tests and
the verdict. The solution can read the tests, change them, make every equality true and send any count of passed tests; so
this is for answers that nobody trains to cheat.
"""

from __future__ import annotations

from typing import Any

from ..cell.compiler import Compiler
from ..cell.zygote import Zygote
from ..wire.surroundings import Surroundings
from .outcomes import Ending, Outcome, ending, outcome, tests_in
from .task_code import load_once, prelude_must_load, tests

NOT_SEALED = "inline: not sealed off from the answer"
"""Detail of every grade that passed this way."""
_REPORT = "_inline_report"


def judge_inline(spec: dict[str, Any], answer: str, zygote: Zygote, compiler: Compiler, surroundings: Surroundings) -> Outcome:
    """Outcome for styles `asserts` and `check`, on the word of the solution's process."""
    compiler.compiled(answer)  # only to tell a syntax error of the answer from one of its doing
    total = tests_in(spec)
    found, problem, death = load_once(spec, _module(spec, answer), [_REPORT], zygote, surroundings)
    if problem and spec["prelude"]:
        prelude_must_load(spec, zygote, surroundings)
    passed, end = (0, ending(problem, death, spec)) if problem else _read(found.get(_REPORT), total)
    return outcome(end, passed, total)


def _module(spec: dict[str, Any], answer: str) -> str:
    """A module that runs answer and tests and keeps the report as a value of its own."""
    inner = {"code": answer, "tests": tests(spec), **{key: spec[key] for key in ("style", "setup", "entry_point")}}
    return f"from runner.solution.inline_run import run_here as {_REPORT}\n{_REPORT} = {_REPORT}(globals(), {inner!r})\n"


def _read(report: Any, total: int) -> tuple[int, Ending]:
    """Passed tests, and the ending that the solution's process reported."""
    passed, failed = (report.get("passed"), report.get("failed")) if isinstance(report, dict) else (None, None)
    if type(passed) is not int or not 0 <= passed <= total:
        return 0, Ending("runtime_error", "the solution's process sent no count of passed tests")
    if failed is None and passed == total:
        return passed, Ending("passed", NOT_SEALED)
    if type(failed) is list and len(failed) == 2 and failed[0] in _VERDICTS:
        return passed, Ending(str(failed[0]), str(failed[1]))
    return 0, Ending("runtime_error", "the solution's process sent no reason for a failed test")


_VERDICTS = ("failed", "runtime_error", "syntax_error", "memory_limit")
