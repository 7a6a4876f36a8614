"""The solution's side of the channel: loads the code, answers the judge's calls.

Everything here runs in the untrusted process, after it lost its privileges. The code under test can read and
change all of it, and can write any reply. So nothing here decides anything: the judge takes a reply as data
to compare, and a reply that no honest solution sends as a failure of this solution.

`Solution` is what seal `data` needs: plain data goes over, iterators are read out, anything else is named by its class. What
seal `objects` needs on top is in `objects.py`.

What is covered: that an honest solution is none the wiser: arguments changed in place, exceptions, warnings, printing.
What is not: any protection. That is the process around it (`zygote.py`) and the judge's end (`session.py`).
"""

from __future__ import annotations

import contextlib
import operator
import sys
import types
import warnings
from collections.abc import Callable
from typing import Any

from ..wire import exceptions, iterators
from ..wire.channel import Channel, ChannelClosed
from ..wire.code import Code, unpacked
from ..wire.codec import Codec
from ..wire.exceptions import one_line
from ..wire.known_types import known_type, type_name
from ..wire.printed import Printed
from ..wire.surroundings import as_the_test_has_it


class Solution:
    """The loaded code, as seal `data` needs it: it is called by name, and what it gives is plain data or a class's name."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.module = types.ModuleType("solution")
        self.shared: dict[str, Any] = {}
        self.codec = Codec(self, self.shared, judges=False)
        self._errors: list[BaseException] = []
        self._error_number: dict[int, int] = {}
        self._warned: list[Any] = []
        self._streams: tuple[Printed, Printed] | None = (Printed(), Printed())

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
        message = {"loaded": True, "value": self.codec.encode(self.named(names))}
        if self.codec.containers.objects:
            self._let_go(message, 0)
        return message

    def named(self, names: list[str]) -> tuple[tuple[str, Any], ...]:
        """Names and values of the solution that the tests name; modules are the judge's own to import."""
        values = self.module.__dict__
        return tuple(
            (name, _FUNCTION if callable(values[name]) else values[name])
            for name in names
            if name in values and not isinstance(values[name], types.ModuleType)
        )

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
            if "replaced" in request:
                with as_the_test_has_it(codec.decode(request["replaced"])):
                    result = self.do(request["do"], arguments)
            else:
                result = self.do(request["do"], arguments)
            reply = {"ok": True, "value": codec.encode(result)}
        except BaseException as error:
            reply = {"ok": False, "raised": self._raised(error)}
        if codec.containers.objects and (changes := codec.changes()):
            reply["changed"] = changes
        if self._warned:
            reply["warned"] = codec.encode(tuple(self._warned))
            self._warned.clear()
        return reply

    def do(self, what: str, arguments: tuple[Any, ...]) -> Any:
        """Carry out what the judge asks for by name."""
        return _REQUESTS[what](self, *arguments)

    def call(self, name: str, arguments: tuple[Any, ...], named: dict[str, Any] | None) -> Any:
        function = self.module.__dict__[name]
        return function(*arguments, **named) if named else function(*arguments)

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
        """Number, class, description, and words for an error."""
        kind, *described = exceptions.describe(error)
        try:
            wire = self.codec.encode(tuple(described))
        except Exception:  # what it holds cannot be told
            wire = self.codec.encode((described[0], (), None, None, False))
        return [self.number_of_error(error), self._error_class(kind), wire, one_line(error), str_or_empty(error)]

    def number_of_error(self, error: BaseException) -> int:
        position = self._error_number.get(id(error))
        if position is None:
            position = self._error_number[id(error)] = len(self._errors)
            self._errors.append(error)  # kept alive, so that its id stays its own
        return position

    def knows_error(self, error: BaseException) -> bool:
        return id(error) in self._error_number

    def _error_class(self, kind: type[BaseException]) -> Any:
        """A class of errors: one of Python's own, the prelude's or the library's, else its name and what it derives from."""
        if name := type_name(kind):
            return ["T", name]
        if self.shared.get(kind.__name__) is kind:
            return ["P", kind.__name__]
        known = exceptions.library_name(kind)
        own = self._own_error_class(kind)
        return own if known is None else ["G", *known, own]

    def _own_error_class(self, kind: type[BaseException]) -> Any:
        bases = [self._error_class(base) for base in kind.__bases__ if issubclass(base, BaseException)]
        return ["ec", kind.__name__[:LONGEST_NAME], bases]

    # -- values that are not data -----------------------------------------------------------------------------

    def opaque(self, value: Any) -> Any:
        if value is _FUNCTION:
            return ["fn"]
        if isinstance(value, type):
            return self._type(value)
        if isinstance(value, BaseException):
            return self._error(value)
        if isinstance(value, types.FunctionType) and self.shared.get(name := value.__name__) is value:
            return ["P", name]
        if iterators.is_plain_iterator(value):
            return iterators.wire(value, self.codec.inline, self._error)
        return ["nd", _name(type(value))]

    def _type(self, value: type) -> Any:
        if name := type_name(value):
            return ["T", name]
        return ["P", value.__name__] if self.shared.get(value.__name__) is value else ["nd", f"class {_name(value)}"]

    def _error(self, error: BaseException) -> Any:
        known = self.knows_error(error)
        number = self.number_of_error(error)
        if known:
            return ["x", number]
        kind, *described = exceptions.describe(error)
        return ["x", number, self._error_class(kind), self.codec.inline(tuple(described)), one_line(error), str_or_empty(error)]

    def is_handle(self, value: Any) -> bool:
        return value is _FUNCTION

    def companion(self, value: Any, base: type) -> Any:
        return None

    def subclassed(self, value: Any, companion: list[Any]) -> Any:
        raise ValueError("seal 'data' has no companions")

    def meant(self, wire: list[Any]) -> Any:
        """What the judge sends that is not data: a type, a function of the library or of ours, or an error."""
        tag = wire[0]
        if tag == "nf":
            return self.module.__dict__[wire[1]]
        if tag == "T":
            return known_type(wire[1])
        if tag == "P":
            return self.shared[wire[1]]
        if tag == "G":
            return operator.attrgetter(wire[2])(__import__(wire[1], fromlist=["_"]))
        if tag == "it":
            return iterators.read(wire, self.codec.value, self.meant)
        if tag == "x":
            kind, arguments, *more = self.codec.value(wire[2])
            error = exceptions.rebuild(kind, arguments)
            exceptions.complete(error, *more)
            return error
        raise ValueError(f"seal 'data' has no {tag!r}")


LONGEST_NAME = 100
"""Characters of a name of the solution's that the judge is told."""
_FUNCTION = object()
"""Stands for whatever can be called, in the place of a name's value."""


def _assign(solution: Solution, name: str, value: Any) -> None:
    setattr(solution.module, name, value)


_REQUESTS: dict[str, Callable[..., Any]] = {
    "call": Solution.call,
    "fetch": Solution.named,
    "assign": _assign,
    "unassign": lambda solution, name: delattr(solution.module, name),
}
"""What the judge may ask of a solution."""


def _name(kind: type) -> str:
    """A class as a failed test is told of it."""
    name = type.__dict__["__qualname__"].__get__(kind)
    return str(name if kind.__module__ in ("solution", "builtins") else f"{kind.__module__}.{name}")[:LONGEST_NAME]


def str_or_empty(error: BaseException) -> str:
    try:
        return str(error)[:10_000]
    except BaseException:
        return ""
