"""The suite `repair-quickstart`: the quickstart's functions as conversations of two turns.

When the first answer fails on one of two examples, that example comes back, and the second answer is judged by the task's own
tests, which the model is never shown.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from sandbox_tasks.quickstart import quickstart_tasks, telling_examples
from sandbox_tasks.task import RepairSpec, Task

TURNS = 2
EXAMPLES = 2


def repair_tasks(seed: int = 0) -> Iterator[Task]:
    """The suite, the same for the same seed."""
    rng = random.Random(seed)
    for task in quickstart_tasks(seed):
        examples = telling_examples(task, EXAMPLES, rng)
        environment = RepairSpec(turns=TURNS, tests=examples)
        name = task.id.replace("quickstart", "repair-quickstart", 1)
        metadata = {**task.metadata, "suite": "repair-quickstart"}
        yield task.model_copy(update={"id": name, "environment": environment, "metadata": metadata})
