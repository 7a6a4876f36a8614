"""A pool of workers: jobs in, outcomes out in the same order, faults of the machinery retried on a fresh worker."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sandbox_rewards.sandbox.backends import Backend
from sandbox_rewards.sandbox.worker import Worker, WorkerLost

ATTEMPTS = 3
"""How often a job is tried before it ends as `no_verdict`."""
MARGIN_S = 15.0
"""Seconds beyond a job's own limits after which its worker counts as lost."""


class SandboxPool:
    """Workers of one backend, started when first needed and kept warm. Safe to use from several threads."""

    def __init__(self, backend: Backend, workers: int | None = None) -> None:
        self.backend = backend
        self.size = workers or len(os.sched_getaffinity(0))
        self._threads = ThreadPoolExecutor(self.size, thread_name_prefix="sandbox")
        self._idle: queue.SimpleQueue[tuple[int, Worker | None]] = queue.SimpleQueue()
        for number in range(self.size):
            self._idle.put((number, None))
        self._closing = threading.Event()

    def run(self, jobs: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Outcomes in the order of `jobs`, each as soon as it and those before it are there."""
        futures: list[Future[dict[str, Any]]] = [self._threads.submit(self._judge, job) for job in jobs]
        try:
            for future in futures:
                yield future.result()
        finally:
            for future in futures:
                future.cancel()

    def close(self) -> None:
        """End every worker; jobs that wait are dropped."""
        self._closing.set()
        self._threads.shutdown(wait=True, cancel_futures=True)
        while not self._idle.empty():
            _, worker = self._idle.get()
            if worker:
                worker.close()

    def _judge(self, job: dict[str, Any]) -> dict[str, Any]:
        runs = max(1, len(job["spec"]["cases"]))
        timeout_s = job["spec"]["time_limit_s"] * runs + MARGIN_S
        reason = ""
        for _ in range(ATTEMPTS):
            if self._closing.is_set():
                break
            number, worker = self._idle.get()
            try:
                worker = worker or self.backend.open_worker(number)
                outcome = worker.run(job, timeout_s)
            except WorkerLost as error:
                reason, worker = str(error), None
            else:
                if outcome.get("box_ended"):
                    worker.close()
                    worker = None
                return outcome
            finally:
                self._idle.put((number, worker))
        return {
            "verdict": "no_verdict",
            "tests_passed": 0,
            "tests_total": 0,
            "seconds": 0.0,
            "detail": reason,
        }
