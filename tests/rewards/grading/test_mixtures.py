"""Several sources in a task: sums and gates worked by hand, credit for a share of the tests, and the parts of every grade."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sandbox_rewards.audits.red_team import red_team
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.grading.grader import Grader, combine
from sandbox_rewards.sources.cache import GradeCache, grade_key
from sandbox_tasks.canary import canary_of
from sandbox_tasks.task import Task, UnitTests

TESTS = {"source": "unit_tests", "style": "asserts", "tests": ["assert f(1) == 2"]}
FORMAT = {"source": "format", "needs": ["code_block"]}
LENGTH = {"source": "length", "max_characters": 20, "buffer_characters": 10}


def task(*rewards: dict[str, Any]) -> Task:
    return Task.model_validate({"id": "t", "prompt": "", "rewards": rewards})


def said(reward: float | None, verdict: str = "passed", **more: Any) -> Grade:
    return Grade(task_id="t", reward=reward, verdict=Verdict(verdict), **more)


def no_verdict() -> Grade:
    return said(None, "no_verdict", detail="lost")


# -- sums ------------------------------------------------------------------------------------------------------------------


def test_a_weighted_sum_by_hand() -> None:
    one = task(TESTS, {**FORMAT, "weight": 0.2}, {**LENGTH, "weight": 0.5})
    right = combine(one, [said(1.0, tests_passed=1, tests_total=1), said(1.0), said(-0.4)])
    assert right.reward == pytest.approx(1.0)  # 1 + .2 * 1 - .5 * .4
    assert (right.verdict, right.tests_passed, right.tests_total) == ("passed", 1, 1)
    wrong = combine(one, [said(0.0, "failed", detail="no"), said(1.0), said(-1.0)])
    assert wrong.reward == pytest.approx(-0.3)  # 0 + .2 - .5
    assert (wrong.verdict, wrong.detail) == ("failed", "no")


def test_one_source_is_weighted_too_and_has_no_parts() -> None:
    found = combine(task({**TESTS, "weight": 0.5}), [said(1.0)])
    assert (found.reward, found.parts) == (0.5, ())
    assert "parts" not in json.loads(found.model_dump_json())


def test_the_parts_say_what_each_source_said() -> None:
    one = task(TESTS, {**TESTS, "weight": 2}, {**LENGTH, "gated": True}, {"source": "python", "function": "m:f", "weight": 0})
    found = combine(one, [said(1.0), said(0.0, "failed", detail="no"), said(-0.5), said(7.0)])
    assert [(p.name, p.reward, p.weight, p.verdict, p.counts, p.detail) for p in found.parts] == [
        ("unit_tests", 1.0, 1.0, "passed", True, None),
        ("unit_tests#2", 0.0, 2.0, "failed", True, "no"),
        ("length", -0.5, 1.0, "passed", False, None),  # the gate is shut; a grade given all the same only shows
        ("m:f", 7.0, 0.0, "passed", False, None),  # only shown
    ]
    assert found.reward == 1.0
    assert Grade.model_validate_json(found.model_dump_json()) == found


# -- gates and verdicts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tests", "format_", "reward", "verdict"),
    [
        (said(1.0), said(1.0), 1.3, "passed"),  # 1 + .3
        (said(1.0), said(0.0, "failed"), 1.0, "passed"),
        (said(0.0, "failed"), None, 0.0, "failed"),  # nothing for form alone
        (said(0.5, "failed"), None, 0.5, "failed"),  # part of the tests opens no gate
        (said(1.0), no_verdict(), None, "no_verdict"),
        (no_verdict(), None, None, "no_verdict"),
    ],
)
def test_a_gate_opens_when_the_tests_pass(tests: Grade, format_: Grade | None, reward: float | None, verdict: str) -> None:
    found = combine(task(TESTS, {**FORMAT, "weight": 0.3, "gated": True}), [tests, format_])
    assert found.reward == pytest.approx(reward)
    assert found.verdict == verdict
    part = found.parts[1]
    if format_:
        assert (part.reward, part.verdict, part.counts) == (format_.reward, format_.verdict, True)
    else:
        assert (part.reward, part.verdict, part.counts, part.detail) == (None, None, False, "not asked: the gate is shut")
        assert found.part_rewards() == {"unit_tests": tests.reward}


JUDGES = """
asked = []
def gate(task, completion):
    if "lost" in completion:
        from sandbox_rewards.grade import Grade, Verdict
        return Grade(task_id=task.id, reward=None, verdict=Verdict.no_verdict, detail="lost")
    return completion.startswith("right")
def taste(task, completion):
    asked.append((task.id, completion))
    return len(completion)
"""
GATE = {"source": "python", "function": "judges_of_gates:gate"}
TASTE = {"source": "python", "function": "judges_of_gates:taste"}


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Task and completion of each time that `taste` was asked."""
    (tmp_path / "judges_of_gates.py").write_text(JUDGES)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "judges_of_gates", raising=False)
    return importlib.import_module("judges_of_gates").asked  # type: ignore[no-any-return]


ANSWERS = ["right 1", "wrong", "right", "lost", "right 22", "wrong 2", "right 333"]


@pytest.mark.parametrize("block", [1, 2, 3, 256])
def test_only_answers_whose_gate_is_open_are_asked_about(asked: list[tuple[str, str]], block: int) -> None:
    gated = task(GATE, {**TASTE, "gated": True, "weight": 0.1})
    plain = gated.model_copy(update={"id": "plain", "rewards": gated.rewards[:1]})
    tasks = [plain if answer == "right" else gated for answer in ANSWERS]
    with Grader("local") as grader:
        grades = list(grader.stream(zip(tasks, ANSWERS, strict=True), block=block))
    assert asked == [("t", "right 1"), ("t", "right 22"), ("t", "right 333")]
    assert [(g.reward, g.verdict) for g in grades] == [
        (pytest.approx(1.7), "passed"), (0.0, "failed"), (1.0, "passed"), (None, "no_verdict"), (pytest.approx(1.8), "passed"),
        (0.0, "failed"), (pytest.approx(1.9), "passed"),
    ]  # fmt: skip
    assert [[part.verdict for part in g.parts] for g in grades] == [
        ["passed", "scored"], ["failed", None], [], ["no_verdict", None], ["passed", "scored"], ["failed", None],
        ["passed", "scored"],
    ]  # fmt: skip


def test_tests_in_the_sandbox_open_gates_and_may_be_gated_themselves(asked: list[tuple[str, str]]) -> None:
    hard = {**TESTS, "tests": ["assert f(9) == 10"], "gated": True}
    one = task(hard, TESTS, {**TASTE, "gated": True, "weight": 0})
    answers = ["def f(x): return 2", "def f(x): return x", "def f(x): return x + 1"]
    with Grader("local", workers=2) as grader:
        grades = grader.grade([one] * 3, answers)
    assert [(g.reward, g.verdict, g.tests_total) for g in grades] == [(1.0, "passed", 1), (0.0, "failed", 1), (2.0, "passed", 1)]
    assert [[(p.name, p.reward) for p in g.parts[:2]] for g in grades] == [
        [("unit_tests", 0.0), ("unit_tests#2", 1.0)],
        [("unit_tests", None), ("unit_tests#2", 0.0)],
        [("unit_tests", 1.0), ("unit_tests#2", 1.0)],
    ]
    assert asked == [("t", answers[0]), ("t", answers[2])]


def test_grades_that_wait_for_no_gate_come_as_they_are_there(asked: list[tuple[str, str]]) -> None:
    """A stream that is broken off has given what was ready, also behind an answer whose gate stayed shut."""
    gated = task(GATE, {**TASTE, "gated": True})
    with Grader("local") as grader:
        stream = grader.stream(((gated, answer) for answer in ["wrong", "wrong", "right", "right"]), block=4)
        assert [next(stream).verdict for _ in range(2)] == ["failed", "failed"]
        assert asked == []
        assert [grade.reward for grade in stream] == [6.0, 6.0]  # 1 + the length of "right"


def test_every_judge_has_to_pass_before_a_gate_opens() -> None:
    one = task(TESTS, {"source": "math", "answer": "7"}, {**FORMAT, "gated": True})
    assert combine(one, [said(1.0), said(0.0, "failed"), None]).reward == 1.0
    assert combine(one, [said(1.0), said(1.0), said(1.0)]).reward == 3.0


def test_sources_that_shape_have_no_say_in_the_verdict() -> None:
    one = task(FORMAT, TESTS)
    assert combine(one, [said(0.0, "failed"), said(1.0)]).verdict == "passed"
    assert combine(one, [said(1.0), said(0.0, "time_limit")]).verdict == "time_limit"
    assert combine(task(FORMAT, LENGTH), [said(0.0, "failed"), said(0.0, "scored")]).verdict == "failed"  # there is no other


def test_a_score_judges_nothing_and_opens_no_gate() -> None:
    score = {"source": "reward_model", "model": "m"}
    assert combine(task(score, TESTS), [said(-3.0, "scored"), said(1.0)]).verdict == "passed"
    alone = combine(task(score, {**FORMAT, "gated": True}), [said(2.0, "scored"), None])
    assert (alone.reward, alone.verdict) == (2.0, "scored")


SHAPING = st.sampled_from([FORMAT, LENGTH, {"source": "repetition"}])
WEIGHT = st.floats(0, 5, width=16)
REWARD = st.floats(-1, 1, width=16)


VERDICT = st.sampled_from(["passed", "failed", "time_limit"])


@given(st.lists(st.tuples(SHAPING, WEIGHT, st.booleans(), REWARD), max_size=4), VERDICT)
def test_a_grade_is_its_counting_parts_and_the_judges_verdict(
    shaping: list[tuple[dict[str, Any], float, bool, float]], verdict: str
) -> None:
    specs = [{**spec, "weight": weight, "gated": gated} for spec, weight, gated, _ in shaping]
    one = task(TESTS, *specs)
    told = said(float(verdict == "passed"), verdict)
    shut = verdict != "passed"
    found = combine(one, [told, *(None if gated and shut else said(reward) for _, _, gated, reward in shaping)])
    naive = told.reward or 0.0
    for _, weight, gated, reward in shaping:
        naive += 0.0 if gated and shut else weight * reward
    assert found.verdict == verdict
    assert found.reward == pytest.approx(naive)
    if found.parts:
        assert found.reward == pytest.approx(sum(p.weight * (p.reward or 0.0) for p in found.parts if p.counts))


@pytest.mark.parametrize(
    ("rewards", "wanted"),
    [
        ([{**TESTS, "weight": 0}, {**FORMAT, "weight": 0}], "every weight in `rewards` is 0"),
        ([{**TESTS, "weight": -1}], "greater than or equal to 0"),
        ([TESTS, {**LENGTH, "weight": -0.1}], "greater than or equal to 0"),  # would pay for length
        ([{**FORMAT, "gated": True}], "source 'format' is gated, but no other source judges"),
        ([{**FORMAT, "gated": True}, LENGTH], "source 'format' is gated, but no other source judges"),
        ([{**TESTS, "weight": float("nan")}], "finite"),
        ([{**TESTS, "style": "check", "entry_point": "f", "credit": "share"}], "style 'check' is one test"),
        ([{**TESTS, "isolation": "inline", "credit": "share"}], "the answer's own word"),
        ([{"source": "format"}], "asks for nothing"),
        ([{"source": "format", "pattern": "("}], "is not a regular expression"),
        ([{"source": "length", "max_characters": 5, "buffer_characters": 6}], "more than max_characters"),
        ([{"source": "http", "url": "localhost:8000"}], "an address like"),
        ([{"source": "http", "url": "http://user@host/"}], "an address like"),
        ([{"source": "python", "function": "module"}], "'package.module:function' is needed"),
        ([{**TESTS, "gate": True}], "Extra inputs"),
    ],
)
def test_rewards_that_make_no_sense_are_refused(rewards: list[dict[str, Any]], wanted: str) -> None:
    with pytest.raises(ValidationError, match=wanted.replace("(", r"\(")):
        task(*rewards)


def test_a_source_whose_sign_only_its_author_knows_may_weigh_less_than_nothing() -> None:
    found = combine(task(TESTS, {"source": "toxicity", "weight": -0.5}), [said(1.0), said(0.4)])
    assert found.reward == pytest.approx(0.8)  # 1 - .5 * .4


# -- credit for a share of the tests ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with Grader("local", workers=1) as grader:
        yield grader


def shared(*tests: str, **spec: Any) -> Task:
    return task({"source": "unit_tests", "style": "asserts", "tests": tests, "credit": "share", "time_limit_s": 2, **spec})


FOUR = ("assert f(1) == 1", "assert f(2) == 2", "assert f(3) == 3", "assert f(4) == 4")
PYTEST = "import pytest\nfrom solution import f\n" + "".join(f"def test_{i}():\n    {test}\n" for i, test in enumerate(FOUR))
DIES = "import os\ndef f(x):\n    if x == 3: os._exit(0)\n    return x"


@pytest.mark.parametrize("style", ["asserts", "pytest"])
@pytest.mark.parametrize(
    ("answer", "reward", "verdict"),
    [
        ("def f(x): return x", 1.0, "passed"),
        ("def f(x): return x if x != 2 else 0", 0.75, "failed"),
        ("def f(x): return x if x > 2 else 1 / 0", 0.5, "runtime_error"),  # the tests after the first failure count
        ("def f(x): return 0", 0.0, "failed"),
        ("def f(x", 0.0, "syntax_error"),
    ],
)
def test_reward_is_the_share_of_tests_that_passed(
    grader: Grader, style: str, answer: str, reward: float, verdict: str
) -> None:
    one = shared(*(FOUR if style == "asserts" else [PYTEST]), style=style)
    grade = grader.grade([one], [answer])[0]
    assert (grade.reward, grade.verdict) == (reward, verdict)


def test_an_answer_that_ends_keeps_what_had_passed_and_no_more(grader: Grader) -> None:
    grade = grader.grade([shared(*FOUR)], [DIES])[0]
    assert grade.verdict != "passed"
    assert (grade.tests_passed, grade.reward) == (2, 0.5)


@pytest.mark.parametrize("style", ["asserts", "pytest"])
def test_a_test_that_catches_the_loss_of_an_answer_has_not_passed(grader: Grader, style: str) -> None:
    """`pytest.raises(BaseException)` would be met by every answer that kills its process."""
    catching = [f"try:\n    f({n})\nexcept BaseException: pass\nelse: assert False" for n in range(3)]
    module = "import pytest\nfrom solution import f\n" + "".join(
        f"def test_{n}():\n    with pytest.raises(BaseException): f({n})\n" for n in range(3)
    )
    one = shared(*(catching if style == "asserts" else [module]), style=style)
    grade = grader.grade([one], ["import os\ndef f(x): os._exit(0)"])[0]
    assert (grade.tests_passed, grade.reward) == (0, 0.0)


def test_what_does_not_pass_never_earns_all(grader: Grader) -> None:
    """Every test passed, then the module's own teardown did not: 3 of 4 at most, and nothing where there is one test."""
    fixture = "@pytest.fixture(autouse=True, scope='session')\ndef late():\n    yield\n    assert f(9) == 9\n"
    module = f"import pytest\nfrom solution import f\n{fixture}"
    tests = "".join(f"def test_{i}():\n    {test}\n" for i, test in enumerate(FOUR))
    grade = grader.grade([shared(module + tests, style="pytest")], ["def f(x): return x if x < 9 else 0"])[0]
    assert grade.verdict == "failed"
    assert grade.reward == pytest.approx(0.75)


CASES = [{"stdin": str(n), "stdout": str(n)} for n in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("answer", "credit", "passed", "verdict", "detail"),
    [
        ("n = int(input())\nprint(n if n != 1 else 0)", "share", 3, "failed", "case 1:"),
        ("n = int(input())\nprint(n if n != 1 else 0)", "all", 0, "failed", "case 1:"),
        ("n = int(input())\nprint(n if n != 2 else 1 / 0)", "share", 3, "runtime_error", "case 2:"),
        ("n = int(input())\nwhile n == 1: pass\nprint(n)", "share", 3, "time_limit", "case 1:"),
        ("n = int(input())\nwhile n < 4: pass\nprint(n)", "share", 0, "time_limit", "case 1:"),  # case 4 is not run any more
        ("print(", "share", 0, "syntax_error", ""),
    ],
)
def test_a_programs_cases_go_on_after_one_that_fails(
    grader: Grader, answer: str, credit: str, passed: int, verdict: str, detail: str
) -> None:
    one = task(
        {"source": "unit_tests", "style": "stdio", "cases": CASES, "credit": credit, "time_limit_s": 0.3}
    )
    grade = grader.grade([one], [answer])[0]
    assert (grade.tests_passed, grade.verdict) == (passed, verdict)
    assert grade.reward == (passed / 4 if credit == "share" else 0.0)
    assert str(grade.detail).startswith(detail)


def test_a_share_that_load_may_have_lowered_is_not_kept(tmp_path: Path) -> None:
    """Case 1 fails and case 2 is late: the verdict is `failed`, and yet another run may count more cases."""
    answer = "n = int(input())\nwhile n == 2: pass\nprint(n if n != 1 else 0)"
    one = task({"source": "unit_tests", "style": "stdio", "cases": CASES, "credit": "share", "time_limit_s": 0.3})
    file = tmp_path / "cache.sqlite"
    with Grader("local", workers=1, cache=file) as grader:
        late, wrong = grader.grade([one, one], [answer, "print(4)"])
        fingerprint = grader.source("unit_tests").pool.backend.fingerprint()  # type: ignore[attr-defined]
    assert (late.verdict, late.tests_passed, wrong.tests_passed) == ("failed", 2, 1)
    (spec,) = one.rewards
    assert isinstance(spec, UnitTests)
    cache = GradeCache(file)
    assert cache.get(grade_key(spec, answer, fingerprint)) is None
    assert cache.get(grade_key(spec, "print(4)", fingerprint)) is not None


def test_weight_and_gate_are_no_part_of_what_a_verdict_depends_on() -> None:
    specs = [task(FORMAT, TESTS, {**TESTS, "weight": 0.5, "gated": True}).rewards[i] for i in (1, 2)]
    one, other = (grade_key(spec, "", "") for spec in specs if isinstance(spec, UnitTests))
    assert one == other


def test_a_canary_pays_all_or_nothing_and_a_share_is_no_cheat(grader: Grader) -> None:
    one = shared(*FOUR, weight=0.25)
    canary = canary_of(task(TESTS, {**shared(*FOUR).rewards[0].model_dump(), "weight": 0.25, "gated": True}))
    assert canary is not None
    assert [(s.weight, s.gated, s.credit) for s in canary.rewards if isinstance(s, UnitTests)] == [(1.0, False, "all")] * 2
    found = red_team([one.model_copy(update={"prompt": "f(1) == 1"})], grader)
    assert found.earned == []
    assert found.constants == {}  # `return 1` passes one test of four, not the tests


def test_the_pages_mixture_is_one() -> None:
    page = (Path(__file__).parents[3] / "docs" / "rewards.md").read_text()
    shown = re.search(r"## Mix rewards.*?```json\n(.*?)```", page, re.DOTALL)
    assert shown
    found = combine(task(*json.loads(shown[1])), [said(1.0), said(1.0), said(-0.5, "scored")])
    assert found.reward == pytest.approx(0.85)  # 1 + .1 - .5 * .5


# -- where parts are kept and shown -----------------------------------------------------------------------------------------


def test_the_grade_command_writes_parts(tmp_path: Path) -> None:
    rewards = [{**TESTS, "tests": ["assert f(1) == 2"]}, {**FORMAT, "weight": 0.5, "gated": True}]
    (tmp_path / "tasks.jsonl").write_text(json.dumps({"id": "t", "prompt": "", "rewards": rewards}))
    answers = ["def f(x): return 2", "```python\ndef f(x): return 2\n```", "```python\ndef f(x): return 3\n```"]
    lines = [json.dumps({"task_id": "t", "completion": answer}) for answer in answers]
    (tmp_path / "answers.jsonl").write_text("\n".join(lines))
    command = ["grade", "tasks.jsonl", "answers.jsonl", "--out", "g.jsonl", "--sandbox", "local"]
    command = [sys.executable, "-m", "sandbox_rl", *command]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    grades = [json.loads(line) for line in (tmp_path / "g.jsonl").read_text().splitlines()]
    assert [(g["reward"], g["verdict"]) for g in grades] == [(1.0, "passed"), (1.5, "passed"), (0.0, "failed")]
    assert [[(p["name"], p["reward"], p["counts"]) for p in g["parts"]] for g in grades] == [
        [("unit_tests", 1.0, True), ("format", 0.0, True)],
        [("unit_tests", 1.0, True), ("format", 1.0, True)],
        [("unit_tests", 0.0, True), ("format", None, False)],
    ]
    assert grades[0]["parts"][1]["detail"] == "no code block"
