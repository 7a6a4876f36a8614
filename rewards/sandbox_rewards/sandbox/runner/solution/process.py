"""All of a solution process's life: it waits for its job, and then answers calls or becomes a program."""

from __future__ import annotations

import marshal
import os
import sys
import types
from collections.abc import Callable
from typing import Any

from ..wire.channel import Channel
from ..wire.code import unpacked
from ..wire.exceptions import one_line
from ..wire.handover import wait_for_work
from . import programs, rehearsal
from .objects import ObjectsSolution
from .solution import Solution


class SolutionProcess:
    """What the zygote forks. All that a forked process makes or touches for the first time costs it a page fault, so what it
    will need is made here, before the fork."""

    def __init__(self, descriptor: int) -> None:
        rehearsal.rehearse()
        self._channel = Channel(descriptor, read=marshal.loads)
        self._of_seal: dict[str, Solution] = {"data": Solution(self._channel), "objects": ObjectsSolution(self._channel)}

    def learn(self, message: Any) -> None:
        """Nothing: a solution's process holds what Python holds."""

    def run(self, limit: Callable[[dict[str, Any]], None]) -> None:
        """Take the judge's job under its limits, and answer requests until it hangs up.

        A program's standard streams come along, where the job is a program.
        """
        streams = wait_for_work(self._channel.read_fd)
        if streams is None:  # the box was closed before it had a job for us
            return
        for standard, fd in enumerate(streams):
            os.dup2(fd, standard)
            os.close(fd)
        job = self._channel.receive()
        limit(job["limits"])
        if job["program"] and job["language"] != "python":
            programs.carry_out(self._channel, job)
        elif job["program"]:
            run_program(self._channel, job)
        else:
            self._of_seal[job["seal"]].answer_calls(job)


def run_program(channel: Channel, job: dict[str, Any]) -> None:
    """Run a job's code as a script: standard input and output are those of this process.

    Until its first line runs, the channel tells the judge why none does; then it is closed, so no program can say it.
    """
    main = types.ModuleType("__main__")
    main.__file__ = "solution.py"
    sys.modules["__main__"] = main
    sys.argv = ["solution.py"]
    try:
        parts = [unpacked(job["prelude"], "prelude.py")] if job["prelude"] else []
        parts.append(unpacked(job["code"], "solution.py"))
    except (SyntaxError, ValueError) as error:
        channel.send({"failed": "syntax_error", "detail": str(error)})
        return
    try:
        for prelude in parts[:-1]:
            exec(prelude, main.__dict__)
    except BaseException as error:
        channel.send({"failed": "runtime_error", "detail": one_line(error)})
        raise
    channel.close()
    exec(parts[-1], main.__dict__)
