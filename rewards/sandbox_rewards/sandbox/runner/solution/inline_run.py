"""Isolation `inline` in the solution's process: answer, setup and tests run one after another in one namespace.

What is covered: nothing; whatever runs here can say that all tests passed. See `inline.py`.
"""

from __future__ import annotations

import sys
from typing import Any

from ..wire.exceptions import failed_assertion, one_line


def run_here(namespace: dict[str, Any], work: dict[str, Any]) -> dict[str, Any]:
    """Run answer, setup and tests in one namespace; gives how many tests passed and the first that did not."""
    passed, failed, sources = 0, None, {"setup": work["setup"], **work["tests"]}
    try:
        exec(compile(work["code"], "solution.py", "exec", dont_inherit=True), namespace)
        exec(compile(work["setup"], "setup.py", "exec", dont_inherit=True), namespace)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        return {"passed": 0, "failed": _said(error, sources)}
    for part, test in work["tests"].items():
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
