"""Work in a fork of the judge: as trusted as the judge, and ended in time whatever it is doing.

What is covered: an end in time that needs no signal, memory that the judge does not share, and a report that is JSON.
What is not: anything between the work and the judge's files and channels, which the fork has too; and processes that the work
itself starts, which end with the box.
"""

from __future__ import annotations

import json
import os
import select
import signal
from collections.abc import Callable
from typing import Any

from ..cell.clock import Clock, Undecided


class ForkDied(Exception):
    """The fork ended without a report; of memory most likely."""


class ForkLate(Exception):
    """The fork did not end in time; it is gone now."""


def in_a_fork(work: Callable[[], Any], limit_s: float | None = None) -> Any:
    """What `work` gives there, which must be JSON.

    Raises `ForkLate` where it takes longer than `limit_s` seconds of its time (None: an alarm ends it), `Undecided` where the
    machine is too busy to tell, and `ForkDied` where `work` raised or its process was ended.
    """
    read_end, write_end = os.pipe()
    judge, pid = os.getpid(), os.fork()
    if pid == 0:
        os.close(read_end)
        _report(work, write_end)
    os.close(write_end)
    try:
        text = _read(read_end, None if limit_s is None else Clock(limit_s, lambda: [[pid], [judge]], at_first=[judge]))
    finally:
        os.close(read_end)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    if not text:
        raise ForkDied
    return json.loads(text)


def _report(work: Callable[[], Any], write_end: int) -> None:
    """Never returns."""
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        os.write(write_end, json.dumps(work()).encode())
    finally:
        os._exit(0)


def _read(read_end: int, clock: Clock | None) -> bytes:
    text = b""
    left = clock.limit_s if clock else None
    while True:
        if not select.select([read_end], [], [], left)[0]:
            assert clock
            if left := clock.left():
                continue
            raise ForkLate if clock.is_up else Undecided(clock.wall_s, clock.limit_s)
        more = os.read(read_end, 1 << 16)
        if not more:
            return text
        text += more
