"""The command line: one file a group of commands. torch is imported only by those that train."""

from __future__ import annotations

import os
from typing import NoReturn

import typer
from sandbox_rewards.errors import RewardError
from sandbox_rewards.grading.grade_file import GradeFileError
from sandbox_tasks.errors import TaskError

from sandbox_rl.cli import audits, compare, export, grade, math, train
from sandbox_rl.cli.doctor import doctor_app
from sandbox_rl.cli.options import screen
from sandbox_rl.cli.tasks import tasks_app
from sandbox_rl.errors import SandboxRLError

# Threads that wait must sleep, not spin: on a shared machine spinning made a training step three times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Align language models with rewards that are executed: PPO with a critic, DPO on the same tasks, and which is worth it.",
)
app.command()(grade.grade)
app.command()(math.math)
app.command()(compare.compare)
app.command()(compare.report)
app.command("eval")(compare.evaluate_policy)
app.command()(train.pairs)
app.command()(export.export)
app.add_typer(train.train_app, name="train")
tasks_app.command()(audits.check)
tasks_app.command("red-team")(audits.red_team_tasks)
app.add_typer(tasks_app, name="tasks")
app.add_typer(doctor_app, name="doctor")

TOLD = (SandboxRLError, TaskError, RewardError, GradeFileError, OSError)
"""What a user can mend; anything else is a bug, and shows where."""
OF_TRAIN = {"torch", "transformers", "tokenizers", "accelerate", "peft", "safetensors", "numpy", "jinja2", "matplotlib"}
"""Modules that come with the extra `train`."""


def main() -> None:
    """Entry point: a user's mistake is one sentence, and exit status 2."""
    try:
        app()
    except TOLD as error:
        refuse(str(error))
    except ModuleNotFoundError as error:
        if error.name not in OF_TRAIN:
            raise
        refuse(f"this command needs {error.name}, which is not installed; `pip install 'sandbox-rl[train]'` brings it.")


def refuse(why: str) -> NoReturn:
    screen.print(f"error: {why}", highlight=False, markup=False, soft_wrap=True)
    raise SystemExit(2)
