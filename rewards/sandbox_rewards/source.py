"""The door through which every reward comes, the built-in ones included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from sandbox_tasks.task import RewardSpec, Task

from sandbox_rewards.grade import Grade


@dataclass(frozen=True)
class RewardItem:
    """One answer to judge: the task, that task's spec for this source, and the model's text."""

    task: Task
    spec: RewardSpec
    completion: str


@runtime_checkable
class RewardSource(Protocol):
    """Judges a batch. Gives one grade an item, in the order of the items."""

    def score(self, batch: Sequence[RewardItem]) -> list[Grade]: ...
