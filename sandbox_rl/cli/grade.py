"""`sandbox-rl grade`: the smallest whole use."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sandbox_rewards.grade import Completion, Verdict
from sandbox_rewards.grading.grade_file import GradeFile
from sandbox_rewards.registry import REWARDS, load
from sandbox_tasks.jsonl import stream_jsonl
from sandbox_tasks.suite import TaskSuite, load_suite
from sandbox_tasks.task import Task

from sandbox_rl.cli.options import (
    CacheFile,
    Runtime,
    Sandbox,
    SkipUnreadable,
    Unsafe,
    Workers,
    grader_for,
    progress,
    refuse_to_overwrite,
    screen,
)
from sandbox_rl.errors import UserError

GoOn = Annotated[bool, typer.Option("--resume", help="Go on with the OUT.part that an interrupted run left.")]


def grade(
    tasks: Annotated[str, typer.Argument(help="A suite's name, or a .jsonl or .yaml file of tasks.")],
    completions: Annotated[Path, typer.Argument(help='JSON lines of {"task_id", "completion"} (or "solution").')],
    out: Annotated[Path, typer.Option(help="Where the grades go, one JSON line a completion, in the same order.")],
    sandbox: Sandbox = "auto",
    workers: Workers = None,
    cache: CacheFile = None,
    resume: GoOn = False,
    runtime: Runtime = None,
    unsafe: Unsafe = False,
    skip_unreadable: SkipUnreadable = False,
    extracted: Annotated[bool, typer.Option("--extracted", help="Write into each grade what of the answer was judged.")] = False,
) -> None:
    """Judge answers: the smallest whole use, and what everything else is built on."""
    refuse_to_overwrite(out, Path(tasks), completions)
    suite = load_suite(tasks)
    by_id = {task.id: task for task in suite.tasks}
    answered = check_answers(completions, by_id, tasks)
    total = answered.total()
    what = {"skip_unreadable": skip_unreadable, "extracted": extracted}
    place = {"sandbox": "open" if unsafe else sandbox, "runtime": runtime, **what}
    inputs = {"tasks": digest_of_tasks(suite), "completions": digest_of(completions), "settings": json.dumps(place)}
    with grader_for(sandbox, workers, cache=cache, runtime=runtime, unsafe=unsafe, **what) as grader:
        for reason in grader.prepare(by_id[task_id] for task_id in answered):
            screen.print(f"skipped: {reason}", highlight=False, markup=False, soft_wrap=True)
        with GradeFile(out, inputs, resume=resume) as file:
            try:
                with progress() as bar:
                    row = bar.add_task("grading", total=total, completed=file.done)
                    answers = islice(stream_jsonl(completions, Completion), file.done, None)
                    for found in grader.stream((by_id[answer.task_id], answer.completion) for answer in answers):
                        file.write(found)
                        bar.advance(row)
                file.finish()
            except KeyboardInterrupt:
                kept = f"stopped: {file.count} of {total} grades are in {file.part}"
                screen.print(f"{kept}; the same command with --resume goes on.", highlight=False, markup=False, soft_wrap=True)
                raise typer.Exit(130) from None
    screen.print(verdict_table(file.verdicts))


def check_answers(file: Path, by_id: dict[str, Task], name: str) -> Counter[str]:
    """How many answers a file holds, by task; names the first whose task the suite lacks. Every source they need is installed."""
    if file.exists() and not file.is_file() and not file.is_dir():
        raise UserError(f"{file} is a pipe or a device, and answers are read more than once; save them to a file first.")
    answered: Counter[str] = Counter()
    sources: set[str] = set()
    for answer in stream_jsonl(file, Completion):
        answered[answer.task_id] += 1
        if answer.task_id not in by_id:
            raise UserError(
                f"{file} answers task {answer.task_id!r}, which {name} does not hold; "
                "correct the task_id or give the suite that has it."
            )
        sources.update(spec.source for spec in by_id[answer.task_id].rewards)
    for source in sources:
        load(REWARDS, source)
    return answered


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of_tasks(suite: TaskSuite) -> str:
    digest = hashlib.sha256()
    for task in suite.tasks:
        digest.update(task.model_dump_json().encode() + b"\n")
    return digest.hexdigest()


def verdict_table(verdicts: Counter[Verdict]) -> Table:
    total = verdicts.total()
    table = Table("verdict", "answers", "share", title=f"{total} answers graded")
    for verdict, count in verdicts.most_common():
        note = " (our fault: not counted as wrong)" if verdict is Verdict.no_verdict else ""
        table.add_row(verdict.value + note, str(count), f"{count / total:.1%}")
    return table
