"""What keeps answers from being judged, as one tree. Every message is a sentence for the user: fact, conflict, fix.

RewardError
├── UnknownReward        a task names a source that is not installed
├── BrokenReward         a source does not keep the contract, or fails; names it
├── UnreadableGold       a task's own mathematical answer can't be read
├── CacheUnusable        the file of kept grades
└── SandboxUnavailable   no isolation can be had
"""

from __future__ import annotations


class RewardError(Exception):
    """Base of this package's errors. A plug-in that raises one has its sentence shown as it is."""


class BrokenReward(RewardError):
    """A reward source does not keep the contract, or fails."""


def in_a_line(error: BaseException) -> str:
    """Type and message of an exception that somebody else's code raised."""
    message = " ".join(str(error).split())[:300].rstrip(".;")
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
