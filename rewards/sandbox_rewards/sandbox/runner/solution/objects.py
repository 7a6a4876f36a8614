"""What a solution's side does under seal `objects` on top: its objects stay here, by number, and the judge asks for them.

What is covered: callbacks to objects of the test, threads and coroutines, classes and their instances, exceptions as objects.
What is not: any protection, as in `solution.py`.
"""

from __future__ import annotations

import contextlib
import operator
import sys
import types
from typing import Any

from ..wire import exceptions, subclasses
from ..wire.channel import Channel
from ..wire.known_types import known_type, type_name
from ..wire.protocols import ABSTRACT, OPTIONAL
from .judge_objects import JudgeObject
from .requests import OPERATIONS
from .solution import LONGEST_NAME, Solution


class ObjectsSolution(Solution):
    """The loaded code and the objects of it that the judge holds handles to."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self.handles: list[Any] = []
        self.handle_of: dict[int, int] = {}
        self._judges: dict[int, Any] = {}
        self._number_of: dict[int, int] = {}
        self._described: set[int] = set()
        self._lent: dict[int, tuple[Any, Any]] = {}
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

    def named(self, names: list[str]) -> tuple[tuple[str, Any], ...]:
        values = self.module.__dict__
        return tuple((n, values[n]) for n in names if n in values and not isinstance(values[n], types.ModuleType))

    def do(self, what: str, arguments: tuple[Any, ...]) -> Any:
        return OPERATIONS[what](self, *arguments)

    def number_of_error(self, error: BaseException) -> int:
        return self.handle(error)

    def knows_error(self, error: BaseException) -> bool:
        return id(error) in self.handle_of

    def _raised(self, error: BaseException) -> Any:
        self._described.clear()  # what was to be sent may not have been
        if (number := self._number_of.get(id(error))) is not None and self._judges.get(number) is error:
            return [0, ["j", number], [None, []], exceptions.one_line(error), ""]
        return super()._raised(error)

    def _own_error_class(self, kind: type[BaseException]) -> Any:
        bases = [self._error_class(base) for base in kind.__bases__ if issubclass(base, BaseException)]
        return ["h", self.handle(kind), "exception", kind.__name__[:LONGEST_NAME], bases]

    def _error_class(self, kind: type[BaseException]) -> Any:
        if (number := self._number_of.get(id(kind))) is not None and self._judges[number] is kind:  # a test's own
            return ["j", number]
        return super()._error_class(kind)

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
            return self._error(value)
        if isinstance(value, types.FunctionType) and self.shared.get(name := value.__name__) is value:
            return ["P", name]
        if kind is types.FunctionType or kind is types.CoroutineType:
            return ["h", self.handle(value), kind.__name__]
        return ["h", self.handle(value), "object", kind.__name__[:LONGEST_NAME], self._class_of_object(kind)]

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
        name = "builtins." * (kind.__module__ == "builtins") + kind.__name__[:LONGEST_NAME]
        abstract = [base.__name__ for base in type.mro(kind) if ABSTRACT.get(base.__name__) is base]
        return ["h", self.handle(kind), "class", name, has, methods, bases, abstract]

    def _class(self, value: type) -> Any:
        if name := type_name(value):
            return ["T", name]
        if self.shared.get(value.__name__) is value:
            return ["P", value.__name__]
        return self._error_class(value) if issubclass(value, BaseException) else self._class_of_object(value)

    def is_handle(self, value: Any) -> bool:
        return type(value) is JudgeObject

    def companion(self, value: Any, base: type) -> Any:
        number = self._number_of.get(id(value))
        if number is not None and self._judges[number] is value:
            return ["=", ["j", number]]
        if not subclasses.has_companion(base):
            return None
        kind = type(value)
        return ["h", self.handle(value), kind.__name__[:LONGEST_NAME], subclasses.open_names(kind, base)]

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


