"""How a run can end, and what that says: the verdict on an answer, or that there is none."""

from __future__ import annotations

import signal
from typing import Any, NamedTuple

from ..cell.zygote import OUT_OF_MEMORY, Death
from ..wire.channel import ChannelClosed, DeadlinePassed, Malformed
from .alarm import TimeUp
from .session import NotLoaded, SolutionLost

Outcome = dict[str, Any]
FULL = 0.9
"""Of its memory: a process that a signal ends so near to the limit is taken to have met it (V8 and C++ abort there)."""


class NoVerdict(Exception):
    """The job ends without a verdict, and trying again would not help; says why."""


class ToolMissing(NoVerdict):
    """The sandbox lacks what answers in this language need."""


class OutputLimit(Exception):
    """A program printed more than it may."""


class Ending(NamedTuple):
    verdict: str
    detail: str | None = None


PASSED = Ending("passed")
PROBLEMS = (ChannelClosed, DeadlinePassed, Malformed, NotLoaded, OutputLimit, SolutionLost, TimeUp)
"""What ends a run from outside its tests."""


class TestsEnded(Exception):
    """What ran the tests was ended by something that no test raises; says what."""

    __test__ = False


def problem_told(problem: BaseException) -> list[str]:
    """As one process tells another what ended a run."""
    if isinstance(problem, SolutionLost):
        problem = problem.reason
    if isinstance(problem, NotLoaded):
        return ["NotLoaded", problem.verdict, problem.detail]
    if isinstance(problem, (ChannelClosed, DeadlinePassed, TimeUp)):
        return [type(problem).__name__]
    if isinstance(problem, Malformed):
        return ["Malformed", str(problem)[:300]]
    return ["TestsEnded", str(problem.__dict__.get("from_solution") or type(problem).__name__)[:300]]


def problem_from(told: list[str] | None) -> BaseException | None:
    if told is None:
        return None
    kinds: dict[str, type[BaseException]] = {
        kind.__name__: kind for kind in (ChannelClosed, DeadlinePassed, TimeUp, Malformed, NotLoaded, TestsEnded)
    }
    return kinds[told[0]](*told[1:])



def ending(problem: BaseException | None, death: Death, spec: dict[str, Any]) -> Ending:
    """What it says about an answer that its run was ended by `problem`, one of `PROBLEMS`, or (None) by its process itself."""
    if problem is None and death.clean and not death.late:
        return PASSED
    if isinstance(problem, SolutionLost):
        problem = problem.reason
    if death.late or isinstance(problem, (DeadlinePassed, TimeUp)):
        return Ending("time_limit", f"no end within {spec['time_limit_s']:g} s")
    if isinstance(problem, NotLoaded):
        return Ending(problem.verdict, problem.detail)
    if isinstance(problem, OutputLimit):
        return Ending("output_limit", str(problem))
    if isinstance(problem, Malformed):
        return Ending("runtime_error", f"the solution's process sent {problem}")
    if problem is not None and not isinstance(problem, ChannelClosed):
        return Ending("runtime_error", f"the tests ended on what the solution answered: {problem}"[:300])
    return _of_process(death, spec)


def _of_process(death: Death, spec: dict[str, Any]) -> Ending:
    """The limit or fault that explains why a process ended before it had answered."""
    limit_s, limit_mb = spec["time_limit_s"], spec["memory_limit_mb"]
    if death.held_mb:
        return Ending("memory_limit", f"its processes held {death.held_mb:.0f} MB, limit {limit_mb} MB for one")
    if death.signal == signal.SIGXCPU or death.cpu_s >= limit_s * 0.95:
        return Ending("time_limit", f"{death.cpu_s:.2f} s of CPU time, limit {limit_s:g} s")
    if death.ended_by == "deadline":
        return Ending("time_limit", f"no end within {limit_s:g} s")
    full = death.signal is not None and death.peak_mb >= FULL * limit_mb
    if death.ended_by == "judge" and not full:
        return Ending("runtime_error", "the solution's process closed its channel and went on")
    if death.signal == signal.SIGKILL or death.exit_code == OUT_OF_MEMORY or full:
        return Ending("memory_limit", f"killed at {death.peak_mb:.0f} MB, limit {limit_mb} MB")
    if death.signal == signal.SIGXFSZ:
        return Ending("output_limit", "a file grew beyond its limit")
    how = f"signal {death.signal}" if death.signal else f"exit status {death.exit_code}"
    return Ending("runtime_error", f"the solution's process ended before it answered ({how})")


def tests_in(spec: dict[str, Any]) -> int:
    """How many tests a spec has (a `pytest` module says it only when it is collected)."""
    return {"asserts": len(spec["tests"]), "stdio": len(spec["cases"])}.get(spec["style"], 1)


def limits(spec: dict[str, Any]) -> dict[str, Any]:
    return {"cpu_s": spec["time_limit_s"], "memory_mb": spec["memory_limit_mb"]}


def outcome(end: Ending, passed: int, total: int) -> Outcome:
    said = None if end.detail is None else end.detail[:300].encode("utf-8", "replace").decode()
    return {"verdict": end.verdict, "tests_passed": passed, "tests_total": total, "detail": said}
