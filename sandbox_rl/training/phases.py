"""What each phase of a step costs: seconds, and the most memory that was held in it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import torch


class Phases:
    """`with phases("update"): ...` measures a phase; `seconds` and `memory_mb` have it then.

    Memory is the GPU's where there is one, else the peak of this process's resident set (Linux lets a process reset its own).
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.memory_mb: dict[str, float] = {}

    @contextlib.contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        _reset_peak()
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started
        self.memory_mb[name] = _peak_mb()


def _reset_peak() -> None:
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        return
    with contextlib.suppress(OSError):  # where it may not, the peak is that of the run so far
        Path("/proc/self/clear_refs").write_text("5")


def _peak_mb() -> float:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
