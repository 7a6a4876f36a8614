"""`sandbox-rl tasks check` and `tasks red-team`: what a suite's rewards are worth."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape
from rich.table import Table
from sandbox_rewards.audits.noise import Rate, measure_noise
from sandbox_rewards.audits.red_team import RedTeamReport, answers_for, red_team
from sandbox_rewards.audits.suite_check import TaskCheck, check_tasks
from sandbox_rewards.grading import Grader
from sandbox_tasks.leaks import find_leaks
from sandbox_tasks.suite import TaskSuite, load_suite, write_whole

from sandbox_rl.cli.options import Runtime, Sandbox, Unsafe, Workers, grader_for, progress, refuse_to_overwrite, screen
from sandbox_rl.errors import UserError


def check(
    suite: Annotated[str, typer.Argument(help="A suite's name or file.")],
    sandbox: Sandbox = "auto",
    workers: Workers = None,
    runtime: Runtime = None,
    unsafe: Unsafe = False,
    noise: Annotated[int | None, typer.Option(min=2, help="Measure how often tests err: runs of each program.")] = None,
    out: Annotated[Path | None, typer.Option(help="With --noise: the file for its figures, one JSON line a task.")] = None,
) -> None:
    """Run references, empty answers and mutants; look for leaks between splits. Exit status 1 when something is wrong."""
    if out and noise is None:
        raise UserError("--out keeps the figures of --noise, which was not asked for; add --noise 20.")
    if noise is not None:
        crowd = workers or 2 * (os.cpu_count() or 1) + 1  # more than cores: tests that depend on time err when it is short
        with grader_for(sandbox, crowd, runtime=runtime, unsafe=unsafe) as grader:
            show_noise(load_suite(suite), grader, noise, out)
        return
    loaded = load_suite(suite)
    with grader_for(sandbox, workers, runtime=runtime, unsafe=unsafe) as grader, progress() as bar:
        row = bar.add_task("checking", total=None)
        found = check_tasks(list(loaded.tasks), grader, on_grade=lambda: bar.advance(row))
    table = Table("task", "what is wrong", title=f"{suite}: {len(found)} tasks")
    for one in found:
        for problem in one.problems:
            table.add_row(one.task_id, problem)
    leaks = [leak for leak in find_leaks(loaded) if leak.severity == "leak"]
    for leak in leaks:
        table.add_row(leak.held_out_id, str(leak))
    for line in [f"note: {one.task_id} {note}" for one in found for note in one.notes]:
        screen.print(line, highlight=False, markup=False, soft_wrap=True)
    if seals := said_seals(found):
        screen.print(seals, highlight=False, markup=False, soft_wrap=True)
    killed, made = sum(c.mutants - c.survivors for c in found), sum(c.mutants for c in found)
    screen.print(table if table.row_count else "nothing is wrong", highlight=False)
    screen.print(f"{killed} of {made} mutants fail their tests", highlight=False)
    raise typer.Exit(1 if table.row_count else 0)


def said_seals(found: list[TaskCheck]) -> str:
    """How many tasks there are of each seal, and the first of those whose tests get more than plain data."""
    objects = [one.task_id for one in found if one.seal == "objects"]
    plain = sum(one.seal == "data" for one in found)
    if not (objects or plain):
        return ""
    named = f" ({', '.join(objects[:10])}{' ...' if len(objects) > 10 else ''})" if objects else ""
    return f"seal: {plain} data, {len(objects)} objects{named}"


def show_noise(suite: TaskSuite, grader: Grader, repeats: int, out: Path | None) -> None:
    """Measure and print; the worst first."""
    if out:
        refuse_to_overwrite(out)
    with progress() as bar:
        row = bar.add_task("measuring noise", total=None)
        found = measure_noise(suite.tasks, grader, repeats=repeats, on_grade=lambda: bar.advance(row))
    columns = "task", "right, but failed", "wrong, but passed", "undecided mutants", "no verdict"
    table = Table(*columns, title=f"{suite.name}: noise")
    noisy = sorted((one for one in found if one.worst or one.no_verdict), key=lambda one: -one.worst)
    for one in noisy[:20]:
        rates = said_rate(one.false_negative), said_rate(one.false_positive)
        table.add_row(one.task_id, *rates, str(one.undecided), str(one.no_verdict))
    runs = sum(one.false_negative.runs + one.false_positive.runs for one in found)
    screen.print(table if noisy else f"no noise seen in {runs} runs of {len(found)} tasks", highlight=False)
    if len(noisy) > 20:
        screen.print(f"and {len(noisy) - 20} more", highlight=False)
    for name, kind in (("right, but failed", "false_negative"), ("wrong, but passed", "false_positive")):
        each: list[Rate] = [getattr(one, kind) for one in found]
        total = Rate(count=sum(r.count for r in each), runs=sum(r.runs for r in each))
        screen.print(f"{name}: {said_rate(total)}", highlight=False)
    undecided = sum(one.undecided for one in found)
    screen.print(f"{undecided} mutants pass and are undecided: equal to the reference, or not caught", highlight=False)
    if out:
        write_whole(out, "".join(one.model_dump_json() + "\n" for one in found))
        screen.print(f"written: {out}; pairs.noise={out} uses it", highlight=False, soft_wrap=True)


def said_rate(rate: Rate) -> str:
    low, high = rate.interval
    return f"{rate.value:.1%} ({low:.1%} to {high:.1%}) of {rate.runs}" if rate.runs else "no runs"


def red_team_tasks(
    suite: Annotated[str, typer.Argument(help="A suite's name or file.")],
    split: Annotated[Literal["train", "validation", "test"] | None, typer.Option(help="Only this split's tasks.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N of them.")] = None,
    sandbox: Sandbox = "auto",
    workers: Workers = None,
    runtime: Runtime = None,
) -> None:
    """Run a catalogue of cheats against the tests. Exit status 1 when any earns reward."""
    loaded = load_suite(suite)
    tasks = (loaded.split(split) if split else loaded.tasks)[:limit]
    with grader_for(sandbox, workers, runtime=runtime) as grader, progress() as bar:
        row = bar.add_task("cheating", total=sum(map(answers_for, tasks)))
        found = red_team(tasks, grader, on_grade=lambda: bar.advance(row))
    screen.print(cheat_table(found, f"{suite}: {len(tasks)} tasks"))
    for line in found.statements():
        screen.print(line, highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(1 if found.earned else 0)


def cheat_table(found: RedTeamReport, title: str) -> Table:
    table = Table("cheat", "what it exploits", "rewarded of tried", "first task", title=title)
    for one in found.hits_first:
        first = escape(one.rewarded[0]) if one.rewarded else ""
        table.add_row(one.cheat.name, one.cheat.exploits, f"{len(one.rewarded)} of {one.tried}", first)
    return table
