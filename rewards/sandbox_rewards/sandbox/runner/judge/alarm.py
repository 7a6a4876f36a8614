"""The judge's clock: an alarm that interrupts whatever Python code the judge is running."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

from ..cell.clock import Clock


class TimeUp(BaseException):
    """The time passed. Not an `Exception`: a test must not swallow it."""


_left: Callable[[], float] | None = None
"""What tells the seconds that the block in progress has left; None where there is none."""


def install() -> None:
    """Make the alarm raise `TimeUp`; once, before the first block."""
    signal.signal(signal.SIGALRM, _rung)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Raise `TimeUp` in the block when the zygote says that the time of the run is up. (It may also be raised as the block
    ends: expect it around.)"""
    global _left
    _left = lambda: 0.0  # noqa: E731
    try:
        yield
    finally:
        _left = None


@contextlib.contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Raise `TimeUp` in the block, which runs code of our own, when it takes longer than `seconds` of its time; as above."""
    global _left
    me = [os.getpid()]
    _left = Clock(seconds, lambda: [me], at_first=me).left
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        _left = None
        signal.setitimer(signal.ITIMER_REAL, 0)


def _rung(_signal: int, _frame: Any) -> None:
    global _left
    if _left is None:
        return
    if left := _left():
        signal.setitimer(signal.ITIMER_REAL, left)
        return
    _left = None
    raise TimeUp
