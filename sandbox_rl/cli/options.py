"""What commands share: their options, the screen, and how a grader is made of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer
import yaml
from rich.console import Console
from rich.markup import escape
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn
from sandbox_rewards.grading import Grader
from sandbox_rewards.sandbox.backends import LEAVES_OPEN, Backend

from sandbox_rl.config import Preset, RunConfig, load_config, read_settings
from sandbox_rl.config import preset as preset_settings
from sandbox_rl.errors import UserError

screen = Console(stderr=True)

Sandbox = Annotated[
    Literal["auto", "docker", "local", "namespaces", "landlock"],
    typer.Option(help="Where answers run; auto takes the strongest here, local the strongest without a container engine."),
]
Workers = Annotated[int | None, typer.Option(min=1, help="Answers judged at once; one more than there are cores unless told.")]
Runtime = Annotated[str | None, typer.Option(help="Docker's OCI runtime, such as runsc (gVisor).")]
Unsafe = Annotated[bool, typer.Option("--unsafe-no-isolation", help="Run answers unprotected: they can do whatever you can.")]
SkipUnreadable = Annotated[
    bool,
    typer.Option("--skip-unreadable", help="Tasks whose own answer can't be read get no verdict; else nothing is graded."),
]
CacheFile = Annotated[Path | None, typer.Option(help="SQLite file of grades: the same answer to a task is judged once.")]
Settings = Annotated[list[str], typer.Option("--set", help="Override a setting: --set ppo.learning_rate=1e-5.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with what is in the folder; finished phases are not repeated.")]
ConfigName = Annotated[str, typer.Option(help="A shipped config or a YAML file.")]
PresetName = Annotated[
    Preset | None,
    typer.Option("--preset", help="Learning rates, lambda and KL price for models of a size; by the model's own unless told."),
]
Base = Annotated[Path, typer.Option(help="Folder of the base policy.")]
Out = Annotated[Path, typer.Option(help="Folder of this run.")]


def refuse_to_overwrite(out: Path, *inputs: Path) -> None:
    """Raise `UserError` when results would take the place of what they are made from, or of something that is no file."""
    for given in inputs:
        if given.exists() and out.exists() and out.samefile(given):
            raise UserError(f"{out} is an input of this command, and its results would replace it; name another file.")
    if not out.name or (out.exists() and not out.is_file()):
        raise UserError(f"{str(out)!r} is no file that results could be written to; name another one.")


def empty_or_resumed(folder: Path, resume: bool) -> None:
    if folder.exists() and any(folder.iterdir()) and not resume:
        raise UserError(f"{folder} holds a run already; go on with it by --resume, or name another folder with --out.")


def training_options(
    config: str, settings: list[str], out: Path, resume: bool, preset: Preset | None, base: Path | None = None, alone: bool = True
) -> RunConfig:
    """The config of a training command from a `base`; `alone`: one that several processes do not share."""
    if alone and os.environ.get("WORLD_SIZE", "1") != "1":
        raise UserError("several processes were started, and of all commands only `train ppo` shares its work; start one.")
    chosen = settled(config, settings, out / "config.yaml" if resume else None, preset, base)
    if os.environ.get("RANK", "0") == "0":  # of several processes the first; it may have begun to write when the others look
        empty_or_resumed(out, resume)
    return chosen


def settled(
    config: str, settings: list[str], begun: Path | None, preset: Preset | None, base: Path | None = None
) -> RunConfig:  # fmt: skip
    """The config of a run. Where it says nothing, a preset holds, which is said: the one that is asked for, or that for a model
    of the base's size. A run that goes on has what it was `begun` with, if that file is there."""
    if begun and begun.exists() and not preset:
        return load_config(config, settings, yaml.safe_load(begun.read_text()))
    why = "as asked"
    if preset is None:
        from sandbox_rl.policy.loading import preset_for

        given, _ = read_settings(config, settings)
        model = given.get("model") or {}
        preset, size = preset_for(str(base) if base else model.get("name"), model.get("revision"), model.get("gguf_file"))
        why = f"for {size / 1e6:,.0f} million parameters" if size else "for the tiny model"
    screen.print(f"preset {preset} {why}: learning rates, lambda and the KL's price, where the config has none", highlight=False)
    return load_config(config, settings, preset_settings(preset))


def grader_for(
    sandbox: str,
    workers: int | None,
    *,
    cache: Path | None = None,
    runtime: str | None = None,
    unsafe: bool = False,
    skip_unreadable: bool = False,
    extracted: bool = False,
) -> Grader:
    """A grader that says on stderr where answers run, when that is known, and what keeps some from a verdict."""
    asked = "open" if unsafe else sandbox

    def told(backend: Backend) -> None:
        if backend.name == "open":
            screen.print(f"[bold red]WARNING: {LEAVES_OPEN['open']}[/]", highlight=False, soft_wrap=True)
        elif asked in ("auto", "local"):
            screen.print(f"answers run in sandbox {backend.name}", highlight=False)
        if backend.name in LEAVES_OPEN and backend.name != "open":
            screen.print(f"note: {LEAVES_OPEN[backend.name]}", highlight=False, soft_wrap=True)

    def warned(said: str) -> None:
        screen.print(f"[bold yellow]warning:[/] {escape(said)}", highlight=False, soft_wrap=True)

    return Grader(
        asked, workers, cache=cache, runtime=runtime, skip_unreadable=skip_unreadable, on_sandbox=told, on_warning=warned,
        extracted=extracted,
    )  # fmt: skip


def grader_of(config: RunConfig, folder: Path | None) -> Grader:
    """The grader of a run, whose grades are kept in its folder."""
    settings = config.sandbox
    cache = folder / "grades.sqlite" if folder and settings.cache else None
    beside = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # processes of this run on this machine share its cores
    workers = settings.workers or (max(1, (cores() + 1) // beside) if beside > 1 else None)
    return grader_for(
        settings.backend, workers, cache=cache, runtime=settings.runtime, unsafe=settings.unsafe_no_isolation,
        skip_unreadable=config.skip_unreadable,
    )  # fmt: skip


def cores() -> int:
    return len(os.sched_getaffinity(0))


def progress() -> Progress:
    return Progress(*Progress.get_default_columns()[:-1], MofNCompleteColumn(), TimeRemainingColumn(), console=screen)


def said(path: Path) -> None:
    screen.print(f"written: {path}", highlight=False, soft_wrap=True)
