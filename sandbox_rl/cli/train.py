"""`sandbox-rl train` and `pairs`: one model, one algorithm."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from sandbox_tasks.suite import load_suite

from sandbox_rl.cli.options import Base, ConfigName, Out, PresetName, Resume, Settings, grader_of, said, screen, training_options

train_app = typer.Typer(no_args_is_help=True, help="Train one model: a warm start, PPO, DPO or a reward model.")
PairsFile = Annotated[Path, typer.Option(help="pairs.jsonl, as `sandbox-rl pairs` writes it.")]


@train_app.command()
def sft(
    out: Out, config: ConfigName = "quickstart", settings: Settings = [], resume: Resume = False, preset: PresetName = None
) -> None:  # fmt: skip
    """Warm start: imitate (imperfect) solutions."""
    from sandbox_rl.runs.progress import LiveProgress
    from sandbox_rl.training.sft import train_sft

    chosen = training_options(config, settings, out, resume, preset)
    train = load_suite(chosen.suite).split("train")
    with grader_of(chosen, out) as grader, LiveProgress(screen) as live:
        said(train_sft(chosen, train, grader, out, resume=resume, report=live))


@train_app.command()
def ppo(
    base: Base,
    out: Out,
    config: ConfigName = "quickstart",
    settings: Settings = [],
    resume: Resume = False,
    preset: PresetName = None,
) -> None:
    """PPO with a critic, on the suite's train split."""
    from sandbox_rl.runs.progress import LiveProgress
    from sandbox_rl.training.ppo import train_ppo

    chosen = training_options(config, settings, out, resume, preset, base, alone=False)
    suite = load_suite(chosen.suite)
    train, validation = suite.split("train"), suite.split("validation")
    with grader_of(chosen, out) as grader, LiveProgress(screen) as live:
        said(train_ppo(chosen, base, train, validation, grader, out, resume=resume, report=live))


@train_app.command()
def dpo(
    base: Base,
    out: Out,
    pairs: PairsFile,
    config: ConfigName = "quickstart",
    settings: Settings = [],
    resume: Resume = False,
    preset: PresetName = None,
) -> None:
    """DPO on pairs of graded answers."""
    from sandbox_rl.runs.progress import LiveProgress
    from sandbox_rl.training.dpo import train_dpo

    chosen = training_options(config, settings, out, resume, preset, base)
    validation = load_suite(chosen.suite).split("validation")
    with grader_of(chosen, out) as grader, LiveProgress(screen) as live:
        said(train_dpo(chosen, base, pairs, validation, grader, out, resume=resume, report=live))


@train_app.command("reward-model")
def reward_model(
    base: Base,
    out: Out,
    pairs: PairsFile,
    config: ConfigName = "quickstart",
    settings: Settings = [],
    resume: Resume = False,
    preset: PresetName = None,
) -> None:
    """A reward model on pairs of graded answers; tasks name it as the source `reward_model`, and PPO as ppo.reward_model."""
    from sandbox_rl.decide.report import write_scorer_report
    from sandbox_rl.numerics.calibration import HeldOut
    from sandbox_rl.runs.progress import LiveProgress
    from sandbox_rl.training.reward_model import train_reward_model

    chosen = training_options(config, settings, out, resume, preset, base)
    with LiveProgress(screen) as live:
        said(train_reward_model(chosen, base, pairs, out, resume=resume, report=live))
    figures = HeldOut.model_validate_json((out / "done.json").read_text())
    screen.print(f"report: {write_scorer_report(figures, out)}", highlight=False, soft_wrap=True)


def pairs(
    base: Base,
    out: Out,
    config: ConfigName = "quickstart",
    settings: Settings = [],
    resume: Resume = False,
    preset: PresetName = None,
) -> None:
    """Sample the base policy on the training tasks and pair better with worse answers (TRL's format)."""
    from sandbox_rl.runs.progress import LiveProgress
    from sandbox_rl.training.pairs import sample_pairs

    chosen = training_options(config, settings, out, resume, preset, base)
    train = load_suite(chosen.suite).split("train")
    with grader_of(chosen, out) as grader, LiveProgress(screen) as live:
        said(sample_pairs(chosen, base, train, grader, out, resume=resume, report=live))
