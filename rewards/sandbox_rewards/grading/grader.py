"""Grades for answers: each task's sources are asked, and what they say becomes one grade an answer."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

from sandbox_tasks.task import RewardSpec, Task

from sandbox_rewards.contract import ask_each, make_source, naming
from sandbox_rewards.errors import UnreadableGold
from sandbox_rewards.grade import Grade, Part, Verdict
from sandbox_rewards.grading.extracted import extracted
from sandbox_rewards.sandbox.backends import Backend
from sandbox_rewards.source import RewardItem, RewardSource
from sandbox_rewards.sources.unit_tests import UnitTestsReward

BLOCK = 256
"""Answers that sources other than unit tests score at once in a stream of any length."""
SEALED = "unit_tests"
"""The source that streams."""
NOT_ASKED = "not asked: the gate is shut"


class Grader:
    """Grades batches with warm sources. Use as a context manager: leaving it ends every sandbox worker.

    `cache`: an SQLite file that keeps grades of unit tests, made where there is none; `runtime`: docker's OCI runtime;
    `skip_unreadable`: answers to a task whose own answer can't be read get no verdict, where else nothing is graded;
    `on_sandbox` is told which backend was chosen, when it is; `on_warning`, once of each kind, what keeps answers from a verdict;
    `extracted`: grades hold what was judged.
    """

    def __init__(
        self,
        sandbox: str = "auto",
        workers: int | None = None,
        *,
        cache: Path | None = None,
        runtime: str | None = None,
        skip_unreadable: bool = False,
        on_sandbox: Callable[[Backend], None] | None = None,
        on_warning: Callable[[str], None] | None = None,
        extracted: bool = False,
    ) -> None:
        self._extracted = extracted
        self._settings: dict[str, Any] = {
            "sandbox": sandbox, "workers": workers, "grade_cache": cache, "runtime": runtime, "on_sandbox": on_sandbox,
            "skip_unreadable": skip_unreadable,
            "on_warning": on_warning,
        }  # fmt: skip
        self._skips = skip_unreadable
        self._sources: dict[str, RewardSource] = {}
        self._on_warning = on_warning
        self.faults: Counter[str] = Counter()
        """How many answers each source failed on; they have no verdict."""

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

    def prepare(self, tasks: Iterable[Task]) -> tuple[str, ...]:
        """Make the sources of these tasks, and have those that can (`prepare(task, spec)`) see that they have what they need,
        before any work begins. Returns why tasks are skipped; raises `UnreadableGold`, with all of them, where none may be.
        """
        unreadable: list[str] = []
        for task in tasks:
            for spec in task.rewards:
                if prepare := getattr(self.source(spec.source), "prepare", None):
                    try:
                        naming(spec.source, "can't be prepared", prepare, task, spec)
                    except UnreadableGold as error:
                        unreadable += error.reasons
        if unreadable and not self._skips:
            raise UnreadableGold(*unreadable)
        return tuple(unreadable)

    def grade(self, tasks: Sequence[Task], completions: Sequence[str], on_grade: Callable[[], None] | None = None) -> list[Grade]:
        """One grade an answer, in the order given; `on_grade` is called as they come, one after another."""
        grades = []
        for grade in self.stream(zip(tasks, completions, strict=True), block=len(tasks)):
            grades.append(grade)
            if on_grade:
                on_grade()
        return grades

    def stream(self, answers: Iterable[tuple[Task, str]], block: int = BLOCK) -> Iterator[Grade]:
        """Like `grade`, for any number of answers: they are taken a block at a time, and each grade is given when it is there.

        Sources other than unit tests score one block at once. Gated sources are asked last, and only about answers whose gate
        is open; an answer that waits for them holds up at most a block of those behind it.
        """
        places: deque[tuple[_Answer, int]] = deque()

        def turns() -> Iterator[RewardItem | None]:
            for answer in self._scored(answers, block):
                for position, item in enumerate(answer.items):
                    places.append((answer, position))
                    yield item if item.spec.source == SEALED and not item.spec.gated else None

        sealed = self.source(SEALED)
        assert isinstance(sealed, UnitTestsReward)
        waiting: list[_Answer] = []
        for grade in sealed.stream(turns()):
            answer, position = places.popleft()
            answer.grades[position] = grade or answer.grades[position]
            if position == len(answer.items) - 1:
                waiting.append(answer)
                if len(waiting) >= block or not waiting[0].opened:
                    yield from self._whole(waiting)
                    waiting = []
        yield from self._whole(waiting)

    def _scored(self, answers: Iterable[tuple[Task, str]], block: int) -> Iterator[_Answer]:
        """Answers with the grades of every source but gated ones, and but unit tests, which stream."""
        rest = iter(answers)
        while taken := [_Answer(task, completion) for task, completion in islice(rest, max(1, block))]:
            self._ask([(a, i) for a in taken for i in a.places(gated=False) if a.items[i].spec.source != SEALED])
            yield from taken

    def _whole(self, judged: Sequence[_Answer]) -> Iterator[Grade]:
        """Grades of answers whose judges have spoken."""
        self._ask([(answer, position) for answer in judged for position in answer.opened])
        for answer in judged:
            grade = combine(answer.task, answer.grades)
            if self._extracted:
                grade = grade.model_copy(update={"extracted": extracted(answer.task, answer.items[0].completion)})
            yield grade

    def _ask(self, places: Sequence[tuple[_Answer, int]]) -> None:
        """Ask each source once about all its items."""
        by_source: dict[str, list[tuple[_Answer, int]]] = defaultdict(list)
        for answer, position in places:
            by_source[answer.items[position].spec.source].append((answer, position))
        for name, asked in by_source.items():
            items = [answer.items[position] for answer, position in asked]
            grades = ask_each(name, self.source(name), items, partial(self._note_fault, name))
            for (answer, position), grade in zip(asked, grades, strict=True):
                answer.grades[position] = grade

    def _note_fault(self, name: str, said: str) -> None:
        self.faults[name] += 1
        if self._on_warning and self.faults[name] == 1:
            self._on_warning(f"an answer has no verdict, and others like it won't have one: {said}")


class _Answer:
    """An answer on its way: what each of its task's sources is to judge, and the grades that are there, in that order."""

    def __init__(self, task: Task, completion: str) -> None:
        self.task = task
        self.items = [RewardItem(task, spec, completion) for spec in task.rewards]
        self.grades: list[Grade | None] = [None] * len(self.items)

    def places(self, *, gated: bool) -> list[int]:
        """Positions of the gated items, or of the others."""
        return [position for position, item in enumerate(self.items) if item.spec.gated is gated]

    @property
    def opened(self) -> list[int]:
        """Positions of the gated items, when every other has its grade and the gate is open."""
        gated = self.places(gated=True)
        return gated if gated and _told(_judges(self.task.rewards, self.grades)).verdict is Verdict.passed else []


def combine(task: Task, grades: Sequence[Grade | None]) -> Grade:
    """One grade of what a task's sources said, in their order: the weighted sum of their rewards.

    Verdict, detail and counts of tests are those of the sources that judge: the first that did not pass decides. A gated
    source counts only when that verdict is `passed`, and may be None, not asked, when it is not. Where a judge has no verdict,
    or a source that counts has no reward, there is no verdict at all.
    """
    judges = _judges(task.rewards, grades)
    told = _told(judges)
    parts = _parts(task.rewards, grades, gate_open=told.verdict is Verdict.passed)
    if told.reward is not None:
        told = next((g for g, part in zip(grades, parts, strict=True) if g and part.counts and g.reward is None), told)
    reward = sum(part.weight * part.reward for part in parts if part.counts and part.reward is not None)
    return Grade(
        task_id=task.id, reward=None if told.reward is None else reward,
        verdict=told.verdict, detail=told.detail, judged=told.judged,
        tests_passed=sum(g.tests_passed for g in judges), tests_total=sum(g.tests_total for g in judges),
        seconds=sum(g.seconds for g in grades if g), parts=parts if len(parts) > 1 else (),
    )  # fmt: skip


def _judges(specs: Sequence[RewardSpec], grades: Sequence[Grade | None]) -> list[Grade]:
    """Grades that have a say in the verdict: not of shaping sources, and no mere scores, where there are others."""
    ungated = [(spec, grade) for spec, grade in zip(specs, grades, strict=True) if grade and not spec.gated]
    asked = [grade for spec, grade in ungated if spec.judges] or [grade for _, grade in ungated]
    return [grade for grade in asked if grade.verdict is not Verdict.scored] or asked


def _told(judges: Sequence[Grade]) -> Grade:
    """The one that speaks for all: the first without a verdict, else the first that did not pass, else the first."""
    unknown = next((grade for grade in judges if grade.reward is None), None)
    return unknown or next((grade for grade in judges if grade.verdict is not Verdict.passed), judges[0])


def _parts(specs: Sequence[RewardSpec], grades: Sequence[Grade | None], *, gate_open: bool) -> tuple[Part, ...]:
    """Each source's part; the second of a name is called `name#2`."""
    seen: Counter[str] = Counter()
    parts = []
    for spec, grade in zip(specs, grades, strict=True):
        seen[spec.label] += 1
        name = spec.label if seen[spec.label] == 1 else f"{spec.label}#{seen[spec.label]}"
        counts = spec.weight != 0 and (gate_open or not spec.gated)
        assert grade or not (counts or gate_open), "what counts was asked"
        said: dict[str, Any] = {"reward": None, "verdict": None, "detail": NOT_ASKED}
        if grade:
            said = {"reward": grade.reward, "verdict": grade.verdict, "detail": grade.detail}
        parts.append(Part(name=name, weight=spec.weight, counts=counts, **said))
    return tuple(parts)
