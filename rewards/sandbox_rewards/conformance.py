"""A check for whoever writes a reward source: call `check_source` in a test of the plug-in."""

from __future__ import annotations

from typing import Any

from sandbox_tasks.task import Task

from sandbox_rewards.contract import ask
from sandbox_rewards.errors import BrokenReward
from sandbox_rewards.grade import Grade
from sandbox_rewards.source import RewardItem, RewardSource

COMPLETIONS = (
    "", " ", "42", "```python\ndef f(x):\n    return x\n```", "```\nnever closed", "\\boxed{\\frac{1}{2}}", "word " * 5_000,
    "x" * 50_000, "naïve 中文 🙂 \u2028 \x00", "half of a pair: \ud83d", "<think>a thought", "{" * 2_000,
)  # fmt: skip
"""Answers as models write them on a bad day."""
CLOSE = 1e-4
"""Difference of reward that a batch's size may make: sums in another order."""


def check_source(source: RewardSource, spec: dict[str, Any]) -> list[Grade]:
    """Grades of `COMPLETIONS`, each for a task of its own. Raises `BrokenReward` where `source` does not keep the contract.

    `spec` is what a task would list, with `source` among its fields. Asked are: an empty batch, all answers at once, the same
    backwards, and each alone: an answer's reward must not depend on its neighbours.
    """
    tasks = [
        Task.model_validate({"id": f"task-{i}", "prompt": "Say something.", "rewards": [spec]}) for i in range(len(COMPLETIONS))
    ]
    items = [RewardItem(task, task.rewards[0], text) for task, text in zip(tasks, COMPLETIONS, strict=True)]
    name = items[0].spec.source
    ask(name, source, [])
    grades = ask(name, source, items)
    alone = [ask(name, source, [item])[0] for item in items]
    for others, how in ((ask(name, source, items[::-1])[::-1], "in another order"), (alone, "alone")):
        for grade, other, text in zip(grades, others, COMPLETIONS, strict=True):
            if not _agree(grade, other):
                raise BrokenReward(
                    f"reward source {name!r} gave {grade.reward} for {text[:20]!r} and {other.reward} when it was asked {how}; "
                    "an answer's reward must not depend on the other answers of a batch."
                )
    return grades


def _agree(one: Grade, other: Grade) -> bool:
    if one.reward is None or other.reward is None:
        return one.reward == other.reward
    return abs(one.reward - other.reward) <= CLOSE * max(1.0, abs(one.reward))
