"""Isolation `inline`: a task's tests run inside the solution's own process, because they reach into its objects.

What is covered: what every solution gets - its cell, its limits, no file or process of the judge. What is not: the tests and
the verdict. The solution can read the tests, change them, make every equality true and send any count of passed tests; so
this is for answers that nobody trains to cheat.
"""

from __future__ import annotations

import sys
from typing import Any

from .channel import ChannelClosed, DeadlinePassed, Malformed
from .compiler import Compiler, Uncompilable, packed_prelude
from .outcomes import limits, outcome, tests_in
from .session import NotLoaded, Session
from .surroundings import Surroundings
from .zygote import Zygote

NOT_SEALED = "inline: not sealed off from the answer"
"""Detail of every grade that passed this way."""
_REPORT = "_inline_report"

# -- The judge's part -----------------------------------------------------------------------------------------------------


def judge_inline(job: dict[str, Any], zygote: Zygote, compiler: Compiler, surroundings: Surroundings) -> dict[str, Any]:
    """Verdict for styles `asserts` and `check`, on the word of the solution's process."""
    spec = job["spec"]
    total = tests_in(spec)
    try:
        compiler.packed(job["code"])  # only to tell a syntax error of the answer from one of its doing
    except Uncompilable as error:
        return outcome("syntax_error", 0, total, str(error))
    channel = zygote.spawn(limit_s=spec["time_limit_s"], memory_mb=spec["memory_limit_mb"])
    try:
        found = Session(channel, {}, surroundings).load(_work(job))
        passed, verdict, detail = _read(found.get(_REPORT), total)
    except DeadlinePassed:
        passed, verdict, detail = 0, "time_limit", f"no answer within {spec['time_limit_s']:g} s"
    except NotLoaded as error:
        passed, verdict, detail = 0, error.verdict, error.detail
    except Malformed as error:
        passed, verdict, detail = 0, "runtime_error", f"the solution's process sent {error}"
    except ChannelClosed:
        passed, verdict, detail = 0, None, None
    finally:
        death = zygote.finish()
        channel.close()
    if verdict is None:
        verdict, detail = death.verdict(spec)
    return outcome(verdict, passed, total, detail)


def _work(job: dict[str, Any]) -> dict[str, Any]:
    """The solution's job as a module that runs answer and tests and keeps the report as a value of its own."""
    spec = job["spec"]
    inner = {"inline": True, "code": job["code"], **{key: spec[key] for key in ("style", "setup", "tests", "entry_point")}}
    code = f"from runner.inline import run_here as {_REPORT}\n{_REPORT} = {_REPORT}(globals(), {inner!r})\n"
    return {
        "program": False, "prelude": packed_prelude(spec["prelude"]), "code": code, "names": [_REPORT], "limits": limits(spec),
    }  # fmt: skip


def _read(report: Any, total: int) -> tuple[int, str, str | None]:
    """Passed tests, verdict and detail of what the solution's process reported."""
    passed, failed = (report.get("passed"), report.get("failed")) if isinstance(report, dict) else (None, None)
    if type(passed) is not int or not 0 <= passed <= total:
        return 0, "runtime_error", "the solution's process sent no count of passed tests"
    if failed is None and passed == total:
        return passed, "passed", NOT_SEALED
    if type(failed) is list and len(failed) == 2 and failed[0] in _VERDICTS:
        return passed, str(failed[0]), str(failed[1])
    return 0, "runtime_error", "the solution's process sent no reason for a failed test"


_VERDICTS = ("failed", "runtime_error", "syntax_error", "memory_limit")


# -- The solution's part --------------------------------------------------------------------------------------------------


def run_here(namespace: dict[str, Any], work: dict[str, Any]) -> dict[str, Any]:
    """Run answer, setup and tests in one namespace; gives how many tests passed and the first that did not."""
    passed, failed = 0, None
    try:
        exec(compile(work["code"], "solution.py", "exec", dont_inherit=True), namespace)
        exec(compile(work["setup"], "setup.py", "exec", dont_inherit=True), namespace)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        return {"passed": 0, "failed": _said(error)}
    for test in work["tests"]:
        try:
            exec(compile(test, "test.py", "exec", dont_inherit=True), namespace)
            if work["style"] == "check":
                namespace["check"](namespace[work["entry_point"]])
            passed += 1
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            failed = failed or _said(error)
    sys.stdout.flush()
    return {"passed": passed, "failed": failed}


def _said(error: BaseException) -> list[str]:
    """Verdict and one line for an error."""
    if isinstance(error, AssertionError):
        return ["failed", f"{error}".partition("\n")[0][:300] or "assertion failed"]
    verdict = {MemoryError: "memory_limit", SyntaxError: "syntax_error"}.get(type(error), "runtime_error")
    return [verdict, f"{type(error).__name__}: {error}".partition("\n")[0][:300]]
