"""Load is ours: beside work that takes nearly all of the processor, an answer is charged for its own time and no other's."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from sandbox_rewards.grade import Grade
from sandbox_rewards.grading import Grader
from sandbox_rewards.sandbox.backends import BACKENDS, probe
from sandbox_rewards.sandbox.pool import BURNT_S, SandboxPool
from sandbox_rewards.sandbox.worker import BoxDied, MachineBusy, Worker
from sandbox_tasks.task import Task

HOGS, LIMIT_S = 4, 1.0
SPENDS = f"""
import time
def spend(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until: pass
def f():
    spend({0.6 * LIMIT_S})
    return 7
"""
"""Beside 4 others it takes five times 0.6 s, three times its limit."""
CHILDREN = """
import os
for _ in range(6):
    if os.fork() == 0:
        spend(0.1)
        os._exit(0)
    os.wait()
print(7)
"""
THREADS = """
import threading
def f():
    threads = [threading.Thread(target=lambda: spend(0.2)) for _ in range(3)]
    for t in threads: t.start()
    for t in threads: t.join()
    return 7
"""
STYLES = {
    "asserts": {"style": "asserts", "tests": ["assert f() == 7"]},
    "check": {"style": "check", "entry_point": "f", "tests": ["def check(c): assert c() == 7"]},
    "pytest": {"style": "pytest", "tests": ["from solution import f\ndef test_it(): assert f() == 7"]},
    "inline": {"style": "asserts", "isolation": "inline", "tests": ["assert f() == 7"]},
    "stdio": {"style": "stdio", "cases": [{"stdin": "", "stdout": "7"}]},
}


@contextlib.contextmanager
def crowded() -> Iterator[None]:
    """This process, and all that it starts meanwhile, on one processor with `HOGS` endless loops, each in a session of its own
    (the scheduler shares out by session)."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    loop = [sys.executable, "-c", "while True: pass"]
    hogs = [subprocess.Popen(loop, start_new_session=True) for _ in range(HOGS)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
        os.sched_setaffinity(0, before)


@pytest.fixture(scope="module", params=BACKENDS)
def grader(request: pytest.FixtureRequest) -> Iterator[Grader]:
    if reason := probe(request.param):
        pytest.skip(f"{request.param} does not work on this machine: {reason}")
    if request.param == "docker":
        pytest.skip("a container has the processors that the docker daemon gives it, not ours")
    with crowded(), Grader(request.param, workers=1) as grader:
        yield grader


def judged(grader: Grader, style: str, code: str) -> Grade:
    reward = {"source": "unit_tests", "time_limit_s": LIMIT_S, **STYLES[style]}
    return grader.grade([Task.model_validate({"id": "t", "prompt": "", "rewards": [reward]})], [code])[0]


@pytest.mark.parametrize("style", STYLES)
def test_time_without_a_processor_is_not_charged(grader: Grader, style: str) -> None:
    grade = judged(grader, style, SPENDS + ("print(f())" if style == "stdio" else ""))
    assert grade.verdict == "passed", grade.detail


@pytest.mark.parametrize(("style", "more"), [("stdio", CHILDREN), ("asserts", THREADS)])
def test_nor_is_that_of_children_and_threads(grader: Grader, style: str, more: str) -> None:
    if style == "stdio" and grader.source("unit_tests").pool.backend.name == "landlock":  # type: ignore[attr-defined]
        pytest.skip("landlock gives an answer one process")
    grade = judged(grader, style, SPENDS + more)
    assert grade.verdict == "passed", grade.detail


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("does", ["while True: pass", "time.sleep(1000)", "threading.Event().wait()"])
def test_what_never_ends_is_late_beside_others_too(grader: Grader, style: str, does: str) -> None:
    tail = "\nf()" if style == "stdio" else ""
    assert judged(grader, style, f"import threading, time\ndef f():\n    {does}{tail}").verdict == "time_limit"


class Slow:
    """A backend whose only worker tells what a list says: an outcome, or an exception."""

    name = "slow"

    def __init__(self, *told: dict[str, object] | Exception) -> None:
        self._told = iter(told)

    def fingerprint(self) -> str:
        return self.name

    def open_worker(self, number: int) -> Worker:
        return self  # type: ignore[return-value]

    def run(self, job: dict[str, object], limits_s: float) -> dict[str, object]:
        told = next(self._told)
        if isinstance(told, Exception):
            raise told
        return told

    def close(self) -> str:
        return ""

    kill = close


def ran(times_slower: float) -> dict[str, object]:
    """What a job of the pool's own says of a machine."""
    return {"verdict": "passed", "seconds": times_slower * BURNT_S}


PASSED, LATE = {"verdict": "passed", "seconds": 0.1}, MachineBusy("too busy", 10.0)


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ((LATE, ran(9), PASSED), "passed"),
        ((LATE, ran(2), LATE, ran(3)), "time_limit"),  # ten times its limit, three times slower than it should be
        ((LATE, ran(2), LATE, ran(5), LATE, ran(5)), "no_verdict"),
        ((LATE, ran(9), LATE, ran(9), LATE, ran(2)), "no_verdict"),  # calm only when it was over
        ((LATE, BoxDied("gone"), LATE, ran(2), PASSED), "passed"),
        ((BoxDied("gone"), PASSED, BoxDied("gone"), PASSED, BoxDied("gone"), PASSED), "runtime_error"),
        ((BoxDied("gone"), PASSED, BoxDied("gone"), BoxDied("gone"), BoxDied("gone"), PASSED), "no_verdict"),
    ],
)
def test_a_job_of_our_own_tells_whose_fault_it_is(told: tuple[dict[str, object] | Exception, ...], verdict: str) -> None:
    said: list[str] = []
    pool = SandboxPool(Slow(*told), 1, said.append)
    try:
        outcome = pool.judge({"spec": {"cases": [], "prelude": "", "time_limit_s": 1.0}, "code": ""})
    finally:
        pool.close()
    assert outcome["verdict"] == verdict
    assert len(said) == (LATE in told)  # once
