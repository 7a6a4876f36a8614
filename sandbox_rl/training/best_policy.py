"""The policy that did best on the validation split, kept on disk; the test split is never looked at for it."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

from sandbox_rl.errors import TrainingError
from sandbox_rl.policy.model import Policy


class BestPolicy:
    """Keeps each new best beside the last, so that a run killed in between loses neither."""

    def __init__(self, folder: Path, *, writes: bool = True) -> None:
        """`writes`: whether this process is the one that keeps it."""
        self.folder = folder
        self._writes = writes
        self.score = -1.0
        self.step = 0

    def offer(self, policy: Policy, score: float, step: int) -> None:
        """Keep `policy` when it did better.

        Raises `TrainingError` when the score is not a number: a resumed run validates again from its last checkpoint.
        """
        if math.isnan(score):
            raise TrainingError(
                f"no answer to the validation split was judged right or wrong at step {step}, so no policy can be chosen; mend "
                "the sandbox (`sandbox-rl doctor` says what works), or give its tasks tests (a score never passes), and resume."
            )
        if score <= self.score:
            return
        self.score, self.step = score, step
        part = self.folder.with_name(self.folder.name + ".part")
        if self._writes:
            shutil.rmtree(part, ignore_errors=True)
        policy.save(part, writes=self._writes)
        if self._writes:
            shutil.rmtree(self.folder, ignore_errors=True)
            part.rename(self.folder)

    def state(self) -> dict[str, Any]:
        return {"score": self.score, "step": self.step}

    def restore(self, state: dict[str, Any]) -> None:
        self.score, self.step = state["score"], state["step"]
