"""The source `math`: 1 when a completion's marked answer equals the task's, else 0; each grade says how it was decided.

What is covered: no text of a model is executed or given to a parser of Python's; sizes are limited before anything is computed.
What is not: a proof, units of measure that convert, and answers that only a person would call the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandbox_tasks.task import MathAnswer

from sandbox_rewards.errors import RewardError
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.math.extraction import final_answer
from sandbox_rewards.math.tokens import Unreadable
from sandbox_rewards.math.tree import Node
from sandbox_rewards.source import RewardItem


class UnreadableGold(RewardError):
    """A task's own answer can't be parsed: the task's error, never the policy's."""


class MathReward:
    """Grades answers to mathematical questions."""

    def __init__(self) -> None:
        self._golds: dict[str, Node] = {}

    def score(self, batch: Sequence[RewardItem]) -> list[Grade]:
        return [self._grade(item) for item in batch]

    def _grade(self, item: RewardItem) -> Grade:
        assert isinstance(item.spec, MathAnswer)
        gold = self._gold(item)
        found = final_answer(item.completion)
        if found is None:
            return _told(item, Verdict.no_answer, "no answer is marked: \\boxed{}, ####, <answer>, 'the answer is', or bold")
        right, why = compared(gold, item.spec.answer, found.text)
        return _told(item, Verdict.passed if right else Verdict.failed, f"{found.how}: {found.text[:80]!r}, {why}")

    def _gold(self, item: RewardItem) -> Node:
        from sandbox_rewards.math.parser import parse

        assert isinstance(item.spec, MathAnswer)
        answer = item.spec.answer
        if answer not in self._golds:
            try:
                self._golds[answer] = parse(answer)
            except Unreadable as error:
                raise UnreadableGold(
                    f"task {item.task.id!r}: its answer {answer!r} can't be read ({error}); write it otherwise."
                ) from None
        return self._golds[answer]


def compared(gold: Node, gold_text: str, answer: str) -> tuple[bool, str]:
    """Whether an answer equals the gold one, and how that was decided."""
    if _letters(gold_text) == _letters(answer):
        return True, "the same text"
    from sandbox_rewards.math.equality import equal
    from sandbox_rewards.math.parser import parse

    try:
        read = parse(answer)
    except Unreadable as error:
        return False, f"not readable ({error})"
    kind = type(read).__name__.lower()
    try:
        return equal(gold, read), kind
    except (Unreadable, RecursionError) as error:
        return False, f"{kind}, not computable ({error})"


def _letters(text: str) -> str:
    return " ".join(text.split()).strip("$. ")


def _told(item: RewardItem, verdict: Verdict, detail: str) -> Grade:
    passed = verdict is Verdict.passed
    return Grade(
        task_id=item.task.id, reward=float(passed), verdict=verdict, tests_passed=int(passed), tests_total=1, detail=detail[:300]
    )
