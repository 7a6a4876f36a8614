"""Whole conversations: who answers the model's turns, and what of the conversation the task's rewards judge.

An environment never grades. It says what is to be judged, and the task's own reward sources judge that like any other answer; so
sealing, mixtures and `no_verdict` are theirs, and `sandbox-rl grade` judges a conversation's outcome as training does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sandbox_tasks.task import Task


@dataclass(frozen=True)
class Conversation:
    """The model's turns so far, and the environment's replies between them (one less, where the model spoke last)."""

    task: Task
    turns: tuple[str, ...]
    replies: tuple[str, ...] = ()


class Environment(Protocol):
    """The other side of conversations. The same turns get the same replies, or a resumed run could not be the same."""

    def replies(self, conversations: Sequence[Conversation]) -> list[str | None]:
        """What comes back to each conversation's last turn; None ends it."""
        ...

    def outcome(self, conversation: Conversation) -> str:
        """What the task's rewards judge, as a completion, after the model's last turn."""
        ...
