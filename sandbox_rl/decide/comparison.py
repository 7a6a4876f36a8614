"""What a comparison found: figures, and the sentences that follow from them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel, Field
from sandbox_rewards.audits.noise import TaskNoise

from sandbox_rl.numerics.calibration import HeldOut
from sandbox_rl.numerics.statistics import bootstrap_interval, mean
from sandbox_rl.policy.evaluation import Evaluation, PartMean

Metrics = dict[str, Any]
"""A metrics line."""


class Estimate(BaseModel):
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float


class Arm(BaseModel):
    """One way of training, over all seeds."""

    name: str
    pass_at_1: Estimate
    pass_at_k: Estimate
    per_seed: list[float]
    verdicts: dict[str, int]
    parts: dict[str, PartMean] = Field(default_factory=dict)
    """Of each source, on held-out answers of all seeds."""
    completions: int
    """Answers sampled for training, per seed."""
    tokens: int
    sandbox_seconds: float
    wall_seconds: float


class Shown(BaseModel):
    """One task's answers side by side."""

    task_id: str
    prompt: str
    answers: dict[str, tuple[str, str]]
    """Arm -> (text, verdict)."""


class Comparison(BaseModel):
    """All that the report shows; `report.json` is this."""

    title: str
    command: str
    k: int
    tasks: int
    samples_per_task: int
    seeds: list[int]
    arms: list[Arm]
    differences: dict[str, Estimate]
    """`a - b` -> difference of pass@1 on the same tasks and seeds."""
    curves: dict[str, list[list[Metrics]]]
    """Arm -> seed -> metrics lines."""
    scorers: list[HeldOut] = []
    """Figures of each seed's reward model on held-out pairs, where an arm learns from one."""
    noise: list[TaskNoise] = []
    """The tasks whose tests err most, where that was measured."""
    gallery: list[Shown]
    warnings: list[str]
    conclusion: list[str]
    config: dict[str, Any]
    environment: dict[str, Any]
    peak_memory_mb: float

    def part_names(self) -> list[str]:
        """Of the parts of a reward that any arm has; empty where each task has one source."""
        return list(dict.fromkeys(name for arm in self.arms for name in arm.parts))


def rates(evaluations: list[Evaluation], k: int = 1) -> np.ndarray:
    """pass@k (seeds, tasks)."""
    return np.array([evaluation.per_task(k) for evaluation in evaluations])


def estimate(values: np.ndarray) -> Estimate:
    """Mean and interval of (seeds, tasks); tasks that were not judged at every seed are left out."""
    kept = values[:, ~np.isnan(values).any(axis=0)]
    if kept.shape[1] == 0:
        return Estimate(mean=math.nan, low=math.nan, high=math.nan)
    interval = bootstrap_interval(kept)
    return Estimate(mean=float(kept.mean()), low=interval.low, high=interval.high)


def estimate_rate(values: np.ndarray) -> Estimate:
    """The same of rates, whose interval ends at 0 and at 1."""
    found = estimate(values)
    return Estimate(mean=found.mean, low=max(0.0, found.low), high=min(1.0, found.high))


def conclude(arms: list[Arm], differences: dict[str, Estimate], seeds: int) -> list[str]:
    """Plain sentences, each from one figure by one rule: an interval that holds 0 shows no difference."""
    by_name = {arm.name: arm for arm in arms}
    said = [_against(name.split(" - ")[0], "base", d) for name, d in differences.items() if name.endswith(" - base")]
    if "ppo - ppo_learned" in differences:
        said.append(_against("PPO with executed reward", "PPO with learned reward", differences["ppo - ppo_learned"]))
    if "ppo - dpo" in differences:
        ppo, dpo = by_name["ppo"], by_name["dpo"]
        said.insert(0, _against("PPO", "DPO", differences["ppo - dpo"]))
        times = ppo.wall_seconds / dpo.wall_seconds if dpo.wall_seconds else math.nan
        said.append(
            f"PPO took {times:.1f} times DPO's wall time ({ppo.wall_seconds:.0f} s against {dpo.wall_seconds:.0f} s a seed, "
            f"sampling of pairs included) for {ppo.completions:,} sampled answers against {dpo.completions:,}."
        )
        said.append(_worth_it(differences["ppo - dpo"], times))
    if seeds == 1:
        said.append("With one seed the intervals tell how tasks vary, not how training does; run more seeds before you decide.")
    return said


def called(name: str) -> str:
    """An arm's name in a sentence."""
    return {"dpo": "DPO", "ppo": "PPO", "ppo_learned": "PPO with learned reward"}.get(name, name)


class Checkpoint(NamedTuple):
    """How a policy's answers to the validation split fared."""

    step: int
    distance: float
    """Square root of their KL to the base, in nats an answer."""
    executed: float
    """Pass rate."""
    proxy: float | None
    """Mean score by the reward model, where the arm learns from one."""


def checkpoints(curves: dict[str, list[list[Metrics]]], arm: str) -> list[list[Checkpoint]]:
    """Of each seed of one PPO arm, in a comparison that has a learned reward; the first is the base, which both share."""
    found = []
    for learned, lines in zip(curves["ppo_learned"], curves[arm], strict=True):
        whole = learned[:1] + [line for line in lines if line["step"]]
        found.append([
            Checkpoint(line["step"], math.sqrt(max(0.0, line["validation_kl"])), line["validation_pass_rate"],
                       line["validation_proxy_reward"] if arm == "ppo_learned" else None)
            for line in whole if line.get("validation_pass_rate") is not None
        ])  # fmt: skip
    return found


def over_optimisation(curves: dict[str, list[list[Metrics]]]) -> list[str]:
    """What happened to proxy reward and executed pass rate of the same validation answers, in the mean over seeds."""
    if "ppo_learned" not in curves:
        return []
    at = list(zip(*checkpoints(curves, "ppo_learned"), strict=True))
    executed = [mean([point.executed for point in points]) for points in at]
    proxy = [mean([point.proxy or 0.0 for point in points]) for points in at]
    best = max(range(len(at)), key=executed.__getitem__)
    return [
        f"Under the learned reward the proxy reward of validation answers went from {proxy[0]:.2f} to {proxy[-1]:.2f}, and the "
        f"executed pass rate of the same answers from {executed[0]:.3f} to {executed[-1]:.3f}; it was highest at step "
        f"{at[best][0].step} ({executed[best]:.3f}), where the proxy was {proxy[best]:.2f}. The policy that is tested is the one "
        "whose executed pass rate on validation was highest, as in the other arms."
    ]


def _against(one: str, other: str, difference: Estimate) -> str:
    one, other = called(one), called(other)
    low, high = (f"{100 * v:+.1f}" for v in (difference.low, difference.high))
    points = f"{abs(100 * difference.mean):.1f} points of pass@1 (95 % interval {low} to {high})"
    if difference.low > 0:
        return f"{one} beats {other} by {points}."
    if difference.high < 0:
        return f"{one} is worse than {other} by {points}."
    largest = 100 * max(abs(difference.low), abs(difference.high))
    return (
        f"No difference shown between {one} and {other}: {points}; "
        f"these data can't exclude differences of up to {largest:.0f} points."
    )


def _worth_it(difference: Estimate, times: float) -> str:
    if difference.low > 0:
        cost = f"costs {times:.1f} times DPO's time" if times > 1 else "is no dearer than DPO"
        return f"Here PPO is worth it if {100 * difference.low:.0f} points or more matter to you: it {cost}."
    if difference.high < 0:
        return "Here PPO is not worth it: DPO gives more."
    return "Here nothing shows that PPO is worth it over DPO; take the cheaper one, or measure with more seeds and tasks."
