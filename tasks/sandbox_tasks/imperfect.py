"""Answers that are right now and then: what the warm start of a model made on the spot imitates, so that more can be learned."""

from __future__ import annotations

import random

from sandbox_tasks.math_quickstart import imperfect_working
from sandbox_tasks.negotiation_quickstart import aimless_move
from sandbox_tasks.quickstart import imperfect_solution
from sandbox_tasks.task import Task


def imperfect_answer(rng: random.Random, task: Task, wrong_probability: float) -> str | None:
    """An answer, or a turn, in which each step may be wrong, told by what a suite's generator left in the task's metadata.

    None for a task of any other suite.
    """
    if "stages" in task.metadata:
        return imperfect_solution(rng, task, wrong_probability)
    if "kind" in task.metadata and "numbers" in task.metadata:
        return imperfect_working(rng, task, wrong_probability)
    if "ask" in task.metadata:
        return aimless_move(rng, task)
    return None
