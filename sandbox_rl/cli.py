"""The command line. Each command is a few lines; torch is imported only by those that train."""

from __future__ import annotations

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
from sandbox_tasks.jsonl import read_jsonl
from sandbox_tasks.suite import TaskError, TaskSuite, load_suite

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
tasks_app = typer.Typer(no_args_is_help=True, help="Look at, convert and check task suites.")
app.add_typer(tasks_app, name="tasks")
screen = Console(stderr=True)


class UserError(Exception):
    """Something that the user can mend; the message says the fact, the conflict and the fix."""


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


def tasks_of(answers: list[Completion], suite: TaskSuite, name: str, file: Path) -> list:  # type: ignore[type-arg]
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


def main() -> None:
    """Entry point: a user's mistake is one sentence, and exit status 2."""
    try:
        app(standalone_mode=True)
    except (UserError, TaskError, UnknownReward, SandboxUnavailable, BrokenReward, OSError) as error:
        screen.print(f"[bold red]error:[/] {error}", highlight=False, markup=True, soft_wrap=True)
        raise SystemExit(2) from None
