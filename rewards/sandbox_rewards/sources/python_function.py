"""The source `python`: a function of the user's own, `function(task, completion)`, called in the grader's process.

It returns

- a bool: a judgement, reward 1 and `passed`, or reward 0 and `failed`;
- another number, numpy's too: a score, which has no say in the verdict (it is `scored`);
- a `Grade`, which says all itself: `no_verdict` and reward None where there is none.

What is covered: whatever else it returns or raises stops the work, by the function's name; it is never a reward of 0. Nor can it
change what other answers are judged by: the metadata that it gets are a copy.
What is not: isolation. It is trusted code with all rights of the grader, and must not execute what a model wrote.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from sandbox_tasks.task import PythonFunction, RewardSpec, Task

from sandbox_rewards.contract import checked, is_reward, naming
from sandbox_rewards.errors import BrokenReward, in_a_line, shown
from sandbox_rewards.grade import LARGEST_REWARD, Grade, Verdict
from sandbox_rewards.source import RewardItem


class PythonReward:
    """Calls functions, each imported once. Modules of the current folder are found after all others."""

    def __init__(self) -> None:
        self._functions: dict[str, Callable[..., Any]] = {}

    def score(self, batch: Sequence[RewardItem]) -> list[Grade]:
        return [self._grade(item) for item in batch]

    def prepare(self, task: Task, spec: RewardSpec) -> None:
        """Import a spec's function now."""
        assert isinstance(spec, PythonFunction)
        self._function(spec.function)

    def _grade(self, item: RewardItem) -> Grade:
        assert isinstance(item.spec, PythonFunction)
        name = item.spec.function
        task = item.task.model_copy(update={"metadata": copy.deepcopy(item.task.metadata)})  # what it changes, it changes alone
        said = naming(name, f"fails on task {task.id!r}", self._function(name), task, item.completion)
        if not isinstance(said, Grade):
            said = _grade_of(name, task, said)
        return checked(name, item, said)

    def _function(self, name: str) -> Callable[..., Any]:
        if name not in self._functions:
            self._functions[name] = _imported(name)
        return self._functions[name]


def _grade_of(name: str, task: Task, said: Any) -> Grade:
    """What a bool or a number means."""
    if not is_reward(said):
        raise BrokenReward(
            f"reward function {name!r} gave {shown(said)} for task {task.id!r}; it must return a bool, a number between "
            f"-{LARGEST_REWARD:g} and {LARGEST_REWARD:g}, or a Grade."
        )
    judged = Verdict.passed if said else Verdict.failed
    return Grade(task_id=task.id, reward=float(said), verdict=judged if isinstance(said, bool) else Verdict.scored)


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
        raise BrokenReward(f"reward function {name!r} is {shown(function)} and no function; correct `function` in the task.")
    if inspect.iscoroutinefunction(function):
        raise BrokenReward(f"reward function {name!r} is async, and nothing awaits it; make it a plain function.")
    return function
