"""A fault of the task's own code is `no_verdict`, names the part and its error, costs no box, and no answer can feign one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sandbox_rewards.grade import Grade
from sandbox_rewards.grading import Grader
from sandbox_tasks.task import StdioCase, Task, UnitTests


@pytest.fixture(scope="module")
def grader(backend: str) -> Iterator[Grader]:
    with Grader(backend, workers=1) as grader:
        yield grader


GOOD = {
    "asserts": {"tests": ["assert f(1) == 2"]},
    "check": {"tests": ["def check(g):\n    assert g(1) == 2"]},
    "pytest": {"tests": ["from solution import f\ndef test_f(): assert f(1) == 2"]},
    "inline": {"tests": ["assert f(1) == 2"]},
    "stdio": {"cases": [{"stdin": "1", "stdout": "2"}]},
}
RIGHT = "def f(x): return x + 1"
ANSWERS = dict.fromkeys(GOOD, RIGHT) | {"stdio": "print(int(input()) + 1)"}


def task(style: str, **spec: Any) -> Task:
    """A task with whatever `spec` says, as if it had been loaded: what can be seen in its text is refused there."""
    common = {"style": "asserts" if style == "inline" else style, "entry_point": "f", "time_limit_s": 2.0}
    if style == "inline":
        common["isolation"] = "inline"
    whole = UnitTests.model_validate({**common, **GOOD[style]})
    loaded = Task(id="t", prompt="", rewards=(whole,))
    return loaded.model_copy(update={"rewards": (whole.model_copy(update=spec),)})


def judged(grader: Grader, task: Task, *answers: str) -> list[Grade]:
    return grader.grade([task] * len(answers), answers)


def box(grader: Grader) -> object:
    """The one worker, which is another after a box was lost."""
    pool = grader.source("unit_tests").pool  # type: ignore[attr-defined]
    number, worker = pool._idle.get()
    pool._idle.put((number, worker))
    return worker


RETURN, EXIT, RAISES, SYNTAX = "x = 1\nreturn", "import sys\nsys.exit(0)", "x = 1 // 0", "def g(:"
LACKS = "import a_module_that_nobody_has"
SAID = {
    RETURN: "SyntaxError: 'return' outside function",
    EXIT: "SystemExit: 0",
    RAISES: "ZeroDivisionError: integer division or modulo by zero",
    SYNTAX: "SyntaxError: invalid syntax",
    LACKS: "ModuleNotFoundError: No module named 'a_module_that_nobody_has'",
}
ENDLESS = "while True: pass"
FAULTS: list[tuple[str, str, str]] = [
    *((style, "prelude", code) for style in GOOD for code in SAID),
    *((style, "setup", code) for style in ("asserts", "check") for code in SAID),
    *((style, "setup", code) for style in ("pytest", "inline") for code in (RETURN, SYNTAX)),
    *((style, "tests", code) for style in GOOD if style != "stdio" for code in (RETURN, SYNTAX)),
    *((style, "tests", LACKS) for style in ("asserts", "check", "pytest")),
    ("pytest", "tests", EXIT),
    ("pytest", "tests", RAISES),
]  # fmt: skip


@pytest.mark.parametrize(("style", "part", "code"), FAULTS)
def test_a_fault_of_each_part_is_no_verdict_whatever_the_answer(grader: Grader, style: str, part: str, code: str) -> None:
    before, _ = judged(grader, task(style), ANSWERS[style], "def f(x): return 0")
    worker = box(grader)
    assert before.verdict == "passed"
    faulty = task(style, **{part: (code,) if part == "tests" else code})
    answers = [ANSWERS[style], "def f(x): return 0"]
    if part != "tests" or code in (RETURN, SYNTAX):  # those that do not get as far as the tests are judged without them
        answers.append("1 // 0")
    for grade in judged(grader, faulty, *answers):
        assert (grade.verdict, grade.reward) == ("no_verdict", None)
        assert str(grade.detail).startswith(f"the task's {part.removesuffix('s')} fails: {SAID[code]}")
    assert judged(grader, task(style), ANSWERS[style])[0].verdict == "passed"
    assert box(grader) is worker


@pytest.mark.parametrize("style", GOOD)
def test_an_endless_prelude_ends(grader: Grader, style: str) -> None:
    (grade,) = judged(grader, task(style, prelude=ENDLESS, time_limit_s=0.5), ANSWERS[style])
    assert grade.verdict == "no_verdict"
    assert str(grade.detail).startswith("the task's prelude fails: ")


def test_an_endless_setup_ends(grader: Grader) -> None:
    (grade,) = judged(grader, task("asserts", setup=ENDLESS, time_limit_s=0.5), RIGHT)
    assert (grade.verdict, grade.detail) == ("no_verdict", "the task's setup fails: no end within the time limit")


def test_a_fault_names_the_test(grader: Grader) -> None:
    (grade,) = judged(grader, task("asserts", tests=("assert f(1) == 2", "break")), RIGHT)
    assert str(grade.detail).startswith("the task's test 2 fails: SyntaxError: 'break' outside loop")


def test_a_prelude_that_only_a_solution_fails_at_is_the_tasks_fault(grader: Grader) -> None:
    """The judge has room for it, and the solution's process not."""
    large = "LARGE = bytearray(300 * 2**20)"
    for style in ("asserts", "inline", "stdio"):
        (grade,) = judged(grader, task(style, prelude=large, memory_limit_mb=128), ANSWERS[style])
        assert (grade.verdict, grade.detail) == ("no_verdict", "the task's prelude fails: MemoryError")


def test_a_prelude_that_reads_the_input_is_none(grader: Grader) -> None:
    given = task("stdio", prelude="n = int(input())")
    right, wrong, broken = judged(grader, given, "print(n + 1)", "print(n)", "print(m)")
    assert [right.verdict, wrong.verdict, broken.verdict] == ["passed", "failed", "runtime_error"]
    (grade,) = judged(grader, task("stdio", prelude="n = int(input())", cases=(StdioCase(stdin="x", stdout="2"),)), "print(1)")
    assert str(grade.detail).startswith("the task's prelude fails: ValueError: invalid literal for int()")


PRELUDE = "class Base:\n    limit = 3\ndef helper(x): return x"
SETUP_OF_ITS_OWN = "import math\nTABLE = [math.floor(x) for x in (1.5, 2)]\ndef twice(x):\n    y = x\n    return y + TABLE[0]"
CRIES = {
    "raises": "raise {error}",
    "raises in a call": "def f(x): raise {error}",
    "raises one of its own": "class TaskFault(Exception): pass\ndef f(x): raise TaskFault('prelude', 'no_verdict')",
    "exits": "import sys\nsys.exit('the task\\'s prelude fails')",
    "exits in a call": "import sys\ndef f(x): sys.exit(3)",
    "dies": "import os\nos._exit(0)",
    "dies in a call": "import os\ndef f(x): os._exit(137)",
    "is nothing": "pass",
    "eats memory": "x = bytearray(10**10)\ndef f(x): return 0",
    "does not end": "while True: pass",
    "is long": "#" + "x" * 10_000_000 + "\nraise ValueError",
    "spoils what the prelude gave": "Base = helper = None\nimport builtins\nbuiltins.__import__ = None\ndef f(x): return 0",
    "says so on the channel": (
        "import json, os\ndef say(what):\n    b = json.dumps(what).encode()\n    os.write(3, len(b).to_bytes(4, 'big') + b)\n"
        "for what in ({{'failed': 'no_verdict'}}, {{'missing': 'gcc'}}, {{'fault': 'x'}}, {{'verdict': 'no_verdict'}}):\n"
        "    try: say(what)\n    except OSError: pass\n"
    ),
    "lacks what the test has": "def f(x): raise ModuleNotFoundError(\"No module named 'math'\", name='math')",
    "imports what nobody has": "import a_module_that_nobody_has\ndef f(x): return 0",
}  # fmt: skip
ERRORS = ("SystemExit(0)", "KeyboardInterrupt", "MemoryError", "SyntaxError('x')", "ImportError('x')")


@pytest.mark.parametrize("style", GOOD)
@pytest.mark.parametrize("cry", CRIES)
def test_no_answer_makes_its_own_failure_the_tasks(grader: Grader, style: str, cry: str) -> None:
    given: dict[str, Any] = {"prelude": PRELUDE, "time_limit_s": 1.0}
    if style not in ("stdio", "pytest"):
        given["tests"] = (f"import math\n{GOOD[style]['tests'][0]}",)
    if style in ("asserts", "check"):
        given["setup"] = SETUP_OF_ITS_OWN
    answers = [CRIES[cry].format(error=error) for error in (ERRORS if "{error}" in CRIES[cry] else ERRORS[:1])]
    for grade in judged(grader, task(style, **given), *answers):
        assert grade.reward == 0.0, (grade.verdict, grade.detail)


@pytest.mark.parametrize(
    "setup",
    ["g = f\ng(0)", "eval('f(0)')", "exec('f(0)')", "globals()['f'](0)", "def call(): f(0)\ncall()", "class A:\n    x = f(0)"],
)
def test_a_setup_that_uses_the_answer_fails_with_it(grader: Grader, setup: str) -> None:
    grades = judged(grader, task("asserts", setup=setup), RIGHT, "def f(x): return 1 // 0", "f = 3")
    assert [grade.verdict for grade in grades] == ["passed", "runtime_error", "runtime_error"]
    assert judged(grader, task("asserts", setup=setup), "x = 1")[0].reward == 0.0


def test_what_a_setup_binds_is_not_the_answers_to_give(grader: Grader) -> None:
    given = task("asserts", setup="WANTED = 2", tests=("assert f(1) == WANTED",))
    assert [g.verdict for g in judged(grader, given, "WANTED = 0\ndef f(x): return 0", RIGHT)] == ["failed", "passed"]


@pytest.mark.parametrize("line", ["from solution import g", "import solution.part", "import solution\nsolution.__file__"])
def test_a_module_that_wants_of_the_answer_what_it_lacks_fails_with_it(grader: Grader, line: str) -> None:
    (grade,) = judged(grader, task("pytest", tests=(f"{line}\ndef test_f(): pass",)), RIGHT)
    assert grade.reward == 0.0


def test_a_checker_at_fault_is_named(grader: Grader) -> None:
    checker = {"code": "def check(stdin, stdout, expected):\n    raise ValueError('odd')"}
    spec = {"style": "stdio", "cases": [{"stdin": "", "stdout": "2"}], "checker": checker}
    odd = Task(id="t", prompt="", rewards=(UnitTests.model_validate(spec),))
    (grade,) = judged(grader, odd, "print(2)")
    assert grade.verdict == "no_verdict"
    assert grade.detail == "the task's checker fails: ValueError: odd, on the expected output '2'"


@pytest.mark.parametrize(
    ("style", "test", "detail"),
    [
        ("asserts", "assert f(1) == 2", "assert f(1) == 2"),
        ("asserts", "x = 1\nassert (f(x)\n        == 2)", "assert (f(x) == 2)"),
        ("asserts", "assert f(1) == 2, 'not two'", "AssertionError: not two"),
        ("inline", "assert f(1) == 2", "assert f(1) == 2"),
        ("check", "def check(g):\n    assert g(2) == 0\n    assert g(1) == 2  # twice", "assert g(1) == 2  # twice"),
        ("asserts", "def same(a, b):\n    assert a == b\nsame(f(1), 2)", "assert a == b"),
    ],
)
def test_a_bare_assert_is_told_by_its_text(grader: Grader, style: str, test: str, detail: str) -> None:
    (grade,) = judged(grader, task(style, tests=(test,)), "def f(x): return 0")
    assert (grade.verdict, grade.detail) == ("failed", detail)


USES = "import pytest\nfrom solution import f\n"
RUNS_NOTHING = {
    "no name of a test": ("def check_f(): assert f(1) == 2", "pytest finds no test in it"),
    "all are skipped": ("@pytest.mark.skip(reason='')\ndef test_f(): assert f(1) == 2", "each of its tests is marked"),
    "a class is skipped": ("@pytest.mark.skip\nclass TestF:\n    def test_f(self): assert f(1) == 2", "each of its tests"),
    "the module is skipped": ("pytestmark = pytest.mark.skip\ndef test_f(): assert f(1) == 2", "each of its tests"),
    "no such fixture": ("def test_g(): assert f(1) == 2\ndef test_f(cleint): assert cleint", "no fixture 'cleint' is defined"),
}


@pytest.mark.parametrize("name", RUNS_NOTHING)
def test_a_module_whose_tests_do_not_run_is_the_tasks_fault(grader: Grader, name: str) -> None:
    module, said = RUNS_NOTHING[name]
    for grade in judged(grader, task("pytest", tests=(USES + module,)), RIGHT, "def f(x): return 0", f"cleint = 1\n{RIGHT}"):
        assert (grade.verdict, grade.reward) == ("no_verdict", None), grade
        assert str(grade.detail).startswith(f"the task's test fails: {said}"), grade


CHOSEN = {
    "a test that there is for some": "if f(1) == 2:\n    def test_f(): assert f(2) == 3",
    "a mark that is there for some": "@pytest.mark.skipif(f(1) != 2, reason='')\ndef test_f(): assert f(2) == 3",
    "a mark of the module's for some": "pytestmark = pytest.mark.skip if f(1) != 2 else []\ndef test_f(): assert f(2) == 3",
    "a fixture that there is for some": "if f(1) == 2:\n    @pytest.fixture\n    def two(): return 2\n"
                                        "def test_f(two): assert f(two) == 3",
    "a fixture of a name that it gives": "@pytest.fixture\ndef two(request): return request.getfixturevalue('n' * f(1))\n"
                                         "def g(n): pass\ndef test_f(two): assert f(1) == 3",
}  # fmt: skip


@pytest.mark.parametrize("name", CHOSEN)
def test_no_answer_chooses_that_no_test_runs(grader: Grader, name: str) -> None:
    (grade,) = judged(grader, task("pytest", tests=(USES + CHOSEN[name],)), "def f(x): return 1")
    assert (grade.verdict == "no_verdict", grade.reward) == (False, 0.0), grade
