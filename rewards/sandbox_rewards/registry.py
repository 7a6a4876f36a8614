"""Reward sources and environments by name, found through entry points - ours like anyone's."""

from __future__ import annotations

import difflib
from importlib.metadata import entry_points
from typing import Any

from sandbox_rewards.errors import BrokenReward, RewardError, in_a_line

REWARDS = "sandbox_rl.rewards"
ENVIRONMENTS = "sandbox_rl.environments"
_KIND = {REWARDS: "reward source", ENVIRONMENTS: "environment"}


class UnknownReward(RewardError):
    """A task names a reward source or an environment that is not installed."""


def available(group: str) -> dict[str, str]:
    """Name of each one installed and where it lives (`module:object`)."""
    return {point.name: point.value for point in entry_points(group=group)}


def load(group: str, name: str) -> Any:
    """The class (or factory) of that name, imported only now. Raises `UnknownReward`, or `BrokenReward` when it can't be."""
    for point in entry_points(group=group):
        if point.name == name:
            try:
                return point.load()
            except ModuleNotFoundError as error:
                brings = " (`pip install 'sandbox-rl[train]'` brings it)" if point.value.startswith("sandbox_rl.") else ""
                raise BrokenReward(
                    f"{_KIND[group]} {name!r} needs the module {error.name!r}, which is not installed; install it{brings}."
                ) from error
            except (Exception, SystemExit) as error:
                raise BrokenReward(
                    f"{_KIND[group]} {name!r} can't be imported from {point.value!r} ({in_a_line(error)}); "
                    "correct the plug-in's entry point, or install what it needs."
                ) from error
    known = sorted(available(group))
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"installed are: {', '.join(known)}"
    raise UnknownReward(f"no {_KIND[group]} is called {name!r}; {hint}")
