"""How often tests err: references that fail (false negatives) and wrong programs that pass (false positives), counted under load.

Programs that are known to be wrong are mutants of the reference that fail in more than half of their runs. A mutant that passes
in half of them or more is undecided: it may mean the same as the reference, or the tests may be too weak to tell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from pydantic import BaseModel, Field
from sandbox_tasks.task import Task

from sandbox_rewards.audits.suite_check import mutants_of
from sandbox_rewards.grade import Verdict
from sandbox_rewards.grading import Grader

NORMAL_95 = 1.959964
"""Of a normal distribution 95 % lie within so many standard deviations."""


class Rate(BaseModel):
    """`count` of `runs`, with its 95 % interval by Wilson's score (1927), which holds also for few runs and none counted."""

    count: int = Field(ge=0)
    runs: int = Field(ge=0)

    @property
    def value(self) -> float:
        """NaN where nothing was run."""
        return self.count / self.runs if self.runs else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Everything is possible where nothing was run."""
        if not self.runs:
            return 0.0, 1.0
        n, p, z2 = self.runs, self.value, NORMAL_95**2
        middle, half = (p + z2 / (2 * n)) / (1 + z2 / n), NORMAL_95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)


class TaskNoise(BaseModel):
    """What was found about one task."""

    task_id: str
    false_negative: Rate
    """Runs of the reference that did not pass."""
    false_positive: Rate
    """Runs of wrong mutants that passed."""
    undecided: int
    """Mutants that passed in half of their runs or more."""
    no_verdict: int
    """Runs that our machinery did not judge; they count nowhere else."""

    @property
    def worst(self) -> float:
        """The larger rate; 0 for one of which nothing is known."""
        return max((r.value for r in (self.false_negative, self.false_positive) if r.runs), default=0.0)


def measure_noise(
    tasks: Sequence[Task], grader: Grader, *, repeats: int, mutants_per_task: int = 6, on_grade: Callable[[], None] | None = None
) -> list[TaskNoise]:
    """Run the reference of each task `repeats` times, and so each of up to `mutants_per_task` mutants of it.

    All are judged at once, in rounds over all tasks, so each runs beside others, as in training. Tasks without a reference are
    left out. The grader must have no cache.
    """
    programs = [(task, 0, task.reference) for task in tasks if task.reference is not None]
    programs += [(task, n, code) for task in tasks for n, code in enumerate(mutants_of(task, mutants_per_task), 1)]
    asked = programs * repeats
    grades = grader.grade([task for task, _, _ in asked], [code for _, _, code in asked], on_grade=on_grade)
    runs: dict[tuple[str, int], list[Verdict]] = {}
    for (task, number, _), grade in zip(asked, grades, strict=True):
        runs.setdefault((task.id, number), []).append(grade.verdict)
    return [_of_task(task, {number: seen for (name, number), seen in runs.items() if name == task.id})
            for task in tasks if task.reference is not None]  # fmt: skip


def _of_task(task: Task, runs: dict[int, list[Verdict]]) -> TaskNoise:
    judged = {number: [v is Verdict.passed for v in seen if v is not Verdict.no_verdict] for number, seen in runs.items()}
    reference = judged.pop(0)
    wrong = [passed for passed in judged.values() if sum(passed) * 2 < len(passed)]
    return TaskNoise(
        task_id=task.id,
        false_negative=Rate(count=reference.count(False), runs=len(reference)),
        false_positive=Rate(count=sum(map(sum, wrong)), runs=sum(map(len, wrong))),
        undecided=sum(bool(passed) for passed in judged.values()) - len(wrong),
        no_verdict=sum(seen.count(Verdict.no_verdict) for seen in runs.values()),
    )


def flip_probability(noise: TaskNoise, pass_rate: float) -> float:
    """Chance that a pair of this task, one answer that passed and one that did not, is the wrong way round; below 0.5.

    With a and b the rates of false negatives and positives, and r the share of right answers, which answers pass at rate
    p = r (1 - a) + (1 - r) b: so r = (p - b) / (1 - a - b), kept within 0 and 1. By Bayes an answer that passed is wrong with
    (1 - r) b / p, and one that failed is right with r a / (1 - p); the pair is the wrong way round when both are.
    """
    a, b = ((rate.value if rate.runs else 0.0) for rate in (noise.false_negative, noise.false_positive))
    if a + b >= 1:
        return MOST
    right = min(1.0, max(0.0, (pass_rate - b) / (1 - a - b)))
    passing = right * (1 - a) + (1 - right) * b
    if not 0 < passing < 1:
        return 0.0
    return min(MOST, (1 - right) * b / passing * right * a / (1 - passing))


MOST = 0.49
"""From 0.5 on a pair says nothing, and robust losses divide by what is left."""
