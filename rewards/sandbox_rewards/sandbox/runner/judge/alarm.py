"""The judge's clock: an alarm that interrupts whatever Python code the judge is running."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from typing import Any


class TimeUp(BaseException):
    """The time passed. Not an `Exception`: a test must not swallow it."""


def install() -> None:
    """Make the alarm raise `TimeUp`; once, before the first `alarm`."""
    signal.signal(signal.SIGALRM, _time_up)


@contextlib.contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Raise `TimeUp` in the block when it takes longer. (It may also be raised as the block ends: expect it around.)"""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _time_up(_signal: int, _frame: Any) -> None:
    raise TimeUp
