"""Reward sources by name, found through the entry-point group `sandbox_rl.rewards` - ours like anyone's."""

from __future__ import annotations

import difflib
from importlib.metadata import entry_points
from typing import Any

GROUP = "sandbox_rl.rewards"


class UnknownReward(Exception):
    """A task names a reward source that is not installed."""


def available_rewards() -> dict[str, str]:
    """Name of each installed source and where it lives (`module:object`)."""
    return {point.name: point.value for point in entry_points(group=GROUP)}


def load_reward(name: str) -> Any:
    """The source's class (or factory), imported only now."""
    for point in entry_points(group=GROUP):
        if point.name == name:
            return point.load()
    known = sorted(available_rewards())
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"installed are: {', '.join(known)}"
    raise UnknownReward(f"no reward source is called {name!r}; {hint}")
