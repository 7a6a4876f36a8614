"""What a test puts around the solution that it calls: another `input`, `print`, `sys.stdin` or `sys.argv`, environment, seeds.

The judge tells with each request what of these is not as it was at the start; the solution's side has it so while it carries
the request out. Objects of the test go as such (whoever uses one asks the judge), the rest as data. After each run the judge
has everything back as it was, so that no task's tests meet another's patches.
What is not covered: files, the decimal context, locale, signal handlers, and seeds of other generators than `random`'s.
"""

from __future__ import annotations

import builtins
import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

Replaced = tuple[tuple[str, Any], ...]
_FUNCTIONS = ("input", "print")
_RUNNERS = ("_pytest", "pytest")
"""What a test runner puts in the place of standard input, or into the environment, is not the test's doing."""


class Surroundings:
    """The judge's, as they are when this is made."""

    def __init__(self) -> None:
        import random

        self._functions = {name: getattr(builtins, name) for name in _FUNCTIONS}
        self._streams = sys.stdin, sys.stdout, sys.stderr
        self._arguments = list(sys.argv)
        self._environment = dict(os.environ)
        self._seeded = False
        self._random = random
        self._seed = random.seed
        random.seed = self._note_seed

    def _note_seed(self, *arguments: Any, **named: Any) -> None:
        self._seed(*arguments, **named)
        self._seeded = True

    def replaced(self) -> Replaced:
        """Names and values of what a test replaced. The state of `random` only once after each seed."""
        found: list[tuple[str, Any]] = []
        for name, function in self._functions.items():
            if (now := getattr(builtins, name)) is not function:
                found.append((name, now))
        if sys.stdin is not self._streams[0] and not type(sys.stdin).__module__.startswith(_RUNNERS):
            found.append(("stdin", sys.stdin))
        if sys.argv != self._arguments:
            found.append(("argv", tuple(map(str, sys.argv))))
        if os.environ != self._environment and (changes := self._environment_changes()):
            found.append(("environ", changes))
        if self._seeded:
            self._seeded = False
            found.append(("random", self._random.getstate()))
        return tuple(found)

    def _environment_changes(self) -> tuple[tuple[str, str | None], ...]:
        was, now = self._environment, dict(os.environ)
        names = [n for n in was | now if was.get(n) != now.get(n) and not n.startswith("PYTEST_")]
        return tuple((name, now.get(name)) for name in names)

    def restore(self) -> None:
        for name, function in self._functions.items():
            setattr(builtins, name, function)
        sys.stdin, sys.stdout, sys.stderr = self._streams
        sys.argv[:] = self._arguments
        if os.environ != self._environment:
            os.environ.clear()
            os.environ.update(self._environment)
        self._seeded = False


@contextlib.contextmanager
def as_the_test_has_it(replaced: Replaced) -> Iterator[None]:
    """The solution's side: so while the block runs, and then as it was; a seed stays."""
    functions = {name: getattr(builtins, name) for name in _FUNCTIONS}
    stdin, arguments, environment = sys.stdin, sys.argv, dict(os.environ)
    try:
        for what, value in replaced:
            _have(what, value)
        yield
    finally:
        for name, function in functions.items():
            setattr(builtins, name, function)
        sys.stdin, sys.argv = stdin, arguments
        if any(what == "environ" for what, _ in replaced):
            os.environ.clear()
            os.environ.update(environment)


def _have(what: str, value: Any) -> None:
    if what in _FUNCTIONS:
        setattr(builtins, what, value)
    elif what == "stdin":
        sys.stdin = value
    elif what == "argv":
        sys.argv = list(value)
    elif what == "environ":
        for name, text in value:
            os.environ.pop(name, None) if text is None else os.environ.update({name: text})
    elif what == "random":
        import random

        random.setstate(value)
