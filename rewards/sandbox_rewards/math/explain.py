"""A comparison step by step, for people who ask why."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox_tasks.task import MathAnswer, Task

from sandbox_rewards.errors import in_a_line
from sandbox_rewards.math.extraction import Found, final_answer
from sandbox_rewards.math.pool import POOL
from sandbox_rewards.math.settled import with_log_base
from sandbox_rewards.math.source import MathReward, read_answer, read_golds
from sandbox_rewards.math.tokens import Unreadable, tokens
from sandbox_rewards.math.tree import Node
from sandbox_rewards.source import RewardItem


def explained(task: Task, spec: MathAnswer, completion: str) -> tuple[bool, list[str]]:
    """Whether a completion is right, and what was found on the way: text, tokens, tree and sympy's object of each, and the grade.

    Raises `UnreadableGold`.
    """
    lines = []
    for text, node in zip(spec.answers, read_golds(task.id, spec), strict=True):
        lines += ["gold", *_steps(text, node)]
    answer = read_answer(final_answer(completion) or Found(completion, "as given"))
    lines += [f"answer, {answer.how}", *_steps(answer.text, answer.node)]
    grade = MathReward().score([RewardItem(task, spec, completion)])[0]
    lines.append(f"{grade.verdict.value}: {grade.detail}")
    return grade.reward == 1.0, lines


def _steps(text: str, node: Node | None) -> Iterator[str]:
    yield f"  text    {text}"
    try:
        yield "  tokens  " + " ".join(token.text for token in tokens(text))
    except Unreadable as error:
        yield f"  tokens  none: {in_a_line(error)}"
    yield f"  tree    {node}"
    if node is not None:
        yield f"  sympy   {POOL.ask(('object', with_log_base(node, 10))).get('object')}"
