"""The zygote: a warm interpreter that never saw a test, and forks one solution process at a time.

It holds the privileges (namespaces, uids) and no content: code and inputs go from the judge straight to the
forked process, so no later solution can find an earlier one's in its memory.

What is covered: own pid, mount and ipc namespace and uid, no capabilities, no_new_privs, rlimits on CPU time,
address space, file size, open files and processes; a private /tmp and /proc; the whole pid namespace dies
with its first process. What is not: kernel bugs reachable by system call, and load on shared CPU caches.
"""

from __future__ import annotations

import json
import math
import os
import resource
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass
from typing import Any

from . import namespaces, solution
from .channel import Channel

GRACE_S = 0.5
"""Seconds after a solution's deadline at which a judge that did not end the run is taken for stuck."""


@dataclass(frozen=True)
class Death:
    """How the solution's first process ended."""

    exit_code: int | None
    signal: int | None
    cpu_s: float
    peak_mb: float

    @property
    def clean(self) -> bool:
        return self.exit_code == 0

    def verdict(self, spec: dict[str, Any]) -> tuple[str, str]:
        """The limit or fault that explains an end before the answer."""
        if self.signal == signal.SIGXCPU or self.cpu_s >= spec["time_limit_s"] * 0.95:
            return "time_limit", f"{self.cpu_s:.2f} s of CPU time, limit {spec['time_limit_s']:g} s"
        if self.signal == signal.SIGKILL or self.exit_code == OUT_OF_MEMORY:
            return "memory_limit", f"killed at {self.peak_mb:.0f} MB, limit {spec['memory_limit_mb']} MB"
        if self.signal == signal.SIGXFSZ:
            return "output_limit", "a file grew beyond its limit"
        how = f"signal {self.signal}" if self.signal else f"exit status {self.exit_code}"
        return "runtime_error", f"the solution's process ended before it answered ({how})"


OUT_OF_MEMORY = 137


class Zygote:
    """The judge's end: starts and ends solution processes over the control socket."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control

    def spawn(self, *, limits: dict[str, Any], deadline: float, stdio: tuple[int, int] | None = None) -> Channel:
        """Fork a solution process; its end of the returned channel (and of `stdio`) is closed here."""
        ours, theirs = socket.socketpair()
        request = json.dumps({"limits": limits, "deadline": deadline}).encode()
        fds = [theirs.fileno(), *(stdio or ())]
        socket.send_fds(self._control, [request], fds)
        theirs.close()
        for fd in stdio or ():
            os.close(fd)
        return Channel(ours.detach())

    def finish(self, wait_until: float | None = None) -> Death:
        """End the run, after `wait_until` at the latest, and everything that it started."""
        self._control.send(json.dumps({"wait_until": wait_until}).encode())
        return Death(**json.loads(self._control.recv(4096)))


def serve(control: socket.socket, box: namespaces.Box, stdout: int) -> None:
    """Fork solutions as the judge asks, until it hangs up."""
    _warm_up()
    while True:
        message, fds, _, _ = socket.recv_fds(control, 4096, 3)
        if not message:
            return
        request = json.loads(message)
        pid = _fork_solution(request["limits"], fds, box)
        for fd in fds:
            os.close(fd)
        if not _await_finish(control, request["deadline"]):
            _give_up_on_judge(pid, stdout)
        end = json.loads(control.recv(4096) or b"{}")
        death = _reap(pid, end.get("wait_until"))
        control.send(json.dumps(death.__dict__).encode())


def _warm_up() -> None:
    """Import what solutions use most, once."""
    for name in (
        "asyncio", "bisect", "collections", "copy", "datetime", "decimal", "fractions", "functools", "heapq", "itertools",
        "json", "math", "operator", "random", "re", "statistics", "string", "sys", "typing",
    ):  # fmt: skip
        __import__(name)


def _await_finish(control: socket.socket, deadline: float) -> bool:
    poll = select.poll()
    poll.register(control.fileno(), select.POLLIN)
    return bool(poll.poll(max(0.0, deadline + GRACE_S - time.monotonic()) * 1000))


def _give_up_on_judge(pid: int, stdout: int) -> None:
    """The judge is stuck in a computation that no signal interrupts: say so in its place and end the box."""
    os.kill(pid, signal.SIGKILL)
    Channel(stdout).send({
        "verdict": "time_limit", "tests_passed": 0, "tests_total": 0, "seconds": 0.0,
        "detail": "the tests did not end on what the solution answered", "box_ended": True,
    })  # fmt: skip
    os.kill(os.getppid(), signal.SIGKILL)
    os._exit(0)


def _reap(pid: int, wait_until: float | None) -> Death:
    """Wait for the process (until `wait_until`), then kill its namespace; gone when this returns."""
    while wait_until is not None and time.monotonic() < wait_until:
        found, status, usage = os.wait4(pid, os.WNOHANG)
        if found:
            return _death(status, usage)
        time.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    return _death(status, usage)


def _death(status: int, usage: resource.struct_rusage) -> Death:
    return Death(
        exit_code=os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
        signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024,
    )


def _fork_solution(limits: dict[str, Any], fds: list[int], box: namespaces.Box) -> int:
    box.next_child_in_new_pid_namespace()
    pid = os.fork()
    if pid:
        box.children_in_own_pid_namespace()
        return pid
    try:
        _become_solution(limits, fds, box)
        solution.serve(Channel(3))
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        _flush()
        os._exit(code & 255)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        _flush()
        os._exit(1)
    _flush()
    os._exit(0)


def _flush() -> None:
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os._exit(1)


def _become_solution(limits: dict[str, Any], fds: list[int], box: namespaces.Box) -> None:
    """From fork to unprivileged: after this, nothing of the box is left in reach."""
    null = os.open("/dev/null", os.O_RDWR)
    places = [os.dup(fd) if fd < 16 else fd for fd in fds]
    channel = os.dup2(places[0], 100)
    stdin, stdout = (places[1], places[2]) if len(places) == 3 else (null, null)
    os.dup2(stdin, 0)
    os.dup2(stdout, 1)
    os.dup2(null, 2)
    os.dup2(channel, 3, inheritable=False)
    os.closerange(4, 4096)
    box.isolate_solution()
    os.chdir("/tmp")
    _limit(limits)
    box.drop_privileges()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)


def _limit(limits: dict[str, Any]) -> None:
    cpu = math.ceil(limits["cpu_s"])
    memory = limits["memory_mb"] * 2**20
    for kind, value in (
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 64 * 2**20),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_NPROC, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))
    _, hard = resource.getrlimit(resource.RLIMIT_STACK)
    resource.setrlimit(resource.RLIMIT_STACK, (hard, hard) if hard != resource.RLIM_INFINITY else (128 * 2**20, hard))
