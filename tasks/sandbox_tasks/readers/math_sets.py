"""GSM8K (`train.jsonl`, `test.jsonl` of github.com/openai/grade-school-math) and MATH-500 (`test.jsonl` of PRM800K), MIT."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, field_validator

from sandbox_tasks.jsonl import read_jsonl
from sandbox_tasks.readers.published import published
from sandbox_tasks.suite import SuiteInfo, TaskSuite
from sandbox_tasks.task import MathAnswer, Split, Task

GSM8K = SuiteInfo(
    name="gsm8k",
    description="grade-school word problems with a number as their answer",
    licence="MIT",
    attribution="Cobbe et al. 2021, arXiv:2110.14168; https://github.com/openai/grade-school-math",
)
MATH500 = SuiteInfo(
    name="math500",
    description="500 competition problems of MATH with answers in LaTeX",
    licence="MIT",
    attribution="Hendrycks et al. 2021, arXiv:2103.03874; Lightman et al. 2023, arXiv:2305.20050 (PRM800K's split)",
)
_BOX = "\n\nReason step by step, and put the final answer in \\boxed{}."
_HASHES = '\n\nReason step by step, and end with a line "#### " and the answer.'


class GSM8KRow(BaseModel):
    """One line of the published file; the answer ends with `#### ` and a number (or is one, as in copies without the working)."""

    model_config = ConfigDict(extra="forbid")

    question: str
    answer: str

    @field_validator("answer")
    @classmethod
    def _says_its_number(cls, answer: str) -> str:
        if not gold_of(answer):
            raise ValueError('ends with no "#### " and a number, and is no number itself; correct the row, or leave it out')
        return answer


def gold_of(answer: str) -> str:
    """The number behind the last `####`, or an answer that is a number; empty where there is none."""
    _, marked, said = answer.rpartition("####")
    return said.strip() if marked or re.fullmatch(r"\s*[-+]?\$?[\d,]*\.?\d+\s*%?\s*", said) else ""


class MATHRow(BaseModel):
    """One line of the published file."""

    model_config = ConfigDict(extra="forbid")

    problem: str
    solution: str
    answer: str
    subject: str
    level: int
    unique_id: str


def read_gsm8k(path: Path) -> TaskSuite:
    """All questions, in the split that the file is named after (`test` where it says nothing)."""
    split: Split = "train" if "train" in path.name else "test"
    rows = enumerate(read_jsonl(path, GSM8KRow))
    return published(GSM8K, (_gsm8k_task(row, number, split) for number, row in rows))


def _gsm8k_task(row: GSM8KRow, number: int, split: Split) -> Task:
    return Task(
        id=f"gsm8k/{split}/{number}", split=split, prompt=row.question + _HASHES, reference=row.answer,
        rewards=(MathAnswer(answer=gold_of(row.answer)),),
    )  # fmt: skip


def read_math500(path: Path) -> TaskSuite:
    """All problems, in split `test`: the set is for evaluation."""
    return published(MATH500, map(_math_task, read_jsonl(path, MATHRow)))


def _math_task(row: MATHRow) -> Task:
    return Task(
        id=row.unique_id, split="test", prompt=row.problem + _BOX, reference=row.solution,
        rewards=(MathAnswer(answer=row.answer),),
        metadata={"subject": row.subject, "level": row.level},
    )  # fmt: skip
