"""`sandbox-rl compare`, `report` and `eval`: which policy is better, and how that is told."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from sandbox_tasks.suite import load_suite

from sandbox_rl.cli.options import ConfigName, PresetName, Resume, Settings, empty_or_resumed, grader_of, screen, settled
from sandbox_rl.config import RunConfig, load_config


def compare(
    config: Annotated[str, typer.Argument(help="A shipped config (quickstart) or a YAML file.")] = "quickstart",
    seeds: Annotated[int, typer.Option(min=1, help="How often everything is run, with other seeds.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; runs/NAME unless told.")] = None,
    model: Annotated[str | None, typer.Option(help="Hugging Face name or folder of a causal LM.")] = None,
    settings: Settings = [],
    resume: Resume = False,
    preset: PresetName = None,
) -> None:
    """Train PPO and DPO from the same base on the same tasks, and say which is worth it."""
    folder = out or Path("runs") / Path(config).stem
    empty_or_resumed(folder, resume)
    overrides = [*settings, *([f"model.name={model}"] if model else [])]
    chosen = settled(config, overrides, folder / "config.json" if resume else None, preset)
    run_comparison(chosen, seeds, folder, resume)


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


def report(folder: Annotated[Path, typer.Argument(help="A finished run's folder.")]) -> None:
    """Draw a run's report again from its report.json."""
    from sandbox_rl.decide.report import load_report, write_report

    screen.print(f"report: {write_report(load_report(folder), folder)}", highlight=False, soft_wrap=True)


def evaluate_policy(
    policy: Annotated[Path, typer.Argument(help="Folder of a policy.")],
    split: Annotated[Literal["train", "validation", "test"], typer.Option(help="Which of the suite's tasks.")] = "test",
    config: ConfigName = "quickstart",
    settings: Settings = [],
) -> None:
    """pass@1 and pass@k on a split, with 95 % intervals over its tasks."""
    from sandbox_rl.decide.comparison import estimate_rate, rates
    from sandbox_rl.policy.evaluation import evaluate
    from sandbox_rl.policy.loading import load_policy

    chosen = load_config(config, settings)
    tasks = load_suite(chosen.suite).split(split)
    with grader_of(chosen, folder_of_run(policy)) as grader:
        found = evaluate(chosen, load_policy(policy, chosen.model), tasks, grader, seed=chosen.seed)
    for k in sorted({1, min(chosen.eval.k, chosen.eval.samples_per_task)}):
        value = estimate_rate(rates([found], k))
        typer.echo(f"pass@{k}: {value.mean:.3f} (95 % interval {value.low:.3f} to {value.high:.3f}, {len(tasks)} tasks)")


def folder_of_run(policy: Path) -> Path | None:
    """The run that made a policy; None for one from elsewhere, beside which nothing is written."""
    return policy.parent if (policy.parent / "config.yaml").exists() else None
