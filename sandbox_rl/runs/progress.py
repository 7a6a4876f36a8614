"""What long work says of itself while it runs."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class Report(Protocol):
    """Called with the phase, the step, how many there are, and figures worth showing."""

    def __call__(self, *, phase: str, step: int, total: int, **figures: float) -> None: ...


class LiveProgress:
    """One row a phase: bar, figures, time left. On something that is no terminal a line at each tenth."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rows: dict[str, TaskID] = {}
        self._bars = Progress(
            TextColumn("{task.description:<22}"), BarColumn(24), MofNCompleteColumn(), TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(), TimeRemainingColumn(), console=console, disable=not console.is_terminal,
        )  # fmt: skip

    def __enter__(self) -> LiveProgress:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bars.stop()

    def __call__(self, *, phase: str, step: int, total: int, **figures: Any) -> None:
        text = "  ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in figures.items())
        if phase not in self._rows:
            self._rows[phase] = self._bars.add_task(phase, total=total, figures=text)
        self._bars.update(self._rows[phase], completed=step, figures=text)
        if not self._console.is_terminal and (step == total or step % max(1, total // 10) == 0):
            self._console.print(f"{phase}: {step}/{total}  {text}", highlight=False)
