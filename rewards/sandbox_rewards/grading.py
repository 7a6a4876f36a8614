"""Grades for answers: each task's sources are asked, and what they say becomes one grade an answer."""

from __future__ import annotations

import inspect
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

from sandbox_tasks.task import Task

from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.registry import REWARDS, load
from sandbox_rewards.sandbox.backends import Backend
from sandbox_rewards.source import RewardItem, RewardSource
from sandbox_rewards.unit_tests import UnitTestsReward

BLOCK = 256
"""Answers that sources other than unit tests score at once in a stream of any length."""
SEALED = "unit_tests"
"""The source that streams."""


class BrokenReward(Exception):
    """A reward source did not keep the contract; names the source."""


class Grader:
    """Grades batches with warm sources. Use as a context manager: leaving it ends every sandbox worker.

    `cache`: an SQLite file that keeps grades of unit tests, made where there is none; `runtime`: docker's OCI runtime;
    `on_sandbox` is told which backend was chosen, when it is.
    """

    def __init__(
        self,
        sandbox: str = "auto",
        workers: int | None = None,
        *,
        cache: Path | None = None,
        runtime: str | None = None,
        on_sandbox: Callable[[Backend], None] | None = None,
    ) -> None:
        self._settings: dict[str, Any] = {
            "sandbox": sandbox, "workers": workers, "grade_cache": cache, "runtime": runtime, "on_sandbox": on_sandbox,
        }  # fmt: skip
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
            factory = load(REWARDS, name)
            wanted = inspect.signature(factory).parameters
            self._sources[name] = factory(**{k: v for k, v in self._settings.items() if k in wanted})
        return self._sources[name]

    def grade(self, tasks: Sequence[Task], completions: Sequence[str], on_grade: Callable[[], None] | None = None) -> list[Grade]:
        """One grade an answer, in the order given; `on_grade` is called as they come, one after another."""
        grades = []
        for grade in self.stream(zip(tasks, completions, strict=True), block=len(tasks)):
            grades.append(grade)
            if on_grade:
                on_grade()
        return grades

    def stream(self, answers: Iterable[tuple[Task, str]], block: int = BLOCK) -> Iterator[Grade]:
        """Like `grade`, for any number of answers: they are taken a block at a time, and each grade is given when it is
        there. Sources other than unit tests score one block at once.
        """
        taken: deque[_Answer] = deque()

        def turns() -> Iterator[RewardItem | None]:
            for items in self._blocks(answers, block):
                for answer in items:
                    taken.append(answer)
                    yield from (None if i in answer.scored else item for i, item in enumerate(answer.items))

        sealed = self.source(SEALED)
        assert isinstance(sealed, UnitTestsReward)
        for grade in sealed.stream(turns()):
            answer = taken[0]
            position = len(answer.grades)
            answer.grades.append(grade or answer.scored[position])
            if len(answer.grades) == len(answer.items):
                taken.popleft()
                yield combine(answer.task.id, [(i.spec.weight, g) for i, g in zip(answer.items, answer.grades, strict=True)])

    def _blocks(self, answers: Iterable[tuple[Task, str]], size: int) -> Iterator[list[_Answer]]:
        """Answers with the scores of every source but unit tests, which stream."""
        rest = iter(answers)
        while block := [_Answer(t, [RewardItem(t, s, c) for s in t.rewards]) for t, c in islice(rest, max(1, size))]:
            asked: dict[str, list[tuple[_Answer, int]]] = defaultdict(list)
            for answer in block:
                for position, item in enumerate(answer.items):
                    if item.spec.source != SEALED:
                        asked[item.spec.source].append((answer, position))
            for name, places in asked.items():
                grades = self._score(name, [answer.items[position] for answer, position in places])
                for (answer, position), grade in zip(places, grades, strict=True):
                    answer.scored[position] = grade
            yield block

    def _score(self, name: str, batch: list[RewardItem]) -> list[Grade]:
        grades = self.source(name).score(batch)
        if len(grades) != len(batch):
            raise BrokenReward(
                f"reward source {name!r} gave {len(grades)} grades for {len(batch)} answers; it must give one each, in order"
            )
        return grades


@dataclass
class _Answer:
    """An answer on its way: what each of its task's sources is to judge, and the grades that are there."""

    task: Task
    items: list[RewardItem]
    scored: dict[int, Grade] = field(default_factory=dict)
    """Grades of other sources than unit tests, by the item's position."""
    grades: list[Grade] = field(default_factory=list)
    """Grades of the first items, whoever gave them."""


def combine(task_id: str, parts: Sequence[tuple[float, Grade]]) -> Grade:
    """One grade of several sources: the weighted mean reward; no verdict of one is no verdict at all.

    The verdict and detail are those of the first source that did not pass; one that only scores tells none beside others.
    """
    if len(parts) == 1:
        return parts[0][1]
    grades = [grade for _, grade in parts]
    missing = next((g for g in grades if g.reward is None), None)
    if missing:
        return missing
    weight = sum(w for w, _ in parts)
    reward = sum(w * g.reward for w, g in parts if g.reward is not None) / weight if weight else 0.0
    telling = [g for g in grades if g.verdict is not Verdict.scored] or grades
    told = next((g for g in telling if g.verdict is not Verdict.passed), telling[0])
    return Grade(
        task_id=task_id, reward=reward, verdict=told.verdict, detail=told.detail,
        tests_passed=sum(g.tests_passed for g in grades), tests_total=sum(g.tests_total for g in grades),
        seconds=sum(g.seconds for g in grades),
    )  # fmt: skip
