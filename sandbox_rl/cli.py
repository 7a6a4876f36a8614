"""The command line. Each command is a few lines; torch is imported only by those that train."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table
from sandbox_rewards.grade import Completion, Grade, Verdict
from sandbox_rewards.grading import BrokenReward, Grader
from sandbox_rewards.red_team import RedTeamReport, answers_for, red_team
from sandbox_rewards.registry import UnknownReward, load_reward
from sandbox_rewards.sandbox.backends import BACKENDS, SandboxUnavailable, probe
from sandbox_rewards.suite_check import check_tasks
from sandbox_tasks.errors import TaskError
from sandbox_tasks.jsonl import read_jsonl
from sandbox_tasks.leaks import find_leaks
from sandbox_tasks.readers import read_format
from sandbox_tasks.suite import TaskSuite, load_suite, shipped_suites, task_schema
from sandbox_tasks.task import Task

from sandbox_rl.config import RunConfig, load_config
from sandbox_rl.errors import SandboxRLError, UserError

# Threads that wait must sleep, not spin: on a shared machine spinning made a training step three times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Align language models with rewards that are executed: PPO with a critic, DPO on the same tasks, and which is worth it.",
)
tasks_app = typer.Typer(no_args_is_help=True, help="Look at, convert and check task suites.")
app.add_typer(tasks_app, name="tasks")
train_app = typer.Typer(no_args_is_help=True, help="Train one policy: a warm start, PPO or DPO.")
app.add_typer(train_app, name="train")
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
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none: training runs on the CPU (tiny models)"
    screen.print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, GPU: {gpu}", highlight=False)


Settings = Annotated[list[str], typer.Option("--set", help="Override a setting: --set ppo.learning_rate=1e-5.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with what is in the folder; finished phases are not repeated.")]


@app.command()
def compare(
    config: Annotated[str, typer.Argument(help="A shipped config (quickstart) or a YAML file.")] = "quickstart",
    seeds: Annotated[int, typer.Option(min=1, help="How often everything is run, with other seeds.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; runs/NAME unless told.")] = None,
    model: Annotated[str | None, typer.Option(help="Hugging Face name or folder of a causal LM.")] = None,
    settings: Settings = [],
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


@tasks_app.command()
def convert(
    format: Annotated[str, typer.Argument(help="The format that the file has: humaneval or mbpp.")],
    source: Annotated[Path, typer.Argument(help="The file as published.")],
    out: Annotated[Path, typer.Argument(help="A .jsonl or .yaml file to write.")],
) -> None:
    """Turn a file of a known format into a suite."""
    suite = read_format(format, source)
    suite.save(out)
    screen.print(f"{len(suite.tasks)} tasks written to {out}", highlight=False)


@tasks_app.command()
def check(
    suite: Annotated[str, typer.Argument(help="A suite's name or file.")],
    sandbox: Sandbox = "auto",
    workers: Workers = None,
) -> None:
    """Run references, empty answers and mutants; look for leaks between splits. Exit status 1 when something is wrong."""
    loaded = load_suite(suite)
    with Grader(sandbox, workers) as grader, progress() as bar:
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
    killed, made = sum(c.mutants - c.survivors for c in found), sum(c.mutants for c in found)
    screen.print(table if table.row_count else "nothing is wrong", highlight=False)
    screen.print(f"{killed} of {made} mutants fail their tests", highlight=False)
    raise typer.Exit(1 if table.row_count else 0)


@tasks_app.command("red-team")
def red_team_tasks(
    suite: Annotated[str, typer.Argument(help="A suite's name or file.")],
    split: Annotated[Literal["train", "validation", "test"] | None, typer.Option(help="Only this split's tasks.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N of them.")] = None,
    sandbox: Sandbox = "auto",
    workers: Workers = None,
) -> None:
    """Run a catalogue of cheats against the tests. Exit status 1 when any earns reward."""
    loaded = load_suite(suite)
    tasks = (loaded.split(split) if split else loaded.tasks)[:limit]
    with Grader(sandbox, workers) as grader, progress() as bar:
        row = bar.add_task("cheating", total=sum(map(answers_for, tasks)))
        found = red_team(tasks, grader, on_grade=lambda: bar.advance(row))
    screen.print(cheat_table(found, f"{suite}: {len(tasks)} tasks"))
    for line in found.statements():
        screen.print(line, highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(1 if found.earned else 0)


def cheat_table(found: RedTeamReport, title: str) -> Table:
    table = Table("cheat", "what it exploits", "rewarded of tried", "first task", title=title)
    for one in found.results:
        first = escape(one.rewarded[0]) if one.rewarded else ""
        table.add_row(one.cheat.name, one.cheat.exploits, f"{len(one.rewarded)} of {one.tried}", first)
    return table


def training_options(config: str, settings: list[str], out: Path, resume: bool) -> RunConfig:
    chosen = load_config(config, settings)
    empty_or_resumed(out, resume)
    return chosen


ConfigName = Annotated[str, typer.Option(help="A shipped config or a YAML file.")]
Base = Annotated[Path, typer.Option(help="Folder of the base policy.")]
Out = Annotated[Path, typer.Option(help="Folder of this run.")]


@train_app.command()
def sft(out: Out, config: ConfigName = "quickstart", settings: Settings = [], resume: Resume = False) -> None:
    """Warm start: imitate (imperfect) solutions."""
    from sandbox_rl.progress import LiveProgress
    from sandbox_rl.sft import train_sft

    chosen = training_options(config, settings, out, resume)
    with LiveProgress(screen) as live:
        said(train_sft(chosen, load_suite(chosen.suite).split("train"), out, resume=resume, report=live))


@train_app.command()
def ppo(base: Base, out: Out, config: ConfigName = "quickstart", settings: Settings = [], resume: Resume = False) -> None:
    """PPO with a critic, on the suite's train split."""
    from sandbox_rl.ppo import train_ppo
    from sandbox_rl.progress import LiveProgress

    chosen = training_options(config, settings, out, resume)
    suite = load_suite(chosen.suite)
    train, validation = suite.split("train"), suite.split("validation")
    with Grader(chosen.sandbox.backend, chosen.sandbox.workers) as grader, LiveProgress(screen) as live:
        said(train_ppo(chosen, base, train, validation, grader, out, resume=resume, report=live))


@train_app.command()
def dpo(
    base: Base,
    out: Out,
    pairs: Annotated[Path, typer.Option(help="pairs.jsonl, as `sandbox-rl pairs` writes it.")],
    config: ConfigName = "quickstart",
    settings: Settings = [],
    resume: Resume = False,
) -> None:
    """DPO on pairs of graded answers."""
    from sandbox_rl.dpo import train_dpo
    from sandbox_rl.progress import LiveProgress

    chosen = training_options(config, settings, out, resume)
    validation = load_suite(chosen.suite).split("validation")
    with Grader(chosen.sandbox.backend, chosen.sandbox.workers) as grader, LiveProgress(screen) as live:
        said(train_dpo(chosen, base, pairs, validation, grader, out, resume=resume, report=live))


@app.command()
def pairs(base: Base, out: Out, config: ConfigName = "quickstart", settings: Settings = [], resume: Resume = False) -> None:
    """Sample the base policy on the training tasks and pair better with worse answers (TRL's format)."""
    from sandbox_rl.pairs import sample_pairs
    from sandbox_rl.progress import LiveProgress

    chosen = training_options(config, settings, out, resume)
    train = load_suite(chosen.suite).split("train")
    with Grader(chosen.sandbox.backend, chosen.sandbox.workers) as grader, LiveProgress(screen) as live:
        said(sample_pairs(chosen, base, train, grader, out, resume=resume, report=live))


@app.command("eval")
def evaluate_policy(
    policy: Annotated[Path, typer.Argument(help="Folder of a policy.")],
    split: Annotated[Literal["train", "validation", "test"], typer.Option()] = "test",
    config: ConfigName = "quickstart",
    settings: Settings = [],
) -> None:
    """pass@1 and pass@k on a split, with 95 % intervals over its tasks."""
    from sandbox_rl.comparison import estimate, rates
    from sandbox_rl.evaluate import evaluate
    from sandbox_rl.policy import load_policy

    chosen = load_config(config, settings)
    tasks = load_suite(chosen.suite).split(split)
    with Grader(chosen.sandbox.backend, chosen.sandbox.workers) as grader:
        found = evaluate(chosen, load_policy(policy), tasks, grader, seed=chosen.seed)
    for k in sorted({1, min(chosen.eval.k, chosen.eval.samples_per_task)}):
        value = estimate(rates([found], k))
        typer.echo(f"pass@{k}: {value.mean:.3f} (95 % interval {value.low:.3f} to {value.high:.3f}, {len(tasks)} tasks)")


def said(path: Path) -> None:
    screen.print(f"written: {path}", highlight=False, soft_wrap=True)


def main() -> None:
    """Entry point: a user's mistake is one sentence, and exit status 2."""
    try:
        app()
    except (SandboxRLError, TaskError, UnknownReward, SandboxUnavailable, BrokenReward, OSError) as error:
        screen.print(f"error: {error}", highlight=False, markup=False, soft_wrap=True)
        raise SystemExit(2) from None
