"""Answers that are right now and then: what the warm start of a model made on the spot imitates, to leave more to learn."""

from __future__ import annotations

import random
from collections.abc import Callable

from sandbox_tasks.math_quickstart import imperfect_working
from sandbox_tasks.negotiation_quickstart import aimless_move
from sandbox_tasks.quickstart import imperfect_solution
from sandbox_tasks.task import Task

MAKERS: dict[str, Callable[[random.Random, Task, float], str]] = {
    "quickstart": imperfect_solution,
    "repair-quickstart": imperfect_solution,
    "negotiation-quickstart": lambda rng, task, _: aimless_move(rng, task),
    "math-quickstart": imperfect_working,
}
"""By the suite that a task's metadata names: from the task and the chance that a step is wrong, an answer or a turn."""


def imperfect_answer(rng: random.Random, task: Task, wrong_probability: float) -> str | None:
    """An answer, or a turn, that is right now and then; None for a task of a suite that has no maker of them."""
    make = MAKERS.get(str(task.metadata.get("suite")))
    return make(rng, task, wrong_probability) if make else None
