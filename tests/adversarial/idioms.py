"""Idioms of tests: the ways in which real suites ask an answer, each with an answer that is right.

They lie in `corpus`. Those of `value.txt` are about what a function gives back, and the first of `PLAIN` that passes in plain
Python is a right value; the others say their right answer as code. An idiom counts where plain Python says that it
separates: its right answer passes and no `WRONG` plain value does (`separates`).
"""

from __future__ import annotations

import ast
import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.adversarial import blocks


class Idiom(NamedTuple):
    """`test` calls `f` (or what else the answer is to define); `right` is an answer that passes."""

    name: str
    test: str
    right: str
    needs: tuple[str, ...] = ("f",)
    """Names that an answer has to define."""
    prelude: str = ""
    """Code that answer and test both have."""


PLAIN = (
    "2", "2.5", "True", "False", "None", "'ab'", "b'ab'", "[1, 2]", "(1, 2)", "{1, 2}", "{'k': 'v'}", "[[1, 2], [3, 4]]",
    "['a', 'b']",
    "[1.5, 2.5]", "2 + 1j", "[0, 1, 2]", "'[1, 2]'", "(i for i in [1, 2])", "(i for i in (0, 1, 2))",
    "__import__('decimal').Decimal('2.5')", "__import__('datetime').datetime(2024, 1, 5)",
    "__import__('numpy').array([1, 2])", "__import__('numpy').array([1.5, 2.5])", "__import__('numpy').eye(2)",
    "__import__('collections').Counter('ab')", "__import__('fractions').Fraction(5, 2)",
)  # fmt: skip
"""Values that some test asks for."""

WRONG = (
    "None", "0", "9", "-7", "9.5", "''", "'z'", "b'z'", "[]", "[9]", "[9, 9]", "[9, 9, 9]", "()", "(9, 9)", "{}", "{9: 9}",
    "set()",
    "{9}", "(i for i in ())", "object()", "lambda *a: 9", "int",
)  # fmt: skip
"""Plain answers that solve nothing."""


def _read(name: str) -> tuple[Idiom, ...]:
    """Idioms of a file: `NAME [names that an answer has to define]`, the test, perhaps a prelude, and a right answer."""
    found = []
    for head, block in blocks.read(name).items():
        title, _, needs = head.rstrip("]").partition(" [")
        asked, _, right = block.partition("\n--- right\n")
        test, _, prelude = asked.partition("\n--- prelude\n")
        found.append(Idiom(title, test, right, tuple(needs.split(", ")) if needs else ("f",), prelude))
    return tuple(found)


CODE, CALLED, PYTEST = _read("code"), _read("called"), _read("pytest")
"""What takes more than a value; what hands the answer objects of the test; modules for pytest, without the import of the
answer's names, which each gets where it has none of its own."""

KNOWN_LIMITS = frozenset({
    "dataclass of the test", "executor of the test",  # an object of the test has to be one on the other side too
    "compiled", "unpickled", "docs of the answer", "timed",  # the judge would have to run text or code of the answer's
    "file written by the test",  # the answer's process has files of its own
})  # fmt: skip
"""Idioms whose right answer the seal does not let pass."""
STARTS_PROCESSES = frozenset({"subprocess", "shell", "run by subprocess"})
"""Idioms that landlock, where a test is one process, does not let pass."""


def module(idiom: Idiom) -> str:
    """A test module of style `pytest`."""
    own = "solution" in idiom.test
    return idiom.test if own else f"from solution import {', '.join(idiom.needs)}\n{idiom.test}"


def passes(answer: str, test: str, prelude: str = "") -> bool:
    """What plain Python says: prelude, answer and test, in one namespace."""
    names: dict[str, Any] = {"__name__": "solution"}
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            for code in (prelude, answer, test):
                exec(compile(code, "code.py", "exec", dont_inherit=True), names)
        except BaseException:  # noqa: BLE001  SystemExit is a failure here as in the sandbox
            return False
    return True


def constant(idiom: Idiom, value: str) -> str:
    """An answer that gives the same plain value whatever it is asked; a class gives it out of every method."""
    return making(idiom, f"def make(*args): return {value}")


_AUTO = """
class Auto:
    def __init__(self, *a, **k): pass
    def __getattr__(self, name):
        if name[:2] == '__': raise AttributeError(name)
        return lambda *a, **k: make(*a)
for _name in 'add sub mul truediv abs len iter repr str getitem contains neg lt eq'.split():
    setattr(Auto, f'__{_name}__', lambda self, *a: make(*a))
Auto.__hash__ = lambda self: 2
"""


def making(idiom: Idiom, code: str) -> str:
    """An answer to an idiom of which everything that comes back is made by the `make(*args)` of `code`."""
    classes = [name for name in idiom.needs if f"class {name}" in idiom.right]
    functions = [name for name in idiom.needs if name not in classes]
    lines = [code, *(f"def {name}(*args, **named): return make(*args)" for name in functions)]
    return "\n".join([*lines, _AUTO, *(f"class {name}(Auto): pass" for name in classes)] if classes else lines)


def value_idioms() -> Iterator[Idiom]:
    """Those of `value.txt`, each with the first plain value that is right."""
    for name, test in blocks.read("value").items():
        right = next((value for value in PLAIN if passes(f"def f(*a): return {value}", test)), None)
        assert right, f"no plain value is right for {name!r}"
        yield Idiom(name, test, f"def f(*a): return {right}")


def separates(idiom: Idiom) -> bool:
    """Whether plain Python tells right from wrong by it."""
    wrong = (constant(idiom, value) for value in WRONG)
    return passes(idiom.right, idiom.test, idiom.prelude) and not any(passes(code, idiom.test, idiom.prelude) for code in wrong)


def nodes(test: str) -> list[ast.Name]:
    """The names in a test."""
    return [node for node in ast.walk(ast.parse(test)) if isinstance(node, ast.Name)]
