"""`sandbox-rl math`: why an answer counts, or does not."""

from __future__ import annotations

from typing import Annotated

import typer
from sandbox_tasks.task import MathAnswer, Task


def math(
    gold: Annotated[str, typer.Argument(help="The task's own answer.")],
    answer: Annotated[str, typer.Argument(help="What is compared with it: a completion, or an answer alone.")],
    prompt: Annotated[str, typer.Option(help="The task's prompt, which an answer must not only copy.")] = "",
    settings: Annotated[list[str], typer.Option("--set", help="A field of the task's reward: assume=positive.")] = [],
) -> None:
    """Compare two mathematical answers, and show each step. Exit status 1 when they differ."""
    from sandbox_rewards.math.explain import explained

    spec = MathAnswer.model_validate({"answer": gold, **dict(one.split("=", 1) for one in settings)})
    task = Task(id="asked", prompt=prompt, rewards=(spec,))
    right, lines = explained(task, spec, answer)
    for line in lines:
        typer.echo(line)
    raise typer.Exit(0 if right else 1)
