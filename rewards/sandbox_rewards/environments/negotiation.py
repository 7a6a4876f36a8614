"""A scripted seller: the model buys one thing in a few turns, by `offer 7`, `accept` or `walk`.

The seller has a price that it asks and a floor that it never says. It takes an offer that reaches what it asks; else it comes
down by as much as the buyer went up, by 1 at least, and never below the floor. The reward is the share of the possible gain that
the buyer got: (value - price) / (value - floor), negative for a price above the value, 0 without a deal.

What is judged is the list of the model's own turns, as JSON. The source plays the script against them again, so nothing that the
model writes (a seller's line in its own turn, a claimed price) can count as the seller's word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from sandbox_tasks.task import NegotiationSpec, Task

from sandbox_rewards.environment import Conversation
from sandbox_rewards.grade import Grade, Verdict, of_one_question
from sandbox_rewards.source import RewardItem

_MOVE = re.compile(r"\s*(?:(offer)\s+(\d{1,6})|(accept)|(walk))\s*\Z", re.IGNORECASE)


class _Deal:
    """A negotiation under way. `price` is what was agreed, `over` whether it has ended."""

    def __init__(self, terms: NegotiationSpec) -> None:
        self._terms = terms
        self._asked = terms.ask
        self._offered: int | None = None
        self.price: int | None = None
        self.over = False

    def after(self, turn: str) -> str | None:
        """The seller's reply to a turn of the buyer's; None when it is over."""
        move = _MOVE.match(turn)
        if move is None:
            return f"ask {self._asked}"  # it did not understand, and the turn is lost
        offer = int(move[2]) if move[1] else None
        if offer is not None and offer < self._asked:
            raised = offer - self._offered if self._offered is not None else 1
            self._asked = max(self._terms.floor, self._asked - max(1, raised))
            self._offered = offer
            if offer < self._asked:
                return f"ask {self._asked}"
        if not move[4]:
            self.price = offer if offer is not None else self._asked
        self.over = True
        return None


class Seller:
    """Replies with what it asks now."""

    def replies(self, conversations: Sequence[Conversation]) -> list[str | None]:
        return [_played(terms_of(c.task), c.turns)[1] for c in conversations]

    def outcome(self, conversation: Conversation) -> str:
        return json.dumps(list(conversation.turns))


class NegotiationReward:
    """Grades a buyer's turns: a JSON list of strings, or a text that is the only turn."""

    def score(self, batch: Sequence[RewardItem]) -> list[Grade]:
        return [_grade(item) for item in batch]


def _grade(item: RewardItem) -> Grade:
    terms = item.spec
    assert isinstance(terms, NegotiationSpec)
    deal, _ = _played(terms, _turns(item.completion)[: item.task.environment.turns if item.task.environment else 1])
    if deal.price is None:
        return of_one_question(item.task.id, Verdict.failed, 0.0, "no deal")
    share = (terms.value - deal.price) / (terms.value - terms.floor)
    verdict = Verdict.passed if share >= terms.par else Verdict.failed
    return of_one_question(item.task.id, verdict, share, f"bought for {deal.price}: {share:.2f} of the gain")


def _turns(completion: str) -> list[str]:
    try:
        said = json.loads(completion)
    except (ValueError, RecursionError):
        return [completion]
    return said if isinstance(said, list) and all(isinstance(turn, str) for turn in said) else [completion]


def _played(terms: NegotiationSpec, turns: Sequence[str]) -> tuple[_Deal, str | None]:
    """The negotiation after those turns, and the reply to the last; turns after its end are not looked at."""
    deal, reply = _Deal(terms), None
    for turn in turns:
        reply = deal.after(turn)
        if deal.over:
            break
    return deal, reply


def terms_of(task: Task) -> NegotiationSpec:
    return next(spec for spec in task.rewards if isinstance(spec, NegotiationSpec))
