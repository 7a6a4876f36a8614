"""The comparison: one base, DPO and PPO from it on the same tasks, several seeds, one report.

With `compare.learned_reward` there is a fourth arm, PPO on the score of a reward model that is trained on DPO's pairs.
"""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import transformers
from sandbox_rewards.audits.noise import TaskNoise
from sandbox_rewards.grading import Grader
from sandbox_tasks.leaks import find_leaks
from sandbox_tasks.suite import TaskSuite, load_suite

from sandbox_rl.config import RunConfig
from sandbox_rl.decide.comparison import (
    Arm,
    Comparison,
    Shown,
    called,
    conclude,
    estimate,
    estimate_rate,
    over_optimisation,
    rates,
)
from sandbox_rl.errors import UserError
from sandbox_rl.numerics.calibration import HeldOut
from sandbox_rl.policy.evaluation import Evaluation, evaluate
from sandbox_rl.policy.loading import load_policy
from sandbox_rl.runs.environment import environment
from sandbox_rl.runs.metrics import read_metrics
from sandbox_rl.runs.progress import Report
from sandbox_rl.runs.run_folder import write_atomically
from sandbox_rl.training.dpo import train_dpo
from sandbox_rl.training.pairs import noise_of, sample_pairs
from sandbox_rl.training.ppo import train_ppo
from sandbox_rl.training.reward_model import train_reward_model
from sandbox_rl.training.sft import train_sft

PHASES = {"base": ("sft",), "dpo": ("pairs", "dpo"), "ppo": ("ppo",), "ppo_learned": ("pairs", "reward_model", "ppo_learned")}
"""Each arm's phases: what it costs."""
SAMPLING = {"pairs": "pairs/done.json", "ppo": "ppo/metrics.jsonl", "ppo_learned": "ppo_learned/metrics.jsonl"}
"""Where phases that sample say how much."""


@dataclass(frozen=True)
class SeedRun:
    """The folders of one seed, and the tasks that all its phases share."""

    config: RunConfig
    suite: TaskSuite
    path: Path
    grader: Grader
    resume: bool
    report: Report

    def run(self) -> dict[str, Evaluation]:
        """Every arm's evaluation on the test split."""
        train, validation = self.suite.split("train"), self.suite.split("validation")
        config, path, grader = self.config, self.path, self.grader
        options: dict[str, Any] = {"resume": self.resume, "report": self.report}
        base = self._timed("sft", lambda: train_sft(config, train, grader, path / "sft", **options))
        pairs = self._timed("pairs", lambda: sample_pairs(config, base, train, grader, path / "pairs", **options))
        dpo = self._timed("dpo", lambda: train_dpo(config, base, pairs, validation, grader, path / "dpo", **options))
        ppo = self._timed("ppo", lambda: train_ppo(config, base, train, validation, grader, path / "ppo", **options))
        policies = {"base": base, "dpo": dpo, "ppo": ppo}
        if config.compare.learned_reward:
            scorer = self._timed("reward_model", lambda: train_reward_model(config, base, pairs, self._scorer, **options))
            learned = config.model_copy(update={"ppo": config.ppo.model_copy(update={"reward_model": str(scorer.resolve())})})
            policies["ppo_learned"] = self._timed(
                "ppo_learned", lambda: train_ppo(learned, base, train, validation, grader, path / "ppo_learned", **options)
            )
        return {name: self._evaluated(name, folder) for name, folder in policies.items()}

    def _timed(self, phase: str, work: Callable[[], Path]) -> Path:
        """Run a phase; its wall time is kept when it was done now, in one go or in several."""
        clock = self.path / f"{phase}.seconds.json"
        if self.resume and (self.path / phase / "done.json").exists() and clock.exists():
            return work()
        before = json.loads(clock.read_text()) if self.resume and clock.exists() else 0.0
        started = time.perf_counter()
        try:
            return work()
        finally:
            write_atomically(clock, json.dumps(before + time.perf_counter() - started).encode())

    def sampled(self, *phases: str) -> dict[str, Any]:
        """What phases sampled and graded."""
        files = [self.path / SAMPLING[phase] for phase in phases if phase in SAMPLING]
        lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        return {key: sum(line.get(key, 0) for line in lines) for key in ("completions", "tokens", "sandbox_seconds")}

    def seconds(self, *phases: str) -> float:
        return sum(float(json.loads((self.path / f"{phase}.seconds.json").read_text())) for phase in phases)

    def _evaluated(self, name: str, policy: Path) -> Evaluation:
        kept = self.path / f"evaluation-{name}.json"
        if self.resume and kept.exists():
            return Evaluation.model_validate_json(kept.read_text())
        self.report(phase=f"test {name}", step=0, total=1)
        trained = load_policy(policy, self.config.model)
        found = evaluate(self.config, trained, self.suite.split("test"), self.grader, seed=self.config.seed)
        write_atomically(kept, found.model_dump_json().encode())
        self.report(phase=f"test {name}", step=1, total=1, pass_rate=found.pass_rate())
        return found

    @property
    def _scorer(self) -> Path:
        return self.path / "reward_model"

    def scorer_figures(self) -> HeldOut | None:
        """The reward model's figures on held-out pairs, where the run has one."""
        file = self._scorer / "done.json"
        return HeldOut.model_validate_json(file.read_text()) if file.exists() else None

    def metrics(self, arm: str) -> list[dict[str, Any]]:
        return read_metrics(self.path / arm / "metrics.jsonl")


def compare(
    config: RunConfig, seeds: int, folder: Path, grader: Grader, *, resume: bool, report: Report, command: str
) -> Comparison:
    """Run every seed (what is finished is not repeated on `resume`) and put the figures together."""
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    _keep_settings(config, folder, resume)
    suite = load_suite(config.suite)
    for split in ("train", "validation", "test"):
        if not suite.split(split):
            raise UserError(f"suite {config.suite!r} has no {split} task; comparing needs train, validation and test.")
    grader.prepare(suite.tasks)
    leaks = [str(leak) for leak in find_leaks(suite) if leak.severity == "leak"]
    runs = []
    for number in range(seeds):
        own = config.model_copy(update={"seed": config.seed + number})
        tell = _labelled(report, number, seeds)
        runs.append(SeedRun(own, suite, folder / f"seed-{own.seed}", grader, resume, tell))
    results = [run.run() for run in runs]
    return _put_together(config, suite, runs, results, leaks, command)


def _keep_settings(config: RunConfig, folder: Path, resume: bool) -> None:
    """Write the settings and the environment beside the run; a run goes on only with the settings that it began with."""
    kept = folder / "config.json"
    if resume and kept.exists() and RunConfig.model_validate_json(kept.read_text()) != config:
        raise UserError(f"{kept} holds other settings than these; resume with those, or name another folder with --out.")
    write_atomically(kept, config.model_dump_json(indent=1).encode())
    write_atomically(folder / "environment.json", json.dumps(environment(), indent=1).encode())


def _labelled(report: Report, number: int, seeds: int) -> Report:
    def tell(*, phase: str, step: int, total: int, **figures: float) -> None:
        report(
            phase=f"{phase} (seed {number + 1}/{seeds})" if seeds > 1 else phase,
            step=step,
            total=total,
            **figures,
        )

    return tell


def _put_together(
    config: RunConfig,
    suite: TaskSuite,
    runs: list[SeedRun],
    results: list[dict[str, Evaluation]],
    leaks: list[str],
    command: str,
) -> Comparison:
    k = min(config.eval.k, config.eval.samples_per_task)
    evaluations = {name: [result[name] for result in results] for name in results[0]}
    arms = [_arm(name, evaluations[name], runs, k) for name in evaluations]
    table = {name: rates(evaluations[name]) for name in evaluations}
    wanted = (("ppo", "dpo"), ("ppo", "base"), ("dpo", "base"), ("ppo", "ppo_learned"), ("ppo_learned", "base"))
    differences = {f"{a} - {b}": estimate(table[a] - table[b]) for a, b in wanted if a in table and b in table}
    curves = {arm: [run.metrics(arm) for run in runs] for arm in evaluations if arm != "base"}
    return Comparison(
        title=config.title, command=command, k=k, tasks=len(suite.split("test")), samples_per_task=config.eval.samples_per_task,
        seeds=[run.config.seed for run in runs], arms=arms, differences=differences,
        curves=curves, scorers=[figures for run in runs if (figures := run.scorer_figures())],
        noise=_noisiest(config),
        gallery=_gallery(suite, results[0]), warnings=leaks + _warnings(arms, runs), config=config.model_dump(mode="json"),
        conclusion=conclude(arms, differences, len(runs)) + over_optimisation(curves), environment=environment(),
        peak_memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )  # fmt: skip


def _arm(name: str, evaluations: list[Evaluation], runs: list[SeedRun], k: int) -> Arm:
    costs = [run.sampled(*PHASES[name]) for run in runs]
    verdicts: dict[str, int] = {}
    for evaluation in evaluations:
        for verdict, count in evaluation.verdicts().items():
            verdicts[verdict] = verdicts.get(verdict, 0) + count
    return Arm(
        name=name, pass_at_1=estimate_rate(rates(evaluations)), pass_at_k=estimate_rate(rates(evaluations, k)),
        per_seed=[e.pass_rate() for e in evaluations], verdicts=verdicts,
        parts=Evaluation(tasks=[task for e in evaluations for task in e.tasks]).parts(),
        completions=sum(c["completions"] for c in costs) // len(runs), tokens=sum(c["tokens"] for c in costs) // len(runs),
        sandbox_seconds=sum(c["sandbox_seconds"] for c in costs) / len(runs),
        wall_seconds=sum(run.seconds(*PHASES[name]) for run in runs) / len(runs),
    )  # fmt: skip


def _noisiest(config: RunConfig, most: int = 10) -> list[TaskNoise]:
    known = noise_of(config.pairs.noise).values() if config.pairs.noise else ()
    return sorted(known, key=lambda task: -task.worst)[:most]


def _warnings(arms: list[Arm], runs: list[SeedRun]) -> list[str]:
    """What went wrong, in sentences."""
    said = []
    for arm in arms:
        missing = arm.verdicts.get("no_verdict", 0)
        if missing:
            said.append(f"{missing} test answers of {arm.name} have no verdict (our fault); they count neither way.")
    for run in runs:
        for arm in arms:
            if arm.name.startswith("ppo"):
                said += _warnings_of_ppo(called(arm.name), run.metrics(arm.name), run.config)
    return said


def _warnings_of_ppo(name: str, lines: list[dict[str, Any]], config: RunConfig) -> list[str]:
    """Of the metrics of one seed's PPO, called `name`."""
    said = []
    for monitor in sorted({name for line in lines for name in line.get("alarms", ())}):
        first = next(line for line in lines if monitor in line.get("alarms", ()))
        said.append(f"Seed {config.seed}: monitor `{monitor}` of {name} at step {first['step']}: {first['alarms'][monitor]}")
    lost = sum(line.get("no_verdict", 0) for line in lines)
    if lost:
        said.append(f"Seed {config.seed}: {lost} training answers of {name} had no verdict and were left out of the updates.")
    cut = lines[-1]["truncated_fraction"]
    if cut > 0.05:
        said.append(f"Seed {config.seed}: {cut:.0%} of {name}'s last answers were cut at {config.model.max_new_tokens} tokens.")
    return said


def _gallery(suite: TaskSuite, result: dict[str, Evaluation]) -> list[Shown]:
    """The first answer of each arm to a few tasks, those first on which the arms differ."""
    shown = []
    for index, task in enumerate(suite.split("test")):
        answers = {name: evaluation.tasks[index] for name, evaluation in result.items()}
        pairs = {name: (a.texts[0], a.grades[0].verdict.value) for name, a in answers.items()}
        shown.append(Shown(task_id=task.id, prompt=task.prompt, answers=pairs))
    shown.sort(key=lambda s: len({verdict for _, verdict in s.answers.values()}), reverse=True)
    return shown[:8]
