"""HumanEval: `HumanEval.jsonl` or `.jsonl.gz` from github.com/openai/human-eval (MIT).

Some prompts define a helper beside the function that is asked for (`poly` in HumanEval/32), and its tests call it.
Helpers and imports of the prompt become the task's `prelude`: the judge then tests with its own copy, and an
answer that leaves them out still runs.
"""

from __future__ import annotations

import ast
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from sandbox_tasks.jsonl import read_jsonl
from sandbox_tasks.readers.published import published
from sandbox_tasks.suite import SuiteInfo, TaskSuite
from sandbox_tasks.syntax import parse_quietly
from sandbox_tasks.task import Code, Task, UnitTests

HUMANEVAL = SuiteInfo(
    name="humaneval",
    description="164 hand-written Python functions to complete from signature and docstring",
    licence="MIT",
    attribution="Chen et al. 2021, arXiv:2107.03374; https://github.com/openai/human-eval",
)
_ASK = "Complete this Python function. Answer with the whole function.\n\n"


class HumanEvalRow(BaseModel):
    """One line of the published file."""

    model_config = ConfigDict(extra="forbid")

    task_id: str
    prompt: Code
    entry_point: str
    canonical_solution: str
    test: Code


def read_humaneval(path: Path) -> TaskSuite:
    """All problems, in split `test`: the set is published for evaluation only."""
    return published(HUMANEVAL, map(_task, read_jsonl(path, HumanEvalRow)))


def _task(row: HumanEvalRow) -> Task:
    spec = UnitTests(
        style="check", entry_point=row.entry_point, prelude=_prelude(row.prompt, row.entry_point), tests=(row.test,)
    )
    return Task(
        id=row.task_id,
        split="test",
        prompt=f"{_ASK}```python\n{row.prompt.rstrip()}\n```\n",
        rewards=(spec,),
        reference=row.prompt + row.canonical_solution,
    )


def _prelude(prompt: str, entry_point: str) -> str:
    """The prompt's imports and finished helper functions, as they are written there."""
    wanted = [
        node
        for node in parse_quietly(prompt).body
        if isinstance(node, ast.Import | ast.ImportFrom) or (isinstance(node, ast.FunctionDef) and node.name != entry_point)
    ]
    parts = [ast.get_source_segment(prompt, node) or ast.unparse(node) for node in wanted]
    return "".join(part + "\n" for part in parts)
