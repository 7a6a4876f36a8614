"""A zygote: a warm interpreter that never saw a test, and forks one process at a time: a solution's, or another zygote's
tests of one answer.

It holds the privileges (namespaces, uids) and no content: code, tests and inputs go from the judge straight to the
forked process, so no later one can find an earlier one's in its memory. The next process is forked while the
judge is busy elsewhere; it waits, without privileges, for its work.

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

from ..wire.channel import Channel
from ..wire.handover import READY, begin
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
"""The descriptor by which a forked process reaches its judge."""
OUT_OF_MEMORY = 137
"""Exit status of a process that ran out of memory, by its own word or the kernel's."""


class Cells(Protocol):
    """Where solutions run: what is done around the fork, in the child, and after its end."""

    def before_fork(self) -> None: ...
    def after_fork(self) -> None: ...
    def enter(self) -> None: ...
    def sweep(self) -> None: ...
    def processes(self, first: int) -> list[int]: ...


class Work(Protocol):
    """What forked processes do; made once, in the zygote."""

    def learn(self, message: Any) -> None:
        """Take what the judge sends for every later process to have."""
        ...

    def run(self, limit: Callable[[dict[str, Any]], None]) -> None:
        """All that one process does, in the process; `limit` puts rlimits on it."""
        ...


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
        self._waiting: tuple[int, int] | None = None

    def waiting(self) -> tuple[int, int]:
        """Pid of the process that waits, and the channel to it. Raises `BoxFault` when there is no process to be had."""
        if self._waiting is None:
            message, fds, _, _ = socket.recv_fds(self._control, 4096, 1)
            if not fds:
                raise BoxFault(message.decode() or "the zygote ended")
            self._waiting = marshal.loads(message), fds[0]
        return self._waiting

    def spawn(
        self, *, limit_s: float, memory_mb: int, descriptors: tuple[int, ...] = (), resident: bool = False, beside: int = 0
    ) -> Channel:
        """The channel to a process that waits for its work; `descriptors` go along and are closed here.

        When `limit_s` seconds of its time have passed the judge gets SIGALRM (`alarm.interruptible`). `beside` is the pid of a
        process that takes turns with it in the place of the judge. `resident`: the solution's limit of address space does not
        hold its memory, so what it really holds is watched, one process or many. Raises `BoxFault` when there is no process to be
        had.
        """
        _, connection = self.waiting()
        self._waiting = None
        if os.read(connection, 1) != READY:
            os.close(connection)
            raise BoxFault("a process ended before it was given any work")
        self._control.send(marshal.dumps((limit_s, memory_mb, resident, beside)))
        begin(connection, descriptors)
        self._limit_s = limit_s
        return Channel(connection, write=marshal.dumps)

    def close(self) -> None:
        self._control.close()

    def teach(self, message: Any) -> None:
        """Let every later process have what `message` holds; the one that waits is ended."""
        os.close(self.waiting()[1])
        self._waiting = None
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                socket.send_fds(self._control, [READY], [theirs.fileno()])
            lesson = Channel(ours.fileno())
            lesson.send(message)
            lesson.receive()  # it takes as long as it takes, which is nobody's time limit

    def finish(self, *, wait: bool = False) -> Death:
        """End the run and everything that it started; with `wait` only when its time is up. Raises `Undecided`."""
        self._control.send(marshal.dumps(wait))
        death = Death(*marshal.loads(self._control.recv(4096)))
        self.starved_s += death.starved_s
        if death.undecided_s:
            raise Undecided(death.undecided_s, self._limit_s)
        return death


def serve(control: socket.socket, cells: Cells, make: Callable[[int], Work], give_up: Callable[[], None]) -> None:
    """Fork processes as the judge asks, until it hangs up. `make` is given the descriptor that they will be reached by;
    `give_up` ends the box in the place of a stuck judge."""
    _warm_up()
    _be_the_first_to_go()
    _prepare_for_forks()
    work = make(CHANNEL)
    gc.collect()
    gc.freeze()
    while True:
        try:
            pid = _fork_waiting(control, cells, work)
        except OSError as error:
            control.send(f"no process could be made: {error}".encode())
            return
        request, lesson = _next_request(control)
        if not request or lesson:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        if not request:
            return
        if lesson:
            _learn(work, Channel(lesson[0]))
            continue
        limit_s, memory_mb, resident, beside = marshal.loads(request)
        watch = _MemoryWatch(cells, memory_mb, resident)
        clock = _clock(limit_s, cells, beside or os.getppid(), pid)
        if not _await_finish(control, clock, watch, pid):
            os.kill(pid, signal.SIGKILL)
            give_up()
        end = control.recv(4096)
        death = _reap(pid, clock, watch, wait=marshal.loads(end) if end else False)
        cells.sweep()
        control.send(marshal.dumps(tuple(death)))


def _next_request(control: socket.socket) -> tuple[bytes, list[int]]:
    """What the judge asks for, with the descriptor of a lesson where it is one; nothing where it hung up."""
    try:
        request, lesson, _, _ = socket.recv_fds(control, 4096, 1)
    except ConnectionResetError:  # it hung up without a look at the process that waits
        return b"", []
    return request, lesson


def _learn(work: Work, channel: Channel) -> None:
    work.learn(channel.receive())
    gc.collect()
    gc.freeze()
    channel.send(True)
    channel.close()


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

    def __init__(self, cells: Cells, memory_mb: int, resident: bool) -> None:
        self._cells = cells
        self._resident = resident
        self._limit = memory_mb * 2**20 * (1 if resident else MEMORY_FACTOR)
        self.tick_s = SHORT_TICK_S if resident else MEMORY_TICK_S
        self.held_mb = 0.0

    def look(self, pid: int) -> None:
        """Kill `pid`, and so all its namespace, when together they hold too much."""
        pids = self._cells.processes(pid) or [pid]
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


def _clock(limit_s: float, cells: Cells, judge: int, pid: int) -> Clock:
    """Of a run: what runs the tests, the judge or a process of its own, and the solution take turns."""

    def sides() -> tuple[list[int], list[int]]:
        tests = [judge] if judge == os.getppid() else [judge, *descendants(judge)]
        return tests, cells.processes(pid) or [pid, *descendants(pid)]

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


def _fork_waiting(control: socket.socket, cells: Cells, work: Work) -> int:
    """Fork the next process and hand the judge its end of the channel; the process waits for its work."""
    ours, theirs = socket.socketpair()
    null = os.open("/dev/null", os.O_RDWR)  # for this one only: what can be set on an open file would carry over
    with ours, theirs:
        cells.before_fork()
        pid = os.fork()
        if pid == 0:
            _run(theirs.fileno(), null, cells, work)
        cells.after_fork()
        control.sendmsg([marshal.dumps(pid)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", ours.fileno()))])
    os.close(null)
    return pid


def _run(connection: int, null: int, cells: Cells, work: Work) -> None:
    """All of a forked process's life. Never returns."""
    try:
        os.setsid()  # the scheduler shares out by session: a bomb of processes gets one part, and the judge its own
        cells.enter()
        _keep_only(connection, null)
        work.run(_limit)
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
