"""Grades for answers: each task's sources are asked, and what they say becomes one grade an answer."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

from sandbox_tasks.task import RewardSpec, Task

from sandbox_rewards.contract import ask, make_source, naming
from sandbox_rewards.grade import Grade, Part, Verdict
from sandbox_rewards.sandbox.backends import Backend
from sandbox_rewards.source import RewardItem, RewardSource
from sandbox_rewards.unit_tests import UnitTestsReward

BLOCK = 256
"""Answers that sources other than unit tests score at once in a stream of any length."""
SEALED = "unit_tests"
"""The source that streams."""


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
        with ExitStack() as closing:  # each is closed, whatever the others do
            for name, source in self._sources.items():
                if close := getattr(source, "close", None):
                    closing.callback(naming, name, "can't be closed", close)

    def source(self, name: str) -> RewardSource:
        """The source called `name`, made once and given those of our settings that its constructor takes."""
        if name not in self._sources:
            self._sources[name] = make_source(name, self._settings)
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
                yield combine(answer.task, answer.grades)

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
                grades = ask(name, self.source(name), [answer.items[position] for answer, position in places])
                for (answer, position), grade in zip(places, grades, strict=True):
                    answer.scored[position] = grade
            yield block


@dataclass
class _Answer:
    """An answer on its way: what each of its task's sources is to judge, and the grades that are there."""

    task: Task
    items: list[RewardItem]
    scored: dict[int, Grade] = field(default_factory=dict)
    """Grades of other sources than unit tests, by the item's position."""
    grades: list[Grade] = field(default_factory=list)
    """Grades of the first items, whoever gave them."""


def combine(task: Task, grades: Sequence[Grade]) -> Grade:
    """One grade of what a task's sources said, in their order: the weighted sum of their rewards.

    Verdict, detail and counts of tests are those of the sources that judge: the first that did not pass decides. A gated
    source counts only when that verdict is `passed`. Where a judge has no verdict, or a source that counts has no reward, there
    is no verdict at all.
    """
    judges = _judges(task.rewards, grades)
    unknown = next((g for g in judges if g.reward is None), None)
    told = unknown or next((g for g in judges if g.verdict is not Verdict.passed), judges[0])
    parts = _parts(task.rewards, grades, gate_open=told.verdict is Verdict.passed)
    told = unknown or next((g for g, part in zip(grades, parts, strict=True) if part.counts and g.reward is None), told)
    reward = sum(part.weight * part.reward for part in parts if part.counts and part.reward is not None)
    return Grade(
        task_id=task.id, reward=None if told.reward is None else reward, verdict=told.verdict, detail=told.detail,
        tests_passed=sum(g.tests_passed for g in judges), tests_total=sum(g.tests_total for g in judges),
        seconds=sum(g.seconds for g in grades), parts=parts if len(parts) > 1 else (),
    )  # fmt: skip


def _judges(specs: Sequence[RewardSpec], grades: Sequence[Grade]) -> list[Grade]:
    """Grades that have a say in the verdict: not of shaping sources, and no mere scores, where there are others."""
    ungated = [(spec, grade) for spec, grade in zip(specs, grades, strict=True) if not spec.gated]
    asked = [grade for spec, grade in ungated if spec.judges] or [grade for _, grade in ungated]
    return [grade for grade in asked if grade.verdict is not Verdict.scored] or asked


def _parts(specs: Sequence[RewardSpec], grades: Sequence[Grade], *, gate_open: bool) -> tuple[Part, ...]:
    """Each source's part; the second of a name is called `name#2`."""
    seen: Counter[str] = Counter()
    parts = []
    for spec, grade in zip(specs, grades, strict=True):
        seen[spec.label] += 1
        name = spec.label if seen[spec.label] == 1 else f"{spec.label}#{seen[spec.label]}"
        counts = spec.weight != 0 and (gate_open or not spec.gated)
        parts.append(
            Part(
                name=name, reward=grade.reward, weight=spec.weight, verdict=grade.verdict, counts=counts, detail=grade.detail
            )
        )  # fmt: skip
    return tuple(parts)
