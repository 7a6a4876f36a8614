"""Repair of code: a failing test comes back as the next turn, and the last turn is the answer.

What the model is told comes from the environment's own `tests` where the task names some (examples that it may know), else from
the tests that judge it: then it sees one of those a turn, as it was written, and may learn to answer that one by heart. Rewards
judge the last turn alone, with the task's own tests.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandbox_tasks.task import RepairSpec, Task, UnitTests

from sandbox_rewards.environment import Conversation
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.grading import Grader


class Repair:
    """Grades each turn, and says what failed."""

    def __init__(self, grader: Grader) -> None:
        self._grader = grader

    def replies(self, conversations: Sequence[Conversation]) -> list[str | None]:
        """None for an answer that passes, and for one that could not be judged: what is told would be no fact."""
        tasks = [_as_shown(conversation.task) for conversation in conversations]
        answers = [conversation.turns[-1] for conversation in conversations]
        grades = self._grader.grade(tasks, answers)
        wrong = [place for place, grade in enumerate(grades) if grade.verdict not in (Verdict.passed, Verdict.no_verdict)]
        asked = [(place, test, only) for place in wrong for test, only in _one_by_one(tasks[place])]
        found = self._grader.grade([only for _, _, only in asked], [answers[place] for place, _, _ in asked])
        replies: list[str | None] = [None] * len(tasks)
        for place in wrong:
            replies[place] = _feedback(tasks[place], "", grades[place])
        for (place, test, only), grade in reversed(list(zip(asked, found, strict=True))):
            if grade.verdict not in (Verdict.passed, Verdict.no_verdict):
                replies[place] = _feedback(only, test, grade)  # in the end that of the first test that fails
        return replies

    def outcome(self, conversation: Conversation) -> str:
        return conversation.turns[-1]


def _as_shown(task: Task) -> Task:
    """The task with the tests that the model is told of."""
    assert isinstance(task.environment, RepairSpec)
    if not task.environment.tests:
        return task
    rewards = tuple(
        spec.model_copy(update={"tests": task.environment.tests}) if isinstance(spec, UnitTests) else spec
        for spec in task.rewards
    )
    return task.model_copy(update={"rewards": rewards})


def _one_by_one(task: Task) -> list[tuple[str, Task]]:
    """Each assert, and the task with that one alone; nothing for other styles, whose verdict has to do."""
    spec = next((spec for spec in task.rewards if isinstance(spec, UnitTests) and spec.style == "asserts"), None)
    tests = spec.tests if spec else ()
    return [
        (test, task.model_copy(update={"rewards": (spec.model_copy(update={"tests": (test,)}),)})) for test in tests if spec
    ]  # fmt: skip


def _feedback(task: Task, failing: str, grade: Grade) -> str:
    assert isinstance(task.environment, RepairSpec)
    said = " ".join((grade.detail or "").split())
    told = "" if said in " ".join(failing.split()) else said  # a bare assert's detail is its text
    lines = [f"{grade.verdict.value}: {failing}" if failing else grade.verdict.value, told]
    return "\n".join(line for line in lines if line)[: task.environment.longest]
