"""The matrix: every liar against every idiom of tests, in every style, as cells that can be numbered and so sampled."""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from textwrap import indent
from typing import Any, NamedTuple

from sandbox_rewards.grading import Grader
from sandbox_tasks.task import Task

from tests.adversarial import ends, idioms, liars
from tests.adversarial.idioms import Idiom


class Cell(NamedTuple):
    """A wrong answer to one task: `idiom` asks, `attack` lies."""

    style: str
    idiom: Idiom
    attack: str
    answer: str

    @property
    def name(self) -> str:
        return f"{self.style} | {self.idiom.name} | {self.attack}"


def task(style: str, idiom: Idiom) -> Task:
    """A task whose reference is the idiom's right answer."""
    spec: dict[str, Any] = {
        "source": "unit_tests", "extraction": "raw",
        "style": style,
        "time_limit_s": 5 if style == "pytest" else 2,
        "prelude": idiom.prelude,
    }
    if style == "asserts":
        spec |= {"tests": [idiom.test], "entry_point": idiom.needs[0]}
    elif style == "check":
        named = f"{idiom.needs[0]} = candidate\n{idiom.test}"
        spec |= {"tests": [f"def check(candidate):\n{indent(named, '    ')}"], "entry_point": idiom.needs[0]}
    elif idiom in idioms.PYTEST:
        spec |= {"tests": [idioms.module(idiom)]}
    else:
        spec |= {"tests": [f"{_imports(idiom)}\ndef test():\n{indent(idiom.test, '    ')}"]}
    return Task.model_validate({"id": f"{style} {idiom.name}", "prompt": "", "rewards": [spec], "reference": idiom.right})


def _imports(idiom: Idiom) -> str:
    return f"from solution import {', '.join(idiom.needs)}"


@functools.cache
def pure() -> tuple[Idiom, ...]:
    """Idioms that need no pytest."""
    return (*idioms.value_idioms(), *idioms.CODE, *idioms.CALLED)


def attacks(idiom: Idiom) -> list[tuple[str, str]]:
    """Every liar's answer to an idiom, by name."""
    found = [(f"gives {name}", idioms.making(idiom, code)) for name, code in (liars.VALUES | liars.TEXTS).items()]
    for name, statement in liars.RAISED.items():
        found.append((f"does {name}", idioms.making(idiom, f"def make(*args):\n{indent(statement, '    ')}")))
        found.append((f"is a class that does {name}", _as_class(idiom, statement)))
    found += [(f"binds {name}", _binding(idiom, value)) for name, value in liars.NAMES.items()]
    found += [(f"binds all but its own to {name}", _shadowing(idiom, value)) for name, value in liars.NAMES.items()]
    found += [
        (f"its errors are {name}", _errors(idiom, value)) for name, value in liars.NAMES.items() if idiom.needs[0] == "Stack"
    ]
    found += [(f"is told by {name}", code) for name, code in liars.HEADS.items() if idiom.needs == ("f",)]
    if idiom in idioms.CALLED:
        makes = "class E:\n    __eq__ = lambda s, o: True\ndef make(*args): return E()\n"
        found += [(f"hands: {name}", f"{makes}def f(g, *args):\n{indent(body, '    ')}") for name, body in liars.CALLS.items()]
    return found


def _as_class(idiom: Idiom, statement: str) -> str:
    body = indent(statement, "        ")
    return "\n".join(f"class {name}:\n    def __init__(self, *a, **k):\n{body}" for name in idiom.needs)


def _binding(idiom: Idiom, value: str) -> str:
    """Every name that an answer is to define is the same thing."""
    return "\n".join(f"{name} = {value}" for name in idiom.needs)


def _shadowing(idiom: Idiom, value: str) -> str:
    """A constant, and every other name that the tests use, the standard library's, the builtins' and their own."""
    used = {node.id for node in idioms.nodes(idiom.test)} | {
        "pytest",
        "np",
        "numpy",
        "math",
        "isclose",
        "approx",
        "check",
        "test",
    }
    names = sorted(used - set(idiom.needs[:1]))
    lines = [f"_value = {value}", *(f"{name} = _value" for name in names)]
    return "\n".join([*lines, f"def {idiom.needs[0]}(*args, **named): return None"])


def _errors(idiom: Idiom, value: str) -> str:
    """A class whose own error, by which tests name it, is something wider."""
    return f"{idioms.constant(idiom, '0')}\nStack.Empty = {value}"


def fitting(style: str) -> list[Idiom]:
    """The idioms that are asked in a style."""
    asked = idioms.PYTEST if style == "pytest" else pure()
    return [idiom for idiom in asked if style != "check" or idiom.needs == ("f",)]


def cells(style: str) -> list[Cell]:
    """The whole matrix of a style."""
    return [Cell(style, idiom, name, answer) for idiom in fitting(style) for name, answer in attacks(idiom)]


def sample(of: Sequence[Any], count: int, seed: int) -> list[Any]:
    return random.Random(seed).sample(of, min(count, len(of)))


def graded(grader: Grader, asked: Sequence[Cell]) -> list[str]:
    """What went wrong: cells that are paid, that no verdict was found for, by name with what was said."""
    grades = grader.grade([task(cell.style, cell.idiom) for cell in asked], [cell.answer for cell in asked])
    return [
        f"{cell.name}: {grade.verdict} {grade.detail}" for cell, grade in zip(asked, grades, strict=True) if grade.reward != 0.0
    ]


FIRST = {
    ("np.allclose", "gives one lie, __array_function__"),
    ("callback", "hands: made an object of a class by type"),
    ("len of the argument", "gives special, len of the argument, iterating gives nothing"),
    ("len and zip", "gives one lie, __len__"),
    ("own error of a class", "its errors are Exception"),
    ("own error", "binds all but its own to Exception"),
    ("skip what is missing", "does NotImplementedError"),
    ("a class that is asked for a number", "binds class whose instances are 0 apart"),
    ("flag set in an except", "binds all but its own to True"),
    ("get_type_hints", "is told by annotations"),
    ("map and zip", "does StopIteration"),
    ("context that asserts", "binds liar"),
    ("run by subprocess", "gives a reader of its parent"),
    ("helper that raises in a with", "gives one lie, __enter__, __exit__"),
    ("own error and an exit", "binds SystemExit"),
    ("inherited method of a shared class", "hands: its methods are str"),
    ("value of the module", "gives special, object(), no lie"),
    ("module not imported", "binds all but its own to module"),
}
"""Idioms and attacks that once earned reward, each of a kind; they are in every sample."""


def drawn(style: str, count: int, seed: int) -> list[Cell]:
    """The first rows of a style, and `count` other cells drawn by the seed."""
    whole = cells(style)
    first = [cell for cell in whole if (cell.idiom.name, cell.attack) in FIRST]
    return first + sample(whole, count, seed)


class End(NamedTuple):
    """A way out of a zero, in a style."""

    style: str
    test: str
    name: str
    answer: str


def all_ends() -> list[End]:
    made = list(ends.CELLS.items())
    return [End(style, test, name, answer) for style, tests in ends.TESTS.items() for test in tests for name, answer in made]


def ended(grader: Grader, asked: Sequence[End]) -> list[str]:
    """Ends that were paid or got no verdict, and honest answers behind them, on the same worker, that did not pass."""
    tasks, answers = [], []
    for end in asked:
        entry = {} if end.style == "pytest" else {"entry_point": "f"}
        spec = {"source": "unit_tests", "extraction": "raw", "style": end.style, "tests": [end.test], "time_limit_s": 2, **entry}
        tasks.append(Task.model_validate({"id": end.name, "prompt": "", "rewards": [spec], "reference": ends.HONEST}))
        plain = {"source": "unit_tests", "style": "asserts", "tests": ["assert f(1) == 2 == want and A([1]) == [1]"]}
        tasks.append(Task.model_validate({"id": "next", "prompt": "", "rewards": [plain], "reference": ends.HONEST}))
        answers += [end.answer, ends.HONEST]
    grades = grader.grade(tasks, answers)
    found = []
    for end, grade, after in zip(asked, grades[::2], grades[1::2], strict=True):
        if grade.reward != 0.0:
            found.append(f"{end.style} | {end.name}: {grade.verdict} {grade.detail}")
        if after.verdict != "passed":
            found.append(f"{end.style} | behind {end.name}: {after.verdict} {after.detail}")
    return found


FIRST_ENDS = {
    "a huge name, called", "SystemExit, __hash__ of a name is one", "SystemExit, __repr__ of object returned",
    "UnicodeDecodeError, changed, called", "segfault, called", "kill of the parent, called", "closed descriptors, called",
    "SystemExit, __str__ of class returned", "SystemExit, __name__ of a name is a class",
    "recursion, __hash__ of object returned",
}  # fmt: skip
"""Ends that once got no verdict, or one like them."""


def drawn_ends(count: int, seed: int) -> list[End]:
    whole = all_ends()
    return [end for end in whole if end.name in FIRST_ENDS] + sample(whole, count, seed)


MARK = "the red team's own module, which a daemon of it may rewrite"
"""Nothing without this text is ever written to: where a judge is not confined, a daemon of its tests has the whole machine."""
DAEMON = f"""
import glob, os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 3)
        end = time.monotonic() + 8
        while time.monotonic() < end:
            for path in glob.glob('/tmp/test_*.py') + glob.glob('/tmp/*/test_*.py'):
                try:
                    with open(path, 'r+') as file:
                        if {MARK!r} in file.read():
                            file.seek(0)
                            file.truncate()
                            file.write('def test(): pass')
                except OSError: pass
    os._exit(0)
print(9)
"""


def stayed(grader: Grader) -> list[str]:
    """What is judged otherwise behind an answer that changed the judge, or started a daemon by a test's own subprocess."""
    by_name = {idiom.name: idiom for idiom in idioms.CODE}
    after = Idiom("after", f"assert f(1) == 2  # {MARK}", "def f(x): return 2")
    asked = [("asserts", by_name["get_type_hints"], liars.STAYS, True)]
    asked += [("asserts", after, f"def f(x): return {value}", value == 2) for value in (0, 2)]
    asked += [("asserts", by_name["run by subprocess"], f"def f(x): return {DAEMON!r}", False)]
    asked += [("pytest", after, f"def f(x): return {value}", value == 2) for value in (0, 2, 1, 2)]
    grades = grader.grade([task(style, idiom) for style, idiom, _, _ in asked], [answer for _, _, answer, _ in asked])
    behind = list(zip(asked, grades, strict=True))[1:]
    return [f"{style}, {answer[:30]!r}: {grade.verdict} {grade.detail}"
            for (style, _, answer, right), grade in behind if grade.reward != float(right)]  # fmt: skip
