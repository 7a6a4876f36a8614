"""What a reward source owes: one grade an answer, in order. Whoever does not keep it is named, and never counts as 0."""

from __future__ import annotations

import contextlib
import inspect
import os
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any, TypeVar

from pydantic import ValidationError
from sandbox_tasks.task import RangedSpec

from sandbox_rewards.errors import BrokenReward, RewardError, in_a_line, shown
from sandbox_rewards.grade import LARGEST_REWARD, Grade, Verdict, clean_detail, of_one_question
from sandbox_rewards.registry import REWARDS, load
from sandbox_rewards.source import RewardItem, RewardSource

T = TypeVar("T")


def make_source(name: str, settings: dict[str, Any]) -> RewardSource:
    """The source called `name`, given those of `settings` that its constructor takes."""
    factory = load(REWARDS, name)
    if not callable(factory):
        raise BrokenReward(
            f"reward source {name!r} is {shown(factory)}, but an entry point names a class, or a function that makes a source; "
            "correct the plug-in's entry point."
        )
    source = naming(name, "can't be made", _call_with, factory, settings)
    if not callable(getattr(source, "score", None)):
        raise BrokenReward(
            f"reward source {name!r} makes a {type(source).__name__} that has no method `score(batch)`; "
            "add one to it, or correct the plug-in's entry point."
        )
    return source  # type: ignore[no-any-return]


def ask(name: str, source: RewardSource, batch: Sequence[RewardItem]) -> list[Grade]:
    """The source's grades, when they are what the contract says. Raises `BrokenReward`."""
    grades: Any = naming(name, "fails", source.score, list(batch))  # a list of its own: it may take things out
    if not isinstance(grades, list):
        raise BrokenReward(f"reward source {name!r} gave a {type(grades).__name__}; `score` must return a list of grades.")
    if len(grades) != len(batch):
        raise BrokenReward(
            f"reward source {name!r} gave {len(grades)} grades for {len(batch)} answers; it must give one each, in order."
        )
    return [checked(name, item, grade) for item, grade in zip(batch, grades, strict=True)]


SOUND = ("1", "The answer is 1.\n")
"""Answers of our own: a source that fails on all of them too is broken, and not only at a loss with somebody's answer."""


def ask_each(name: str, source: RewardSource, batch: Sequence[RewardItem], on_fault: Callable[[str], None]) -> list[Grade]:
    """Like `ask`, but where the source fails on some answers alone, these have no verdict, and `on_fault` is told of each.

    Raises `BrokenReward` where it fails on answers of our own too, or on all of them together but on none alone.
    """
    try:
        return ask(name, source, batch)
    except BrokenReward as broken:
        of_all = broken
    grades, faults = [], []
    for item in batch:
        try:
            grades += ask(name, source, [item])
        except BrokenReward as fault:
            if not _is_sound(name, source, item):
                raise of_all from None
            faults.append(str(fault))
            grades.append(of_one_question(item.task.id, Verdict.no_verdict, 0.0, clean_detail(str(fault))))
    if not faults:
        raise of_all
    for said in faults:
        on_fault(said)
    return grades


def _is_sound(name: str, source: RewardSource, item: RewardItem) -> bool:
    """Whether the source grades an answer of our own to the same task."""
    for completion in SOUND:
        with contextlib.suppress(BrokenReward):
            ask(name, source, [replace(item, completion=completion)])
            return True
    return False


def checked(name: str, item: RewardItem, grade: object) -> Grade:
    """One grade, with a detail that can be written anywhere. Raises `BrokenReward` where it is none for this answer."""
    if not isinstance(grade, Grade):
        raise BrokenReward(
            f"reward source {name!r} gave {shown(grade)} for task {item.task.id!r}; every answer gets a `Grade`, "
            "with task_id, reward and verdict."
        )
    grade = _validated(name, item, grade)
    if grade.task_id != item.task.id:
        raise BrokenReward(
            f"reward source {name!r} gave a grade of task {grade.task_id!r} for an answer to task {item.task.id!r}; "
            "grades must come in the order of the answers."
        )
    if (grade.reward is None) != (grade.verdict is Verdict.no_verdict):
        raise BrokenReward(
            f"reward source {name!r} gave reward {grade.reward} with verdict {grade.verdict.value!r} for task {item.task.id!r}; "
            "the reward is None exactly when the verdict is 'no_verdict'."
        )
    if grade.reward is not None:
        _in_range(name, item, grade.reward)
    return grade.model_copy(update={"detail": clean_detail(grade.detail)})


def _validated(name: str, item: RewardItem, grade: Grade) -> Grade:
    """The grade with the types that it should have, which `model_copy` and `model_construct` do not see to."""
    try:
        return Grade.model_validate(dict(grade))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise BrokenReward(
            f"reward source {name!r} gave a `Grade` for task {item.task.id!r} whose {'.'.join(map(str, first['loc']))} is "
            f"{shown(first['input'])}: {first['msg']}; correct the source."
        ) from None


def is_reward(value: object) -> bool:
    """Whether it is a number that training can count with: finite, and no larger than `LARGEST_REWARD`."""
    return isinstance(value, Real) and bool(abs(value) <= LARGEST_REWARD)  # type: ignore[operator]


def _in_range(name: str, item: RewardItem, reward: float) -> None:
    """Raise `BrokenReward` for what is no reward, or none that the task's spec allows."""
    if not is_reward(reward):
        raise BrokenReward(
            f"reward source {name!r} gave reward {reward} for task {item.task.id!r}; a reward is a number between "
            f"-{LARGEST_REWARD:g} and {LARGEST_REWARD:g}; where there is none the verdict is 'no_verdict' and the reward None."
        )
    if isinstance(item.spec, RangedSpec) and not item.spec.allows(reward):
        raise BrokenReward(
            f"reward source {name!r} gave reward {reward} for task {item.task.id!r}, whose spec says that its range is "
            f"{list(item.spec.range or ())}; correct one of them."
        )


def naming(name: str, what: str, call: Callable[..., T], *arguments: Any) -> T:
    """`call(*arguments)`; what it raises becomes a `BrokenReward` that says who did `what`, and where."""
    try:
        return call(*arguments)
    except RewardError:
        raise
    except (Exception, SystemExit) as error:
        raise BrokenReward(f"reward source {name!r} {what}: {described(error)}; correct the source.") from error


def described(error: BaseException) -> str:
    """An exception with the place that raised it."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{in_a_line(error)} ({os.path.basename(place.filename)}, line {place.lineno})"


def _call_with(factory: Callable[..., Any], settings: dict[str, Any]) -> Any:
    try:
        wanted = inspect.signature(factory).parameters
    except ValueError:  # a builtin that tells no parameters
        return factory()
    return factory(**{name: value for name, value in settings.items() if name in wanted})
