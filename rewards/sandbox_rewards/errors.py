"""What keeps answers from being judged, as one tree. Every message is a sentence for the user: fact, conflict, fix.

RewardError
├── UnknownReward        a task names a source that is not installed
├── BrokenReward         a source does not keep the contract, or fails; names it
├── UnreadableGold       a task's own mathematical answer can't be read
├── UnusableEntry        a task names a question that the installed reasoning-gym doesn't make, or must not judge
├── CacheUnusable        the file of kept grades
└── SandboxUnavailable   no isolation can be had
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MOST_SHOWN = 50
"""Reasons that one message lists."""


class RewardError(Exception):
    """Base of this package's errors. A plug-in that raises one has its sentence shown as it is."""


class UnreadableGold(RewardError):
    """A task's own mathematical answer can't be read: the task's error, never the policy's."""

    def __init__(self, *reasons: str) -> None:
        shown = "".join(f"\n- {reason}" for reason in reasons[:MOST_SHOWN])
        more = f"\n- and {len(reasons) - MOST_SHOWN} more" if len(reasons) > MOST_SHOWN else ""
        one = "a task's answer" if len(reasons) == 1 else f"the answers of {len(reasons)} tasks"
        super().__init__(f"{one} can't be read; write them otherwise, or leave them out by skip-unreadable:{shown}{more}")
        self.reasons = reasons


class BrokenReward(RewardError):
    """A reward source does not keep the contract, or fails."""


def in_a_line(error: BaseException) -> str:
    """Type and message of an exception that somebody else's code raised."""
    message = _text(str, error, 300).rstrip(".;")
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def shown(value: object) -> str:
    """The beginning of a value that somebody else's code gave, and its type, in a line."""
    return f"{_text(repr, value, 80)} ({type(value).__name__})"


def _text(of: Callable[[Any], str], value: object, longest: int) -> str:
    try:
        return " ".join(of(value).split())[:longest]
    except Exception:  # noqa: BLE001 - its text is made by somebody else's code too
        return "?"
