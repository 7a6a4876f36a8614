"""Warm worker processes with sympy, started when a comparison first needs one, killed when they don't come back.

Plain subprocesses over pipes, so that it works in threads, under asyncio, and in daemon and forked processes. A worker that is
lost is replaced and the question asked again; a question that ends `TRIES` workers while a probe of our own passes is undecided,
which is its answer's failure. `AlgebraUnavailable` says that the probe failed, too: then the fault is ours.
"""

from __future__ import annotations

import atexit
import json
import os
import pickle
import select
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Any

from sandbox_rewards.errors import RewardError
from sandbox_rewards.math.worker import HEADER

TRIES = 3
WORKERS = min(4, os.cpu_count() or 1)
"""At a time."""
SILENT_S = 120
"""Wall seconds without a reply after which a worker is taken for lost: by then it has ended, unless its machine stands still."""
Reply = Mapping[str, Any]


class AlgebraUnavailable(RewardError):
    """No worker answers even a question of our own."""


class _Lost(Exception):
    """A worker ended, or says nothing that could be read."""


class _Worker:
    def __init__(self) -> None:
        path = os.pathsep.join(filter(None, sys.path))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sandbox_rewards.math.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": path}, start_new_session=True,
        )  # fmt: skip

    def ask(self, request: bytes) -> Reply:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(HEADER.pack(len(request)) + request)
            self._process.stdin.flush()
            if not select.select([self._process.stdout], [], [], SILENT_S)[0]:
                raise _Lost
            reply = json.loads(self._process.stdout.readline())
        except (OSError, ValueError):
            raise _Lost from None
        assert isinstance(reply, dict)
        return reply

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()

    def leave_to_parent(self) -> None:
        """Close what a forked child has of a worker that is not its own."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.returncode = 0


class Pool:
    """Workers of this process; a forked child starts its own."""

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._begin()
        os.register_at_fork(after_in_child=self._begin)
        atexit.register(self.close)

    def _begin(self) -> None:
        for worker in self._idle:
            worker.leave_to_parent()
        self._idle = []
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(WORKERS)

    def ask(self, question: tuple[Any, ...]) -> Reply:
        """What a worker says. Raises `AlgebraUnavailable`."""
        request = pickle.dumps(question)
        with self._places:
            for _ in range(TRIES):
                try:
                    return self._asked(request)
                except _Lost:
                    continue
            try:
                self._asked(pickle.dumps(("probe",)))
            except _Lost:
                command = f"{sys.executable} -m sandbox_rewards.math.worker < /dev/null"
                raise AlgebraUnavailable(f"the process that runs sympy ends at once; see what `{command}` says.") from None
        return {"equal": None, "how": f"undecided: it ended {TRIES} processes"}

    def _asked(self, request: bytes) -> Reply:
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        worker = worker or _Worker()
        try:
            reply = worker.ask(request)
        except BaseException:
            worker.end()
            raise
        with self._lock:
            self._idle.append(worker)
        return reply

    def close(self) -> None:
        """End every idle worker; a later question starts new ones."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()


POOL = Pool()
