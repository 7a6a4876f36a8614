"""A verifier in a process of its own, `python -m sandbox_rewards.sources.gym_verifier`: JSON lines in, JSON lines out.

It is apart from the grader so that it can be killed: a verifier may compute for ever on what a model wrote. A line with an entry,
and the prompt that should come of it, makes a question; a line with an answer has it judged. Each has processor time of its own.
"""

from __future__ import annotations

import copy
import functools
import json
import os
import resource
import sys
from typing import Any

from sandbox_tasks.errors import TaskError
from sandbox_tasks.gym import dataset_of, prompt_of, question_of
from sandbox_tasks.task import GymEntry

MEMORY = 2 << 30
"""Bytes of address space."""
OTHERWISE = "the installed reasoning-gym makes another question of these numbers; make the suite again with it"


def main() -> None:
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a verifier prints is no reply
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _reply(replies, {"ready": True})
    for line in sys.stdin:
        asked = json.loads(line)
        _more_time(asked["cpu_s"])
        if "entry" in asked:
            entry = asked["entry"]
            _reply(replies, _made(entry, asked["prompt"]))
        else:
            _reply(replies, _verified(entry, asked["answer"]))


def _reply(replies: Any, reply: dict[str, Any]) -> None:
    replies.write(json.dumps(reply) + "\n")
    replies.flush()


def _made(entry: str, prompt: str) -> dict[str, Any]:
    """What is wrong with the task, if anything."""
    try:
        same = prompt_of(_question(entry)) == prompt
    except TaskError as error:
        return {"problem": str(error)}
    return {} if same else {"problem": OTHERWISE}


@functools.lru_cache(maxsize=256)
def _question(entry: str) -> dict[str, Any]:
    return question_of(GymEntry.model_validate_json(entry))


def _verified(entry: str, answer: str) -> dict[str, Any]:
    """The verifier's score, or how it failed on the answer."""
    question = copy.deepcopy(_question(entry))  # some verifiers write into it
    try:
        return {"score": float(dataset_of(GymEntry.model_validate_json(entry)).score_answer(answer=answer, entry=question))}
    except MemoryError:
        return {"failed": "memory_limit"}
    except Exception as error:  # noqa: BLE001 - whatever a verifier makes of a text: it is no score, and the parent says so
        return {"failed": "raised", "detail": type(error).__name__}


def _more_time(seconds: float) -> None:
    """The kernel ends this process when it has used so much more of the processor."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + seconds) + 1, most))


if __name__ == "__main__":
    main()
