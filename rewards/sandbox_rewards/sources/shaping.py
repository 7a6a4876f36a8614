"""Sources that look at an answer's form: `format`, `length`, `repetition`. They shape the reward and never judge.

What is covered: no answer can hold the grader up; a pattern that takes longer than `PATTERN_S` has not matched.
What is not: whether an answer is right. A model that is paid for form alone learns form alone: gate these, or keep them small.
"""

from __future__ import annotations

from collections.abc import Sequence

import regex
from sandbox_tasks.task import Format, Length, Repetition

from sandbox_rewards.answers.markdown import fenced_blocks
from sandbox_rewards.answers.spoken import spoken, thinks_first
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.math.extraction import boxed
from sandbox_rewards.source import RewardItem

PATTERN_S = 1.0
"""Seconds that a pattern gets for one answer."""


class FormatReward:
    """1 for an answer that has the form asked for, else 0, with the first thing that is missing as its detail."""

    def score(self, batch: Sequence[RewardItem]) -> list[Grade]:
        return [_formed(item) for item in batch]


class LengthReward:
    """From 0 to -1, as an answer becomes too long."""

    def score(self, batch: Sequence[RewardItem]) -> list[Grade]:
        return [_penalised(item, overlong(item)) for item in batch]


class RepetitionReward:
    """From 0 to -1, as an answer says again what it has said."""

    def score(self, batch: Sequence[RewardItem]) -> list[Grade]:
        return [_penalised(item, -_repeated(item)) for item in batch]


def _formed(item: RewardItem) -> Grade:
    assert isinstance(item.spec, Format)
    problem = next((f"no {need.replace('_', ' ')}" for need in item.spec.needs if not _HAS[need](item.completion)), None)
    problem = problem or (_mismatch(item.spec.pattern, item.completion) if item.spec.pattern is not None else None)
    verdict = Verdict.failed if problem else Verdict.passed
    return Grade(task_id=item.task.id, reward=float(problem is None), verdict=verdict, detail=problem)


def _mismatch(pattern: str, text: str) -> str | None:
    """Why the whole of `text` does not match, or None when it does."""
    try:
        found = regex.fullmatch(pattern, text, flags=regex.DOTALL, timeout=PATTERN_S)
    except TimeoutError:
        return f"the pattern found no match within {PATTERN_S:g} s"
    return None if found else "does not match the pattern"


_HAS = {
    "code_block": lambda text: any(block.closed for block in fenced_blocks(spoken(text))),
    "boxed": lambda text: boxed(spoken(text)) is not None,
    "thinking": thinks_first,
}


def overlong(item: RewardItem) -> float:
    """DAPO's soft overlong punishment (arXiv:2503.14476, eq. 13) of an answer's length in characters."""
    assert isinstance(item.spec, Length)
    most, buffer = item.spec.max_characters, item.spec.buffer_characters
    return -min(1.0, max(0, len(item.completion) - (most - buffer)) / buffer)


def _repeated(item: RewardItem) -> float:
    assert isinstance(item.spec, Repetition)
    return repeated(item.completion, item.spec.ngram_words)


def repeated(text: str, ngram: int = 4) -> float:
    """Share of a text's runs of `ngram` words that stood there before; 0 for a text that is too short for two."""
    words = text.split()
    runs = [tuple(words[i : i + ngram]) for i in range(len(words) - ngram + 1)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def _penalised(item: RewardItem, reward: float) -> Grade:
    return Grade(task_id=item.task.id, reward=reward + 0.0, verdict=Verdict.scored)  # + 0.0: never -0.0
