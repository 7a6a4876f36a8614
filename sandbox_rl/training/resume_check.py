"""Proof that a resumed PPO run equals an unbroken one: the run's first steps are done again, broken off and resumed.

Every step of a run logs the fingerprints of what it was trained on and of the weights after it. Here the same steps are run from
the same base in another folder, the first process of training is dropped after a checkpoint, a second goes on from it, and the
fingerprints of both are held against those of the run.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox_rewards.grading import Grader
from sandbox_tasks.suite import load_suite

from sandbox_rl.config import RunConfig
from sandbox_rl.errors import UserError
from sandbox_rl.runs.metrics import read_metrics
from sandbox_rl.runs.progress import Report
from sandbox_rl.runs.run_folder import base_of, changes_of, config_of
from sandbox_rl.training.ppo import train_ppo

AFTER = 2
"""Steps that are compared beyond the checkpoint."""
COMPARED = ("inputs", "weights")


@dataclass(frozen=True)
class ResumeCheck:
    """What was found: the steps compared, the one that the training was resumed at, and the first that differs (None: none)."""

    steps: int
    resumed_after: int
    differs: int | None
    what: str | None


class _Enough(Exception):
    """The last step that is wanted is done."""


def check_resume(run: Path, scratch: Path, grader: Grader, report: Report) -> ResumeCheck:
    """Run the first steps of `run` again in `scratch`. Raises `UserError` where there is nothing to hold them against."""
    wanted = _logged(run)
    config = config_of(run)
    checkpoint = config.ppo.validate_every
    last = min(checkpoint + AFTER, len(wanted))
    if last <= checkpoint:
        raise UserError(f"{run} has {len(wanted)} steps, and its first checkpoint is after step {checkpoint}; let it go on.")
    if changes_of(run):
        raise UserError(f"{run} was resumed with other settings (changes.jsonl says which), so no one run has its numbers.")
    if any(name not in line for line in wanted[:last] for name in COMPARED):
        raise UserError(f"{run} was made by a version that logged no fingerprints; make the run again.")
    for resume, until in ((False, checkpoint + 1), (True, last)):
        _train(config, base_of(run), scratch, grader, until, report, resume=resume)
    found = _logged(scratch)
    for step, (line, again) in enumerate(zip(wanted, found, strict=False), start=1):
        for name in COMPARED:
            if line[name] != again[name]:
                return ResumeCheck(last, checkpoint, step, name)
    return ResumeCheck(last, checkpoint, None, None)


def _train(config: RunConfig, base: Path, folder: Path, grader: Grader, until: int, report: Report, *, resume: bool) -> None:
    """Train until step `until` is logged, then drop everything that is not on disk."""

    def until_enough(*, phase: str, step: int, total: int, **figures: float) -> None:
        report(phase="resumed" if resume else "from the start", step=step, total=until, **figures)
        if step >= until:
            raise _Enough

    suite = load_suite(config.suite)
    train, validation = suite.split("train"), suite.split("validation")
    with contextlib.suppress(_Enough):
        train_ppo(config, base, train, validation, grader, folder, resume=resume, report=until_enough)


def _logged(run: Path) -> list[dict[str, Any]]:
    file = run / "metrics.jsonl"
    if not file.exists():
        raise UserError(f"{run} holds no run of PPO: there is no {file.name} in it; name the folder that `train ppo` wrote.")
    lines = read_metrics(file)
    if not lines or lines[0].get("phase") != "ppo":
        raise UserError(f"{run} is no run of PPO; only PPO's steps are checked.")
    return [line for line in lines if line["step"]]  # step 0 is what the base does
