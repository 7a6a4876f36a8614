"""MBPP: `mbpp.jsonl` (974 tasks) or `sanitized-mbpp.json` (427) from google-research (CC-BY-4.0), or either as JSON lines.

The authors' splits by id: 1-10 are for few-shot prompts (here `train` with `metadata.role` "prompt"), 11-510 test,
511-600 validation, 601-974 train. Line ends become `\\n`. The challenge tests, which the authors ask not to show
nor count, are left out; their number is in the metadata.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator

from sandbox_tasks.errors import SuiteFileError
from sandbox_tasks.jsonl import read_bytes, read_jsonl, validate
from sandbox_tasks.readers.published import published
from sandbox_tasks.suite import SuiteInfo, TaskSuite
from sandbox_tasks.syntax import names_called, parse_quietly
from sandbox_tasks.task import Code, Split, Task, UnitTests

MBPP = SuiteInfo(
    name="mbpp",
    description="Short Python functions described in a sentence, with three asserts each",
    licence="CC-BY-4.0",
    attribution="Austin et al. 2021, arXiv:2108.07732; "
    "https://github.com/google-research/google-research/tree/master/mbpp; CC-BY-4.0, converted to sandbox-rl tasks",
)


class MbppRow(BaseModel):
    """One task as published; the sanitized file says `prompt` for `text`, and lists the tests' imports."""

    model_config = ConfigDict(extra="forbid")

    task_id: int
    text: str = Field(validation_alias=AliasChoices("text", "prompt"))
    code: Code
    test_list: tuple[Code, ...] = Field(min_length=1)
    test_setup_code: Code = ""
    challenge_test_list: tuple[str, ...] = ()
    source_file: str | None = None
    """Of the sanitized rows."""
    test_imports: tuple[Code, ...] = ()

    @field_validator("*", mode="before")
    @classmethod
    def _one_line_end(cls, value: Any) -> Any:
        return unix_lines(value)


def read_mbpp(path: Path) -> TaskSuite:
    """All tasks of either file. The sanitized rows are told by their fields, and may be an array or lines."""
    rows = _read_array(path) if read_bytes(path).lstrip()[:1] == b"[" else read_jsonl(path, MbppRow)
    sanitized = any(row.source_file is not None for row in rows)
    info = MBPP.model_copy(update={"name": "mbpp-sanitized"}) if sanitized else MBPP
    return published(info, map(_task, rows))


def unix_lines(value: Any) -> Any:
    """`\\n` for every line end, in a string or in the strings of a list."""
    if isinstance(value, list | tuple):
        return [unix_lines(item) for item in value]
    return value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value


def split_of(task_id: int) -> Split:
    """The authors' split of a task."""
    if 11 <= task_id <= 510:
        return "test"
    return "validation" if 511 <= task_id <= 600 else "train"


def _read_array(path: Path) -> list[MbppRow]:
    try:
        rows = json.loads(read_bytes(path))
    except ValueError as error:
        raise SuiteFileError(path, f"is not valid JSON ({error}); fetch the file again") from None
    if not isinstance(rows, list) or not rows:
        raise SuiteFileError(path, "holds no JSON array of tasks, which sanitized MBPP is; fetch the file again")
    return [validate(row, MbppRow, path, None, str(index)) for index, row in enumerate(rows)]


def _task(row: MbppRow) -> Task:
    tests = "\n".join(row.test_list)
    role = {"role": "prompt"} if row.task_id <= 10 else {}
    challenge = {"challenge_tests": len(row.challenge_test_list)} if row.challenge_test_list else {}
    return Task(
        id=f"mbpp/{row.task_id}",
        split=split_of(row.task_id),
        prompt=f"{row.text.strip()}\nYour code should pass these tests:\n\n{tests}\n",
        rewards=(
            UnitTests(
                style="asserts", entry_point=entry_point(row.code, row.test_list), setup=_setup(row), tests=row.test_list,
                time_limit_s=_SLOW.get(row.task_id, 5.0),
            ),
        ),
        reference=row.code,
        metadata={"suite": MBPP.name, **role, **challenge},  # the sanitized file is an edition of the same set
    )


_SLOW = {123: 30.0}
"""Seconds for tasks whose own solution takes about 5 s."""


def entry_point(code: str, tests: Iterable[str]) -> str | None:
    """The function of `code` that the tests call (the first that they name, where they call several)."""
    defined = {node.name for node in parse_quietly(code).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return next((name for test in tests for name in names_called(test) if name in defined), None)


def _setup(row: MbppRow) -> str:
    """The setup code as published, after the imports that the tests rely on."""
    imports = list(row.test_imports)
    imports += [f"import {name}" for name in _missing_modules("\n".join((*imports, row.test_setup_code, *row.test_list)))]
    return "".join(f"{line}\n" for line in imports) + row.test_setup_code


def _missing_modules(code: str) -> list[str]:
    """Standard modules that `code` uses by attribute (`sys.getsizeof`) and never imports."""
    nodes = list(ast.walk(parse_quietly(code)))
    used = {n.value.id for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)}
    imported = {(a.asname or a.name) for n in nodes if isinstance(n, ast.Import | ast.ImportFrom) for a in n.names}
    assigned = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return sorted((used & sys.stdlib_module_names) - imported - assigned)
