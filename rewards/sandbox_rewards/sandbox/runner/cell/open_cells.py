"""No isolation at all: what `--unsafe-no-isolation` asks for, and nothing else ever chooses.

What is covered: a process of its own, rlimits, and the judge's separation of data from objects. What is not: everything
else. The solution can read and write whatever the user can, reach the network, signal the judge, and leave processes.
"""

from __future__ import annotations


class OpenCells:
    """Solutions run as plain children."""

    def before_fork(self) -> None: ...

    def after_fork(self) -> None: ...

    def enter(self) -> None: ...

    def sweep(self) -> None: ...

    def processes(self, first: int) -> list[int]:
        return []
