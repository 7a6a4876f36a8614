"""The command line. Each command is a few lines; torch is imported only by those that train."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections import Counter
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table
from sandbox_rewards.audits.noise import Rate, measure_noise
from sandbox_rewards.audits.red_team import RedTeamReport, answers_for, red_team
from sandbox_rewards.audits.suite_check import check_tasks
from sandbox_rewards.errors import RewardError
from sandbox_rewards.grade import Completion, Verdict
from sandbox_rewards.grading import Grader
from sandbox_rewards.grading.grade_file import GradeFile, GradeFileError
from sandbox_rewards.registry import REWARDS, load
from sandbox_rewards.sandbox.backends import BACKENDS, COVERS, LEAVES_OPEN, Backend, probe
from sandbox_tasks.errors import TaskError
from sandbox_tasks.jsonl import stream_jsonl
from sandbox_tasks.leaks import find_leaks
from sandbox_tasks.readers import read_format
from sandbox_tasks.suite import TaskSuite, load_suite, shipped_suites, task_schema, write_whole
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
train_app = typer.Typer(no_args_is_help=True, help="Train one model: a warm start, PPO, DPO or a reward model.")
app.add_typer(train_app, name="train")
screen = Console(stderr=True)


Sandbox = Annotated[
    Literal["auto", "docker", "local", "namespaces", "landlock"],
    typer.Option(help="Where answers run; auto takes the strongest here, local the strongest without a container engine."),
]
Workers = Annotated[int | None, typer.Option(min=1, help="Answers judged at once; one more than there are cores unless told.")]
Runtime = Annotated[str | None, typer.Option(help="Docker's OCI runtime, such as runsc (gVisor).")]
Unsafe = Annotated[bool, typer.Option("--unsafe-no-isolation", help="Run answers unprotected: they can do whatever you can.")]
CacheFile = Annotated[Path | None, typer.Option(help="SQLite file of grades: the same answer to a task is judged once.")]
GoOn = Annotated[bool, typer.Option("--resume", help="Go on with the OUT.part that an interrupted run left.")]


@app.command()
def grade(
    tasks: Annotated[str, typer.Argument(help="A suite's name, or a .jsonl or .yaml file of tasks.")],
    completions: Annotated[Path, typer.Argument(help='JSON lines of {"task_id", "completion"}.')],
    out: Annotated[Path, typer.Option(help="Where the grades go, one JSON line a completion, in the same order.")],
    sandbox: Sandbox = "auto",
    workers: Workers = None,
    cache: CacheFile = None,
    resume: GoOn = False,
    runtime: Runtime = None,
    unsafe: Unsafe = False,
) -> None:
    """Judge answers: the smallest whole use, and what everything else is built on."""
    refuse_to_overwrite(out, Path(tasks), completions)
    suite = load_suite(tasks)
    by_id = {task.id: task for task in suite.tasks}
    answered = check_answers(completions, by_id, tasks)
    total = answered.total()
    place = {"sandbox": "open" if unsafe else sandbox, "runtime": runtime}
    inputs = {"tasks": digest_of_tasks(suite), "completions": digest_of(completions), "settings": json.dumps(place)}
    with grader_for(sandbox, workers, cache=cache, runtime=runtime, unsafe=unsafe) as grader:
        grader.prepare(by_id[task_id] for task_id in answered)
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


def refuse_to_overwrite(out: Path, *inputs: Path) -> None:
    """Raise `UserError` when results would take the place of what they are made from, or of something that is no file."""
    for given in inputs:
        if given.exists() and out.exists() and out.samefile(given):
            raise UserError(f"{out} is an input of this command, and its results would replace it; name another file.")
    if not out.name or (out.exists() and not out.is_file()):
        raise UserError(f"{str(out)!r} is no file that results could be written to; name another one.")


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


def grader_for(
    sandbox: str, workers: int | None, *, cache: Path | None = None, runtime: str | None = None, unsafe: bool = False
) -> Grader:
    """A grader that says on stderr where answers run, when that is known."""
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

    return Grader(asked, workers, cache=cache, runtime=runtime, on_sandbox=told, on_warning=warned)


def grader_of(config: RunConfig, folder: Path | None) -> Grader:
    """The grader of a run, whose grades are kept in its folder."""
    settings = config.sandbox
    cache = folder / "grades.sqlite" if folder and settings.cache else None
    return grader_for(
        settings.backend, settings.workers, cache=cache, runtime=settings.runtime, unsafe=settings.unsafe_no_isolation
    )


def progress() -> Progress:
    return Progress(*Progress.get_default_columns()[:-1], MofNCompleteColumn(), TimeRemainingColumn(), console=screen)


def verdict_table(verdicts: Counter[Verdict]) -> Table:
    total = verdicts.total()
    table = Table("verdict", "answers", "share", title=f"{total} answers graded")
    for verdict, count in verdicts.most_common():
        note = " (our fault: not counted as wrong)" if verdict is Verdict.no_verdict else ""
        table.add_row(verdict.value + note, str(count), f"{count / total:.1%}")
    return table


doctor_app = typer.Typer(invoke_without_command=True, help="What is here, and what that allows; or prove that a run resumes.")
app.add_typer(doctor_app, name="doctor")


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
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none: training runs on the CPU (tiny models)"
    screen.print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, GPU: {gpu}", highlight=False)


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
    from sandbox_rl.decide.compare import compare as run
    from sandbox_rl.decide.report import write_report
    from sandbox_rl.runs.progress import LiveProgress

    command = "sandbox-rl " + " ".join(sys.argv[1:])
    with grader_of(config, folder) as grader, LiveProgress(screen) as live:
        found = run(config, seeds, folder, grader, resume=resume, report=live, command=command)
    page = write_report(found, folder)
    for line in found.conclusion:
        screen.print(f"- {line}", highlight=False)
    screen.print(f"report: {page}", highlight=False, soft_wrap=True)


@app.command()
def report(folder: Annotated[Path, typer.Argument(help="A finished run's folder.")]) -> None:
    """Draw a run's report again from its report.json."""
    from sandbox_rl.decide.report import load_report, write_report

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


@tasks_app.command()
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
    killed, made = sum(c.mutants - c.survivors for c in found), sum(c.mutants for c in found)
    screen.print(table if table.row_count else "nothing is wrong", highlight=False)
    screen.print(f"{killed} of {made} mutants fail their tests", highlight=False)
    raise typer.Exit(1 if table.row_count else 0)


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


@tasks_app.command("red-team")
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
    for one in found.results:
        first = escape(one.rewarded[0]) if one.rewarded else ""
        table.add_row(one.cheat.name, one.cheat.exploits, f"{len(one.rewarded)} of {one.tried}", first)
    return table


def training_options(config: str, settings: list[str], out: Path, resume: bool, alone: bool = True) -> RunConfig:
    """The config of a training command; `alone`: one that several processes do not share."""
    if alone and os.environ.get("WORLD_SIZE", "1") != "1":
        raise UserError("several processes were started, and of all commands only `train ppo` shares its work; start one.")
    chosen = load_config(config, settings)
    if os.environ.get("RANK", "0") == "0":  # of several processes the first; it may have begun to write when the others look
        empty_or_resumed(out, resume)
    return chosen


ConfigName = Annotated[str, typer.Option(help="A shipped config or a YAML file.")]
Base = Annotated[Path, typer.Option(help="Folder of the base policy.")]
Out = Annotated[Path, typer.Option(help="Folder of this run.")]


@train_app.command()
def sft(out: Out, config: ConfigName = "quickstart", settings: Settings = [], resume: Resume = False) -> None:
    """Warm start: imitate (imperfect) solutions."""
    from sandbox_rl.runs.progress import LiveProgress
    from sandbox_rl.training.sft import train_sft

    chosen = training_options(config, settings, out, resume)
    train = load_suite(chosen.suite).split("train")
    with grader_of(chosen, out) as grader, LiveProgress(screen) as live:
        said(train_sft(chosen, train, grader, out, resume=resume, report=live))


@train_app.command()
def ppo(base: Base, out: Out, config: ConfigName = "quickstart", settings: Settings = [], resume: Resume = False) -> None:
    """PPO with a critic, on the suite's train split."""
    from sandbox_rl.runs.progress import LiveProgress
    from sandbox_rl.training.ppo import train_ppo

    chosen = training_options(config, settings, out, resume, alone=False)
    suite = load_suite(chosen.suite)
    train, validation = suite.split("train"), suite.split("validation")
    with grader_of(chosen, out) as grader, LiveProgress(screen) as live:
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
    from sandbox_rl.runs.progress import LiveProgress
    from sandbox_rl.training.dpo import train_dpo

    chosen = training_options(config, settings, out, resume)
    validation = load_suite(chosen.suite).split("validation")
    with grader_of(chosen, out) as grader, LiveProgress(screen) as live:
        said(train_dpo(chosen, base, pairs, validation, grader, out, resume=resume, report=live))


@train_app.command("reward-model")
def reward_model(
    base: Base,
    out: Out,
    pairs: Annotated[Path, typer.Option(help="pairs.jsonl, as `sandbox-rl pairs` writes it.")],
    config: ConfigName = "quickstart",
    settings: Settings = [],
    resume: Resume = False,
) -> None:
    """A reward model on pairs of graded answers; tasks name it as the source `reward_model`, and PPO as ppo.reward_model."""
    from sandbox_rl.decide.report import write_scorer_report
    from sandbox_rl.numerics.calibration import HeldOut
    from sandbox_rl.runs.progress import LiveProgress
    from sandbox_rl.training.reward_model import train_reward_model

    chosen = training_options(config, settings, out, resume)
    with LiveProgress(screen) as live:
        said(train_reward_model(chosen, base, pairs, out, resume=resume, report=live))
    figures = HeldOut.model_validate_json((out / "done.json").read_text())
    screen.print(f"report: {write_scorer_report(figures, out)}", highlight=False, soft_wrap=True)


@app.command()
def pairs(base: Base, out: Out, config: ConfigName = "quickstart", settings: Settings = [], resume: Resume = False) -> None:
    """Sample the base policy on the training tasks and pair better with worse answers (TRL's format)."""
    from sandbox_rl.runs.progress import LiveProgress
    from sandbox_rl.training.pairs import sample_pairs

    chosen = training_options(config, settings, out, resume)
    train = load_suite(chosen.suite).split("train")
    with grader_of(chosen, out) as grader, LiveProgress(screen) as live:
        said(sample_pairs(chosen, base, train, grader, out, resume=resume, report=live))


@app.command("eval")
def evaluate_policy(
    policy: Annotated[Path, typer.Argument(help="Folder of a policy.")],
    split: Annotated[Literal["train", "validation", "test"], typer.Option()] = "test",
    config: ConfigName = "quickstart",
    settings: Settings = [],
) -> None:
    """pass@1 and pass@k on a split, with 95 % intervals over its tasks."""
    from sandbox_rl.decide.comparison import estimate_rate, rates
    from sandbox_rl.policy.evaluation import evaluate
    from sandbox_rl.policy.model import load_policy

    chosen = load_config(config, settings)
    tasks = load_suite(chosen.suite).split(split)
    with grader_of(chosen, folder_of_run(policy)) as grader:
        found = evaluate(chosen, load_policy(policy), tasks, grader, seed=chosen.seed)
    for k in sorted({1, min(chosen.eval.k, chosen.eval.samples_per_task)}):
        value = estimate_rate(rates([found], k))
        typer.echo(f"pass@{k}: {value.mean:.3f} (95 % interval {value.low:.3f} to {value.high:.3f}, {len(tasks)} tasks)")


def folder_of_run(policy: Path) -> Path | None:
    """The run that made a policy; None for one from elsewhere, beside which nothing is written."""
    return policy.parent if (policy.parent / "config.yaml").exists() else None


def said(path: Path) -> None:
    screen.print(f"written: {path}", highlight=False, soft_wrap=True)


TOLD = (SandboxRLError, TaskError, RewardError, GradeFileError, OSError)
"""What a user can mend; anything else is a bug, and shows where."""


def main() -> None:
    """Entry point: a user's mistake is one sentence, and exit status 2."""
    try:
        app()
    except TOLD as error:
        screen.print(f"error: {error}", highlight=False, markup=False, soft_wrap=True)
        raise SystemExit(2) from None
