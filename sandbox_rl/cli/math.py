"""`sandbox-rl math`: why an answer counts, or does not."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import ValidationError
from sandbox_tasks.task import MathAnswer, Task

from sandbox_rl.errors import UserError


def math(
    gold: Annotated[str, typer.Argument(help="The task's own answer.")],
    answer: Annotated[str, typer.Argument(help="What is compared with it: a completion, or an answer alone.")],
    prompt: Annotated[str, typer.Option(help="The task's prompt, which an answer must not only copy.")] = "",
    settings: Annotated[list[str], typer.Option("--set", help="A field of the task's reward: assume=positive.")] = [],
) -> None:
    """Compare two mathematical answers, and show each step. Exit status 1 when they differ."""
    from sandbox_rewards.math.explain import explained

    try:
        spec = MathAnswer.model_validate({"answer": gold, **dict(_field(one) for one in settings)})
    except ValidationError as error:
        field, problem = error.errors()[0]["loc"][0], error.errors()[0]
        if field == "answer":
            raise UserError("the task's answer is empty, or too long; say GOLD as it stands in the task.") from None
        raise UserError(f"--set {field}={problem['input']!r}: {problem['msg']}; `assume=positive` would be one.") from None
    task = Task(id="asked", prompt=prompt, rewards=(spec,))
    right, lines = explained(task, spec, answer)
    for line in lines:
        typer.echo(line)
    raise typer.Exit(0 if right else 1)


def _field(setting: str) -> tuple[str, str]:
    name, sign, value = setting.partition("=")
    if not sign:
        raise UserError(f"--set {setting!r} gives a field no value; write it as assume=positive.")
    return name, value
