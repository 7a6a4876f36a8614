"""No way out of a zero: however an answer ends its process, its judge or its box, it has a verdict of its own, and the next
answer is judged as ever."""

from collections.abc import Iterator

import pytest
from sandbox_rewards.grade import Verdict
from sandbox_rewards.grading import Grader
from sandbox_rewards.sandbox.backends import BACKENDS, probe
from sandbox_tasks.task import Task

RIGHT = "def f(x=1):\n    return x + 1\n"
CHECK = "def check(c):\n    assert c(1) in {2} and [c(1)] == [2], str(c(1))"
MODULE = "import solution\ndef test_it():\n    assert solution.f(1) == 2 and {solution.f(1)}"
STYLES = {
    "asserts": {"style": "asserts", "tests": ["assert f(1) == 2", "assert {f(1): repr(f(1))} == {2: '2'}, f(1)"]},
    "check": {"style": "check", "entry_point": "f", "tests": [CHECK]},
    "pytest": {"style": "pytest", "tests": [MODULE]},
    "inline": {"style": "asserts", "isolation": "inline", "tests": ["assert f(1) + 1 == 3"]},
    "stdio": {"style": "stdio", "cases": [{"stdin": "", "stdout": "2"}]},
}
EXITS = """
class E:
    def __{}__(self, *a): raise SystemExit(0)
"""
CLASS_EXITS = """
class M(type):
    def __hash__(s): raise SystemExit
    __repr__ = __instancecheck__ = __hash__
class f(metaclass=M):
    def __init__(self, x): pass
"""
ERROR = """
def f(x):
    e = {}
    e.start, e.end = 7 * 10**8, 7 * 10**8 + 1
    raise e
"""
DEEP = """
import os
def f(x):
    b = b'[' * 10**6
    os.write(3, len(b).to_bytes(4, 'big') + b)
    os._exit(0)
"""
KILL = """
import os, signal
def f(x):
    for p in (-1, 1, os.getppid()):
        try: os.kill(p, 9)
        except OSError: pass
    os._exit(3)
"""
WAYS = {
    "exit": "import sys\ndef f(x): sys.exit(0)",
    "exit at once": "import os\nos._exit(0)",
    "exit in a call": "import os\ndef f(x): os._exit(0)",
    "abort": "import os\ndef f(x): os.abort()",
    "a signal that cannot be caught": "import os, signal\ndef f(x): os.kill(os.getpid(), signal.SIGKILL)",
    "a crash": "import ctypes\ndef f(x): ctypes.string_at(0)",
    "an interrupt": "def f(x): raise KeyboardInterrupt",
    "a base exception of its own": "class B(BaseException): pass\ndef f(x): raise B",
    "an exit out of hash": EXITS.format("hash") + "    __eq__ = lambda s, o: True\ndef f(x): return E()",
    "an exit out of repr, in a set": EXITS.format("repr") + "def f(x): return {E(): E()}, {E()}",
    "an exit out of repr": EXITS.format("repr") + "def f(x): return E()",
    "an exit out of str": EXITS.format("str") + "def f(x): raise type('X', (E, Exception), {})()",
    "an exit out of a class": CLASS_EXITS,
    "an exit where a name is decoded": EXITS.format("hash") + "f = E()",
    "a decoding error beyond its end": ERROR.format("UnicodeDecodeError('utf8', b'', 0, 1, 'x')"),
    "an encoding error beyond its end": ERROR.format("UnicodeEncodeError('ascii', '', 0, 1, 'x')"),
    "an error without its fields": "def f(x): raise UnicodeDecodeError.__new__(UnicodeDecodeError)",
    "garbage": "import os\ndef f(x):\n    os.write(3, b'\\xff' * 99)\n    os._exit(0)",
    "a huge frame": "import os\ndef f(x): os.write(3, b'\\x7f\\xff\\xff\\xff')",
    "a deep reply": DEEP,
    "a closed channel": "import os\ndef f(x): os.close(3)",
    "a kill of all": KILL,
}
DIED = {Verdict.runtime_error, Verdict.failed, Verdict.time_limit, Verdict.memory_limit}


@pytest.fixture(scope="module", params=BACKENDS)
def grader(request: pytest.FixtureRequest) -> Iterator[Grader]:
    if reason := probe(request.param):
        pytest.skip(f"{request.param} does not work on this machine: {reason}")
    with Grader(request.param, workers=2) as grader:
        yield grader


def task(spec: dict[str, object]) -> Task:
    reward = {"source": "unit_tests", "extraction": "raw", "time_limit_s": 5, **spec}
    return Task.model_validate({"id": "t", "prompt": "", "rewards": [reward]})


@pytest.mark.parametrize("style", STYLES)
def test_every_way_to_die_is_the_answers(grader: Grader, style: str) -> None:
    tail = "\nprint(f(1))" if style == "stdio" else ""
    answers = [code + tail for way in WAYS.values() for code in (way, RIGHT)]
    grades = grader.grade([task(STYLES[style])] * len(answers), answers)
    died = {way: (grade.verdict, grade.detail) for way, grade in zip(WAYS, grades[::2], strict=True)}
    assert {way: found for way, found in died.items() if found[0] not in DIED} == {}
    assert {(grade.verdict, grade.detail) for grade in grades[1::2]} <= {
        (Verdict.passed, None), (Verdict.passed, "inline: not sealed off from the answer"),
    }  # fmt: skip


IF_ASKED_FOR = "import os\nif f() == 'die': os._exit(1)\nassert f() == 1"


@pytest.mark.parametrize("test", [IF_ASKED_FOR, "import os\nf()\nos._exit(1)"])
def test_tests_that_end_on_an_answer_are_its_failure_and_not_the_next_ones(grader: Grader, test: str) -> None:
    judged = [task({"style": "asserts", "tests": [test]}), task({"style": "asserts", "tests": [IF_ASKED_FOR]})]
    died, honest = grader.grade(judged, ["def f(): return 'die'", "def f(): return 1"])
    assert (died.verdict, honest.verdict) == ("runtime_error", "passed")
    assert "ended" in str(died.detail)
