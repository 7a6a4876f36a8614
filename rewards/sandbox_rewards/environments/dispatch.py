"""Which environment answers which conversation."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from sandbox_tasks.task import Task

from sandbox_rewards.environment import Conversation, Environment
from sandbox_rewards.grading import Grader
from sandbox_rewards.registry import ENVIRONMENTS, load


class Environments:
    """The environments of tasks by name (entry-point group `sandbox_rl.environments`), made once, with a grader if they take one.

    A task without one is a conversation of one turn, which is judged as it is.
    """

    def __init__(self, grader: Grader) -> None:
        self._grader = grader
        self._made: dict[str, Environment] = {}

    def replies(self, conversations: Sequence[Conversation]) -> list[str | None]:
        """Like an environment's; a conversation that has had its task's turns is over."""
        found: list[str | None] = [None] * len(conversations)
        waiting: dict[str, list[int]] = {}
        for place, conversation in enumerate(conversations):
            wanted = conversation.task.environment
            if wanted and len(conversation.turns) < wanted.turns:
                waiting.setdefault(wanted.name, []).append(place)
        for name, places in waiting.items():
            for place, reply in zip(places, self._of(name).replies([conversations[i] for i in places]), strict=True):
                found[place] = reply
        return found

    def outcome(self, conversation: Conversation) -> str:
        environment = conversation.task.environment
        return self._of(environment.name).outcome(conversation) if environment else conversation.turns[-1]

    def _of(self, name: str) -> Environment:
        if name not in self._made:
            factory = load(ENVIRONMENTS, name)
            takes_grader = "grader" in inspect.signature(factory).parameters
            self._made[name] = factory(grader=self._grader) if takes_grader else factory()
        return self._made[name]


def most_turns(tasks: Sequence[Task]) -> int:
    """Turns of the longest conversation that there may be about these tasks."""
    return max((task.environment.turns if task.environment else 1 for task in tasks), default=1)
