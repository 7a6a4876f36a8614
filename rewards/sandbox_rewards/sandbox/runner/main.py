"""Start of the box: build it, fork the zygote, become the judge.

What is covered: before the first job comes, judge, zygote and compiler are not dumpable, and judge and compiler have uids of
their own where there are several (as root, in a container); the box ends whole when the host goes, whatever state it is in.
What is not: at the levels `landlock` and `open`, and in an ordinary user's namespaces, all of them share one uid with the
solution; and the judge's own memory is bounded by its address space only.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from .cell import compiler, namespaces, seccomp, zygote
from .cell.leftovers import remove_tree
from .wire.channel import MAX_DIGITS, Channel

JUDGE_UID, COMPILER_UID, TESTS_UIDS = 39_999, 39_998, 20_000
"""The last is how far the uid of tests that are run apart is from the solution's."""
COMPILER_MEMORY = 2**30
JUDGE_STACK = 256 * 2**20
"""Room for the deepest recursion that a test may ask for."""
JUDGE_MEMORY = 2 * 2**30
"""Bytes of address space: what a solution answers may fill so much of the judge and no more."""
PR_SET_CHILD_SUBREAPER = 36


def main(settings: dict[str, Any]) -> None:
    """Become the judge of a box.

    `settings`: `level` (`namespaces`: the box is ours to build; `container`: we are in it; `landlock`: no namespace is to
    be had; `open`: no isolation at all), `solution_uid`, `home` (an empty folder), `readable` and `hidden` paths.
    """
    level, uid = settings["level"], settings["solution_uid"]
    sys.set_int_max_str_digits(MAX_DIGITS)
    _leave_a_steward(settings["home"] if level in ("landlock", "open") else None)
    many_uids = level == "container"
    if level == "namespaces":
        many_uids = namespaces.build_box(settings["readable"], settings["hidden"])
    host = _host_channel()
    compiling = _start_compiler(level, host, many_uids)
    solutions = _start_zygote(settings, "solutions", uid if many_uids else None, host, _solution_process, compiling)
    tests = _start_zygote(settings, "tests", uid + TESTS_UIDS if many_uids else None, host, _tests_process, compiling, solutions)
    if many_uids:
        namespaces.become(JUDGE_UID)
        namespaces.prctl(namespaces.PR_SET_PDEATHSIG, signal.SIGKILL)  # again: a change of uid forgets it
    resource.setrlimit(resource.RLIMIT_STACK, (JUDGE_STACK, JUDGE_STACK))
    resource.setrlimit(resource.RLIMIT_AS, (JUDGE_MEMORY, JUDGE_MEMORY))
    namespaces.prctl(namespaces.PR_SET_DUMPABLE, 0)
    if level != "open":
        _confine(level, settings)
    host.send({"ready": True, "python": sys.version.split()[0]})
    from .judge import judge  # only now: what is imported before the zygote is forked makes every fork dearer

    judge.serve(host, solutions, tests, compiling)


def _leave_a_steward(home: str | None) -> None:
    """Fork. The child returns and becomes the box; the parent stays as its steward until the box ends or the host hangs up.

    Then it ends every process of the box and removes `home`, whatever state they are in: also when the host was killed, and
    when the judge computes something that no signal from inside a pid namespace can end.
    """
    namespaces.prctl(PR_SET_CHILD_SUBREAPER, 1)
    steward, box = os.getpid(), os.fork()
    if box == 0:
        namespaces.prctl(namespaces.PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != steward:
            os._exit(1)
        return
    status = 1
    try:
        namespaces.prctl(namespaces.PR_SET_DUMPABLE, 0)
        os.close(1)
        status = _watch(box)
        if os.getpid() != 1:  # the end of pid 1 is the end of all others anyway
            _end_children()
        if home:
            remove_tree(home)
    finally:
        os._exit(status)


def _watch(box: int) -> int:
    """Exit status of the box, or 1 when the host hung up or sent SIGTERM before."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    poll = select.poll()
    poll.register(0, 0)  # nothing but its hang-up
    poll.register(woken, select.POLLIN)
    while True:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == box:
                    return os.waitstatus_to_exitcode(ended[1]) & 255
        for fd, _ in poll.poll():
            if fd == 0 or signal.SIGTERM in os.read(woken, 4096):
                return 1


def _end_children() -> None:
    """Kill children until none is left; what they leave behind becomes a child in turn."""
    while True:
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", "rb") as file:
                if int(file.read().rpartition(b")")[2].split()[1]) == os.getpid():
                    os.kill(int(pid), signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _confine(level: str, settings: dict[str, Any]) -> None:
    """Put the judge that goes on, which starts no process and opens no file, behind the walls that there are."""
    from .judge import judge  # noqa: F401  (before: it may not read all that Python reads)

    if level == "landlock":
        from .cell.landlock import LandlockCells

        LandlockCells(os.path.join(settings["home"], "judge"), settings["readable"], settings["hidden"]).enter()
    else:
        namespaces.prctl(namespaces.PR_SET_NO_NEW_PRIVS, 1)
        seccomp.Filter(alone=False).install()


def _start_zygote(
    settings: dict[str, Any], name: str, uid: int | None, host: Channel, make: Callable[[int], zygote.Work],
    *others: compiler.Compiler | zygote.Zygote,
) -> zygote.Zygote:  # fmt: skip
    """Fork a zygote, whose processes get the uid `uid`, where there are several; it keeps no way to reach `others`."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        if settings["level"] in ("namespaces", "container"):
            namespaces.prctl(namespaces.PR_SET_PDEATHSIG, signal.SIGKILL)
        ours.close()
        for other in others:
            other.close()
        namespaces.prctl(namespaces.PR_SET_DUMPABLE, 0)
        zygote.serve(theirs, _cells(settings, name, uid), make, lambda: _give_up(host))
        os._exit(0)
    theirs.close()
    return zygote.Zygote(ours)


def _solution_process(descriptor: int) -> zygote.Work:
    from .solution.process import SolutionProcess

    sys.set_int_max_str_digits(0)  # of what an answer computes its own limits of time and memory are enough
    return SolutionProcess(descriptor)


def _tests_process(descriptor: int) -> zygote.Work:
    from .judge.apart import TestsProcess

    return TestsProcess(descriptor)


def _start_compiler(level: str, host: Channel, many_uids: bool) -> compiler.Compiler:
    """Fork the compiler: it keeps its channel to the judge and nothing else."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        host.close()
        if many_uids:
            namespaces.become(COMPILER_UID)
        namespaces.prctl(namespaces.PR_SET_DUMPABLE, 0)
        resource.setrlimit(resource.RLIMIT_AS, (COMPILER_MEMORY, COMPILER_MEMORY))
        if level != "open":
            namespaces.prctl(namespaces.PR_SET_NO_NEW_PRIVS, 1)
            seccomp.Filter(alone=True).install()
        compiler.serve(Channel(theirs.detach()))
        os._exit(0)
    theirs.close()
    return compiler.Compiler(Channel(ours.detach()))


def _cells(settings: dict[str, Any], name: str, uid: int | None) -> zygote.Cells:
    if settings["level"] == "landlock":
        from .cell.landlock import LandlockCells

        return LandlockCells(os.path.join(settings["home"], name), settings["readable"], settings["hidden"])
    if settings["level"] == "open":
        from .cell.open_cells import OpenCells

        return OpenCells()
    return namespaces.NamespaceCells(uid)


def _host_channel() -> Channel:
    """The streams that we were started with, moved away from where a test's own printing would go."""
    channel = Channel(os.dup(0), os.dup(1))
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1):
        os.dup2(null, standard)
    os.close(null)
    return channel


def _give_up(host: Channel) -> None:
    """The judge is stuck in a computation that no signal interrupts: say so in its place and end the box.

    A judge that does not compute was stopped from outside, which is no answer's doing. As pid 1 of its namespace it survives
    the kill; then the host, told or gone, makes the steward end it from outside.
    """
    with contextlib.suppress(Exception):
        told = {"fault": "the judge was stopped"} if _state(os.getppid()) in "TtD" else {
            "verdict": "time_limit", "tests_passed": 0, "tests_total": 0, "seconds": 0.0,
            "detail": "the tests did not end on what the solution answered",
        }  # fmt: skip
        host.send({**told, "box_ended": True})
    os.kill(os.getppid(), signal.SIGKILL)
    os._exit(0)


def _state(pid: int) -> str:
    """A process's state as the kernel's one letter: R runs, T is stopped, D waits for a disk."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().rpartition(b")")[2].split()[0].decode()
