"""The judge's side of one loaded solution under seal `data`: calls it by name, and lets nothing but plain data in.

What is covered: whatever form a reply has, it is data, an exception of a class that could not catch a test's own failure, or a
stand-in that fails the test which touches it; or else the run ends (`SolutionLost`, which no test's `except Exception` catches).
Nothing of the solution's is ever asked for a protocol or an attribute. What seal `objects` adds is in `objects/`.
What is not: time and memory, which are for `alarm`, the zygote and the judge's own limits to hold.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from ..wire import exceptions, iterators
from ..wire.channel import Channel, ChannelClosed, DeadlinePassed, Malformed
from ..wire.codec import Codec
from ..wire.known_types import is_type_of_data, known_type, type_name
from ..wire.surroundings import Surroundings
from .stand_ins import LONGEST_NAME, NotData, function, not_data, reading, touch
from .uses import Uses


class SolutionLost(BaseException):
    """The solution died, fell silent or broke the protocol: `reason`. No `Exception`: a test must not swallow it."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Unasked(Exception):
    """Something would have asked the solution where it must not be: a failure is being worded."""


class NotLoaded(Exception):
    """The solution's code did not run to its end: `verdict` and `detail` say why."""

    def __init__(self, verdict: str, detail: str) -> None:
        super().__init__(detail)
        self.verdict = verdict
        self.detail = detail


class Session:
    """Calls into one solution process over its channel."""

    seal = "data"
    may_stop: frozenset[str] = frozenset()
    """What may say that an iteration is over; said by anything else it would end the test's own loop, and pass it."""
    evaluate: Callable[..., Any] | None = None
    """What carries out `eval` and `exec` of other text than the task's, where there is something to."""

    def __init__(self, channel: Channel, shared: dict[str, Any], surroundings: Surroundings, uses: Uses) -> None:
        self.channel = channel
        self._surroundings = surroundings
        self.shared = shared
        self.uses = uses
        self.memory_error = False
        self.lost: SolutionLost | None = None
        self.asked = False
        """Whether the solution was asked anything since this was last cleared; `met`: or imported, ever."""
        self.met = False
        self.foul: str | None = None
        """What a test met that fails it whatever it catches, since this was last cleared."""
        self.codec = Codec(self, shared, judges=True)
        self._turn = threading.RLock()
        self._silent = False
        self._errors: dict[int, BaseException] = {}
        self._stand_ins: dict[type[BaseException], type[BaseException]] = {}
        """Of known classes of errors that the solution gave another name."""
        self._functions: dict[Any, str] = {}
        self._by_name: dict[str, Any] = {}

    def load(self, work: dict[str, Any]) -> dict[str, Any]:
        """Run the solution's code; gives its values for `work["names"]`. Raises `NotLoaded`."""
        self.channel.send(work)
        reply = self._receive()
        if reply.get("loaded") is True:
            return self._loaded(reply, work["names"])
        if reply.get("failed") not in ("syntax_error", "runtime_error"):
            raise Malformed("no sign that it loaded")
        verdict = "memory_limit" if reply.get("memory") is True else reply["failed"]
        raise NotLoaded(verdict, str(reply.get("detail"))[:300])

    def _loaded(self, reply: dict[str, Any], names: list[str]) -> dict[str, Any]:
        """What the solution gives for the names of the tests."""
        try:
            with reading():
                found = self.named(self.codec.decode(reply.get("value")), names)
                self._settle(reply, 0)
        except Exception as problem:
            raise Malformed(f"names of the wrong form ({type(problem).__name__})") from None
        return found

    def named(self, found: tuple[tuple[str, Any], ...], names: list[str]) -> dict[str, Any]:
        """Values by name, of those that were asked for."""
        given = {name: value for name, value in found if name in names}
        return {name: self._function(name) if v is _FUNCTION else self.error_named(name, v) for name, v in given.items()}

    def error_named(self, name: str, value: Any) -> Any:
        """`value`, but for a class of errors that is known by another name: what stands for it catches what the solution raises
        of that class, and no failure of the test's own."""
        if type(value) is tuple and any(isinstance(each, type) for each in value):
            return tuple(self.error_named(name, each) for each in value)
        if not (isinstance(value, type) and issubclass(value, BaseException)) or value.__name__ == name:
            return value
        if value.__module__ in ("solution", "prelude"):
            return value
        if value not in self._stand_ins:
            base = Exception if issubclass(value, Exception) else BaseException
            self._stand_ins[value] = exceptions.own_class(name[:LONGEST_NAME], [base], {"__module__": "solution"})
        return self._stand_ins[value]

    def _caught_by_stand_ins(self, kind: type[BaseException]) -> type[BaseException]:
        """The class for an error of the solution's: one that those stand-ins catch, too, where there are any."""
        more = [made for known, made in self._stand_ins.items() if issubclass(kind, known)]
        return exceptions.own_class(kind.__name__, [kind, *more], {"__module__": kind.__module__}) if more else kind

    def _function(self, name: str) -> Any:
        if name not in self._by_name:
            made = self._by_name[name] = function(name, self.call)
            self._functions[made] = name
        return self._by_name[name]

    def is_fixed(self, value: Any) -> bool:
        """Whether the tests keep what a name means; plain data is asked for again at each use."""
        return isinstance(value, type) or (type(value) is types.FunctionType and value in self._functions)

    def fetch(self, name: str) -> Any:
        """What `name` means in the solution now. Raises NameError where it means nothing (or what no test may rely on)."""
        found = self.named(self.ask("fetch", [name]), [name])
        if name not in found:
            raise NameError(f"the solution defines no {name!r}")
        return found[name]

    def call(self, name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        return self.ask("call", name, arguments, named or None)

    def ask(self, do: str, *arguments: Any) -> Any:
        """Carry out `do` on the solution's side; its exception is raised here, by builtin type where it is one."""
        self.asked = self.met = True
        if self._silent:
            raise Unasked("the solution is not asked for this")
        try:
            with self._turn:  # a test's threads take turns
                if self.lost:
                    raise self.lost
                return self._ask(do, arguments)
        except (StopIteration, StopAsyncIteration) as end:
            if do in self.may_stop:
                raise
            raise RuntimeError(f"the solution raised {type(end).__name__}") from end
        except (ChannelClosed, Malformed, DeadlinePassed) as reason:
            self.lost = SolutionLost(reason)
            raise self.lost from None

    @contextlib.contextmanager
    def unasked(self) -> Iterator[None]:
        """While the block runs, whatever asks the solution gets `Unasked`."""
        self._silent = True
        try:
            yield
        finally:
            self._silent = False

    def _ask(self, do: str, arguments: tuple[Any, ...]) -> Any:
        containers = self.codec.containers
        start = len(containers.objects)
        message = {"do": do, "args": self.codec.encode(arguments)}
        if replaced := self._surroundings.replaced():
            message["replaced"] = self.codec.encode(replaced)
        self.channel.send(self._with_changes(message, start))
        containers.depth += 1
        reply = self._reply()
        containers.depth -= 1
        if isinstance(printed := reply.get("printed"), str):
            sys.stdout.write(printed)
        if isinstance(complained := reply.get("complained"), str):
            sys.stderr.write(complained)
        try:
            with reading():
                ok = reply["ok"] is True
                result = self.codec.decode(reply["value"]) if ok else self._raised(*reply["raised"])
                if "changed" in reply:
                    self.codec.apply(reply["changed"])
                warned = self.codec.decode(reply["warned"]) if "warned" in reply else ()
                if containers.objects:
                    self._settle(reply, start)
        except Malformed:
            raise
        except Exception as problem:  # whatever a reply leads to while it is read is its sender's doing
            raise Malformed(f"a reply of the wrong form ({type(problem).__name__})") from None
        for warning in warned:
            if not isinstance(warning, Warning):
                raise Malformed("a warning that is none")
            warnings.warn_explicit(warning, type(warning), "solution.py", 1)
        if ok:
            return result
        self.memory_error = self.memory_error or isinstance(result, MemoryError)
        if do == "call" and not isinstance(result, Exception) and not {type(result).__name__, "BaseException"} & self.uses.words:
            self.note_foul(f"the solution raised {type(result).__name__}")  # which loops, threads and tasks take for their own
        raise result

    def _reply(self) -> dict[str, Any]:
        """The reply to what was asked last."""
        return self._receive()

    def _with_changes(self, message: dict[str, Any], start: int) -> dict[str, Any]:
        """The message with what the solution must know of the containers from before it."""
        if start:
            if changes := self.codec.changes():
                message["changed"] = changes
            if gone := self.codec.containers.unheld(before=start):
                message["drop"] = gone
        return message

    def _settle(self, reply: dict[str, Any], start: int) -> None:
        """Let go of the containers that the solution let go of."""
        containers = self.codec.containers
        containers.keep(reply.get("keep"), start)
        containers.drop(reply.get("drop"))
        if not containers.depth:
            containers.trim()

    def _receive(self) -> dict[str, Any]:
        reply = self.channel.receive()
        if not isinstance(reply, dict):
            raise Malformed("a reply that is not an object")
        return reply

    # -- errors ------------------------------------------------------------------------------------------------

    def _raised(self, number: int, kind: Any, wire: Any, text: str, message: str) -> BaseException:
        return self.error(int(number), self.error_class(kind), self.codec.decode(wire), text, message)

    def error(self, number: int, kind: type[BaseException], described: Any, text: Any, message: Any) -> BaseException:
        """The error of that number, made where it is not known."""
        if number in self._errors:
            return self._errors[number]
        arguments, *more = described
        if not isinstance(arguments, tuple):
            raise Malformed("a raised thing that is no exception")
        error = exceptions.rebuild(self._caught_by_stand_ins(kind), arguments)
        exceptions.complete(error, *more)
        error.__dict__["from_solution"] = str(text)[:300]
        self._errors[number] = error
        if "_said" in vars(kind):  # the solution's own class: what it says is its own text
            error.__dict__["_message"] = str(message)
        return error

    def error_class(self, wire: Any) -> type[BaseException]:
        """The class that an error of the solution's has here: one that is known, or one of the same name made for it."""
        tag = wire[0]
        if tag == "ec":
            bases = [self.error_class(base) for base in wire[2]]
            members = {"__module__": "solution", "_said": True, "__str__": said_there}
            return exceptions.own_class(str(wire[1])[:LONGEST_NAME], bases, members)
        kind: Any = None
        if tag == "T":
            kind = known_type(wire[1])
        elif tag == "P":
            kind = self.shared[wire[1]]
        elif tag == "G":
            kind = exceptions.library_class(wire[1], wire[2]) or self.error_class(wire[3])
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            raise Malformed("a class of errors that is none")
        return kind

    # -- what is not data -------------------------------------------------------------------------------------

    def opaque(self, value: Any) -> Any:
        """What a test hands over that is no data: a class, a function of the solution's, the prelude's or the library's."""
        if type(value) is NotData:
            touch(value)
        if type(value) is types.FunctionType and value in self._functions:
            return ["nf", self._functions[value]]
        if (known := self.opaque_of_both(value)) is not None:
            return known
        if isinstance(value, BaseException):
            return ["x", 0, self.codec.inline(exceptions.describe(value))]
        if iterators.is_plain_iterator(value):
            return iterators.wire(value, self.codec.inline, self.opaque)
        raise TypeError(f"{type(value).__name__!r} is no plain data; this test needs seal 'objects'")

    def opaque_of_both(self, value: Any) -> Any:
        """What both sides have by name, or None."""
        if isinstance(value, (type, types.FunctionType)) and self.shared.get(named := value.__name__) is value:
            return ["P", named]
        if isinstance(value, type) and type_name(value):
            return ["T", type_name(value)]
        module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
        if isinstance(name, str) and isinstance(module, str) and library_object(module, name) is value:
            return ["G", module, name]
        return None

    def is_handle(self, value: Any) -> bool:
        return type(value) is NotData

    def companion(self, value: Any, base: type) -> Any:
        return None

    def subclassed(self, value: Any, companion: list[Any]) -> Any:
        raise Malformed("a companion under seal 'data'")

    def meant(self, wire: list[Any]) -> Any:
        tag = wire[0]
        if tag == "nd":
            return not_data(wire[1], self.note_foul)
        if tag == "fn":
            return _FUNCTION
        if tag == "T":
            return self.class_as_value(known_type(wire[1]))
        if tag == "P":
            return self.shared[wire[1]]
        if tag == "it":
            return iterators.read(wire, self.codec.value, self.meant)
        if tag == "x" and type(wire[1]) is int:
            return self._errors[wire[1]] if len(wire) == 2 else self._error_instance(wire)
        if tag in ("ec", "G"):
            return self.class_as_value(self.error_class(wire))
        raise Malformed("a value of unknown kind")

    def _error_instance(self, wire: list[Any]) -> BaseException:
        return self.error(wire[1], self.error_class(wire[2]), self.codec.value(wire[3]), wire[4], wire[5])

    def class_as_value(self, kind: type) -> Any:
        """A type of data, or a class of errors that no failure of a test's own is of; for any other a stand-in."""
        if issubclass(kind, BaseException):
            harmless = not any(issubclass(own, kind) for own in self.uses.raised)
        else:
            harmless = is_type_of_data(kind)
        return kind if harmless else not_data(f"class {kind.__name__}", self.note_foul)

    def note_foul(self, said: str) -> None:
        self.foul = self.foul or said


_FUNCTION = object()
"""Stands for what can be called, until it gets the name that it was asked for by."""


def said_there(self: BaseException) -> str:
    """The text of an error of the solution's own class."""
    return str(self.__dict__["_message"]) if "_message" in self.__dict__ else BaseException.__str__(self)


def library_object(module: str, name: str) -> Any:
    """What `name` means in a module of the standard library (bound methods have the name of their function)."""
    found: Any = sys.modules.get(module) if module.partition(".")[0] in sys.stdlib_module_names else None
    for part in name.split("."):
        found = getattr(found, part, None)
    return found
