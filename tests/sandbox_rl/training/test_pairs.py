"""Pairs of one task's answers: distinct on both sides, and an answer that was cut is the worse half."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_rewards.grade import Grade, Verdict
from sandbox_tasks.task import Task

from sandbox_rl.policy.generation import Sample
from sandbox_rl.training.pairs import pairs_of

TASK = Task.model_validate({"id": "t", "prompt": "p", "rewards": [{"source": "short_answers"}]})


def answer(text: str, reward: float | None, finished: bool = True) -> tuple[Sample, Grade]:
    sample = Sample([1], [2], [0.0], [0.0], finished, text, [True], (text,))
    verdict = Verdict.no_verdict if reward is None else Verdict.passed if reward == 1 else Verdict.failed
    return sample, Grade(task_id="t", reward=reward, verdict=verdict, seconds=0.0)


def test_twelve_right_and_twelve_wrong_answers_give_four_distinct_pairs() -> None:
    answers = [answer(f"right {i}", 1.0) for i in range(12)] + [answer(f"wrong {i}", 0.0) for i in range(12)]
    pairs = pairs_of(TASK, answers, 4, random.Random(0))
    assert len(pairs) == len({p.chosen for p in pairs}) == len({p.rejected for p in pairs}) == 4


def test_a_base_that_is_mostly_cut_still_gives_pairs() -> None:
    """One right, two wrong and nine cut answers of twelve: the right one and both wrong ones are better than a cut one."""
    answers = [answer("right", 1.0), answer("a", 0.0), answer("b", 0.0), *(answer(f"cut {i}", 0.0, False) for i in range(9))]
    pairs = pairs_of(TASK, answers, 4, random.Random(0))
    assert pairs[0].chosen == "right"
    assert {p.chosen for p in pairs} == {"right", "a", "b"}
    assert all(p.rejected.startswith("cut") for p in pairs if p.chosen != "right")


def test_a_cut_answer_that_passes_is_never_chosen_and_one_without_a_verdict_is_no_half() -> None:
    cut, lost = answer("cut", 1.0, finished=False), answer("lost", None)
    (pair,) = pairs_of(TASK, [cut, lost, answer("wrong", 0.0)], 4, random.Random(0))
    assert (pair.chosen, pair.rejected) == ("wrong", "cut")


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from([0.0, 0.5, 1.0]), st.booleans()), max_size=14), st.integers(1, 6))
def test_no_text_is_twice_on_a_side_and_the_chosen_half_is_better(drawn: list[tuple[int, float, bool]], limit: int) -> None:
    answers = [answer(str(text), reward, finished) for text, reward, finished in drawn]
    best = {(s.text, s.finished, g.reward) for s, g in answers}
    pairs = pairs_of(TASK, answers, limit, random.Random(0))
    assert len(pairs) <= limit
    for side in ("chosen", "rejected"):
        texts = [getattr(p, side) for p in pairs]
        assert len(set(texts)) == len(texts)
    for pair in pairs:
        assert pair.chosen != pair.rejected
        assert any(text == pair.chosen and finished for text, finished, _ in best)


@pytest.mark.parametrize(("right", "wrong", "wanted"), [(5, 2, 2), (1, 5, 1), (3, 3, 3), (6, 6, 4)])
def test_as_many_pairs_as_the_smaller_side_has_answers(right: int, wrong: int, wanted: int) -> None:
    answers = [answer(f"r{i}", 1.0) for i in range(right)] + [answer(f"w{i}", 0.0) for i in range(wrong)]
    assert len(pairs_of(TASK, answers, 4, random.Random(1))) == wanted
