"""A file of grades that is written line by line and loses nothing: OUT.part until it is whole, then OUT.

Beside it stands OUT.part.json, which says what the grades belong to; with it an interrupted run can go on.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections import Counter
from pathlib import Path
from types import TracebackType

from pydantic import ValidationError

from sandbox_rewards.grade import Grade, Verdict


class GradeFileError(Exception):
    """Grades can't be written, or gone on with; names the file."""


class GradeFile:
    """Grades on their way to `path`. Use as a context manager.

    `inputs` says what the grades are of: digests and settings, by a name that the user knows. `done` is how many grades an
    earlier run left, which are kept when this one resumes it; `verdicts` counts these and all that is written.
    """

    def __init__(self, path: Path, inputs: dict[str, str], *, resume: bool) -> None:
        self._path = path
        self.part = path.with_name(path.name + ".part")
        self._sidecar = path.with_name(path.name + ".part.json")
        self.verdicts: Counter[Verdict] = Counter()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise GradeFileError(f"{self.part} can't be written ({error.strerror}); name a place for --out that can.") from None
        try:
            self._take(inputs, resume)
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> GradeFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self._file)

    @property
    def count(self) -> int:
        """Grades in the file so far."""
        return self.verdicts.total()

    def write(self, grade: Grade) -> None:
        """Append a line. It is with the system when this returns: the end of this process does not lose it."""
        self._write(self._file, grade.model_dump_json().encode() + b"\n")
        self.verdicts[grade.verdict] += 1

    def finish(self) -> None:
        """The file is whole: give it its name."""
        os.fsync(self._file)
        self.part.replace(self._path)
        self._sidecar.unlink(missing_ok=True)

    def _take(self, inputs: dict[str, str], resume: bool) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise GradeFileError(f"another process is writing {self.part}; wait for it, or name another --out.") from None
        begun = os.fstat(self._file).st_size > 0
        if begun and not resume:
            raise GradeFileError(
                f"{self.part} holds grades of a run that did not end; go on with it by --resume, or delete it to begin again."
            )
        if begun:
            self._check(inputs)
        self.done = self._keep_whole_lines()
        if not begun:
            side = os.open(self._sidecar, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
            try:
                self._write(side, json.dumps(inputs, indent=1).encode())
            finally:
                os.close(side)

    def _check(self, inputs: dict[str, str]) -> None:
        """The earlier run's inputs must be these."""
        try:
            before = dict(json.loads(self._sidecar.read_text()))
        except (OSError, ValueError, TypeError):
            raise GradeFileError(
                f"{self._sidecar}, which tells what {self.part.name} is of, is not there or broken; delete both to begin again."
            ) from None
        changed = [name for name in inputs if before.get(name) != inputs[name]]
        if changed:
            raise GradeFileError(
                f"{self.part} was begun with other {' and '.join(changed)}, and going on would mix two runs; "
                "give what it was begun with, or delete it to begin again."
            )

    def _keep_whole_lines(self) -> int:
        """Count the lines that are whole, and cut the file after them: what a crash cut short is graded again."""
        end = 0
        with open(self._file, "rb", closefd=False) as file:
            for line in file:
                try:
                    grade = Grade.model_validate_json(line if line.endswith(b"\n") else b"")
                except ValidationError:
                    break
                self.verdicts[grade.verdict] += 1
                end += len(line)
        os.ftruncate(self._file, end)
        os.lseek(self._file, end, os.SEEK_SET)
        return self.count

    def _write(self, fd: int, content: bytes) -> None:
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[os.write(fd, rest) :]
        except OSError as error:
            raise GradeFileError(
                f"{self.part} can't be written ({error.strerror}) and holds {self.count} grades; "
                "make room, and go on with --resume."
            ) from None
