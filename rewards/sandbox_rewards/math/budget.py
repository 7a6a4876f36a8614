"""Processor time that a computation may take, in a process whose timer of it (SIGPROF) raises `OutOfTime`."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager


class OutOfTime(BaseException):
    """Raised wherever a computation is when its time is over; no `except Exception` of sympy's keeps it."""


@contextmanager
def seconds(most: float) -> Iterator[None]:
    """Raises `OutOfTime` in what takes more processor time than this, or than the time around it that is left."""
    left, _ = signal.getitimer(signal.ITIMER_PROF)
    started = used()
    signal.setitimer(signal.ITIMER_PROF, min(most, left) if left else most)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, max(0.01, left - (used() - started)) if left else 0)


def used() -> float:
    """Seconds of this process so far."""
    times = resource.getrusage(resource.RUSAGE_SELF)
    return times.ru_utime + times.ru_stime
