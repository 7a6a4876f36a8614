"""Grades for answers: each task's sources are asked, and what they say becomes one grade an answer."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from sandbox_tasks.task import Task

from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.registry import load_reward
from sandbox_rewards.source import RewardItem, RewardSource


class BrokenReward(Exception):
    """A reward source did not keep the contract; names the source."""


class Grader:
    """Grades batches with warm sources. Use as a context manager: leaving it ends every sandbox worker."""

    def __init__(self, sandbox: str = "auto", workers: int | None = None) -> None:
        self._settings: dict[str, Any] = {"sandbox": sandbox, "workers": workers}
        self._sources: dict[str, RewardSource] = {}

    def __enter__(self) -> Grader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for source in self._sources.values():
            close = getattr(source, "close", None)
            if close:
                close()

    def source(self, name: str) -> RewardSource:
        """The source called `name`, made once and given those of our settings that its constructor takes."""
        if name not in self._sources:
            factory = load_reward(name)
            wanted = inspect.signature(factory).parameters
            self._sources[name] = factory(**{k: v for k, v in self._settings.items() if k in wanted})
        return self._sources[name]

    def grade(self, tasks: Sequence[Task], completions: Sequence[str], on_grade: Callable[[], None] | None = None) -> list[Grade]:
        """One grade an answer, in the order given; `on_grade` is called as unit tests finish one after another."""
        parts: list[list[tuple[float, Grade]]] = [[] for _ in tasks]
        batches: dict[str, list[tuple[int, RewardItem]]] = defaultdict(list)
        for index, (task, completion) in enumerate(zip(tasks, completions, strict=True)):
            for spec in task.rewards:
                batches[spec.source].append((index, RewardItem(task, spec, completion)))
        for name, batch in batches.items():
            grades = self._score(name, [item for _, item in batch], on_grade)
            for (index, item), grade in zip(batch, grades, strict=True):
                parts[index].append((item.spec.weight, grade))
        return [combine(task.id, part) for task, part in zip(tasks, parts, strict=True)]

    def _score(self, name: str, batch: list[RewardItem], on_grade: Callable[[], None] | None) -> list[Grade]:
        source = self.source(name)
        if on_grade and "on_grade" in inspect.signature(source.score).parameters:
            grades = source.score(batch, on_grade=on_grade)  # type: ignore[call-arg]
        else:
            grades = source.score(batch)
        if len(grades) != len(batch):
            raise BrokenReward(
                f"reward source {name!r} gave {len(grades)} grades for {len(batch)} answers; it must give one each, in order"
            )
        return grades


def combine(task_id: str, parts: Sequence[tuple[float, Grade]]) -> Grade:
    """One grade of several sources: the weighted mean reward; no verdict of one is no verdict at all.

    The verdict and detail are those of the first source that did not pass.
    """
    if len(parts) == 1:
        return parts[0][1]
    grades = [grade for _, grade in parts]
    missing = next((g for g in grades if g.reward is None), None)
    if missing:
        return missing
    weight = sum(w for w, _ in parts)
    reward = sum(w * g.reward for w, g in parts if g.reward is not None) / weight if weight else 0.0
    told = next((g for g in grades if g.verdict is not Verdict.passed), grades[0])
    return Grade(
        task_id=task_id, reward=reward, verdict=told.verdict, detail=told.detail,
        tests_passed=sum(g.tests_passed for g in grades), tests_total=sum(g.tests_total for g in grades),
        seconds=sum(g.seconds for g in grades),
    )  # fmt: skip
