"""Isolation `inline`: a task's tests run inside the solution's own process, because they reach into its objects.

What is covered: what every solution gets - its cell, its limits, no file or process of the judge. What is not: the tests and
the verdict. The solution can read the tests, change them, make every equality true and send any count of passed tests; so
this is for answers that nobody trains to cheat.
"""

from __future__ import annotations

import sys
from typing import Any

from .compiler import Compiler
from .exceptions import one_line
from .outcomes import PROBLEMS, Ending, Outcome, ending, outcome, tests_in
from .session import Session
from .surroundings import Surroundings
from .task_code import failed_assertion, load_work, parts, prelude_must_load, tests
from .zygote import Zygote

NOT_SEALED = "inline: not sealed off from the answer"
"""Detail of every grade that passed this way."""
_REPORT = "_inline_report"

# -- The judge's part -----------------------------------------------------------------------------------------------------


def judge_inline(spec: dict[str, Any], answer: str, zygote: Zygote, compiler: Compiler, surroundings: Surroundings) -> Outcome:
    """Outcome for styles `asserts` and `check`, on the word of the solution's process."""
    compiler.compiled(answer)  # only to tell a syntax error of the answer from one of its doing
    total = tests_in(spec)
    channel = zygote.spawn(limit_s=spec["time_limit_s"], memory_mb=spec["memory_limit_mb"])
    found: dict[str, Any] = {}
    problem: BaseException | None = None
    try:
        found = Session(channel, {}, surroundings).load(load_work(spec, _module(spec, answer), [_REPORT]))
    except PROBLEMS as error:
        problem = error
    finally:
        death = zygote.finish()
        channel.close()
    if problem and spec["prelude"]:
        prelude_must_load(spec, zygote, surroundings)
    passed, end = (0, ending(problem, death, spec)) if problem else _read(found.get(_REPORT), total)
    return outcome(end, passed, total)


def _module(spec: dict[str, Any], answer: str) -> str:
    """A module that runs answer and tests and keeps the report as a value of its own."""
    inner = {"code": answer, **{key: spec[key] for key in ("style", "prelude", "setup", "tests", "entry_point", "checker")}}
    return f"from runner.inline import run_here as {_REPORT}\n{_REPORT} = {_REPORT}(globals(), {inner!r})\n"


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


# -- The solution's part --------------------------------------------------------------------------------------------------


def run_here(namespace: dict[str, Any], work: dict[str, Any]) -> dict[str, Any]:
    """Run answer, setup and tests in one namespace; gives how many tests passed and the first that did not."""
    passed, failed, sources = 0, None, parts(work)
    try:
        exec(compile(work["code"], "solution.py", "exec", dont_inherit=True), namespace)
        exec(compile(work["setup"], "setup.py", "exec", dont_inherit=True), namespace)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        return {"passed": 0, "failed": _said(error, sources)}
    for part, test in tests(work).items():
        try:
            exec(compile(test, f"{part}.py", "exec", dont_inherit=True), namespace)
            if work["style"] == "check":
                namespace["check"](namespace[work["entry_point"]])
            passed += 1
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            failed = failed or _said(error, sources)
    sys.stdout.flush()
    return {"passed": passed, "failed": failed}


def _said(error: BaseException, sources: dict[str, str]) -> list[str]:
    """Verdict and one line for an error."""
    if isinstance(error, AssertionError):
        return ["failed", failed_assertion(error, sources)]
    verdict = {MemoryError: "memory_limit", SyntaxError: "syntax_error"}.get(type(error), "runtime_error")
    return [verdict, one_line(error)]
