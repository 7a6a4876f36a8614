"""`sandbox-rl doctor`: what is here, and whether a run resumes."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table
from sandbox_rewards.sandbox.backends import BACKENDS, COVERS, probe

from sandbox_rl.cli.options import grader_of, screen
from sandbox_rl.errors import UserError

doctor_app = typer.Typer(invoke_without_command=True, help="What is here, and what that allows; or prove that a run resumes.")


@doctor_app.callback()
def doctor(context: typer.Context) -> None:
    """What is here, and what that allows; or prove that a run resumes."""
    if context.invoked_subcommand:
        return
    table = Table("sandbox", "works", "what it is, or why it does not work", title="sandboxes, strongest first")
    for name in BACKENDS:
        reason = probe(name)
        table.add_row(name, "no" if reason else "yes", escape(reason or COVERS[name]))
    table.add_row("open", "yes", "no isolation: only by --unsafe-no-isolation")
    screen.print(table)
    screen.print(training_here(), highlight=False, markup=False, soft_wrap=True)


def training_here() -> str:
    """What training would run on."""
    if find_spec("torch") is None:
        return "training: not installed (`pip install 'sandbox-rl[train]'` brings it); grading needs nothing more"
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none: training runs on the CPU (tiny models)"
    return f"torch {torch.__version__}, {torch.get_num_threads()} threads, GPU: {gpu}"


@doctor_app.command("resume")
def doctor_resume(run: Annotated[Path, typer.Argument(help="Folder of a PPO run.")]) -> None:
    """Prove that a resumed run equals an unbroken one: do a run's first steps again, broken off and resumed, and compare."""
    from sandbox_rl.runs.progress import LiveProgress
    from sandbox_rl.runs.run_folder import config_of
    from sandbox_rl.training.resume_check import check_resume

    with TemporaryDirectory(prefix="resume-") as scratch, grader_of(config_of(run), None) as grader, LiveProgress(screen) as live:
        found = check_resume(run, Path(scratch) / "run", grader, live)
    if found.differs is None:
        proven = f"{found.steps} steps, resumed after step {found.resumed_after}: inputs and weights are those of {run}"
        screen.print(f"{proven}, to the last bit", highlight=False, soft_wrap=True)
        return
    raise UserError(
        f"step {found.differs} has other {found.what} than in {run}, and training was resumed after step {found.resumed_after}; "
        "was the run made by another version, on another machine, or with other reward sources? (environment.json says)"
    )
