"""A pool of workers: jobs in, outcomes out in the same order, faults of the machinery retried on a fresh worker."""

from __future__ import annotations

import math
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sandbox_rewards.sandbox.backends import Backend
from sandbox_rewards.sandbox.runner.cell.clock import Crowd
from sandbox_rewards.sandbox.runner.wire.languages import COMPILE_S
from sandbox_rewards.sandbox.worker import BoxDied, MachineBusy, Worker, WorkerLost

ATTEMPTS = 3
"""How often a job is tried before it ends as `no_verdict`."""
PAUSES_S = (0.2, 1.0)
"""Seconds before the second and the third attempt: what a machine lacks for a moment may be back."""
CALM_S, BUSY = 10, 2.0
"""Seconds, at most, in which a machine that was too busy may become calmer before a job is tried again; and how many threads
that want each of its processors are too many."""
SURELY = 3.0
"""How many times longer than a job of our own explains an answer must have taken to be late for sure."""
IN_FLIGHT = 4
"""Jobs taken ahead for each worker; a batch of any length needs memory for so many."""
WAITING = 64
"""Places of a batch, for each worker, that may wait behind one slow job without a job of their own."""

Outcome = dict[str, Any]
Job = dict[str, Any] | Callable[[Callable[[dict[str, Any]], Outcome]], dict[str, Any]]
"""What a worker is given, or how to make it when its turn comes, with the help of other jobs (by a function that runs one)."""


BURNT_S = 0.2
"""Seconds of a processor that `BURNS` needs."""
_SPEC: dict[str, Any] = {
    "style": "asserts", "tests": ["assert f() == 1"], "cases": [], "setup": "", "prelude": "", "entry_point": "f",
    "checker": "tokens", "time_limit_s": 10.0, "memory_limit_mb": 512,
}  # fmt: skip
BURNS: dict[str, Any] = {"spec": _SPEC, "code": f"""
import time
def f():
    while time.process_time() < {BURNT_S}: pass
    return 1
"""}  # fmt: skip
"""A job of our own, to measure how slow the machine is."""


class SandboxPool:
    """Workers of one backend, started when first needed and kept warm. Safe to use from several threads.

    `workers` is one more than there are cores unless told: a worker's processes wait for each other in turns, and the one
    more uses the cores meanwhile. `on_warning` is told once when the machine is too busy to judge on.
    """

    def __init__(self, backend: Backend, workers: int | None = None, on_warning: Callable[[str], None] | None = None) -> None:
        self.backend = backend
        self.size = workers or len(os.sched_getaffinity(0)) + 1
        self._threads = ThreadPoolExecutor(self.size, thread_name_prefix="sandbox")
        self._idle: queue.SimpleQueue[tuple[int, Worker | None]] = queue.SimpleQueue()
        for number in range(self.size):
            self._idle.put((number, None))
        self._on_warning = on_warning
        self._busy: dict[int, Worker] = {}
        self._closing = threading.Event()

    def run(self, jobs: Iterable[Job | None]) -> Iterator[Outcome | None]:
        """Outcomes in the order of `jobs`, each as soon as it and those before it are there.

        Jobs are taken lazily, a few ahead of the outcomes. None among them takes its turn and comes out as None.
        """
        ahead: deque[Future[Outcome] | None] = deque()
        running = 0
        try:
            for job in jobs:
                ahead.append(self._submit(job) if job else None)
                running += job is not None
                while ahead and (ahead[0] is None or ahead[0].done() or self._is_far_ahead(running, len(ahead))):
                    running -= ahead[0] is not None
                    yield _result(ahead.popleft())
            while ahead:
                yield _result(ahead.popleft())
        finally:
            for future in filter(None, ahead):
                future.cancel()

    def _is_far_ahead(self, running: int, places: int) -> bool:
        return running >= self.size * IN_FLIGHT or places >= self.size * WAITING

    def judge(self, job: Job) -> Outcome:
        """The outcome of one job, waited for."""
        return self._submit(job).result()

    def close(self) -> None:
        """End every worker, also those at work; jobs that wait are dropped."""
        self._closing.set()
        for worker in list(self._busy.values()):
            worker.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        while not self._idle.empty():
            _, idle = self._idle.get()
            if idle:
                idle.close()

    def _submit(self, job: Job) -> Future[Outcome]:
        try:
            return self._threads.submit(self._judge, job)
        except RuntimeError:  # no thread can be started: the machine's table of processes is full
            future: Future[Outcome] = Future()
            future.set_result(self._judge(job))
            return future

    def _judge(self, job: Job) -> Outcome:
        """The outcome of a job. What ends a box, or is undecided, is tried again. When it goes on so it is the answer's doing if
        jobs of our own show that the machinery is sound, or the machine not as slow as that; else there is no verdict.
        """
        if not isinstance(job, dict):
            job = job(self._judge)
        reason, deaths, slow = "the pool was closed", 0, None
        for attempt in range(ATTEMPTS):
            if attempt:
                self._pause(attempt, busy=slow is not None)
            if self._closing.is_set():
                break
            try:
                outcome = self._attempt(job)
            except MachineBusy as busy:
                reason, before, slow = str(busy), slow, self._slowdown()
                if before and busy.slowdown > SURELY * max(before, slow):
                    return _outcome("time_limit", f"no end within {busy.slowdown:.0f} times its limit")
                self.warn(f"the machine is too busy to judge answers: {reason}")
            except BoxDied as died:
                reason = str(died)
                deaths += not self._closing.is_set() and self._survives({**job, "code": ""})
            except WorkerLost as lost:
                reason = str(lost)
            else:
                if outcome.get("starved_s", 0.0) > job["spec"]["time_limit_s"]:
                    self.warn(f"the machine is busy: an answer waited {outcome['starved_s']:.0f} s for a processor")
                return outcome
        if deaths == ATTEMPTS:
            return _outcome("runtime_error", f"on this answer, and on none of our own: {reason}")
        return no_verdict(reason)

    def _pause(self, attempt: int, *, busy: bool) -> None:
        """Until what the machine lacked may be back."""
        self._closing.wait(PAUSES_S[attempt - 1])
        crowd = Crowd()
        for _ in range(CALM_S if busy else 0):
            crowd.look()
            if crowd.for_each <= BUSY or self._closing.wait(1.0):
                break

    def _survives(self, job: dict[str, Any]) -> bool:
        """Whether a box gives a verdict of its own on a job, and goes on."""
        try:
            return not self._attempt(job).get("box_ended")
        except WorkerLost:
            return False

    def _slowdown(self) -> float:
        """How many times longer than on a calm machine a job of our own takes; infinite where it does not end."""
        try:
            outcome = self._attempt(BURNS)
        except WorkerLost:
            return math.inf
        return float(outcome["seconds"] / BURNT_S) if outcome["verdict"] == "passed" else math.inf

    def warn(self, said: str) -> None:
        """Once."""
        warn, self._on_warning = self._on_warning, None
        if warn:
            warn(said)

    def _attempt(self, job: dict[str, Any]) -> Outcome:
        """One attempt on a worker that is idle; only one that gave a verdict and goes on is kept."""
        number, worker = self._idle.get()
        kept: Worker | None = None
        try:
            if worker is None:
                worker = self.backend.open_worker(number)
            self._busy[number] = worker
            if self._closing.is_set():
                raise WorkerLost("the pool was closed")
            outcome = worker.run(job, limits_s(job["spec"]))
            kept = None if outcome.get("box_ended") else worker
            return outcome
        finally:
            self._busy.pop(number, None)
            if worker and not kept:
                worker.close()
            self._idle.put((number, kept))


def limits_s(spec: dict[str, Any]) -> float:
    """Seconds that a job may take by its limits: all its runs, a prelude's own too, and a compilation."""
    runs = max(1, len(spec["cases"])) + (2 if spec["prelude"] else 0)
    compiling = COMPILE_S if spec.get("language", "python") != "python" else 0.0
    return float(spec["time_limit_s"] * runs + compiling)


def no_verdict(detail: str) -> Outcome:
    return _outcome("no_verdict", detail)


def _outcome(verdict: str, detail: str) -> Outcome:
    return {"verdict": verdict, "tests_passed": 0, "tests_total": 0, "seconds": 0.0, "detail": detail}


def _result(future: Future[Outcome] | None) -> Outcome | None:
    return future.result() if future else None
