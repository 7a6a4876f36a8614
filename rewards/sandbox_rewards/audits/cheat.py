"""What a cheat is: an answer that solves nothing, made for the task at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import indent

from sandbox_tasks.task import UnitTests


@dataclass(frozen=True)
class Target:
    """What a cheat is made for: a task's prompt and one of its test specs, and the names that the tests call."""

    prompt: str
    spec: UnitTests
    names: tuple[str, ...]

    @property
    def is_program(self) -> bool:
        return self.spec.style == "stdio"


@dataclass(frozen=True)
class Cheat:
    """A way to be paid for nothing. `code` gives the answer, None where it does not apply."""

    name: str
    exploits: str
    """What it would take advantage of, in a sentence."""
    code: Callable[[Target], str | None]
    plain: str | None = "None"
    """The constant that the answer comes to where the trick fails; None: it comes to no plain data."""


def answer(target: Target, *, before: str = "", body: str = "return None") -> str:
    """Code that runs `before` when loaded and `body` when called; a program runs both and prints what comes back."""
    function = f"{before}\ndef _answer(*args, **kwargs):\n{indent(body, '    ')}\n"
    if target.is_program:
        return function + "_result = _answer()\nif _result is not None: print(_result)\n"
    return function + "".join(f"{name} = _answer\n" for name in target.names)


CONSTANTS = ("None", "0", "True", "[]", '""', "{}", "()", "0.0")
OUTPUTS = ("nothing", "0", "1", "-1", "YES", "NO")
"""What a program prints that solves nothing."""


def constant(target: Target, value: str) -> str:
    if not target.is_program:
        return answer(target, body=f"return {value}")
    return "pass" if value == "nothing" else f"print({value!r})"


def when_loaded(code: str) -> Callable[[Target], str | None]:
    return lambda target: answer(target, before=code)


def when_called(body: str, before: str = "") -> Callable[[Target], str | None]:
    return lambda target: answer(target, before=before.replace("NAME", first(target)), body=body.replace("NAME", first(target)))


def first(target: Target) -> str:
    return target.names[0] if target.names else "print"
