"""The zygote: a warm interpreter that never saw a test, and forks one solution process at a time.

It holds the privileges (namespaces, uids) and no content: code and inputs go from the judge straight to the
forked process, so no later solution can find an earlier one's in its memory. The next process is forked while the
judge is busy elsewhere; it waits, without privileges, for its code.

What is covered: own pid, mount and ipc namespace and uid, no capabilities, no_new_privs, a system-call filter,
rlimits on CPU time, address space, file size, open files and processes; a private /tmp and /proc; the memory of all
of a solution's processes together; the whole pid namespace dies with its first process.
What is not: kernel bugs reachable by the system calls that are left, and load on shared CPU caches.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import gc
import marshal
import math
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from _sitebuiltins import Quitter
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple, Protocol

from ..solution import rehearsal, solution
from ..wire.channel import Channel
from .clock import Clock, Undecided, descendants

GRACE_S = 0.5
"""Seconds after a run's time was up at which a judge that did not end it is taken for stuck."""
CPU_SLACK = 1.5
"""The kernel ends a process that used so many times its limit of the processor, if the clock of the run did not: it counts whole
ticks, which are far off on a busy machine."""
MEMORY_TICK_S, SHORT_TICK_S = 0.1, 0.02
"""How often the memory of a solution's processes is added up; the shorter where nothing else holds it."""
MEMORY_FACTOR = 4
"""All processes of a solution together may hold this many times the memory that one may: pages that several have, such as
those of a forked child, are counted once for each."""
CHANNEL = 3
"""The descriptor by which a solution process reaches its judge."""
OUT_OF_MEMORY = 137
"""Exit status of a process that ran out of memory, by its own word or the kernel's."""


class Cells(Protocol):
    """Where solutions run: what is done around the fork, in the child, and after its end."""

    def before_fork(self) -> None: ...
    def after_fork(self) -> None: ...
    def enter(self) -> None: ...
    def sweep(self) -> None: ...
    def processes(self, known: set[int]) -> list[int]: ...


class BoxFault(Exception):
    """No solution process could be made: the machine's fault, never the answer's."""


class Death(NamedTuple):
    """How the solution's first process ended."""

    exit_code: int | None
    signal: int | None
    cpu_s: float
    peak_mb: float
    held_mb: float = 0.0
    """What its processes held when that was too much, else 0."""
    ended_by: str = "itself"
    """Or `deadline`, or `judge`: it went on until it was killed."""
    late: bool = False
    """Whether its time limit had passed."""
    undecided_s: float = 0.0
    """Seconds after which that could still not be told, else 0."""
    starved_s: float = 0.0
    """Seconds in which it could not run for want of a processor."""

    @property
    def clean(self) -> bool:
        return self.exit_code == 0


class Zygote:
    """The judge's end: takes a waiting solution process, and ends it, over the control socket."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self.starved_s = 0.0
        """Seconds in which the runs so far could not go on for want of a processor."""

    def spawn(
        self, *, limit_s: float, memory_mb: int, stdio: tuple[int, int] | None = None, resident: bool = False
    ) -> Channel:
        """The channel to a solution process that waits for its job; its ends of `stdio` are closed here.

        When `limit_s` seconds of its time have passed the judge gets SIGALRM (`alarm.interruptible`). `resident`: the solution's
        limit of address space does not hold its memory, so what it really holds is watched, one process or many.
        Raises `BoxFault` when there is no process to be had.
        """
        message, fds, _, _ = socket.recv_fds(self._control, 4096, 1)
        if not fds:
            raise BoxFault(message.decode() or "the zygote ended")
        if os.read(fds[0], 1) != solution.READY:
            os.close(fds[0])
            raise BoxFault("a solution process ended before it was given any code")
        self._control.send(marshal.dumps((limit_s, memory_mb, resident)))
        os.write(fds[0], solution.STREAMS if stdio else solution.READY)
        if stdio:
            _give_streams(fds[0], stdio)
        self._limit_s = limit_s
        return Channel(fds[0], write=marshal.dumps)

    def finish(self, *, wait: bool = False) -> Death:
        """End the run and everything that it started; with `wait` only when its time is up. Raises `Undecided`."""
        self._control.send(marshal.dumps(wait))
        death = Death(*marshal.loads(self._control.recv(4096)))
        self.starved_s += death.starved_s
        if death.undecided_s:
            raise Undecided(death.undecided_s, self._limit_s)
        return death


def _give_streams(connection: int, stdio: tuple[int, int]) -> None:
    sender = socket.socket(fileno=connection)
    socket.send_fds(sender, [solution.READY], list(stdio))
    sender.detach()
    for fd in stdio:
        os.close(fd)


def serve(control: socket.socket, cells: Cells, give_up: Callable[[], None]) -> None:
    """Fork solutions as the judge asks, until it hangs up. `give_up` ends the box in the place of a stuck judge."""
    _warm_up()
    _be_the_first_to_go()
    _prepare_for_forks()
    rehearsal.rehearse()
    waiting = solution.Solution(Channel(CHANNEL, read=marshal.loads))
    gc.collect()
    gc.freeze()
    known = {1, os.getpid(), os.getppid(), *cells.processes(set()), *descendants(os.getppid())}
    while True:
        try:
            pid = _fork_waiting(control, cells, waiting)
        except OSError as error:
            control.send(f"no process could be made: {error}".encode())
            return
        request = control.recv(4096)
        if not request:
            os.kill(pid, signal.SIGKILL)
            return
        limit_s, memory_mb, resident = marshal.loads(request)
        watch = _MemoryWatch(cells, known, memory_mb, resident)
        clock = _clock(limit_s, cells, known, pid)
        if not _await_finish(control, clock, watch, pid):
            os.kill(pid, signal.SIGKILL)
            give_up()
        end = control.recv(4096)
        death = _reap(pid, clock, watch, wait=marshal.loads(end) if end else False)
        cells.sweep()
        control.send(marshal.dumps(tuple(death)))


def _warm_up() -> None:
    """Import what solutions use most, once; what only few use would make every fork dearer."""
    for name in (
        "bisect", "collections", "copy", "datetime", "decimal", "fractions", "functools", "heapq", "itertools",
        "json", "math", "operator", "re", "string", "sys", "typing",
    ):  # fmt: skip
        __import__(name)


def _be_the_first_to_go() -> None:
    """When memory runs out on the machine, a solution (which inherits this) ends, not its judge."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


class _MemoryWatch:
    """Adds up what a solution's processes hold. One alone is held by its limit of address space, unless `resident`: then
    all of them together may hold what one may."""

    def __init__(self, cells: Cells, known: set[int], memory_mb: int, resident: bool) -> None:
        self._cells = cells
        self._known = known
        self._resident = resident
        self._limit = memory_mb * 2**20 * (1 if resident else MEMORY_FACTOR)
        self.tick_s = SHORT_TICK_S if resident else MEMORY_TICK_S
        self.held_mb = 0.0

    def look(self, pid: int) -> None:
        """Kill `pid`, and so all its namespace, when together they hold too much."""
        pids = self._cells.processes(self._known) or [pid]
        if len(pids) == 1 and not self._resident:
            return
        held = sum(map(_held_bytes, pids))
        if held > self._limit:
            self.held_mb = held / 2**20
            os.kill(pid, signal.SIGKILL)


def _held_bytes(pid: int) -> int:
    """What a process holds of memory that is no file's: its own, and what it shares with others by mapping it."""
    try:
        with open(f"/proc/{pid}/status") as file:
            fields = dict(line.split(":", 1) for line in file)
        return sum(int(fields[name].split()[0]) * 1024 for name in ("RssAnon", "RssShmem"))
    except (OSError, ValueError, KeyError):  # it ended meanwhile
        return 0


def _clock(limit_s: float, cells: Cells, known: set[int], pid: int) -> Clock:
    """Of a run: the judge, with what it forks, and the solution take turns."""
    judge = os.getppid()

    def sides() -> tuple[list[int], list[int]]:
        forks = descendants(judge, but=known)
        return [judge, *forks], [p for p in cells.processes(known) or [pid, *descendants(pid)] if p not in forks]

    return Clock(limit_s, sides, at_first=(judge, pid))


def _await_finish(control: socket.socket, clock: Clock, watch: _MemoryWatch, pid: int) -> bool:
    """Whether the judge ends the run, if need be after it was told (by SIGALRM) that the time is up."""
    poll = select.poll()
    poll.register(control.fileno(), select.POLLIN)
    judge = os.getppid()
    left = clock.limit_s
    while left:
        if poll.poll(min(left, watch.tick_s) * 1000):
            return True
        watch.look(pid)
        left = clock.left()
    grace = Clock(GRACE_S, lambda: [[judge]], at_first=(judge,))
    while left := grace.left():
        os.kill(judge, signal.SIGALRM)  # again and again: it may not have been waiting for that yet
        if poll.poll(min(left, watch.tick_s) * 1000):
            return True
    return bool(poll.poll(0))


def _reap(pid: int, clock: Clock, watch: _MemoryWatch, *, wait: bool) -> Death:
    """Wait for the process (until its time is up), or don't, then kill its namespace; gone when this returns."""
    pause = 0.0005
    while True:
        over = clock.is_over
        found, status, usage = os.wait4(pid, os.WNOHANG)
        if found or over or not wait:
            break
        time.sleep(pause)
        pause = min(0.02, pause * 2)
        if pause == 0.02:
            watch.look(pid)
            clock.look()
    ended_by = "itself"
    if not found:
        os.kill(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            ended_by = "deadline" if wait else "judge"
    return Death(
        exit_code=os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
        signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
        cpu_s=usage.ru_utime + usage.ru_stime, peak_mb=usage.ru_maxrss / 1024, held_mb=watch.held_mb, ended_by=ended_by,
        late=over and clock.is_up, undecided_s=clock.wall_s if over and clock.undecided else 0.0, starved_s=clock.starved_s,
    )  # fmt: skip


def _fork_waiting(control: socket.socket, cells: Cells, waiting: solution.Solution) -> int:
    """Fork the next solution process and hand the judge its end of the channel; the process waits for its job."""
    ours, theirs = socket.socketpair()
    null = os.open("/dev/null", os.O_RDWR)  # for this one only: what can be set on an open file would carry over
    with ours, theirs:
        cells.before_fork()
        pid = os.fork()
        if pid == 0:
            _run_solution(theirs.fileno(), null, cells, waiting)
        cells.after_fork()
        control.sendmsg([b"+"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", ours.fileno()))])
    os.close(null)
    return pid


def _run_solution(connection: int, null: int, cells: Cells, waiting: solution.Solution) -> None:
    """All of a solution process's life. Never returns."""
    try:
        os.setsid()  # the scheduler shares out by session: a bomb of processes gets one part, and the judge its own
        cells.enter()
        _keep_only(connection, null)
        solution.serve(waiting, _limit)
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except BaseException:
        with contextlib.suppress(BaseException):
            sys.excepthook(*sys.exc_info())
        code = 1
    _end_like_a_program(code & 255)


def _end_like_a_program(code: int) -> None:
    """End this process as an interpreter would: threads first, then exit handlers, then what is still in buffers."""
    try:
        with contextlib.suppress(SystemExit):
            if threading := sys.modules.get("threading"):
                threading._shutdown()
            atexit._run_exitfuncs()
        if isinstance(main := sys.modules.get("__main__"), ModuleType):
            main.__dict__.clear()  # files that nobody closed are written out when they go
        for stream in (getattr(sys, "stdout", None), sys.__stdout__):
            if stream is not None and not getattr(stream, "closed", False):
                stream.flush()
    except BaseException:
        os._exit(code or 1)
    os._exit(code)


def _keep_only(connection: int, null: int) -> None:
    """Nothing is open but the channel and, as the standard streams, what is empty."""
    os.dup2(connection, CHANNEL, inheritable=False)
    for standard in range(3):
        os.dup2(null, standard)
    os.closerange(CHANNEL + 1, 4096)


def _limit(limits: dict[str, Any]) -> None:
    """rlimits that differ from job to job; soft and hard ones, so that none can be raised again."""
    cpu, space_mb = 1 + math.ceil(CPU_SLACK * limits["cpu_s"]), limits.get("address_space_mb", limits["memory_mb"])
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    if space_mb is not None:
        resource.setrlimit(resource.RLIMIT_AS, (space_mb * 2**20, space_mb * 2**20))
    resource.setrlimit(resource.RLIMIT_NPROC, (64, 64))  # not earlier: it may count the user's processes against a fork


def _prepare_for_forks() -> None:
    """What every solution inherits: the other rlimits, `exit` and `quit` (which come with `site`, and we run without it),
    and fresh standard streams on the descriptors that it will get."""
    builtins.exit, builtins.quit = Quitter("exit", "Ctrl-D"), Quitter("quit", "Ctrl-D")
    for kind, value in (
        (resource.RLIMIT_FSIZE, 64 * 2**20),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))
    _, hard = resource.getrlimit(resource.RLIMIT_STACK)
    resource.setrlimit(resource.RLIMIT_STACK, (hard, hard) if hard != resource.RLIM_INFINITY else (128 * 2**20, hard))
    _open_standard_streams()
    sys.stderr = sys.__stderr__ = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # type: ignore[misc]


def _open_standard_streams() -> None:
    """On pipes, for a stream remembers whether it can seek: a program's are pipes, and what is there now can."""
    kept = [os.dup(standard) for standard in range(2)]
    pipe = os.pipe()
    for standard in range(2):
        os.dup2(pipe[standard], standard)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)  # type: ignore[misc]
    for standard in range(2):
        os.dup2(kept[standard], standard)
    for fd in (*kept, *pipe):
        os.close(fd)
