"""Answers to mathematical questions that solve nothing: the question copied, several answers in one, an answer to everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox_tasks.task import MathAnswer, Task

from sandbox_rewards.math.prompt import formulas_of


@dataclass(frozen=True)
class MathCheat:
    """A way to be paid for nothing; `answers` gives what is tried of it for a task."""

    name: str
    exploits: str
    """What it would take advantage of, in a sentence."""
    answers: Callable[[Task, MathAnswer], list[str]]


def copies(task: Task) -> list[str]:
    """The prompt's formulas as answers."""
    return [_boxed(formula) for formula in formulas_of(task.prompt)]


def _boxed(text: str) -> str:
    return rf"\boxed{{{text}}}"


def _dressed(task: Task, spec: MathAnswer) -> list[str]:
    forms = ("{} + 0", r"1 \cdot ({})", "0 + {}", "-(-({}))", r"\frac{{{}}}{{1}}")
    formulas = [formula for formula in formulas_of(task.prompt) if formula not in spec.answers]
    return [_boxed(form.format(formula)) for formula in formulas for form in forms]


def _hedged(task: Task, spec: MathAnswer) -> list[str]:
    """The gold beside another answer: knowing it, a hedge still says nothing."""
    gold, other = spec.answers[0], "17" if spec.answers[0] != "17" else "18"
    return [
        _boxed(rf"{gold} \text{{ or }} {other}"), _boxed(f"{other}, {gold}"), f"The answer is {other} or {gold}.",
        rf"The answer is not {other} but between {other} and {gold}.", _boxed(rf"\{{{gold}, {other}\}}"),
        rf"The answer is {other} because it is {gold}.", _boxed(rf"{gold} \pm 1"),
    ]  # fmt: skip


_EVERYTHING = (
    "any number", "the answer", "?", r"\frac{0}{0}", r"\infty - \infty", r"0 \cdot x = 0", "x = x", "7 = 7", "", r"\{x : x = x\}",
    ", ".join(map(str, range(-9, 60))), r"\text{yes or no}", "A, B, C, D",
)  # fmt: skip


def _everything(task: Task, spec: MathAnswer) -> list[str]:
    return [_boxed(text) for text in _EVERYTHING if text not in spec.answers]


MATH_CHEATS = (
    MathCheat("copied formula", "an algebra that finds the question equal to its answer", lambda task, spec: copies(task)),
    MathCheat("dressed copy", "an algebra that finds the question equal, and a check that looks for its very text", _dressed),
    MathCheat("hedged answer", "a reader that takes of several answers the one that fits", _hedged),
    MathCheat("answer to everything", "a comparison that agrees with what says nothing", _everything),
)
