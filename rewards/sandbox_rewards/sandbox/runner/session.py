"""The judge's side of one loaded solution: asks it, and lets nothing but data back in."""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from typing import Any

from .channel import Channel, ChannelClosed, DeadlinePassed, Malformed
from .codec import Decoder, Encoder
from .handles import CLASS, NAMED, Handle, exception_class, give_role, kind_of, known_type, number_of, type_name
from .operators import OPERATORS, REFLECTED


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

    def __init__(self, channel: Channel, shared: dict[str, type]) -> None:
        self.channel = channel
        self.shared = shared
        self._shared_names = {kind: name for name, kind in shared.items()}
        self._turn = threading.RLock()
        self.memory_error = False
        self.lost: SolutionLost | None = None
        self._handles: dict[int, Any] = {}
        self._mine: list[Any] = []

    def load(self, work: dict[str, Any]) -> dict[str, Any]:
        """Run the solution's code; gives its values for `work["names"]`. Raises `NotLoaded`."""
        self.channel.send(work)
        reply = self._receive()
        if reply.get("loaded") is True:
            return self._named(reply.get("value"), work["names"])
        if reply.get("failed") not in ("syntax_error", "runtime_error"):
            raise Malformed("no sign that it loaded")
        verdict = "memory_limit" if reply.get("memory") is True else reply["failed"]
        raise NotLoaded(verdict, str(reply.get("detail"))[:300])

    def _named(self, wire: Any, names: list[str]) -> dict[str, Any]:
        """What the solution gives for the names of the tests, each handle with its role."""
        try:
            return self._roles(Decoder(self._decode_opaque, self.shared).decode(wire), names)
        except Exception as problem:
            raise Malformed(f"names of the wrong form ({type(problem).__name__})") from None

    def _roles(self, found: dict[str, Any], names: list[str]) -> dict[str, Any]:
        kept = {name: value for name, value in found.items() if name in names}
        for name, value in kept.items():
            if isinstance(value, Handle):
                give_role(value, CLASS if name[0].isupper() and kind_of(value) == "class" else NAMED)
        return {name: value for name, value in kept.items() if not _catches_all(value)}

    def fetch(self, name: str) -> Any:
        """What `name` means in the solution now. Raises NameError where it means nothing (or what no test may rely on)."""
        found = self._roles(self.ask("fetch", [name]), [name])
        if name not in found:
            raise NameError(f"the solution defines no {name!r}")
        return found[name]

    def ask(self, do: str, *arguments: Any) -> Any:
        """Carry out `do` on the solution's side; its exception is raised here, by builtin type where it is one."""
        try:
            with self._turn:  # a test's threads take turns
                if self.lost:
                    raise self.lost
                return self._ask(do, arguments)
        except (ChannelClosed, Malformed, DeadlinePassed) as reason:
            self.lost = SolutionLost(reason)
            raise self.lost from None

    def _ask(self, do: str, arguments: tuple[Any, ...]) -> Any:
        encoder = Encoder(self._encode_opaque, self.shared)
        self.channel.send({"do": do, "args": encoder.encode(list(arguments))})
        while "ask" in (reply := self._receive()):
            self._answer_callback(reply)
        if isinstance(printed := reply.get("printed"), str):
            sys.stdout.write(printed)
        if isinstance(complained := reply.get("complained"), str):
            sys.stderr.write(complained)
        try:
            decoder = Decoder(self._decode_opaque, self.shared, encoder.objects)
            decoder.apply(reply.get("changed"))
            if reply["ok"] is True:
                return decoder.decode(reply["value"])
            error = self._raised(decoder, *reply["raised"])
        except Malformed:
            raise
        except Exception as problem:  # whatever a reply leads to while it is read is its sender's doing
            raise Malformed(f"a reply of the wrong form ({type(problem).__name__})") from None
        self.memory_error = self.memory_error or isinstance(error, MemoryError)
        raise error

    def _receive(self) -> dict[str, Any]:
        reply = self.channel.receive()
        if not isinstance(reply, dict):
            raise Malformed("a reply that is not an object")
        return reply

    def _raised(self, decoder: Decoder, wire: Any, text: str, message: str, number: int, more: Any) -> BaseException:
        error = self._exception(decoder, wire, text, message, number)
        for attribute in ("__cause__", "__context__"):
            if more.get(attribute):
                setattr(error, attribute, self._raised(decoder, *more[attribute]))
        error.__suppress_context__ = more.get("__suppress_context__") is True
        for note in more.get("__notes__", ()):
            error.add_note(str(note))
        return error

    def _exception(self, decoder: Decoder, wire: Any, text: str, message: str, number: int) -> BaseException:
        kind, arguments = decoder.decode(wire)
        if not (isinstance(kind, type) and issubclass(kind, BaseException) and isinstance(arguments, tuple)):
            raise Malformed("a raised thing that is no exception")
        try:
            error = kind(*arguments)
        except TypeError:
            error = kind.__new__(kind)
            error.args = arguments
        error.__dict__["from_solution"] = str(text)[:300]
        if "_handle" in vars(kind):  # the solution's own class: its attributes are asked there
            error.__dict__["_remote"] = Handle(self, int(number), "object", kind.__name__)
            error.__dict__["_message"] = str(message)
        return error

    # -- what is not data -------------------------------------------------------------------------------------

    def _encode_opaque(self, value: Any) -> Any:
        if isinstance(value, Handle):
            return ["h", number_of(value)]
        if isinstance(value, type) and "_handle" in vars(value):
            return ["h", number_of(vars(value)["_handle"])]
        if isinstance(value, type) and value in self._shared_names:
            return ["P", self._shared_names[value]]
        if isinstance(value, type) and type_name(value):
            return ["T", type_name(value)]
        if isinstance(value, BaseException) and "_remote" in value.__dict__:
            return ["h", number_of(value.__dict__["_remote"])]
        if isinstance(value, BaseException) and self._crosses(type(value)):
            return ["x", *Encoder(self._encode_opaque, self.shared).encode((type(value), value.args))]
        module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
        if isinstance(name, str) and isinstance(module, str) and _library_object(module, name) is value:
            return ["G", module, name]
        self._mine.append(value)
        return ["j", len(self._mine) - 1]

    def _decode_opaque(self, wire: list[Any]) -> Any:
        tag, number = wire[0], wire[1]
        if tag == "T":
            return known_type(number)
        if tag == "P":
            return self.shared[number]
        if tag == "X":
            return _library_exception(number, wire[2]) or self._decode_opaque(wire[3])
        if tag == "x":
            return self._exception(Decoder(self._decode_opaque, self.shared), wire[1:3], *wire[3:])
        if tag == "j":
            return self._own(wire)
        if tag != "h" or not isinstance(number, int):
            raise Malformed("a value of unknown kind")
        if number not in self._handles:
            self._handles[number] = self._new_handle(number, wire)
        return self._handles[number]

    def _crosses(self, kind: type) -> bool:
        """Whether the solution has this class too."""
        return kind in self._shared_names or type_name(kind) is not None

    def _new_handle(self, number: int, wire: list[Any]) -> Any:
        kind, name = wire[2], str(wire[3])
        handle = Handle(self, number, kind, name)
        if kind == "exception":
            bases = [self._decode_opaque(base) for base in wire[4]]
            made = exception_class(name, bases, handle)
            made.__str__ = _remote_text  # type: ignore[method-assign]
            made.__getattr__ = _remote_attribute  # type: ignore[attr-defined]
            return made
        if kind == "coroutine":
            return _await(handle)
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
        try:
            target = self._own(message["args"][0][1][0])
            decoder, before = Decoder(self._decode_opaque, self.shared), message["args"][1]
            _, *arguments = decoder.decode(message["args"])
        except Malformed:
            raise
        except Exception as problem:
            raise Malformed(f"a request of the wrong form ({type(problem).__name__})") from None
        ok, value = True, None
        try:
            value = _on_own_object(message["ask"], target, arguments)
        except SolutionLost:
            raise
        except Exception as error:
            kind = next(k for k in type(error).__mro__ if self._crosses(k) or "_handle" in vars(k))
            ok, value = False, (kind, error.args)
        encoder = Encoder(self._encode_opaque, self.shared, decoder.objects)
        changed = encoder.changes(before)
        self.channel.send({"ok": ok, "changed": changed, "value": encoder.encode(value)})


_LIBRARY_EXCEPTIONS = frozenset({
    "json.decoder", "dataclasses", "sqlite3", "struct", "zlib", "csv", "_csv", "configparser", "queue", "_queue", "decimal", "re",
    "re._constants", "sre_constants", "binascii", "asyncio.exceptions", "concurrent.futures._base", "copy", "shutil", "tomllib",
    "statistics", "ssl", "socket", "subprocess", "uuid", "ipaddress", "zoneinfo._common", "xml.etree.ElementTree", "string",
    "calendar", "locale", "lzma", "_lzma", "zipfile", "tarfile", "urllib.error", "argparse", "optparse", "getopt", "graphlib",
})  # fmt: skip
"""Modules that the judge imports when a solution names an exception of theirs: none does anything by being imported."""


def _library_exception(module: str, name: str) -> type | None:
    """The judge's own exception class of that name, where it is one of the standard library's."""
    if module in _LIBRARY_EXCEPTIONS:
        with contextlib.suppress(ImportError):
            found = getattr(importlib.import_module(module), name, None)
            return found if isinstance(found, type) and issubclass(found, BaseException) else None
    return None


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


def _on_own_object(do: str, target: Any, arguments: list[Any]) -> Any:
    """Calling, draining and the public attributes of plain instances; functions and frames are not looked into."""
    if do == "call":
        args, kwargs = arguments
        return target(*args, **kwargs)
    if do in OPERATORS or do in REFLECTED:
        return (OPERATORS.get(do) or REFLECTED[do])(target, *arguments)
    name, *values = arguments
    if not isinstance(name, str) or name.startswith(("_", "f_", "gi_", "cr_", "ag_", "tb_", "co_")):
        raise AttributeError(f"{name!r:.40} of a test's object is not open to the solution")
    if do == "setattr":
        return setattr(target, name, *values)
    return getattr(target, name)


async def _await(handle: Handle) -> Any:
    return await handle


def _remote_text(self: BaseException) -> str:
    return str(self.__dict__.get("_message", Exception.__str__(self)))


def _remote_attribute(self: BaseException, name: str) -> Any:
    remote = self.__dict__.get("_remote")
    if remote is None or name.startswith("__"):
        raise AttributeError(name)
    return getattr(remote, name)
