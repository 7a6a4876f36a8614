"""The judge's side of a solution under seal `objects`: its objects come in as handles, and callbacks to the test's are answered.

What is covered: as under `data`, whatever form a reply has, it is data, an exception or a handle, or the run ends. A handle asks
only for names that the task's code writes (`names`); a test's own objects go out by number, and the solution may ask only for
what `own_objects.py` allows. `StopIteration` comes out of `next` alone.
What is not: what a test does with what it got: it may call a handle's methods and believe them.
"""

from __future__ import annotations

import ast
import types
from typing import Any

from ...wire import exceptions, subclasses
from ...wire.channel import Channel, Malformed
from ...wire.protocols import ABSTRACT
from ...wire.surroundings import Surroundings
from .. import assertions
from ..session import Session, SolutionLost, said_there
from ..stand_ins import LONGEST_NAME, NotData, touch
from ..uses import Uses, parsed
from .class_handles import ClassHandle, FunctionHandle, class_handle, new_handle
from .handles import CLASS, NAMED, Handle, give_role, number_of, set_up
from .own_objects import on_own_object


class ObjectSession(Session):
    """Calls into one solution process, whose objects it holds handles to. Callbacks of the test are answered while waiting."""

    seal = "objects"
    may_stop = frozenset({"next", "anext", "call"})
    """Of calls only some (`handles.call`)."""

    def __init__(self, channel: Channel, shared: dict[str, Any], surroundings: Surroundings, uses: Uses) -> None:
        super().__init__(channel, shared, surroundings, uses)
        self.lengths: dict[int, int] = {}
        """What objects said of their length, until something was done that may change it."""
        self._handles: dict[int, Any] = {}
        self._mine: list[Any] = []
        self._lent: dict[tuple[str, str], Any] = {}
        self._mine_number: dict[int, int] = {}

    def named(self, found: tuple[tuple[str, Any], ...], names: list[str]) -> dict[str, Any]:
        """Values by name, each handle with its role: the task says what is a class."""
        given = {name: self.error_named(name, value) for name, value in found if name in names}
        for name, value in given.items():
            if isinstance(value, Handle):
                give_role(value, CLASS if name in self.uses.classes and isinstance(value, ClassHandle) else NAMED)
        return given

    def evaluate(self, do: str, source: Any, names: Any, local: Any) -> Any:
        return self.ask(do, source, names, local)

    def is_fixed(self, value: Any) -> bool:
        return isinstance(value, (type, Handle))

    def ask(self, do: str, *arguments: Any) -> Any:
        if do in _MAY_CHANGE_LENGTHS:
            self.lengths.clear()
        return super().ask(do, *arguments)

    def _reply(self) -> dict[str, Any]:
        while "ask" in (reply := self._receive()):
            self._answer_callback(reply)
        return reply

    # -- errors ------------------------------------------------------------------------------------------------

    def error(self, number: int, kind: type[BaseException], described: Any, text: Any, message: Any) -> BaseException:
        known = self._handles.get(number)
        if isinstance(known, BaseException):
            return known
        error = super().error(number, kind, described, text, message)
        error.__dict__["_remote"] = new_handle(self, number)
        self._handles[number] = error
        return error

    def _raised(self, number: int, kind: Any, wire: Any, text: str, message: str) -> BaseException:
        if kind[0] == "j" and isinstance(mine := self._own(kind), BaseException):  # the test's own, on its way back
            return mine
        return super()._raised(number, kind, wire, text, message)

    def error_class(self, wire: Any) -> type[BaseException]:
        tag = wire[0]
        if tag == "j":
            kind = self._own(wire)
            if isinstance(kind, type) and issubclass(kind, BaseException):
                return kind
            raise Malformed("a class of errors that is none")
        if tag != "h":
            return super().error_class(wire)
        number = wire[1]
        if number not in self._handles:
            bases = [self.error_class(base) for base in wire[4]]
            self._handles[number] = exceptions.own_class(str(wire[3])[:LONGEST_NAME], bases, {
                "_handle": new_handle(self, number), "__module__": "solution", "_said": True, "__str__": said_there,
                "__getattr__": _remote_attribute, "__new__": _made_there, "__init__": lambda *_, **__: None,
            })  # fmt: skip
        kind = self._handles[number]
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            raise Malformed("a class of errors that is none")
        return kind

    # -- what is not data -------------------------------------------------------------------------------------

    def opaque(self, value: Any) -> Any:
        if isinstance(value, Handle):
            return ["h", number_of(value)]
        if isinstance(value, type) and "_handle" in vars(value):
            return ["h", number_of(vars(value)["_handle"])]
        if isinstance(value, BaseException) and isinstance(remote := value.__dict__.get("_remote"), Handle):
            return ["h", number_of(remote)]
        if type(value) is NotData:
            touch(value)
        known = self.opaque_of_both(value)
        if known is None:
            return self._of_mine(value)
        if known[0] == "G":
            self._lent[known[1], known[2]] = value
        return known

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
        if tag == "B":  # back: a library's function that the test handed out
            return self._lent[number, wire[2]]
        if tag == "j":
            return self._own(wire)
        if tag == "x" and type(number) is int and number in self._handles:
            return self._handles[number]
        if tag != "h":
            return super().meant(wire)
        if type(number) is not int:
            raise Malformed("a value of unknown kind")
        if number not in self._handles:
            self._handles[number] = self.error_class(wire) if wire[2] == "exception" else self._new_handle(number, wire)
        return self._handles[number]

    def _new_handle(self, number: int, wire: list[Any]) -> Any:
        kind = wire[2]
        if kind == "function":
            return set_up(object.__new__(FunctionHandle), self, number)
        if kind == "coroutine":
            return _await(self, new_handle(self, number))
        if kind == "class":
            _, _, _, name, has, methods, bases, abstract = wire
            known = [self.meant(base) for base in bases] + [ABSTRACT[base] for base in abstract]
            open_methods = [str(method) for method in methods if self.uses.may_ask(method)]
            return class_handle(self, number, str(name)[:LONGEST_NAME], has, open_methods, known)
        return new_handle(self, number, self.meant(wire[4]) if kind == "object" and len(wire) > 4 else None)

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
            ok, value = False, self._as_goes_out(error)
        reply = {"ok": ok, "value": self.codec.encode(value)}
        if changes := self.codec.changes():
            reply["changed"] = changes
        containers.depth -= 1
        del arguments, value
        containers.unheld(start)
        if kept := containers.held_from(start):
            reply["keep"] = kept
        self.channel.send(reply)

    def _as_goes_out(self, error: Exception) -> Exception:
        """What the solution gets of an error in the test's own code. An assertion that failed there fails the test, whatever the
        solution makes of it, and what it says stays here; not where the tests expect that error by name, or where a function is
        there to fail."""
        if not isinstance(error, AssertionError) or "from_solution" in error.__dict__ or "AssertionError" in self.uses.words:
            return error
        if _fails_anyway(error):
            return error
        sources = {file.removesuffix(".py"): text for file, text in assertions.sources.items()}
        with self.unasked():
            said = exceptions.failed_assertion(error, sources)
        self.note_foul(said)
        return AssertionError()


def _fails_anyway(error: AssertionError) -> bool:
    """Whether it comes of a statement in the body of a function that looks at nothing: `def bad(): assert False`."""
    trace, failing = error.__traceback__, False
    while trace is not None:
        if source := assertions.source_of(trace.tb_frame.f_code.co_filename):
            functions = (node for node in ast.walk(parsed(source)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
            at = [node for function in functions for node in function.body if node.lineno <= trace.tb_lineno <= _last_line(node)]
            failing = any(isinstance(node, ast.Assert) and _is_constant(node.test) for node in at)
        trace = trace.tb_next
    return failing


def _last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _is_constant(node: ast.expr) -> bool:
    return not any(isinstance(inner, ast.Name) for inner in ast.walk(node))


_MAY_CHANGE_LENGTHS = frozenset({
    "call", "setattr", "delattr", "setitem", "delitem", "enter", "exit", "exec", "await", "turn", "start",
})  # fmt: skip


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


def _remote_attribute(self: BaseException, name: str) -> Any:
    remote = self.__dict__.get("_remote")
    if remote is None or name.startswith("__"):
        raise AttributeError(name)
    return getattr(remote, name)
