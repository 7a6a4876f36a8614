"""The solution's side of the channel: loads the code, answers the judge's calls.

Everything here runs in the untrusted process, after it lost its privileges. The code under test can read and
change all of it, and can write any reply. So nothing here decides anything: the judge takes a reply as data
to compare, and a reply that no honest solution sends as a failure of this solution.
"""

from __future__ import annotations

import contextlib
import io
import operator
import os
import socket
import sys
import types
from collections.abc import Callable
from typing import Any

from . import languages
from .channel import Channel, ChannelClosed
from .codec import Decoder, Encoder
from .compiler import packed, run_packed
from .handles import known_type, type_name
from .operators import BINARY, COMPARISONS, OPERATORS

READY, STREAMS = b"+", b"p"
"""What a process writes before it was given any code, and what the judge answers before it sends some."""


def serve(descriptor: int, limit: Callable[[dict[str, Any]], None]) -> None:
    """Say that this process is ready, take the judge's job under its limits, and answer requests until it hangs up.

    A program's standard input and output come first, where the job is a program. Socket objects are made only then: all that
    a forked process touches for the first time costs it a page fault.
    """
    os.write(descriptor, READY)
    marker = os.read(descriptor, 1)
    if marker == STREAMS:
        _take_streams(descriptor)
    elif marker != READY:  # the box was closed before it had a job for us
        return
    channel = Channel(descriptor)
    job = channel.receive()
    limit(job["limits"])
    if job["program"] and job["language"] != "python":
        languages.carry_out(channel, job)
    elif job["program"]:
        run_program(channel, job)
    else:
        _answer_calls(channel, job)


def _take_streams(descriptor: int) -> None:
    connection = socket.socket(fileno=descriptor)
    _, fds, _, _ = socket.recv_fds(connection, 1, 2)
    connection.detach()
    for standard, fd in enumerate(fds):
        os.dup2(fd, standard)
        os.close(fd)


def _answer_calls(channel: Channel, job: dict[str, Any]) -> None:
    solution = Solution(channel)
    try:
        solution.load(job["prelude"], job.get("packed") or packed(job["code"], "solution.py"))
        value = Encoder(solution.encode_opaque, solution.shared).encode(_fetch(solution, job["names"]))
    except SyntaxError as error:
        channel.send({"failed": "syntax_error", "detail": str(error)})
    except BaseException as error:
        channel.send({"failed": "runtime_error", "detail": describe(error), "memory": isinstance(error, MemoryError)})
        if isinstance(error, (SystemExit, KeyboardInterrupt)):
            raise
    else:
        channel.send({"loaded": True, "value": value})
        with contextlib.suppress(ChannelClosed):
            solution.answer_until_released()


def run_program(channel: Channel, job: dict[str, Any]) -> None:
    """Run a job's code as a script: standard input and output are those of this process.

    Until the first line of it runs, the channel tells the judge why none does; then it is closed, so no program can say it.
    """
    main = types.ModuleType("__main__")
    main.__file__ = "solution.py"
    sys.modules["__main__"] = main
    sys.argv = ["solution.py"]
    try:
        parts = [compile(job[part], name, "exec", dont_inherit=True) for part, name in _PARTS if job[part]]
    except (SyntaxError, ValueError) as error:
        channel.send({"failed": "syntax_error", "detail": str(error)})
        return
    channel.close()
    for part in parts:
        exec(part, main.__dict__)


_PARTS = (("prelude", "prelude.py"), ("code", "solution.py"))


def describe(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:300]
    except BaseException:
        return type(error).__name__


class Solution:
    """The loaded code and the objects of it that the judge holds handles to."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.module = types.ModuleType("solution")
        self.handles: list[Any] = []
        self.handle_of: dict[int, int] = {}
        self.shared: dict[str, type] = {}
        self._turn: Any = None
        self._loop: Any = None

    @property
    def loop(self) -> Any:
        """The one event loop of this run."""
        import asyncio  # here, because it doubles the cost of every fork

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        return self._loop

    def load(self, prelude: str, code: str) -> None:
        sys.modules["solution"] = self.module
        namespace = self.module.__dict__
        if prelude:
            run_packed(prelude, namespace)
            self.shared = {k: v for k, v in namespace.items() if isinstance(v, type) and v.__module__ == "solution"}
        run_packed(code, namespace)

    # -- the judge's requests ---------------------------------------------------------------------------------

    def answer_until_released(self) -> None:
        while True:
            self.answer(self.channel.receive())

    def answer(self, request: dict[str, Any]) -> None:
        """Carry out one request and send its reply."""
        decoder = Decoder(self.decode_opaque, self.shared)
        printed, complained = Printed(), Printed()
        sys.stdout, sys.stderr = printed, complained
        try:
            arguments = decoder.decode(request["args"])
            result = OPERATIONS[request["do"]](self, *arguments)
            reply: dict[str, Any] = {"ok": True}
        except BaseException as error:
            result = error
            reply = {"ok": False}
        encoder = Encoder(self.encode_opaque, self.shared, decoder.objects)
        changes = encoder.changes(request["args"][1])
        if changes:
            reply["changed"] = changes
        if text := printed.text():
            reply["printed"] = text
        if text := complained.text():
            reply["complained"] = text
        if reply["ok"]:
            reply["value"] = encoder.encode(result)
        else:
            reply["raised"] = self._raised(result, encoder)
        self.channel.send(reply)

    def _raised(self, error: BaseException, encoder: Encoder, depth: int = 3) -> Any:
        if isinstance(error, StopIteration):
            arguments: tuple[Any, ...] = error.args and (error.value,)
        else:
            arguments = error.args
        if isinstance(error, OSError) and error.filename is not None and len(arguments) == 2:
            arguments = (*arguments, error.filename)
        return [*self._exception(error, arguments, encoder), self._circumstances(error, encoder, depth)]

    def _exception(self, error: BaseException, arguments: tuple[Any, ...], encoder: Encoder) -> list[Any]:
        return [encoder.encode((type(error), arguments)), describe(error), str_or_empty(error), self.handle(error)]

    def _circumstances(self, error: BaseException, encoder: Encoder, depth: int) -> dict[str, Any]:
        """What an exception says of others, as far as `depth` of them."""
        found: dict[str, Any] = {"__notes__": list(map(str, getattr(error, "__notes__", ())))}
        if error.__suppress_context__:
            found["__suppress_context__"] = True
        for name in ("__cause__", "__context__"):
            other = getattr(error, name)
            if other is not None and depth:
                found[name] = self._raised(other, encoder, depth - 1)
        return found

    # -- objects that are not data ----------------------------------------------------------------------------

    def handle(self, value: Any) -> int:
        position = self.handle_of.get(id(value))
        if position is None:
            position = self.handle_of[id(value)] = len(self.handles)
            self.handles.append(value)  # kept alive, so that its id stays its own
        return position

    def encode_opaque(self, value: Any) -> Any:
        kind: type = type(value)
        if kind is JudgeObject:
            return ["j", object.__getattribute__(value, "_number")]
        if isinstance(value, type) and value in self.shared.values():
            return ["P", next(name for name, known in self.shared.items() if known is value)]
        if isinstance(value, type) and type_name(value):
            return ["T", type_name(value)]
        if isinstance(value, type) and issubclass(value, BaseException):
            bases = [self.encode_opaque(base) for base in value.__bases__]
            own = ["h", self.handle(value), "exception", value.__name__, bases]
            return own if value.__module__ == "solution" else ["X", value.__module__, value.__name__, own]
        if isinstance(value, BaseException):
            root, text, message, number = self._exception(value, value.args, Encoder(self.encode_opaque, self.shared))
            return ["x", *root, text, message, number]
        if isinstance(value, types.CoroutineType):
            return ["h", self.handle(value), "coroutine", str(kind.__name__)]
        return ["h", self.handle(value), "class" if isinstance(value, type) else "object", kind.__name__]

    def decode_opaque(self, wire: list[Any]) -> Any:
        if wire[0] == "h":
            return self.handles[wire[1]]
        if wire[0] == "T":
            return known_type(wire[1])
        if wire[0] == "P":
            return self.shared[wire[1]]
        if wire[0] == "x":
            kind, arguments = Decoder(self.decode_opaque, self.shared).decode(wire[1:])
            return kind(*arguments)
        if wire[0] == "G":
            return operator.attrgetter(wire[2])(__import__(wire[1], fromlist=["_"]))
        return JudgeObject(self, wire[1])

    def _one_at_a_time(self) -> Any:
        """The solution's threads take turns; a program with one thread does not even import threading."""
        if self._turn is None:
            if "threading" not in sys.modules:
                return contextlib.nullcontext()
            self._turn = sys.modules["threading"].RLock()
        return self._turn

    def ask_judge(self, do: str, *arguments: Any) -> Any:
        """Let the judge carry out `do` on one of its own objects (a callback); its requests may come meanwhile."""
        with self._one_at_a_time():
            encoder = Encoder(self.encode_opaque, self.shared)
            self.channel.send({"ask": do, "args": encoder.encode(arguments)})
            while "do" in (message := self.channel.receive()):
                self.answer(message)
        decoder = Decoder(self.decode_opaque, self.shared, encoder.objects)
        decoder.apply(message["changed"])
        value = decoder.decode(message["value"])
        if message["ok"]:
            return value
        kind, text = value
        raise kind(*text)


class Printed(io.TextIOWrapper):
    """What the solution prints during one call, for tests that look at it; what goes beyond the room is dropped."""

    def __init__(self) -> None:
        super().__init__(_Room(), encoding="utf-8", errors="surrogateescape", newline="", write_through=True)

    def text(self) -> str:
        room = self.buffer
        return room.getvalue().decode("utf-8", "replace") if isinstance(room, _Room) else ""


class _Room(io.BytesIO):
    left = 1 << 20

    def write(self, content: Any) -> int:
        size = len(content)
        super().write(content[: self.left])
        self.left -= min(size, self.left)
        return size


class JudgeObject:
    """An object of the test, as the solution sees it: what is asked of it, the judge does, and looks into nothing."""

    __slots__ = ("_number", "_solution")

    def __init__(self, solution: Solution, number: int) -> None:
        object.__setattr__(self, "_solution", solution)
        object.__setattr__(self, "_number", number)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._solution.ask_judge("call", self, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        return self._solution.ask_judge("attribute", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._solution.ask_judge("setattr", self, name, value)


def _asking(do: str) -> Callable[..., Any]:
    def ask(self: JudgeObject, *arguments: Any) -> Any:
        return self._solution.ask_judge(do, self, *arguments)

    return ask


for _do in (
    *COMPARISONS, "iter", "next", "len", "hash", "repr", "str", "bool", "int", "float", "abs", "round", "reversed", "format",
    "contains", "enter", "exit", "getitem", "setitem", "delitem", "index", "neg", "pos", "invert",
):  # fmt: skip
    setattr(JudgeObject, f"__{_do}__", _asking(_do))
for _do in BINARY:
    setattr(JudgeObject, f"__{_do.strip('_')}__", _asking(_do))
    setattr(JudgeObject, f"__r{_do.strip('_')}__", _asking(f"r{_do}"))


def str_or_empty(error: BaseException) -> str:
    try:
        return str(error)[:10_000]
    except BaseException:
        return ""


def _fetch(solution: Solution, names: list[str]) -> dict[str, Any]:
    """The public values of the solution that the tests name; modules are the judge's own to import."""
    found = {name: solution.module.__dict__[name] for name in names if name in solution.module.__dict__}
    return {name: value for name, value in found.items() if not isinstance(value, types.ModuleType)}


def _await(solution: Solution, awaitable: Any) -> Any:
    async def wait() -> Any:
        return await awaitable

    return solution.loop.run_until_complete(wait())


def _awaiting(name: str) -> Callable[..., Any]:
    """What an asynchronous iterator or context manager gives, waited for."""
    return lambda solution, target, *arguments: _await(solution, getattr(target, name)(*arguments))


def _builtin(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda _, *arguments: function(*arguments)


def _evaluate(run: Callable[..., Any]) -> Callable[..., Any]:
    """`eval` or `exec` with the test's names, or else with the solution's own."""

    def evaluate(solution: Solution, source: Any, names: Any, local: Any) -> Any:
        return run(source, solution.module.__dict__ if names is None else names, local)

    return evaluate


OPERATIONS: dict[str, Callable[..., Any]] = {
    **{name: _builtin(function) for name, function in OPERATORS.items()},
    "fetch": _fetch,
    "call": lambda _, target, args, kwargs: target(*args, **kwargs),
    "await": _await,
    "aiter": lambda _, target: target.__aiter__(),
    "anext": _awaiting("__anext__"),
    "aenter": _awaiting("__aenter__"),
    "aexit": _awaiting("__aexit__"),
    "eval": _evaluate(eval),
    "exec": _evaluate(exec),
    "assign": lambda solution, name, value: setattr(solution.module, name, value),
    "unassign": lambda solution, name: delattr(solution.module, name),
    **{f.__name__: _builtin(f) for f in (getattr, setattr, delattr, dir, type, isinstance, issubclass)},
}
