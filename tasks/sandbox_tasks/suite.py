"""Task suites: a named set of tasks with its licence, as a file and in memory.

Two file formats. `.jsonl`: one task a line; the file's name is the suite's name. `.yaml`, for people: a mapping
with `name`, `description`, `licence`, `attribution` and `tasks`. The suites that ship lie in `suites/`, described by
`suites/index.yaml` (a .jsonl has no room for a licence).
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sandbox_tasks import yaml_text
from sandbox_tasks.errors import SuiteFileError, TaskError, UnknownNameError
from sandbox_tasks.jsonl import read_bytes, read_numbered, validate
from sandbox_tasks.task import Split, Task

SUITES = Path(__file__).parent / "suites"
_FORMATS = (".jsonl", ".jsonl.gz", ".yaml", ".yml")


class SuiteInfo(BaseModel):
    """What is said about a suite beside its tasks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    description: str = ""
    licence: str = ""
    """SPDX identifier."""
    attribution: str = ""
    """Who made the tasks, where they come from, what was changed."""


class TaskSuite(SuiteInfo):
    """Tasks under one name; ids are unique."""

    tasks: tuple[Task, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> TaskSuite:
        twice = _first_repeat(task.id for task in self.tasks)
        if twice:
            raise ValueError(f"tasks {twice[0]} and {twice[1]} both have the id '{twice[2]}'; rename one")
        return self

    def __len__(self) -> int:
        return len(self.tasks)

    def split(self, name: str) -> tuple[Task, ...]:
        """The tasks of one split, in order; raises UnknownNameError for a name that is no split."""
        if name not in get_args(Split):
            raise UnknownNameError("split", name, get_args(Split))
        return tuple(task for task in self.tasks if task.split == name)

    def save(self, path: Path | str) -> None:
        """Write as `.jsonl` (tasks only) or `.yaml` (everything), whole or not at all. Raises SuiteFileError."""
        target = Path(path)
        suffix = _format_of(target)
        if suffix == ".jsonl.gz":
            raise SuiteFileError(target, "would be packed, but suites are saved plain; drop the .gz")
        text = _jsonl_text(self.tasks) if suffix == ".jsonl" else yaml_text.dump(self._mapping())
        write_whole(target, text)

    def _mapping(self) -> dict[str, Any]:
        info = self.model_dump(exclude={"tasks"}, exclude_defaults=True)
        return {**info, "tasks": [task_mapping(task) for task in self.tasks]}


def load_suite(name_or_path: str | Path) -> TaskSuite:
    """A suite that ships, by name, or the one in a `.jsonl`, `.yaml` or `.yml` file.

    Raises UnknownNameError for a name that doesn't ship, SuiteFileError for a file that is not a suite.
    """
    path, shipped = Path(name_or_path), _shipped()
    if info := shipped.get(str(name_or_path)):
        return TaskSuite(**info.model_dump(), tasks=_read_tasks(SUITES / f"{info.name}.jsonl"))
    if _is_name(name_or_path):
        raise UnknownNameError("suite", str(name_or_path), shipped)
    if _format_of(path).startswith(".jsonl"):
        return TaskSuite(name=path.name.split(".jsonl")[0] or path.name, tasks=_read_tasks(path))
    return _read_yaml(path)


def shipped_suites() -> tuple[SuiteInfo, ...]:
    """What ships with the package: the names that `load_suite` knows."""
    return tuple(_shipped().values())


def task_schema() -> dict[str, Any]:
    """JSON Schema of one line of a task file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Task.model_json_schema()}


def task_mapping(task: Task) -> dict[str, Any]:
    """A task as plain data, without the fields that have their default (what kind of task it is stays said)."""
    data = task.model_dump(mode="json", exclude_defaults=True)
    rewards = [{"source": spec.source, **data["rewards"][i]} for i, spec in enumerate(task.rewards)]
    if task.environment:
        data["environment"] = {"name": task.environment.name, **data["environment"]}
    rest = {key: value for key, value in data.items() if key not in ("id", "prompt", "rewards")}
    return {"id": task.id, "split": task.split, "prompt": task.prompt, "rewards": rewards, **rest}


def _is_name(name_or_path: str | Path) -> bool:
    text = str(name_or_path)
    return os.sep not in text and not text.endswith(_FORMATS) and not Path(text).exists()


def _format_of(path: Path) -> str:
    if path.is_dir():
        raise SuiteFileError(path, "is a directory, but a suite is one file; name the .jsonl or .yaml file in it")
    for suffix in _FORMATS:
        if path.name.endswith(suffix):
            return suffix
    raise SuiteFileError(path, "is neither .jsonl nor .yaml, which suites are; rename or convert it")


def _shipped() -> dict[str, SuiteInfo]:
    entries = yaml.safe_load((SUITES / "index.yaml").read_text(encoding="utf-8"))
    return {entry["name"]: SuiteInfo.model_validate(entry) for entry in entries}


def _read_tasks(path: Path) -> tuple[Task, ...]:
    rows = read_numbered(path, Task)
    _require_unique(path, [line for line, _ in rows], [task for _, task in rows])
    return tuple(task for _, task in rows)


def _read_yaml(path: Path) -> TaskSuite:
    data, line_of = yaml_text.load(read_bytes(path), path)
    if not isinstance(data, dict) or not isinstance(data.get("tasks"), list) or not data["tasks"]:
        raise SuiteFileError(path, "has no list `tasks` at its top; write `tasks:` with at least one task under it")
    info = validate({"name": path.stem, **data, "tasks": ()}, _Header, path, 1)
    entries = data["tasks"]
    tasks = [_yaml_task(entry, i, path, line_of) for i, entry in enumerate(entries)]
    _require_unique(path, [line_of(("tasks", i, "id")) for i in range(len(tasks))], tasks)
    return TaskSuite(**info.model_dump(exclude={"tasks"}), tasks=tuple(tasks))


def _yaml_task(entry: Any, index: int, path: Path, line_of: yaml_text.LineOf) -> Task:
    try:
        return validate(entry, Task, path, None, f"tasks.{index}")
    except SuiteFileError as error:
        keys = tuple(int(part) if part.isdigit() else part for part in (error.field or "").split("."))
        raise SuiteFileError(path, error.problem, line_of(keys), error.field) from None


class _Header(SuiteInfo):
    """A YAML suite without its tasks: those are read one by one, to know their lines."""

    tasks: tuple[()] = ()


def _require_unique(path: Path, lines: list[int], tasks: list[Task]) -> None:
    twice = _first_repeat(task.id for task in tasks)
    if twice:
        first, second = lines[twice[0]], lines[twice[1]]
        problem = f"'{twice[2]}' is already the id of the task on line {first}, but ids are unique; rename one of the two"
        raise SuiteFileError(path, problem, second, "id")


def _first_repeat(ids: Iterable[str]) -> tuple[int, int, str] | None:
    """Indices of the first two equal ids, and the id."""
    seen: dict[str, int] = {}
    for index, task_id in enumerate(ids):
        if task_id in seen:
            return seen[task_id], index, task_id
        seen[task_id] = index
    return None


def _jsonl_text(tasks: Iterable[Task]) -> str:
    return "".join(line + "\n" for line in _lines(tasks))


def _lines(tasks: Iterable[Task]) -> Iterator[str]:
    for task in tasks:
        try:
            yield json.dumps(task_mapping(task), ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise TaskError(f"task {task.id} can't be written as JSON ({error}); keep its metadata plain data") from None


def write_whole(path: Path, text: str) -> None:
    """Write beside the target and rename, so that a failure leaves the old file whole."""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise SuiteFileError(path, f"can't be written ({error.strerror}); check its folder") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(temporary, 0o644)  # mkstemp makes files that only their owner may read
        os.replace(temporary, path)
    except OSError as error:
        raise SuiteFileError(path, f"can't be written ({error.strerror}); check its folder") from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
