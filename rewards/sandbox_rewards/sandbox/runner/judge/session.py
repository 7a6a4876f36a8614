"""The judge's side of one loaded solution: asks it, and lets nothing but data back in.

What is covered: whatever form a reply has, it is data, an exception or a handle, or else the run ends (`SolutionLost`, which no
test's `except Exception` catches); a test's own objects go out by number, and the solution may ask only for what
`own_objects.py` allows.
What is not: time and memory, which are for `alarm`, the zygote and the judge's own limits to hold; and what a test does with what
it got: it may call a handle's methods and believe them.
"""

from __future__ import annotations

import sys
import threading
import types
import warnings
from typing import Any

from ..wire import exceptions, subclasses
from ..wire.channel import Channel, ChannelClosed, DeadlinePassed, Malformed
from ..wire.codec import Codec
from ..wire.known_types import known_type, type_name
from ..wire.protocols import ABSTRACT
from ..wire.surroundings import Surroundings
from .class_handles import ClassHandle, FunctionHandle, class_handle, new_handle
from .handles import CLASS, NAMED, Handle, give_role, number_of, set_up
from .own_objects import on_own_object


class SolutionLost(BaseException):
    """The solution died, fell silent or broke the protocol: `reason`. No `Exception`: a test must not swallow it."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason


class NotLoaded(Exception):
    """The solution's code did not run to its end: `verdict` and `detail` say why."""

    def __init__(self, verdict: str, detail: str) -> None:
        super().__init__(detail)
        self.verdict = verdict
        self.detail = detail


class Session:
    """Calls into one solution process over its channel. Callbacks of the test are answered while waiting."""

    def __init__(self, channel: Channel, shared: dict[str, Any], surroundings: Surroundings) -> None:
        self.channel = channel
        self._surroundings = surroundings
        self.shared = shared
        self.memory_error = False
        self.lost: SolutionLost | None = None
        self.asked = False
        self.codec = Codec(self, shared, judges=True)
        self._turn = threading.RLock()
        self._handles: dict[int, Any] = {}
        self._mine: list[Any] = []
        self._lent: dict[tuple[str, str], Any] = {}
        self._mine_number: dict[int, int] = {}

    def load(self, work: dict[str, Any]) -> dict[str, Any]:
        """Run the solution's code; gives its values for `work["names"]`. Raises `NotLoaded`."""
        self.channel.send(work)
        reply = self._receive()
        if reply.get("loaded") is True:
            return self._named(reply, work["names"])
        if reply.get("failed") not in ("syntax_error", "runtime_error"):
            raise Malformed("no sign that it loaded")
        verdict = "memory_limit" if reply.get("memory") is True else reply["failed"]
        raise NotLoaded(verdict, str(reply.get("detail"))[:300])

    def _named(self, reply: dict[str, Any], names: list[str]) -> dict[str, Any]:
        """What the solution gives for the names of the tests, each handle with its role."""
        try:
            found = self._roles(self.codec.decode(reply.get("value")), names)
            self._settle(reply, 0)
        except Exception as problem:
            raise Malformed(f"names of the wrong form ({type(problem).__name__})") from None
        return found

    def _roles(self, found: tuple[tuple[str, Any], ...], names: list[str]) -> dict[str, Any]:
        kept = {name: value for name, value in found if name in names}
        for name, value in kept.items():
            if isinstance(value, Handle):
                give_role(value, CLASS if name[0].isupper() and isinstance(value, ClassHandle) else NAMED)
        return {name: value for name, value in kept.items() if not _catches_all(value)}

    def fetch(self, name: str) -> Any:
        """What `name` means in the solution now. Raises NameError where it means nothing (or what no test may rely on)."""
        found = self._roles(self.ask("fetch", (name,)), [name])
        if name not in found:
            raise NameError(f"the solution defines no {name!r}")
        return found[name]

    def ask(self, do: str, *arguments: Any) -> Any:
        """Carry out `do` on the solution's side; its exception is raised here, by builtin type where it is one."""
        self.asked = True
        try:
            with self._turn:  # a test's threads take turns
                if self.lost:
                    raise self.lost
                return self._ask(do, arguments)
        except (ChannelClosed, Malformed, DeadlinePassed) as reason:
            self.lost = SolutionLost(reason)
            raise self.lost from None

    def _ask(self, do: str, arguments: tuple[Any, ...]) -> Any:
        containers = self.codec.containers
        start = len(containers.objects)
        message = {"do": do, "args": self.codec.encode(arguments)}
        if replaced := self._surroundings.replaced():
            message["replaced"] = self.codec.encode(replaced)
        self.channel.send(self._with_changes(message, start))
        containers.depth += 1
        while "ask" in (reply := self._receive()):
            self._answer_callback(reply)
        containers.depth -= 1
        if isinstance(printed := reply.get("printed"), str):
            sys.stdout.write(printed)
        if isinstance(complained := reply.get("complained"), str):
            sys.stderr.write(complained)
        try:
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
        raise result

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

    def _raised(self, wire: Any, text: str, message: str, number: int) -> BaseException:
        described = self.codec.decode(wire)
        if isinstance(described, BaseException):  # the test's own, on its way back
            return described
        return self._exception(described, text, message, int(number))

    def _exception(self, described: Any, text: Any, message: Any, number: int) -> BaseException:
        known = self._handles.get(number)
        if isinstance(known, BaseException):
            return known
        kind, arguments, *more = described
        if not (isinstance(kind, type) and issubclass(kind, BaseException) and isinstance(arguments, tuple)):
            raise Malformed("a raised thing that is no exception")
        error = exceptions.rebuild(kind, arguments)
        if more:
            exceptions.complete(error, *more)
        error.__dict__["from_solution"] = str(text)[:300]
        error.__dict__["_remote"] = self._handles[number] = new_handle(self, number)
        if "_handle" in vars(kind):  # the solution's own class: its attributes are asked there
            error.__dict__["_message"] = str(message)
        self._handles[number] = error
        return error

    # -- what is not data -------------------------------------------------------------------------------------

    def opaque(self, value: Any) -> Any:
        if isinstance(value, Handle):
            return ["h", number_of(value)]
        if isinstance(value, type) and "_handle" in vars(value):
            return ["h", number_of(vars(value)["_handle"])]
        if isinstance(value, BaseException) and isinstance(remote := value.__dict__.get("_remote"), Handle):
            return ["h", number_of(remote)]
        if isinstance(value, (type, types.FunctionType)):
            shared: type | types.FunctionType = value
            if self.shared.get(shared.__name__) is value:
                return ["P", shared.__name__]
        if isinstance(value, type) and type_name(value):
            return ["T", type_name(value)]
        module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
        if isinstance(name, str) and isinstance(module, str) and _library_object(module, name) is value:
            self._lent[module, name] = value
            return ["G", module, name]
        return self._of_mine(value)

    def _of_mine(self, value: Any) -> Any:
        number = self._mine_number.get(id(value))
        if number is not None:
            return ["j", number]
        number = self._hand_out(value)
        if isinstance(value, BaseException):
            described = exceptions.describe(value)
            return ["x", number, self.codec.inline(described)]
        if isinstance(value, type) and issubclass(value, BaseException):
            return ["X", number, value.__name__, [self.opaque(base) for base in value.__bases__]]
        if isinstance(value, types.FunctionType):
            return ["j", number, self.codec.inline(_about(value))]
        kind = next((kind for kind in type(value).__mro__ if self.shared.get(kind.__name__) is kind), None)
        return ["j", number] if kind is None else ["j", number, ["t", [["t", ["_class", self.opaque(kind)]]]]]

    def _hand_out(self, value: Any) -> int:
        number = self._mine_number[id(value)] = len(self._mine)
        self._mine.append(value)
        return number

    def is_handle(self, value: Any) -> bool:
        return isinstance(value, Handle)

    def companion(self, value: Any, base: type) -> Any:
        theirs = subclasses.companion_of(value)
        if isinstance(theirs, Handle):
            return ["=", ["h", number_of(theirs)]]
        if not subclasses.has_companion(base):
            return None
        if id(value) in self._mine_number:
            return ["=", ["j", self._mine_number[id(value)]]]
        return ["j", self._hand_out(value), type(value).__name__, subclasses.open_names(type(value), base)]

    def subclassed(self, value: Any, companion: list[Any]) -> Any:
        tag, number, name, opened = companion
        if tag != "h" or type(number) is not int:
            raise Malformed("a companion of unknown kind")
        made = self._handles.get(number)
        if made is None:
            handle = new_handle(self, number)
            made = self._handles[number] = subclasses.with_companion(value, str(name), opened, handle)
        elif subclasses.companion_of(made) is None:
            raise Malformed("a companion that is something else")
        return made

    def meant(self, wire: list[Any]) -> Any:
        tag, number = wire[0], wire[1]
        if tag == "T":
            return known_type(number)
        if tag == "P":
            return self.shared[number]
        if tag == "G":
            known = exceptions.library_class(number, wire[2])
            return self.meant(wire[3]) if known is None else known
        if tag == "B":  # back: a library's function that the test handed out
            return self._lent[number, wire[2]]
        if tag == "j":
            return self._own(wire)
        if tag not in ("h", "x") or type(number) is not int:
            raise Malformed("a value of unknown kind")
        if number not in self._handles:
            self._handles[number] = self._exception_instance(wire) if tag == "x" else self._new_handle(number, wire)
        return self._handles[number]

    def _exception_instance(self, wire: list[Any]) -> BaseException:
        return self._exception(self.codec.value(wire[2]), wire[3], wire[4], wire[1])

    def _new_handle(self, number: int, wire: list[Any]) -> Any:
        kind = wire[2]
        if kind == "function":
            return set_up(object.__new__(FunctionHandle), self, number)
        if kind == "coroutine":
            return _await(self, new_handle(self, number))
        name = str(wire[3])
        if kind == "class":
            _, _, _, _, has, methods, bases, abstract = wire
            known = [self.meant(base) for base in bases] + [ABSTRACT[base] for base in abstract]
            return class_handle(self, number, name, has, [str(m) for m in methods], known)
        handle = new_handle(self, number, self.meant(wire[4]) if kind == "object" and len(wire) > 4 else None)
        if kind == "exception":
            bases = [self.meant(base) for base in wire[4]]
            return exceptions.own_class(name, bases, {
                "_handle": handle, "__module__": "solution", "__str__": _remote_text, "__getattr__": _remote_attribute,
                "__new__": _made_there, "__init__": lambda *_, **__: None,
            })  # fmt: skip
        return handle

    def _own(self, wire: Any) -> Any:
        """An object of the test that was handed to the solution, by the number that it got then."""
        if not (isinstance(wire, list) and len(wire) == 2 and wire[0] == "j" and type(wire[1]) is int):
            raise Malformed("a request for what the test never handed out")
        if not 0 <= wire[1] < len(self._mine):
            raise Malformed("a number that the test never handed out")
        return self._mine[wire[1]]

    # -- callbacks: the solution asks for something of the test's own -------------------------------------------

    def _answer_callback(self, message: dict[str, Any]) -> None:
        containers = self.codec.containers
        start = len(containers.objects)
        try:
            target = self._own(message["args"][0][1][0])
            _, *arguments = self.codec.decode(message["args"])
            self.codec.apply(message.get("changed"))
        except Malformed:
            raise
        except Exception as problem:
            raise Malformed(f"a request of the wrong form ({type(problem).__name__})") from None
        containers.depth += 1
        ok, value = True, None
        try:
            value = on_own_object(message["ask"], target, arguments)
        except SolutionLost:
            raise
        except Exception as error:
            ok, value = False, error
        reply = {"ok": ok, "value": self.codec.encode(value)}
        if changes := self.codec.changes():
            reply["changed"] = changes
        containers.depth -= 1
        del arguments, value
        containers.unheld(start)
        if kept := containers.held_from(start):
            reply["keep"] = kept
        self.channel.send(reply)


def _library_object(module: str, name: str) -> Any:
    """What `name` means in a module of the standard library (bound methods have the name of their function)."""
    found: Any = sys.modules.get(module) if module.partition(".")[0] in sys.stdlib_module_names else None
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _catches_all(value: Any) -> bool:
    """An exception type (or a tuple with one) that, as a name in an `except`, would catch a test's own failure."""
    kinds = value if isinstance(value, tuple) else (value,)
    return any(kind in (BaseException, Exception, AssertionError) for kind in kinds if isinstance(kind, type))


async def _await(session: Session, handle: Handle) -> Any:
    """A coroutine of the solution: its loop runs in turns with the test's, so that several of them overlap."""
    import asyncio

    done, result = session.ask("start", handle)
    try:
        while not done:
            await asyncio.sleep(0)
            done, result = session.ask("turn", result)
    except (asyncio.CancelledError, GeneratorExit):
        if not done and session.lost is None:
            session.ask("cancel", result)
        raise
    return result


def _about(function: types.FunctionType) -> tuple[tuple[str, Any], ...]:
    """What the solution may know of a test's function without asking: how it is called, never what it holds."""
    import inspect

    try:
        parameters = inspect.signature(function).parameters.values()
        called = tuple((p.name, int(p.kind), p.default is not p.empty) for p in parameters)
    except (ValueError, TypeError):
        called = ()
    return (
        ("__name__", function.__name__), ("__qualname__", function.__qualname__), ("__doc__", function.__doc__),
        ("__annotations__", {k: v for k, v in function.__annotations__.items() if isinstance(v, (type, str))}),
        ("_parameters", called),
    )  # fmt: skip


def _made_there(kind: Any, *args: Any, **kwargs: Any) -> Any:
    """A test makes an exception of the solution's class: there."""
    if "_handle" not in vars(kind):  # a test's own subclass
        error = BaseException.__new__(kind, *args)
        error.args = args
        return error
    return vars(kind)["_handle"](*args, **kwargs)


def _remote_text(self: BaseException) -> str:
    return str(self.__dict__.get("_message", Exception.__str__(self)))


def _remote_attribute(self: BaseException, name: str) -> Any:
    remote = self.__dict__.get("_remote")
    if remote is None or name.startswith("__"):
        raise AttributeError(name)
    return getattr(remote, name)
