"""Readers of the field's formats: each turns a file as its authors publish it into a `TaskSuite`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sandbox_tasks.errors import UnknownNameError
from sandbox_tasks.readers.humaneval import read_humaneval
from sandbox_tasks.readers.math_sets import read_gsm8k, read_math500
from sandbox_tasks.readers.mbpp import read_mbpp
from sandbox_tasks.suite import TaskSuite

FORMATS: dict[str, Callable[[Path], TaskSuite]] = {
    "gsm8k": read_gsm8k, "humaneval": read_humaneval, "math500": read_math500, "mbpp": read_mbpp,
}  # fmt: skip
"""Name of a format (as in `sandbox-rl tasks convert FORMAT IN OUT`) to its reader."""


def read_format(name: str, path: Path | str) -> TaskSuite:
    """The suite in a file of format `name`. Raises UnknownNameError, or SuiteFileError for what is in the file."""
    if name not in FORMATS:
        raise UnknownNameError("task format", name, FORMATS)
    return FORMATS[name](Path(path))


__all__ = ["FORMATS", "read_format", "read_gsm8k", "read_humaneval", "read_math500", "read_mbpp"]
