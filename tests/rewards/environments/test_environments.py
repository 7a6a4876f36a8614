"""Environments reply as their scripts say, and what they put to the rewards can't be forged by the model's own words."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_rewards.environment import Conversation
from sandbox_rewards.environments.calculator import value_of
from sandbox_rewards.environments.dispatch import Environments, most_turns
from sandbox_rewards.grade import Verdict
from sandbox_rewards.grading import Grader
from sandbox_rewards.registry import UnknownReward
from sandbox_tasks.task import EnvironmentSpec, NegotiationSpec, RepairSpec, Task, UnitTests

TESTS = ("assert double(2) == 4", "assert double(0) == 0", "assert double(-3) == -6")


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with Grader("namespaces") as grader:
        yield grader


@pytest.fixture(scope="module")
def environments(grader: Grader) -> Environments:
    return Environments(grader)


def a_repair(**settings: object) -> Task:
    tests = UnitTests(style="asserts", entry_point="double", tests=TESTS)
    return Task(id="double", prompt="Double it.", rewards=(tests,), environment=RepairSpec.model_validate(settings))


def a_sale(turns: int = 4) -> Task:
    terms = NegotiationSpec(value=16, ask=20, floor=10)
    return Task(id="sale", prompt="buy", rewards=(terms,), environment=EnvironmentSpec(name="negotiation", turns=turns))


def test_a_failing_test_comes_back_and_a_passing_answer_ends_it(environments: Environments) -> None:
    wrong, right, broken = "def double(x): return x * x", "def double(x): return x + x", "def double(x): return y"
    told = environments.replies([Conversation(a_repair(), (code,)) for code in (wrong, right, broken, "def double(x): return 0")])
    assert (told[3] or "").startswith("failed: assert double(2) == 4")  # the first that fails, though a later one passes
    assert told[0] is not None
    assert told[0].startswith("failed: assert double(-3) == -6")
    assert told[1] is None
    assert told[2] is not None
    assert "assert double(2) == 4" in told[2]
    assert "NameError" in told[2]


def test_the_model_is_told_of_its_examples_alone_and_judged_by_the_other_tests(
    environments: Environments, grader: Grader
) -> None:  # fmt: skip
    task = a_repair(tests=("assert double(1) == 2",))
    by_heart = "def double(x): return 2 if x == 1 else 0"
    (first,) = environments.replies([Conversation(task, ("def double(x): return x",))])
    assert (first or "").startswith("failed: assert double(1) == 2")
    assert not any(test in (first or "") for test in TESTS)
    assert environments.replies([Conversation(task, (by_heart,))]) == [None]
    (grade,) = grader.grade([task], [environments.outcome(Conversation(task, ("nonsense", by_heart), ("failed",)))])
    assert grade.verdict is Verdict.failed


def test_what_is_told_is_cut_and_a_conversation_has_its_turns(environments: Environments) -> None:
    task = a_repair(longest=20, turns=3)
    wrong = "def double(x): return x * x"
    (told,) = environments.replies([Conversation(task, (wrong,))])
    assert told == "failed: assert doubl"
    assert environments.replies([Conversation(task, (wrong,) * 3, (told,) * 2)]) == [None]
    assert most_turns([task, a_sale(4), task.model_copy(update={"environment": None})]) == 4


def replay(environments: Environments, turns: list[str]) -> list[str | None]:
    """The replies to each of a buyer's turns."""
    replies: list[str | None] = []
    for count in range(1, len(turns) + 1):
        said = tuple(reply or "" for reply in replies)
        replies += environments.replies([Conversation(a_sale(), tuple(turns[:count]), said)])
    return replies


def test_the_seller_comes_down_as_the_buyer_goes_up(environments: Environments) -> None:
    assert replay(environments, ["offer 8", "offer 12", "offer 13", "accept"]) == ["ask 19", "ask 15", "ask 14", None]
    assert replay(environments, ["offer 9", "offer 14"]) == ["ask 19", None]  # it goes to 14, and there they meet
    assert replay(environments, ["please", "walk"]) == ["ask 20", None]
    assert replay(environments, ["offer 1", "offer 9", "offer 9", "offer 9"]) == ["ask 19", "ask 11", "ask 10", None]


@pytest.mark.parametrize(
    ("turns", "reward"),
    [
        (["offer 8", "offer 13", "accept"], (16 - 14) / 6),
        (["offer 9", "offer 14"], (16 - 14) / 6),
        (["accept"], (16 - 20) / 6),
        (["offer 25"], (16 - 25) / 6),
        (["walk"], 0.0),
        (["offer 9"], 0.0),
        (["offer 9\nask 2", "accept"], (16 - 20) / 6),  # a seller's line of the buyer's own is no move
        (["walk", "offer 20"], 0.0),
        (["please"] * 4 + ["accept"], 0.0),  # a fifth turn of four
    ],
)
def test_the_share_of_the_gain_is_paid(grader: Grader, environments: Environments, turns: list[str], reward: float) -> None:
    outcome = environments.outcome(Conversation(a_sale(), tuple(turns), ("ask 1",) * (len(turns) - 1)))
    (grade,) = grader.grade([a_sale()], [outcome])
    assert grade.reward == pytest.approx(reward)
    assert (grade.verdict is Verdict.passed) == (reward >= 0.5)


@given(st.lists(st.sampled_from(["accept", "walk", "x"]) | st.integers(0, 30).map("offer {}".format), min_size=1, max_size=4))
def test_no_price_is_below_the_floor(turns: list[str]) -> None:
    with Grader("namespaces") as grader:
        (grade,) = grader.grade([a_sale()], [json.dumps(turns)])
    assert grade.reward is not None
    assert grade.reward <= 1


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("12 * 7 / 4", "21"), ("1/3 + 1/6", "1/2"), ("2^10", "1024"), ("sqrt(2)", "1.41421356237"), ("-5 + 2", "-3"),
        ("1/0", "no value"), ("9^9^9^9", "no value"), ("__import__('os').system('true')", "no value"),
        ("10^150 * 10^100", "no value"),
        ("x" * 300, "no value"), ("", "no value"),
    ],
)  # fmt: skip
def test_the_calculator_gives_values_and_runs_nothing(expression: str, value: str) -> None:
    assert value_of(expression).startswith(value)


def test_a_turn_that_ends_in_a_calculation_gets_its_value_back(environments: Environments) -> None:
    task = a_sale().model_copy(update={"environment": EnvironmentSpec(name="calculator", turns=3)})
    turns = ["First <calc>3 * 4</calc>\n", "<calc>3 * 4</calc> is 12, so \\boxed{12}"]
    assert environments.replies([Conversation(task, (turn,)) for turn in turns]) == ["12", None]


def test_an_environment_that_is_not_installed_is_named(environments: Environments) -> None:
    task = a_sale().model_copy(update={"environment": EnvironmentSpec(name="negotiatoin")})
    with pytest.raises(UnknownReward, match="no environment is called 'negotiatoin'; did you mean 'negotiation'"):
        environments.replies([Conversation(task, ("x",))])
