"""The reward of tests that run: 1 when every test passes in the sandbox, else 0 (or the share that passed, by `credit`)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from sandbox_tasks.task import RewardSpec, Task, UnitTests

from sandbox_rewards.answers.code import Extracted, code_of
from sandbox_rewards.contract import described
from sandbox_rewards.grade import Grade, Verdict, clean_detail
from sandbox_rewards.sandbox.backends import Backend, choose_backend, require_language
from sandbox_rewards.sandbox.pool import Job, SandboxPool, no_verdict
from sandbox_rewards.sandbox.worker import WorkerLost
from sandbox_rewards.source import RewardItem
from sandbox_rewards.sources.cache import GradeCache, grade_key
from sandbox_rewards.sources.seals import Run, Seal, Seals, job_of

Outcome = dict[str, Any]


class UnitTestsReward:
    """Runs a task's tests against the code of an answer, sealed off from it.

    `sandbox`: `auto`, `local` or a backend's name; `workers`: how many answers are judged at once (None: one more than cores);
    `grade_cache`: a file that keeps grades, so that the same code is judged once; `runtime`: docker's; `on_sandbox` is told which
    backend was chosen, and `on_warning`, once, what keeps answers from a verdict. Raises `SandboxUnavailable` at the first use
    when no isolation can be had.
    """

    def __init__(
        self,
        sandbox: str = "auto",
        workers: int | None = None,
        grade_cache: Path | None = None,
        runtime: str | None = None,
        on_sandbox: Callable[[Backend], None] | None = None,
        on_warning: Callable[[str], None] | None = None,
    ) -> None:
        self._sandbox = sandbox
        self._runtime = runtime
        self._workers = workers
        self._on_sandbox = on_sandbox
        self._on_warning = on_warning
        self._pool: SandboxPool | None = None
        self._cache = GradeCache(grade_cache) if grade_cache else None
        self._fingerprint: str | None = None
        self._seals = Seals()

    @property
    def pool(self) -> SandboxPool:
        if self._pool is None:
            backend = choose_backend(self._sandbox, self._runtime)
            if self._on_sandbox:
                self._on_sandbox(backend)
            self._pool = SandboxPool(backend, self._workers, self._on_warning)
        return self._pool

    def prepare(self, task: Task, spec: RewardSpec) -> None:
        """Raise `SandboxUnavailable` where the sandbox can't run answers to this task."""
        if isinstance(spec, UnitTests) and spec.language != "python":
            require_language(self.pool.backend.name, spec.language, task.id)

    def score(self, batch: Sequence[RewardItem]) -> list[Grade]:
        return [grade for grade in self.stream(batch) if grade]

    def stream(self, items: Iterable[RewardItem | None]) -> Iterator[Grade | None]:
        """A grade for each item, in order, as soon as it is there; items are taken a few ahead.

        None among them takes its turn and comes out as None.
        """
        turns: deque[_Turn | None] = deque()
        judged_now: set[bytes] = set()

        def jobs() -> Iterator[Job | None]:
            for item in items:
                turn = self._turn(item, judged_now) if item else None
                turns.append(turn)
                yield turn.job if turn else None

        for outcome in self._run(jobs()):
            turn = turns.popleft()
            yield self._told(turn, outcome, judged_now) if turn else None

    def close(self) -> None:
        if self._pool:
            self._pool.close()
        if self._cache:
            self._cache.close()

    def _run(self, jobs: Iterator[Job | None]) -> Iterator[Outcome | None]:
        """Like the pool's `run`, which is opened at the first job that needs one."""
        for job in jobs:
            if job:
                yield from self.pool.run(chain((job,), jobs))
            else:
                yield None

    def _turn(self, item: RewardItem, judged_now: set[bytes]) -> _Turn:
        self.prepare(item.task, item.spec)
        assert isinstance(item.spec, UnitTests)
        try:
            taken = code_of(item.task, item.spec, item.completion)
        except Exception as error:  # noqa: BLE001 - a fault of ours in reading one answer must not end a run
            return _Turn(item, Extracted("", ""), known=self._fault(error))
        if not taken.code.strip():
            return _Turn(item, taken)
        key = self._key(item, taken.code)
        if key is None:
            return _Turn(item, taken, job=self._job(item, taken.code))
        known = self._cache.get(key) if self._cache else None
        if known or key in judged_now:
            return _Turn(item, taken, key, known)
        judged_now.add(key)
        return _Turn(item, taken, key, job=self._job(item, taken.code))

    def seal_of(self, task: Task, spec: UnitTests) -> Seal | None:
        """The seal of a task's tests, found by its reference where it has one; None where nothing is sealed by one."""
        return self._seals.of(task, spec, self._kept(task, spec, self.pool.judge))

    def _job(self, item: RewardItem, code: str) -> Job:
        spec = item.spec
        assert isinstance(spec, UnitTests)
        return lambda run: job_of(spec, code, self._seals.of(item.task, spec, self._kept(item.task, spec, run)))

    def _kept(self, task: Task, spec: UnitTests, run: Run) -> Run:
        """`run`, for a task's reference, with the cache's help."""

        def run_or_known(job: dict[str, Any]) -> Outcome:
            key = self._key(RewardItem(task, spec.model_copy(update={"seal": job["spec"]["seal"]}), ""), job["code"])
            known = self._cache.get(key) if self._cache and key else None
            outcome = known or run(job)
            if self._cache and key and not known:
                self._cache.put(key, outcome)
            return outcome

        return run_or_known

    def _told(self, turn: _Turn, outcome: Outcome | None, judged_now: set[bytes]) -> Grade:
        if turn.key is None:
            outcome = outcome or turn.known
            return _grade(turn, outcome) if outcome else _no_answer(turn.item)
        assert self._cache
        if outcome:
            self._cache.put(turn.key, outcome)
            judged_now.discard(turn.key)
        else:  # its twin was before it, so either that is in the cache now, or it was not one to keep
            outcome = turn.known or self._cache.get(turn.key) or self.pool.judge(self._job(turn.item, turn.taken.code))
        return _grade(turn, outcome)

    def _fault(self, error: Exception) -> Outcome:
        said = f"the grader can't read this answer: {described(error)}"
        self.pool.warn(said)
        return no_verdict(said)

    def _key(self, item: RewardItem, code: str) -> bytes | None:
        assert isinstance(item.spec, UnitTests)
        if self._cache is None or item.spec.flaky:
            return None
        if self._fingerprint is None:
            try:
                self._fingerprint = self.pool.backend.fingerprint()
            except WorkerLost:  # no answer from docker: what is judged meanwhile is not kept
                return None
        return grade_key(item.spec, code, self._fingerprint, item.task.reference)


@dataclass(frozen=True)
class _Turn:
    """An item's place in a stream: with a job, or with an outcome that is known already, or with one that its twin, which
    is being judged, will have brought by then; with none of them it is no answer."""

    item: RewardItem
    taken: Extracted
    key: bytes | None = None
    known: Outcome | None = None
    job: Job | None = None


def _grade(turn: _Turn, outcome: Outcome) -> Grade:
    verdict, how = Verdict(outcome["verdict"]), turn.taken.how
    passed, total = outcome["tests_passed"], outcome["tests_total"] or _total(turn.item)
    detail = clean_detail(outcome["detail"])
    if detail and how and verdict in _OF_THE_TEXT:
        detail = f"{detail} (judged: {how})"
    if detail and "FileNotFoundError" in detail and verdict is Verdict.runtime_error:
        detail = f"{detail} ({_APART})"
    return Grade(
        task_id=turn.item.task.id, reward=_reward(turn.item, verdict, passed, total), verdict=verdict,
        tests_passed=passed, tests_total=total, seconds=outcome["seconds"], detail=detail, judged=how or None,
    )  # fmt: skip


_APART = "an answer runs apart from its tests, and files that they write are not there for it"
_OF_THE_TEXT = (Verdict.syntax_error, Verdict.compile_error)
"""Verdicts that may come from how an answer was read."""


def _reward(item: RewardItem, verdict: Verdict, passed: int, total: int) -> float | None:
    """By the spec's `credit`. What does not pass never earns all of it, whatever passed."""
    assert isinstance(item.spec, UnitTests)
    if verdict is Verdict.no_verdict:
        return None
    if verdict is Verdict.passed:
        return 1.0
    return min(passed, total - 1) / total if item.spec.credit == "share" else 0.0


def _no_answer(item: RewardItem) -> Grade:
    assert isinstance(item.spec, UnitTests)
    return Grade(
        task_id=item.task.id,
        reward=0.0,
        verdict=Verdict.no_answer,
        tests_total=_total(item),
        detail=f"no {item.spec.language} code in the answer",
    )


def _total(item: RewardItem) -> int:
    assert isinstance(item.spec, UnitTests)
    return {"asserts": len(item.spec.tests), "check": 1, "pytest": 1, "stdio": len(item.spec.cases)}[item.spec.style]
