"""What grading takes and gives: completions in, grades out, in the same order."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Verdict(StrEnum):
    """How an answer fared. All but `no_verdict` are the answer's own doing."""

    passed = "passed"
    failed = "failed"
    runtime_error = "runtime_error"
    syntax_error = "syntax_error"
    compile_error = "compile_error"
    time_limit = "time_limit"
    memory_limit = "memory_limit"
    output_limit = "output_limit"
    no_answer = "no_answer"
    scored = "scored"
    """It got a score that says neither right nor wrong, such as a learned reward."""
    no_verdict = "no_verdict"
    """Our fault (a lost container, a full disk): reward is None, never 0."""


class Completion(BaseModel):
    """An answer to a task, as the model wrote it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task_id: str
    completion: str


class Grade(BaseModel):
    """The judgement of one completion. `reward` is None exactly when `verdict` is `no_verdict`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task_id: str
    reward: float | None
    verdict: Verdict
    tests_passed: int = Field(default=0, ge=0)
    tests_total: int = Field(default=0, ge=0)
    seconds: float = Field(default=0.0, ge=0)
    """Wall seconds that judging took in the sandbox."""
    detail: str | None = None
    """Why it is not `passed`, in a line; for a plug-in whatever it wants to say."""
