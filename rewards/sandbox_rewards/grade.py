"""What grading takes and gives: completions in, grades out, in the same order."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

LONGEST_DETAIL = 300
"""Characters."""
LARGEST_REWARD = 1e6
"""Of either sign. Training counts in float32, whose sums of squares end where rewards are much larger."""


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
    completion: str = Field(validation_alias=AliasChoices("completion", "solution"))
    """Whole, or what continues the prompt; `solution` is another name for it."""


class Part(BaseModel):
    """What one source of several said. The grade's reward is the sum of `weight * reward` over the parts that count."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    reward: float | None
    weight: float
    verdict: Verdict | None
    """None for a gated source that was not asked, because its gate is shut."""
    counts: bool
    """False for a gated source while the gate is shut, and at weight 0."""
    detail: str | None = None


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
    judged: str | None = None
    """What of the answer was judged, in words (`block 2 of 3`); None where it was all of it, and not written."""
    extracted: str | None = None
    """What was judged, as text, where that was asked for (`grade --extracted`); else None, and not written."""
    parts: tuple[Part, ...] = ()
    """What each source said, where a task has several; else empty, and not written."""

    def part_rewards(self) -> dict[str, float | None]:
        """Rewards of the parts that were asked, before their weights, by name."""
        return {part.name: part.reward for part in self.parts if part.verdict}

    @model_serializer(mode="wrap")
    def _without_empty_fields(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = handler(self)
        for name in ("judged", "extracted", "parts"):
            if not getattr(self, name):
                fields.pop(name, None)
        return fields


def of_one_question(task_id: str, verdict: Verdict, reward: float, detail: str | None) -> Grade:
    """The grade of an answer that is judged as a whole, as by a single test; without a verdict it has no reward."""
    return Grade(
        task_id=task_id, reward=None if verdict is Verdict.no_verdict else reward, verdict=verdict,
        tests_passed=int(verdict is Verdict.passed), tests_total=1, detail=detail,
    )  # fmt: skip


def clean_detail(detail: str | None) -> str | None:
    """As text that can be written anywhere: what an answer raised may hold half of a surrogate pair."""
    return None if detail is None else detail[:LONGEST_DETAIL].encode("utf-8", "replace").decode()
