"""What can go wrong with tasks and the files they come in.

    TaskError                 everything this package raises on purpose
    ├── SuiteFileError        a file can't be read or written, or a line of it is not what it should be
    └── UnknownNameError      no suite, split or format has that name

Every message is one sentence: the fact, what it conflicts with, and what to do about it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class TaskError(Exception):
    """Root of the errors of this package."""


class SuiteFileError(TaskError):
    """A file that does not hold what it should; `path`, `line` (from 1) and `field` say where."""

    def __init__(self, path: Path, problem: str, line: int | None = None, field: str | None = None) -> None:
        self.path, self.problem, self.line, self.field = path, problem, line, field
        place = [str(path)]
        if line is not None:
            place.append(f"line {line}")
        if field:
            place.append(f"field {field}")
        super().__init__(f"{', '.join(place)}: {problem}")

    def __reduce__(self) -> tuple[type[SuiteFileError], tuple[Path, str, int | None, str | None]]:
        """Pickle by the four parts (the default hands `__init__` the finished message), for worker processes."""
        return type(self), (self.path, self.problem, self.line, self.field)


class UnknownNameError(TaskError):
    """A name that is not one of the known ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, tuple(known)
        super().__init__(f"there is no {kind} '{name}'; {choice(name, self.known)}")

    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[str, str, tuple[str, ...]]]:
        return type(self), (self.kind, self.name, self.known)


def choice(name: str, known: Iterable[str]) -> str:
    """What to write instead of `name`: the nearest known name where one is near, and the list of all."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    listed = f"known are {', '.join(names)}"
    return f"did you mean '{near[0]}'? ({listed})" if near else listed
