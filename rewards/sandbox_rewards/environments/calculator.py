"""A calculator: a turn that ends in `<calc>12 * 7 / 4</calc>` gets the value back; any other turn is the answer.

What is covered: expressions go through the reader of mathematical answers, whose sizes and steps are bounded, and nothing of them
is executed. What is not: symbols, and functions that have no exact value get twelve digits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sandbox_rewards.environment import Conversation
from sandbox_rewards.math.exact import exact_value
from sandbox_rewards.math.parser import parse
from sandbox_rewards.math.pool import POOL
from sandbox_rewards.math.tokens import Unreadable

_CALL = re.compile(r"<calc>([^<>]*)</calc>\s*\Z")
LONGEST = 200
"""Characters of an expression, and of a value."""


class Calculator:
    """Replies with values."""

    def replies(self, conversations: Sequence[Conversation]) -> list[str | None]:
        calls = [_CALL.search(conversation.turns[-1]) for conversation in conversations]
        return [value_of(call[1]) if call else None for call in calls]

    def outcome(self, conversation: Conversation) -> str:
        return conversation.turns[-1]


def value_of(expression: str) -> str:
    """The value as text: exact where it is rational, else twelve digits; what is wrong with an expression that has none."""
    if len(expression) > LONGEST:
        return f"no value: longer than {LONGEST} characters"
    try:
        read = parse(expression)
        exact = exact_value(read)
        value = str(exact) if exact is not None else POOL.ask(("value", read)).get("value")
    except (Unreadable, RecursionError) as error:
        return f"no value: {error}"
    if value is None:
        return "no value: it is no finite number"
    return value if len(value) <= LONGEST else f"no value: more than {LONGEST} digits"
