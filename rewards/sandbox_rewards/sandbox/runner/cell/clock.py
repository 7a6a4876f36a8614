"""The clock of a run: it charges time in which an answer ran, or waited by its own choice, and none in which it was ready to
run and other work of the machine had the processors.

The kernel keeps for every thread how long it ran and how long it was ready without a processor (`schedstat`). Judge and answer
take turns, so their waits add up; threads of one side wait beside each other, so the longest counts. Processes that come and go
between two looks take their figures with them: with several, a moment in which one was seen ready counts too.

What is covered: busy loops, sleeps, locks, children and threads, also of an answer that competes with itself: what it ran, shared
out over the processors, is always charged. How long a run may take in all is bounded by how many others wanted to run meanwhile.
What is not: a run that is neither within its limit nor surely beyond it at that bound is `undecided`; somebody else has to find
out whether the machine was slow. Where the kernel tells nothing (gVisor) all time is charged.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

MARGIN = 3.0
"""How many times longer than its fair share of the processors explains a run may take; beyond that it is undecided."""
MOST = 40.0
"""Times its limit that a run may take in all, however many others want to run."""
_NS = 1e-9


class Undecided(Exception):
    """The machine was too busy to tell whether an answer keeps its time limit; in `wall_s` seconds it could not be found out."""

    def __init__(self, wall_s: float, limit_s: float) -> None:
        super().__init__(f"the machine was too busy to tell within {wall_s:.0f} s whether the answer ends within {limit_s:g} s")
        self.slowdown = wall_s / limit_s


class _Thread(NamedTuple):
    ran_s: float
    waited_s: float
    turns: int
    """How often it got a processor."""
    ready: bool
    """It runs, or would like to."""


_NEW = _Thread(0.0, 0.0, 0, False)


class Crowd:
    """How many threads of the whole machine want each of its processors, in the mean of the looks so far."""

    def __init__(self) -> None:
        self._cpus = len(os.sched_getaffinity(0))
        self._wanted = self._looks = 0

    def look(self) -> None:
        self._wanted += _runnable()
        self._looks += 1

    @property
    def for_each(self) -> float:
        return self._wanted / max(1, self._looks) / self._cpus

    @property
    def patience(self) -> float:
        """Times its limit that what waits for its share may take in all."""
        return min(MOST, MARGIN * (1 + self.for_each))


class Clock:
    """Of one run of `limit_s` seconds that begins now.

    `sides` gives the pids of those who take turns, as they are at the time; `at_first` are those that there are already.
    """

    def __init__(self, limit_s: float, sides: Callable[[], Sequence[Iterable[int]]], at_first: Iterable[int]) -> None:
        self.limit_s = limit_s
        self._sides = sides
        self._started = self._looked = time.monotonic()
        self._seen = {tid: (now, self._started) for pid in at_first for tid, now in _threads(pid)}
        self._cpus = len(os.sched_getaffinity(0))
        self._at_first = {tid: thread.waited_s for tid, (thread, _) in self._seen.items()}
        self._longest: dict[int, float] = {}
        self._wanting_s = self._ran_s = self._pending_s = 0.0
        self._several = False
        self._crowd = Crowd()
        self.is_up = False
        """Whether the limit has passed."""
        self.undecided = False
        """Whether the run took longer than can be waited for, and its limit had not surely passed by then."""

    @property
    def wall_s(self) -> float:
        """Seconds from the beginning to the last look."""
        return self._looked - self._started

    @property
    def starved_s(self) -> float:
        """Seconds of these that are not charged."""
        waited = sum(self._longest.values())
        if self._several:
            waited = max(waited, self._wanting_s)
        return max(0.0, min(waited, self.wall_s - self._ran_s / self._cpus))

    @property
    def charged_s(self) -> float:
        """Seconds that are charged for sure: what may yet turn out to be a wait is left out."""
        return self.wall_s - self.starved_s - self._pending_s

    @property
    def is_over(self) -> bool:
        """Whether the run has to end now: its limit passed, or it is undecided. Looks where that may be."""
        if time.monotonic() - self._started < self.limit_s:
            return False
        self.look()
        return self.is_up or self.undecided

    def left(self) -> float:
        """Look; then seconds in which the run can't be over, 0 when it is."""
        self.look()
        if self.wall_s < self.limit_s:
            return self.limit_s - self.wall_s
        return 0.0 if self.is_up or self.undecided else max(_SHORTEST_S, self.limit_s - self.charged_s)

    def look(self) -> None:
        """Take note of who ran and who waited since the last time."""
        now = time.monotonic()
        since, self._looked = self._looked, now
        ran, ready, unmoved = 0.0, False, now
        for number, side in enumerate(self._sides()):
            threads = dict(found for pid in side for found in _threads(pid))
            for tid, thread in threads.items():
                before, moved = self._seen.get(tid, (_NEW, since))
                if before.turns > thread.turns:  # the number was another's before
                    before = _NEW
                if (before.turns, before.ran_s) != (thread.turns, thread.ran_s):
                    moved = now
                elif thread.ready:
                    unmoved = min(unmoved, moved)
                self._seen[tid] = (thread, moved)
                ran += thread.ran_s - before.ran_s
                waited = thread.waited_s - self._at_first.get(tid, 0.0)
                self._longest[number] = max(self._longest.get(number, 0.0), waited)
            ready = ready or any(thread.ready for thread in threads.values())
            self._several = self._several or len(threads) > 1
        self._ran_s += ran
        self._wanting_s += max(0.0, now - since - ran) if ready else 0.0
        self._pending_s = now - unmoved
        self._crowd.look()
        self.is_up = self.is_up or (not self.undecided and self.charged_s >= self.limit_s)
        self.undecided = not self.is_up and (self.undecided or self.wall_s >= self.limit_s * self._crowd.patience)


_SHORTEST_S = 0.002
"""Between two looks at a run whose limit may pass at any moment."""


def _threads(pid: int) -> Iterator[tuple[int, _Thread]]:
    """Of a process, by number; none where it has ended or the kernel does not tell."""
    try:
        names = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return
    for name in names:
        try:
            ran, waited, turns = _read(f"/proc/{pid}/task/{name}/schedstat").split()
            state = _read(f"/proc/{pid}/task/{name}/stat").rpartition(b")")[2].split()[0]
        except (OSError, ValueError):
            continue
        yield int(name), _Thread(int(ran) * _NS, int(waited) * _NS, int(turns), state == b"R")


def descendants(pid: int, but: Collection[int] = ()) -> list[int]:
    """Of a process, its children first, without those in `but` and theirs."""
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
        found = [int(child) for task in tasks for child in _read(f"/proc/{pid}/task/{task}/children").split()]
    except OSError:
        return []
    children = [child for child in found if child not in but]
    return children + [further for child in children for further in descendants(child, but)]


def _runnable() -> int:
    """How many threads of the whole machine, but ours that asks, run or would like to."""
    try:
        return int(_read("/proc/loadavg").split()[3].partition(b"/")[0]) - 1
    except (OSError, ValueError, IndexError):
        return 0


def _read(path: str) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 4096)
    finally:
        os.close(fd)
