"""The solution's side of the channel: loads the code, answers the judge's calls.

Everything here runs in the untrusted process, after it lost its privileges. The code under test can read and
change all of it, and can write any reply. So nothing here decides anything: the judge takes a reply as data
to compare, and a reply that no honest solution sends as a failure of this solution.

What is covered: that an honest solution is none the wiser: arguments changed in place, callbacks, exceptions, warnings, printing,
threads and coroutines.
What is not: any protection. That is the process around it (`zygote.py`) and the judge's end (`session.py`).
"""

from __future__ import annotations

import contextlib
import operator
import os
import socket
import sys
import types
import warnings
from collections.abc import Callable
from typing import Any

from ..wire import exceptions, subclasses
from ..wire.channel import Channel, ChannelClosed
from ..wire.code import Code, unpacked
from ..wire.codec import Codec
from ..wire.exceptions import one_line
from ..wire.known_types import known_type, type_name
from ..wire.printed import Printed
from ..wire.protocols import ABSTRACT, OPTIONAL
from ..wire.surroundings import as_the_test_has_it
from . import programs
from .judge_objects import JudgeObject
from .requests import OPERATIONS, fetch

READY, STREAMS = b"+", b"p"
"""What a process writes before it was given any code, and what the judge answers before it sends some."""


def serve(solution: Solution, limit: Callable[[dict[str, Any]], None]) -> None:
    """Say that this process is ready, take the judge's job under its limits, and answer requests until it hangs up.

    A program's standard streams come first, where the job is a program. `solution` was made before the fork, for all
    that a forked process makes or touches for the first time costs it a page fault.
    """
    channel = solution.channel
    os.write(channel.write_fd, READY)
    marker = os.read(channel.read_fd, 1)
    if marker == STREAMS:
        _take_streams(channel.read_fd)
    elif marker != READY:  # the box was closed before it had a job for us
        return
    job = channel.receive()
    limit(job["limits"])
    if job["program"] and job["language"] != "python":
        programs.carry_out(channel, job)
    elif job["program"]:
        run_program(channel, job)
    else:
        solution.answer_calls(job)


def _take_streams(descriptor: int) -> None:
    connection = socket.socket(fileno=descriptor)
    _, fds, _, _ = socket.recv_fds(connection, 1, 3)
    connection.detach()
    for standard, fd in enumerate(fds):
        os.dup2(fd, standard)
        os.close(fd)


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


class Solution:
    """The loaded code and the objects of it that the judge holds handles to."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.module = types.ModuleType("solution")
        self.handles: list[Any] = []
        self.handle_of: dict[int, int] = {}
        self.shared: dict[str, Any] = {}
        self.codec = Codec(self, self.shared, judges=False)
        self._judges: dict[int, Any] = {}
        self._number_of: dict[int, int] = {}
        self._described: set[int] = set()
        self._lent: dict[int, tuple[Any, Any]] = {}
        self._warned: list[Any] = []
        self._turn: Any = None
        self._loop: Any = None
        self._streams: tuple[Printed, Printed] | None = (Printed(), Printed())

    @property
    def loop(self) -> Any:
        """The one event loop of this run."""
        import asyncio  # here, because it doubles the cost of every fork

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        return self._loop

    def load(self, prelude: bytes, code: Code) -> None:
        sys.modules["solution"] = self.module
        namespace = self.module.__dict__
        if prelude:
            exec(unpacked(prelude, "prelude.py"), namespace)
            given = (type, types.FunctionType)
            self.shared = {k: v for k, v in namespace.items() if isinstance(v, given) and v.__module__ == "solution"}
            self.codec = Codec(self, self.shared, judges=False)
        warnings.simplefilter("always")  # whether one is shown, or an error, is for the judge's filters to say
        warnings.showwarning = self._note_warning
        exec(unpacked(code, "solution.py"), namespace)
        self._warned.clear()

    def _note_warning(self, message: Warning | str, *_: Any, **__: Any) -> None:
        self._warned.append(message)

    def loaded(self, names: list[str]) -> dict[str, Any]:
        """The message that says that the code was run, with its values for the names of the tests."""
        message = {"loaded": True, "value": self.codec.encode(fetch(self, names))}
        if self.codec.containers.objects:
            self._let_go(message, 0)
        return message

    # -- the judge's requests ---------------------------------------------------------------------------------

    def answer_calls(self, job: dict[str, Any]) -> None:
        """Load the code of a job and answer requests until the judge hangs up."""
        try:
            self.load(job["prelude"], job["code"])
            loaded = self.loaded(job["names"])
        except SyntaxError as error:
            self.channel.send({"failed": "syntax_error", "detail": str(error)})
        except BaseException as error:
            self.channel.send({"failed": "runtime_error", "detail": one_line(error), "memory": isinstance(error, MemoryError)})
            if isinstance(error, (SystemExit, KeyboardInterrupt)):
                raise
        else:
            self.channel.send(loaded)
            with contextlib.suppress(ChannelClosed):
                self.answer_until_released()

    def answer_until_released(self) -> None:
        while True:
            self.answer(self.channel.receive())

    def answer(self, request: dict[str, Any]) -> None:
        """Carry out one request and send its reply."""
        containers = self.codec.containers
        start = len(containers.objects)
        containers.depth += 1
        streams, self._streams = self._streams or (Printed(), Printed()), None
        sys.stdout, sys.stderr = streams
        reply = self._carry_out(request)
        for stream, what in zip(streams, ("printed", "complained"), strict=True):
            if text := stream.text():
                reply[what] = text
        if not ("printed" in reply or "complained" in reply):
            self._streams = streams
        containers.depth -= 1
        if containers.objects:
            self._let_go(reply, start)
        self.channel.send(reply)

    def _carry_out(self, request: dict[str, Any]) -> dict[str, Any]:
        codec = self.codec
        try:
            arguments = codec.decode(request["args"])
            if "changed" in request:
                codec.apply(request["changed"])
            if "drop" in request:
                codec.containers.drop(request["drop"])
            doing = OPERATIONS[request["do"]]
            if "replaced" in request:
                with as_the_test_has_it(codec.decode(request["replaced"])):
                    result = doing(self, *arguments)
            else:
                result = doing(self, *arguments)
            reply = {"ok": True, "value": codec.encode(result)}
        except BaseException as error:
            self._described.clear()  # what was to be sent may not have been
            reply = {"ok": False, "raised": self._raised(error)}
        if codec.containers.objects and (changes := codec.changes()):
            reply["changed"] = changes
        if self._warned:
            reply["warned"] = codec.encode(tuple(self._warned))
            self._warned.clear()
        return reply

    def _let_go(self, message: dict[str, Any], start: int) -> None:
        """Tell the judge which containers are held here still, of those that came with this exchange and of those before."""
        containers = self.codec.containers
        gone = [number for number in containers.unheld() if number < start]
        if gone:
            message["drop"] = gone
        if kept := containers.held_from(start):
            message["keep"] = kept
        if not containers.depth:
            containers.trim()

    def _raised(self, error: BaseException) -> Any:
        if (number := self._number_of.get(id(error))) is not None and self._judges.get(number) is error:
            return [[["j", number], []], one_line(error), "", 0]
        description = exceptions.describe(error)
        try:
            wire = self.codec.encode(description)
        except Exception:  # what it holds cannot be told
            wire = self.codec.encode((*description[:2], (), None, None, False))
        return [wire, one_line(error), str_or_empty(error), self.handle(error)]

    # -- objects that are not data ----------------------------------------------------------------------------

    def handle(self, value: Any) -> int:
        position = self.handle_of.get(id(value))
        if position is None:
            position = self.handle_of[id(value)] = len(self.handles)
            self.handles.append(value)  # kept alive, so that its id stays its own
        return position

    def opaque(self, value: Any) -> Any:
        kind: type = type(value)
        if kind is JudgeObject:
            return ["j", object.__getattribute__(value, "_number")]
        if (number := self._number_of.get(id(value))) is not None and self._judges[number] is value:
            return ["j", number]
        if id(value) in self._lent:
            return self._lent[id(value)][1]
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, BaseException):
            return self._exception(value)
        if isinstance(value, types.FunctionType):
            function: types.FunctionType = value
            if self.shared.get(function.__name__) is value:
                return ["P", function.__name__]
        if kind is types.FunctionType or kind is types.CoroutineType:
            return ["h", self.handle(value), kind.__name__]
        return ["h", self.handle(value), "object", kind.__name__, self._class_of_object(kind)]

    def _class_of_object(self, kind: type) -> Any:
        """The class of an object that stays here; Python's own types too, as far as this object goes."""
        known = id(kind) in self._described
        self._described.add(id(kind))
        if known:
            return ["h", self.handle(kind)]
        has = [name for name in OPTIONAL if _has(kind, name) or (name == "__iter__" and _has(kind, "__getitem__"))]
        methods = [name for name, value in vars(kind).items() if isinstance(value, types.FunctionType) and name[:1] != "_"]
        near = [base for base in type.mro(kind)[1:] if base.__module__ == "solution" or self.shared.get(base.__name__) is base]
        bases = [self.opaque(base) for base in kind.__bases__ if base in near and not issubclass(base, BaseException)]
        name = "builtins." * (kind.__module__ == "builtins") + kind.__name__
        abstract = [base.__name__ for base in type.mro(kind) if ABSTRACT.get(base.__name__) is base]
        return ["h", self.handle(kind), "class", name, has, methods, bases, abstract]

    def _class(self, value: type) -> Any:
        if name := type_name(value):
            return ["T", name]
        if self.shared.get(value.__name__) is value:
            return ["P", value.__name__]
        if not issubclass(value, BaseException):
            return self._class_of_object(value)
        bases = [self.opaque(base) for base in value.__bases__]
        wire = ["h", self.handle(value), "exception", value.__name__, bases]
        known = exceptions.library_name(value)
        return wire if known is None else ["G", *known, wire]

    def _exception(self, error: BaseException) -> Any:
        known = id(error) in self.handle_of
        number = self.handle(error)
        if known:
            return ["x", number]
        return ["x", number, self.codec.inline(exceptions.describe(error)), one_line(error), str_or_empty(error)]

    def is_handle(self, value: Any) -> bool:
        return type(value) is JudgeObject

    def companion(self, value: Any, base: type) -> Any:
        number = self._number_of.get(id(value))
        if number is not None and self._judges[number] is value:
            return ["=", ["j", number]]
        if not subclasses.has_companion(base):
            return None
        kind = type(value)
        return ["h", self.handle(value), kind.__name__, subclasses.open_names(kind, base)]

    def subclassed(self, value: Any, companion: list[Any]) -> Any:
        _, number, name, opened = companion
        if number not in self._judges:
            self._keep(number, subclasses.with_companion(value, name, opened, JudgeObject(self, number)))
        return self._judges[number]

    def meant(self, wire: list[Any]) -> Any:
        """What the judge sends that is not data: an object of this side, a library's, or one of the judge's own."""
        tag = wire[0]
        if tag == "h":
            return self.handles[wire[1]]
        if tag == "T":
            return known_type(wire[1])
        if tag == "P":
            return self.shared[wire[1]]
        if tag == "G":
            found = operator.attrgetter(wire[2])(__import__(wire[1], fromlist=["_"]))
            self._lent[id(found)] = (found, ["B", wire[1], wire[2]])
            return found
        if wire[1] not in self._judges:
            self._keep(wire[1], self._judges_own(tag, wire))
        return self._judges[wire[1]]

    def _judges_own(self, tag: str, wire: list[Any]) -> Any:
        if tag == "X":  # an exception class of the test
            return exceptions.own_class(wire[2], [self.meant(base) for base in wire[3]], {"__module__": "tests"})
        if tag == "x":
            kind, arguments, *more = self.codec.value(wire[2])
            error = exceptions.rebuild(kind, arguments)
            exceptions.complete(error, *more)
            return error
        return JudgeObject(self, wire[1], *(self.codec.value(about) for about in wire[2:]))

    def _keep(self, number: int, value: Any) -> None:
        self._judges[number] = value
        self._number_of[id(value)] = number

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
            ok, value = self._ask_judge(do, arguments)
        if ok:
            return value
        raise value

    def _ask_judge(self, do: str, arguments: tuple[Any, ...]) -> tuple[bool, Any]:
        codec = self.codec
        start = len(codec.containers.objects)
        message = {"ask": do, "args": codec.encode(arguments)}
        if changes := codec.changes():
            message["changed"] = changes
        codec.containers.depth += 1
        self.channel.send(message)
        streams = sys.stdout, sys.stderr
        while "do" in (message := self.channel.receive()):
            self.answer(message)
            sys.stdout, sys.stderr = streams
        value = codec.decode(message["value"])
        codec.apply(message.get("changed"))
        codec.containers.keep(message.get("keep"), start)
        codec.containers.depth -= 1
        return message["ok"], value


def _has(kind: type, name: str) -> bool:
    return next((base.__dict__[name] for base in type.mro(kind) if name in base.__dict__), None) is not None


def str_or_empty(error: BaseException) -> str:
    try:
        return str(error)[:10_000]
    except BaseException:
        return ""
