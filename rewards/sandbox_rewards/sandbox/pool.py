"""A pool of workers: jobs in, outcomes out in the same order, faults of the machinery retried on a fresh worker."""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sandbox_rewards.sandbox.backends import Backend
from sandbox_rewards.sandbox.runner.wire.languages import COMPILE_S
from sandbox_rewards.sandbox.worker import Worker, WorkerLost

ATTEMPTS = 3
"""How often a job is tried before it ends as `no_verdict`."""
PAUSES_S = (0.2, 1.0)
"""Seconds before the second and the third attempt: what a machine lacks for a moment may be back."""
MARGIN_S = 5.0
"""Seconds beyond a job's own limits after which its worker counts as lost."""
IN_FLIGHT = 4
"""Jobs taken ahead for each worker; a batch of any length needs memory for so many."""
WAITING = 64
"""Places of a batch, for each worker, that may wait behind one slow job without a job of their own."""

Outcome = dict[str, Any]
Job = dict[str, Any] | Callable[[Callable[[dict[str, Any]], Outcome]], dict[str, Any]]
"""What a worker is given, or how to make it when its turn comes, with the help of other jobs (by a function that runs one)."""


class SandboxPool:
    """Workers of one backend, started when first needed and kept warm. Safe to use from several threads.

    `workers` is one more than there are cores unless told: a worker's processes wait for each other in turns, and the one
    more uses the cores meanwhile.
    """

    def __init__(self, backend: Backend, workers: int | None = None) -> None:
        self.backend = backend
        self.size = workers or len(os.sched_getaffinity(0)) + 1
        self._threads = ThreadPoolExecutor(self.size, thread_name_prefix="sandbox")
        self._idle: queue.SimpleQueue[tuple[int, Worker | None]] = queue.SimpleQueue()
        for number in range(self.size):
            self._idle.put((number, None))
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
        if not isinstance(job, dict):
            job = job(self._judge)
        reason = "the pool was closed"
        for attempt in range(ATTEMPTS):
            if attempt:
                self._closing.wait(PAUSES_S[attempt - 1])
            if self._closing.is_set():
                break
            try:
                return self._attempt(job)
            except WorkerLost as error:
                reason = str(error)
        return {
            "verdict": "no_verdict",
            "tests_passed": 0,
            "tests_total": 0,
            "seconds": 0.0,
            "detail": reason,
        }

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
            outcome = worker.run(job, longest_s(job["spec"]))
            kept = None if outcome.get("box_ended") else worker
            return outcome
        finally:
            self._busy.pop(number, None)
            if worker and not kept:
                worker.close()
            self._idle.put((number, kept))


def longest_s(spec: dict[str, Any]) -> float:
    """Seconds after which a job can't be at work any more: all its runs, a prelude's own too, to their limits, and a margin."""
    runs = max(1, len(spec["cases"])) + (2 if spec["prelude"] else 0)
    compiling = COMPILE_S if spec.get("language", "python") != "python" else 0.0
    return float(spec["time_limit_s"] * runs + compiling + MARGIN_S)


def _result(future: Future[Outcome] | None) -> Outcome | None:
    return future.result() if future else None
