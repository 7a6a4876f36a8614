"""`sandbox-rl tasks`: suites listed, shown, saved and converted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sandbox_tasks.readers import read_format
from sandbox_tasks.suite import load_suite, shipped_suites, task_schema

from sandbox_rl.cli.options import refuse_to_overwrite, screen
from sandbox_rl.errors import UserError

tasks_app = typer.Typer(no_args_is_help=True, help="Look at, convert and check task suites.")


@tasks_app.command("list")
def list_suites() -> None:
    """The suites that ship."""
    table = Table("suite", "what", "licence")
    for info in shipped_suites():
        table.add_row(info.name, info.description, info.licence)
    screen.print(table)


@tasks_app.command()
def show(suite: str, task: Annotated[str | None, typer.Argument(help="One task's id.")] = None) -> None:
    """A suite's tasks, or one task whole."""
    loaded = load_suite(suite)
    if task is None:
        for one in loaded.tasks:
            typer.echo(f"{one.split:<10} {one.id}")
        return
    found = {one.id: one for one in loaded.tasks}.get(task)
    if found is None:
        raise UserError(f"suite {suite!r} has no task {task!r}; `sandbox-rl tasks show {suite}` lists those it has.")
    typer.echo(found.model_dump_json(indent=2, exclude_defaults=True))


@tasks_app.command()
def save(
    suite: Annotated[str, typer.Argument(help="A suite's name or file, or families of reasoning-gym.")],
    out: Annotated[Path, typer.Argument(help="A .jsonl or .yaml file to write.")],
) -> None:
    """Write a suite to a file."""
    loaded = load_suite(suite)
    loaded.save(out)
    typer.echo(f"{len(loaded)} tasks in {out}")


@tasks_app.command()
def schema() -> None:
    """JSON Schema of one line of a task file."""
    typer.echo(json.dumps(task_schema(), indent=2))


@tasks_app.command()
def convert(
    format: Annotated[str, typer.Argument(help="The format that the file has: humaneval, mbpp, gsm8k or math500.")],
    source: Annotated[Path, typer.Argument(help="The file as published.")],
    out: Annotated[Path, typer.Argument(help="A .jsonl or .yaml file to write.")],
) -> None:
    """Turn a file of a known format into a suite."""
    refuse_to_overwrite(out, source)
    suite = read_format(format, source)
    suite.save(out)
    screen.print(f"{len(suite.tasks)} tasks written to {out}", highlight=False)
