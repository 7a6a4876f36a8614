"""A process that asks reasoning-gym's verifiers, run as `python -m sandbox_rewards.gym_verifier`: JSON lines in, JSON lines out.

It is apart from the grader so that it can be killed: a verifier may compute for ever on what a model wrote.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any

from sandbox_tasks.errors import TaskError
from sandbox_tasks.gym import dataset, prompt_of

MEMORY = 4 << 30
"""Bytes of address space."""


def main() -> None:
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a verifier prints is no reply
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _reply(replies, {"ready": True})
    for line in sys.stdin:
        _reply(replies, _verified(json.loads(line)))


def _reply(replies: Any, reply: dict[str, Any]) -> None:
    replies.write(json.dumps(reply) + "\n")
    replies.flush()


def _verified(asked: dict[str, Any]) -> dict[str, Any]:
    """The verifier's score, what is wrong with the task, or how the verifier failed on the answer."""
    _more_time(asked["cpu_s"])
    try:
        made = dataset(asked["family"], asked["seed"], asked["size"], json.dumps(asked["config"]))
        question = made[asked["index"]]
    except TaskError as error:
        return {"problem": str(error)}
    if prompt_of(question) != asked["prompt"]:
        return {"problem": "the installed reasoning-gym makes another question of these numbers; make the suite again with it"}
    if asked["answer"] is None:
        return {"made": len(made)}
    try:
        return {"score": float(made.score_answer(answer=asked["answer"], entry=question))}
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
