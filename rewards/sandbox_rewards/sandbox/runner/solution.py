"""The solution's side of the channel: loads the code, answers the judge's calls.

Everything here runs in the untrusted process, after it lost its privileges. The code under test can read and
change all of it, and can write any reply. So nothing here decides anything: the judge takes a reply as data
to compare, and a reply that no honest solution sends as a failure of this solution.
"""

from __future__ import annotations

import builtins
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
        printed = sys.stdout = Printed()
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
        if text := printed.getvalue():
            reply["printed"] = text
        if reply["ok"]:
            reply["value"] = encoder.encode(result)
        else:
            reply["raised"] = self._raised(result, encoder)
        self.channel.send(reply)

    def _raised(self, error: BaseException, encoder: Encoder) -> Any:
        if isinstance(error, StopIteration):
            arguments: tuple[Any, ...] = error.args and (error.value,)
        else:
            arguments = error.args
        return [
            encoder.encode((type(error), arguments)),
            describe(error),
            str_or_empty(error),
            self.handle(error),
        ]

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
        if isinstance(value, type) and value.__module__ == "builtins" and getattr(builtins, value.__name__, None) is value:
            return ["T", value.__name__]  # type: ignore[union-attr]
        if isinstance(value, type) and issubclass(value, BaseException):
            return [
                "h",
                self.handle(value),
                "exception",
                value.__name__,
                [self.encode_opaque(b) for b in value.__bases__],
            ]
        if isinstance(value, types.CoroutineType):
            return ["h", self.handle(value), "coroutine", str(kind.__name__)]
        return ["h", self.handle(value), "class" if isinstance(value, type) else "object", kind.__name__]

    def decode_opaque(self, wire: list[Any]) -> Any:
        if wire[0] == "h":
            return self.handles[wire[1]]
        if wire[0] == "T":
            return getattr(builtins, wire[1])
        if wire[0] == "G":
            return operator.attrgetter(wire[2])(__import__(wire[1], fromlist=["_"]))
        return JudgeObject(self, wire[1])

    def ask_judge(self, do: str, *arguments: Any) -> Any:
        """Let the judge carry out `do` on one of its own objects (a callback); its requests may come meanwhile."""
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


class Printed(io.StringIO):
    """What the solution prints during one call, for tests that look at it; what goes beyond the room is dropped."""

    room = 1 << 20

    def write(self, text: str) -> int:
        written = super().write(text[: self.room])
        self.room -= written
        return len(text)


class JudgeObject:
    """A function or iterator of the test, as the solution sees it: it can be called and drained, not looked into."""

    __slots__ = ("_number", "_solution")

    def __init__(self, solution: Solution, number: int) -> None:
        object.__setattr__(self, "_solution", solution)
        object.__setattr__(self, "_number", number)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._solution.ask_judge("call", self, args, kwargs)

    def __iter__(self) -> Any:
        return self._solution.ask_judge("iter", self)

    def __next__(self) -> Any:
        return self._solution.ask_judge("next", self)

    def __getattr__(self, name: str) -> Any:
        return self._solution.ask_judge("attribute", self, name)


def str_or_empty(error: BaseException) -> str:
    try:
        return str(error)[:10_000]
    except BaseException:
        return ""


def _fetch(solution: Solution, names: list[str]) -> dict[str, Any]:
    """The public values of the solution that the tests name; modules are the judge's own to import."""
    found = {name: solution.module.__dict__[name] for name in names if name in solution.module.__dict__}
    return {name: value for name, value in found.items() if not isinstance(value, types.ModuleType)}


def _await(_: Solution, awaitable: Any) -> Any:
    import asyncio  # here, because it doubles the cost of every fork

    async def wait() -> Any:
        return await awaitable

    return asyncio.run(wait())


def _contains(_: Solution, container: Any, item: Any) -> bool:
    return item in container


def _builtin(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda _, *arguments: function(*arguments)


def _evaluate(run: Callable[..., Any]) -> Callable[..., Any]:
    """`eval` or `exec` with the test's names, or else with the solution's own."""

    def evaluate(solution: Solution, source: Any, names: Any, local: Any) -> Any:
        return run(source, solution.module.__dict__ if names is None else names, local)

    return evaluate


OPERATIONS: dict[str, Callable[..., Any]] = {
    "fetch": _fetch,
    "call": lambda _, target, args, kwargs: target(*args, **kwargs),
    "await": _await,
    "eval": _evaluate(eval),
    "assign": lambda solution, name, value: setattr(solution.module, name, value),
    "unassign": lambda solution, name: delattr(solution.module, name),
    "exec": _evaluate(exec),
    "contains": _contains,
    "isinstance": _builtin(isinstance),
    "issubclass": _builtin(issubclass),
    "enter": lambda _, manager: manager.__enter__(),
    "exit": lambda _, manager, *error: manager.__exit__(*error),
    **{f.__name__: _builtin(f) for f in (
        getattr, setattr, delattr, iter, next, len, hash, repr, str, bool, int, float, complex, abs, round, reversed,
        divmod, format, bytes, dir, type,
    )},
    **{name: _builtin(getattr(operator, name)) for name in (
        "eq", "ne", "lt", "le", "gt", "ge", "getitem", "setitem", "delitem", "index", "neg", "pos", "invert",
        "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor", "lshift", "rshift",
        "iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "imatmul", "iand", "ior", "ixor",
        "ilshift", "irshift",
    )},
}  # fmt: skip
