"""The source `python`: a function of the user's own, `function(task, completion)`, called in the grader's process.

It returns

- a bool: a judgement, reward 1 and `passed`, or reward 0 and `failed`;
- another finite number: a score, which has no say in the verdict (it is `scored`);
- a `Grade`, which says all itself: `no_verdict` and reward None where there is none.

What is covered: whatever else it returns or raises stops the work, by the function's name; it is never a reward of 0.
What is not: isolation. It is trusted code with all rights of the grader, and must not execute what a model wrote.
"""

from __future__ import annotations

import importlib
import math
import os
import sys
from collections.abc import Callable, Sequence
from functools import reduce
from numbers import Real
from typing import Any

from sandbox_tasks.task import PythonFunction

from sandbox_rewards.contract import checked, naming
from sandbox_rewards.errors import BrokenReward, in_a_line
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.source import RewardItem


class PythonReward:
    """Calls functions, each imported once. Modules of the current folder are found after all others."""

    def __init__(self) -> None:
        self._functions: dict[str, Callable[..., Any]] = {}

    def score(self, batch: Sequence[RewardItem]) -> list[Grade]:
        return [self._grade(item) for item in batch]

    def _grade(self, item: RewardItem) -> Grade:
        assert isinstance(item.spec, PythonFunction)
        name = item.spec.function
        said = naming(name, f"fails on task {item.task.id!r}", self._function(name), item.task, item.completion)
        if isinstance(said, Grade):
            return checked(name, item, said)
        if not _is_finite(said):
            raise BrokenReward(
                f"reward function {name!r} gave {said!r:.80} for task {item.task.id!r}; it must return a bool, a finite number "
                "or a Grade."
            )
        judged = Verdict.passed if said else Verdict.failed
        return Grade(task_id=item.task.id, reward=float(said), verdict=judged if isinstance(said, bool) else Verdict.scored)

    def _function(self, name: str) -> Callable[..., Any]:
        if name not in self._functions:
            self._functions[name] = _imported(name)
        return self._functions[name]


def _is_finite(said: object) -> bool:
    try:
        return isinstance(said, Real) and math.isfinite(said)
    except OverflowError:  # an integer that no float can hold
        return False


def _imported(name: str) -> Callable[..., Any]:
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    module, _, attribute = name.partition(":")
    try:
        function = reduce(getattr, attribute.split("."), importlib.import_module(module))
    except (Exception, SystemExit) as error:
        raise BrokenReward(
            f"reward function {name!r} can't be imported ({in_a_line(error)}); correct `function` in the task, "
            "or put its module where Python finds it."
        ) from error
    if not callable(function):
        raise BrokenReward(f"reward function {name!r} is a {type(function).__name__}; correct `function` in the task.")
    return function
