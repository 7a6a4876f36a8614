"""What every reader ends with: the tasks of a published set, each of which says where it comes from."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox_tasks.suite import SuiteInfo, TaskSuite
from sandbox_tasks.task import Task


def published(info: SuiteInfo, tasks: Iterable[Task]) -> TaskSuite:
    """The suite of these tasks, with its name and licence in the metadata of each (a `suite` of its own stays)."""
    origin = {"suite": info.name, "licence": info.licence}
    told = (task.model_copy(update={"metadata": {**origin, **task.metadata}}) for task in tasks)
    return TaskSuite(**info.model_dump(), tasks=tuple(told))
