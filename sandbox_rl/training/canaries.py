"""Canaries in the mine: answers that were rewarded are graded against tests that no honest answer can pass.

Reward there means that the reward is being gamed, or that its source is broken: either way, to train on would make it
worse. No random numbers are drawn, so a run with canaries gives the numbers of one without.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandbox_rewards.grading import Grader
from sandbox_tasks.canary import canary_of
from sandbox_tasks.task import Task, UnitTests

from sandbox_rl.errors import TrainingError
from sandbox_rl.runs.run_folder import write_atomically
from sandbox_rl.training.processes import Processes

FULL = 1.0
"""What a canary pays when all its tests pass; one with two specs may pay a part of its sum, honestly."""
REPEATS = 2
"""How often an answer must pass again before the alarm: one that is random may have met both of two tests by chance."""


class Canaries:
    """Watches a run: `watch` grades up to `most` rewarded answers of a step, `stop_if_rewarded` raises the alarm."""

    def __init__(self, tasks: Sequence[Task], grader: Grader, most: int, folder: Path, processes: Processes) -> None:
        self._canaries = {task.id: canary_of(task) for task in tasks} if most else {}
        self._grader = grader
        self._most = most
        self._processes = processes
        self._file = folder / "canaries.jsonl"
        self.rewarded: list[dict[str, Any]] = []
        """Of the last step: answers that were paid by contradictory tests, each time."""

    def watch(self, step: int, samples: Sequence[dict[str, Any]]) -> dict[str, int]:
        """Grade the best rewarded of a step's samples, of equals the first; gives metrics.

        Each process grades its share, and all get all findings: they stop together or not at all.
        """
        paid = sorted((s for s in samples if s["reward"] and s["reward"] > 0), key=lambda s: s["reward"], reverse=True)
        pairs = [(canary, s) for s in paid if (canary := self._canaries.get(s["task_id"]))][: self._most]
        share = self._processes.share(len(pairs))
        suspects = pairs[share.start : share.stop]
        for _ in range(1 + REPEATS):
            grades = self._grader.grade([canary for canary, _ in suspects], [s["text"] for _, s in suspects]) if suspects else []
            suspects = [s for s, g in zip(suspects, grades, strict=True) if g.reward is not None and g.reward >= FULL]
        own = [{"step": step, **sample, "canary": _tests(canary)} for canary, sample in suspects]
        self.rewarded = self._processes.together(own)
        return {"canaries": len(pairs), "canary_rewards": len(self.rewarded)}

    def stop_if_rewarded(self) -> None:
        """Raise `TrainingError` when a canary of the last step was rewarded; the answers are saved first."""
        if not self.rewarded:
            return
        if self._processes.main:
            write_atomically(self._file, "".join(json.dumps(line) + "\n" for line in self.rewarded).encode())
        first = self.rewarded[0]
        raise TrainingError(
            f"at step {first['step']} an answer to task {first['task_id']} was rewarded by tests that contradict each other, "
            f"{1 + REPEATS} times of {1 + REPEATS}, so the reward is being gamed or its source is broken; read the answer in "
            f"{self._file}, and mend the reward before you train on (ppo.canaries=0 turns this check off)."
        )


def _tests(canary: Task) -> list[dict[str, Any]]:
    return [spec.model_dump(mode="json") for spec in canary.rewards if isinstance(spec, UnitTests)]
