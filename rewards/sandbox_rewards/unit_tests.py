"""The reward of tests that run: 1 when every test passes in the sandbox, else 0."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sandbox_tasks.task import UnitTests

from sandbox_rewards.answers import extract_code
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.sandbox.backends import choose_backend
from sandbox_rewards.sandbox.pool import SandboxPool
from sandbox_rewards.source import RewardItem


class UnitTestsReward:
    """Runs a task's tests against the code of an answer, sealed off from it.

    `sandbox`: `auto`, `docker` or `local`; `workers`: how many answers are judged at once (None: one a core).
    Raises `SandboxUnavailable` at the first use when no isolation can be had.
    """

    def __init__(self, sandbox: str = "auto", workers: int | None = None) -> None:
        self._sandbox = sandbox
        self._workers = workers
        self._pool: SandboxPool | None = None

    @property
    def pool(self) -> SandboxPool:
        if self._pool is None:
            self._pool = SandboxPool(choose_backend(self._sandbox), self._workers)
        return self._pool

    def score(self, batch: Sequence[RewardItem], on_grade: Callable[[], None] | None = None) -> list[Grade]:
        codes = [extract_code(item.completion) for item in batch]
        jobs = [_job(item, code) for item, code in zip(batch, codes, strict=True) if code.strip()]
        outcomes = self.pool.run(jobs) if jobs else iter(())
        grades = []
        for item, code in zip(batch, codes, strict=True):
            grades.append(_grade(item, next(outcomes)) if code.strip() else _no_answer(item))
            if on_grade:
                on_grade()
        return grades

    def close(self) -> None:
        if self._pool:
            self._pool.close()


def _job(item: RewardItem, code: str) -> dict[str, Any]:
    assert isinstance(item.spec, UnitTests)
    return {"spec": item.spec.model_dump(), "code": code}


def _grade(item: RewardItem, outcome: dict[str, Any]) -> Grade:
    verdict = Verdict(outcome["verdict"])
    reward = None if verdict is Verdict.no_verdict else float(verdict is Verdict.passed)
    passed, total = outcome["tests_passed"], outcome["tests_total"] or _total(item)
    return Grade(
        task_id=item.task.id, reward=reward, verdict=verdict, tests_passed=passed, tests_total=total,
        seconds=outcome["seconds"], detail=outcome["detail"],
    )  # fmt: skip


def _no_answer(item: RewardItem) -> Grade:
    return Grade(
        task_id=item.task.id,
        reward=0.0,
        verdict=Verdict.no_answer,
        tests_total=_total(item),
        detail="no code in the answer",
    )


def _total(item: RewardItem) -> int:
    assert isinstance(item.spec, UnitTests)
    return {"asserts": len(item.spec.tests), "check": 1, "pytest": 1, "stdio": len(item.spec.cases)}[item.spec.style]
