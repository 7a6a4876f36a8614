"""A process that compiles solutions and runs none of them.

Compiling in a freshly forked process costs ten times what it costs in a warm one, so a process that lives as long as
the box does it. It never executes what it compiles, holds no test and no privilege, and a system-call filter leaves it
little but its channel. Whatever goes wrong with it, a solution's own process compiles its own code, under its limits.

What is covered: sources up to `LARGEST` characters, answered within `PATIENCE_S`; address space of its own limit.
What is not: a bug of Python's parser that a source could exploit. Whoever took this process over would see the sources of later
answers and could give them other code, which runs where any solution runs; tests and verdicts are not here.
"""

from __future__ import annotations

import time
import warnings

from ..wire.channel import Channel, ChannelClosed, DeadlinePassed, Malformed
from ..wire.code import Code, packed

LARGEST = 1 << 16
"""Characters of source that are compiled here; more is for the solution's own process and limits."""
PATIENCE_S = 1.0


class Uncompilable(Exception):
    """The source is not Python; says why."""


def serve(channel: Channel) -> None:
    """Answer each source with its code, its syntax error, or neither, until the judge hangs up."""
    warnings.simplefilter("ignore")
    while True:
        try:
            source = channel.receive()
        except ChannelClosed:
            return
        try:
            answer = {"code": packed(source, "solution.py").decode("latin-1")}
        except SyntaxError as error:
            answer = {"syntax_error": str(error).encode(errors="replace").decode()}
        except (ValueError, MemoryError, RecursionError, OverflowError):
            answer = {}
        channel.send(answer)


class Compiler:
    """The judge's end."""

    def __init__(self, channel: Channel) -> None:
        self._channel: Channel | None = channel

    def close(self) -> None:
        """Hang up; solutions compile their own code from now on."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def compiled(self, source: str) -> Code:
        """The source as a job has it. Raises `Uncompilable`."""
        if self._channel is None or len(source) > LARGEST:
            return source
        self._channel.deadline = time.monotonic() + PATIENCE_S
        try:
            self._channel.send(source)
            answer = self._channel.receive()
        except (ChannelClosed, DeadlinePassed, Malformed):
            self.close()
            return source
        if "syntax_error" in answer:
            raise Uncompilable(answer["syntax_error"])
        return answer["code"].encode("latin-1") if "code" in answer else source
