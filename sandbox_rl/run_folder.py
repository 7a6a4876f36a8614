"""A run on disk: metrics, and checkpoints that are there whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import torch

KEEP = 2
"""Checkpoints kept."""


class RunFolder:
    """One training phase's folder. `log` appends a metrics line; `save` and `newest` keep the state to go on from."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.metrics = path / "metrics.jsonl"

    def log(self, metrics: dict[str, Any]) -> None:
        with self.metrics.open("a") as file:
            file.write(json.dumps(metrics) + "\n")

    def finished(self) -> bool:
        return (self.path / "done.json").exists()

    def finish(self, facts: dict[str, Any]) -> None:
        write_atomically(self.path / "done.json", json.dumps(facts).encode())
        shutil.rmtree(self.path / "checkpoints", ignore_errors=True)

    def save(self, step: int, state: dict[str, Any]) -> None:
        """Checkpoint after `step`: written aside, synced, then renamed into place; older ones are dropped."""
        folder = self.path / "checkpoints"
        part = folder / f"part-{step:08d}"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        state = state | {
            "metrics_bytes": self.metrics.stat().st_size if self.metrics.exists() else 0,
            "step": step,
        }
        torch.save(state, part / "state.pt")
        with (part / "state.pt").open("rb") as file:
            os.fsync(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        write_atomically(part / "manifest.json", json.dumps({"sha256": digest}).encode())
        whole = folder / f"step-{step:08d}"
        shutil.rmtree(whole, ignore_errors=True)
        part.rename(whole)
        for old in sorted(folder.glob("step-*"))[:-KEEP]:
            shutil.rmtree(old)

    def newest(self) -> dict[str, Any] | None:
        """State of the newest whole checkpoint, and the metrics cut back to it; None starts from the beginning."""
        for folder in sorted((self.path / "checkpoints").glob("step-*"), reverse=True):
            if _is_whole(folder):
                state: dict[str, Any] = torch.load(folder / "state.pt", weights_only=False)
                self._cut_metrics(state["metrics_bytes"])
                return state
        self._cut_metrics(0)
        return None

    def _cut_metrics(self, size: int) -> None:
        if self.metrics.exists():
            os.truncate(self.metrics, size)


def _is_whole(folder: Path) -> bool:
    try:
        wanted = json.loads((folder / "manifest.json").read_text())["sha256"]
        with (folder / "state.pt").open("rb") as file:
            return bool(hashlib.file_digest(file, "sha256").hexdigest() == wanted)
    except (OSError, ValueError, KeyError):
        return False


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


class Randomness:
    """The run's own sources of chance, saved with its checkpoints."""

    def __init__(self, seed: int) -> None:
        self.order = random.Random(seed)
        self.sampling = torch.Generator().manual_seed(seed)

    def state(self) -> dict[str, Any]:
        return {"order": self.order.getstate(), "sampling": self.sampling.get_state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.order.setstate(state["order"])
        self.sampling.set_state(state["sampling"])
