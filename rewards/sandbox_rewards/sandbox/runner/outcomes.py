"""What every way of judging a function needs of a job and says in the end."""

from __future__ import annotations

from typing import Any

Outcome = dict[str, Any]


def tests_in(spec: dict[str, Any]) -> int:
    """How many tests a spec of style `asserts` or `check` has (a `pytest` module says it only when it is collected)."""
    return len(spec["tests"]) if spec["style"] == "asserts" else 1


def limits(spec: dict[str, Any]) -> dict[str, Any]:
    return {"cpu_s": spec["time_limit_s"], "memory_mb": spec["memory_limit_mb"]}


def outcome(verdict: str, passed: int, total: int, detail: str | None) -> Outcome:
    said = None if detail is None else detail[:300].encode("utf-8", "replace").decode()
    return {"verdict": verdict, "tests_passed": passed, "tests_total": total, "detail": said}
