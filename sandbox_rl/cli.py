"""The command line. Each command is a few lines; torch is imported only by those that train."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table

from sandbox_rewards.grade import Completion, Grade, Verdict
from sandbox_rewards.grading import BrokenReward, Grader
from sandbox_rewards.registry import UnknownReward, load_reward
from sandbox_rewards.sandbox.backends import BACKENDS, SandboxUnavailable, probe
from sandbox_rl.config import RunConfig, load_config
from sandbox_rl.errors import SandboxRLError, UserError
from sandbox_tasks.jsonl import read_jsonl
from sandbox_tasks.errors import TaskError
from sandbox_tasks.suite import TaskSuite, load_suite, shipped_suites, task_schema
from sandbox_tasks.task import Task

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
tasks_app = typer.Typer(no_args_is_help=True, help="Look at, convert and check task suites.")
app.add_typer(tasks_app, name="tasks")
screen = Console(stderr=True)


Sandbox = Annotated[Literal["auto", "docker", "local"], typer.Option(help="Where answers run; auto takes the strongest here.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Answers judged at once; one a core unless told.")]


@app.command()
def grade(
    tasks: Annotated[str, typer.Argument(help="A suite's name, or a .jsonl or .yaml file of tasks.")],
    completions: Annotated[Path, typer.Argument(help='JSON lines of {"task_id", "completion"}.')],
    out: Annotated[Path, typer.Option(help="Where the grades go, one JSON line a completion, in the same order.")],
    sandbox: Sandbox = "auto",
    workers: Workers = None,
) -> None:
    """Judge answers: the smallest whole use, and what everything else is built on."""
    suite = load_suite(tasks)
    answers = read_jsonl(completions, Completion)
    chosen = tasks_of(answers, suite, tasks, completions)
    for source in {spec.source for task in chosen for spec in task.rewards}:
        load_reward(source)
    with Grader(sandbox, workers) as grader, progress() as bar:
        row = bar.add_task("grading", total=len(answers))
        grades = grader.grade(chosen, [a.completion for a in answers], on_grade=lambda: bar.advance(row))
    write_whole(out, "".join(g.model_dump_json() + "\n" for g in grades))
    screen.print(verdict_table(grades))


def tasks_of(answers: list[Completion], suite: TaskSuite, name: str, file: Path) -> list[Task]:
    """The task of each answer; names the first that the suite lacks."""
    by_id = {task.id: task for task in suite.tasks}
    for answer in answers:
        if answer.task_id not in by_id:
            raise UserError(
                f"{file} answers task {answer.task_id!r}, which {name} does not hold; "
                "correct the task_id or give the suite that has it."
            )
    return [by_id[answer.task_id] for answer in answers]


def progress() -> Progress:
    return Progress(*Progress.get_default_columns()[:-1], MofNCompleteColumn(), TimeRemainingColumn(), console=screen)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text)
    part.replace(path)


def verdict_table(grades: list[Grade]) -> Table:
    table = Table("verdict", "answers", "share", title=f"{len(grades)} answers graded")
    for verdict, count in Counter(g.verdict for g in grades).most_common():
        note = " (our fault: not counted as wrong)" if verdict is Verdict.no_verdict else ""
        table.add_row(verdict.value + note, str(count), f"{count / len(grades):.1%}")
    return table


@app.command()
def doctor() -> None:
    """What is here, and what that allows."""
    table = Table("what", "works", "why not", title="sandboxes, strongest first")
    for name in BACKENDS:
        reason = probe(name)
        table.add_row(name, "no" if reason else "yes", reason or "")
    screen.print(table)


Settings = Annotated[list[str], typer.Option("--set", help="Override a setting: --set ppo.learning_rate=1e-5.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with what is in the folder; finished phases are not repeated.")]


@app.command()
def compare(
    config: Annotated[str, typer.Argument(help="A shipped config (quickstart) or a YAML file.")] = "quickstart",
    seeds: Annotated[int, typer.Option(min=1, help="How often everything is run, with other seeds.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; runs/NAME unless told.")] = None,
    model: Annotated[str | None, typer.Option(help="Hugging Face name or folder of a causal LM.")] = None,
    settings: Settings = [],  # noqa: B006 - typer's way of saying none
    resume: Resume = False,
) -> None:
    """Train PPO and DPO from the same base on the same tasks, and say which is worth it."""
    chosen = load_config(config, [*settings, *([f"model.name={model}"] if model else [])])
    folder = out or Path("runs") / Path(config).stem
    empty_or_resumed(folder, resume)
    run_comparison(chosen, seeds, folder, resume)


def empty_or_resumed(folder: Path, resume: bool) -> None:
    if folder.exists() and any(folder.iterdir()) and not resume:
        raise UserError(f"{folder} holds a run already; go on with it by --resume, or name another folder with --out.")


def run_comparison(config: RunConfig, seeds: int, folder: Path, resume: bool) -> None:
    from sandbox_rl.compare import compare as run
    from sandbox_rl.progress import LiveProgress
    from sandbox_rl.report import write_report

    command = "sandbox-rl " + " ".join(sys.argv[1:])
    with Grader(config.sandbox.backend, config.sandbox.workers) as grader, LiveProgress(screen) as live:
        found = run(config, seeds, folder, grader, resume=resume, report=live, command=command)
    page = write_report(found, folder)
    for line in found.conclusion:
        screen.print(f"- {line}", highlight=False)
    screen.print(f"report: {page}", highlight=False, soft_wrap=True)


@app.command()
def report(folder: Annotated[Path, typer.Argument(help="A finished run's folder.")]) -> None:
    """Draw a run's report again from its report.json."""
    from sandbox_rl.report import load_report, write_report

    screen.print(f"report: {write_report(load_report(folder), folder)}", highlight=False, soft_wrap=True)


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
def schema() -> None:
    """JSON Schema of one line of a task file."""
    typer.echo(json.dumps(task_schema(), indent=2))


def main() -> None:
    """Entry point: a user's mistake is one sentence, and exit status 2."""
    try:
        app()
    except (SandboxRLError, TaskError, UnknownReward, SandboxUnavailable, BrokenReward, OSError) as error:
        screen.print(f"error: {error}", highlight=False, markup=False, soft_wrap=True)
        raise SystemExit(2) from None
