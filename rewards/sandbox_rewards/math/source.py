"""Grades answers to mathematical questions: the marked answer is read and compared with the task's; a grade says how.

What is covered: no text of a model is executed or given to a parser of Python's; sizes are limited before anything is computed.
What is not: a proof, units of measure that convert, and answers that only a person would call the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from sandbox_tasks.task import MathAnswer

from sandbox_rewards.errors import RewardError
from sandbox_rewards.grade import LONGEST_DETAIL, Grade, Verdict, of_one_question
from sandbox_rewards.math.comparison import Judge, equal
from sandbox_rewards.math.conventions import NeedsAlgebra, Rules, Undecided
from sandbox_rewards.math.extraction import UNMARKED, Found, final_answer, said_in
from sandbox_rewards.math.pool import POOL
from sandbox_rewards.math.tokens import Unreadable
from sandbox_rewards.math.tree import Node, Symbol, Text
from sandbox_rewards.source import RewardItem

_PROSE = ("not readable", "text")
"""How it is told that a text states nothing mathematical."""
NOT_MARKED = r"no answer is marked: \boxed{}, ####, <answer>, 'the answer is', or bold"


class UnreadableGold(RewardError):
    """A task's own answer can't be parsed: the task's error, never the policy's."""


class MathReward:
    """Grades answers to mathematical questions."""

    def __init__(self) -> None:
        self._golds: dict[str, Node] = {}

    def score(self, batch: Sequence[RewardItem]) -> list[Grade]:
        return [self._grade(item) for item in batch]

    def _grade(self, item: RewardItem) -> Grade:
        assert isinstance(item.spec, MathAnswer)
        golds = [(self._gold(item, answer), answer) for answer in item.spec.answers]
        found = final_answer(item.completion)
        if found is None:
            return _told(item, Verdict.no_answer, NOT_MARKED)
        for gold, text in golds:
            right, why = compared(gold, text, found)
            if right:
                break
        if not right and found.how in UNMARKED and why.startswith(_PROSE):
            return _told(item, Verdict.no_answer, NOT_MARKED)
        return _told(item, Verdict.passed if right else Verdict.failed, f"{found.how}: {found.text[:80]!r}, {why}")

    def _gold(self, item: RewardItem, answer: str) -> Node:
        if answer not in self._golds:
            try:
                self._golds[answer] = read_gold(answer)
            except Unreadable as error:
                raise UnreadableGold(
                    f"task {item.task.id!r}: its answer {answer!r} can't be read ({error}); write it otherwise."
                ) from None
        return self._golds[answer]


def read_gold(text: str) -> Node:
    """The tree of a task's own answer, which must equal itself. Raises `Unreadable`."""
    from sandbox_rewards.math.parser import parse

    found = final_answer(text) if r"\boxed" in text or r"\fbox" in text else None
    gold = parse(found.text if found else text)
    if not decided(gold, gold, Rules())[0]:
        raise Unreadable("it has no value that could be compared")
    return gold


def compared(gold: Node, gold_text: str, found: Found) -> tuple[bool, str]:
    """Whether an answer equals the gold one, and how that was decided."""
    if _letters(gold_text) == _letters(found.text):
        return True, "the same text"
    why = ""
    for text in (found.text, *said_in(found)):
        right, how = _compared(gold, gold_text, text)
        if right:
            return True, how
        why = why or how
        if not how.startswith(_PROSE) and "not computable" not in how:
            break
    return False, why


def _compared(gold: Node, gold_text: str, text: str) -> tuple[bool, str]:
    from sandbox_rewards.math.parser import parse

    if (letter := _choice(gold)) is not None and (match := _CHOICE.fullmatch(text.strip(" $.*"))):
        return match[1].lower() == letter, "choice"
    if (decimal := _decimal(gold_text)) is not None and decimal == _decimal(text):
        return True, "number"
    try:
        read = parse(text)
    except Unreadable as error:
        return False, f"not readable ({error})"
    kind = type(read).__name__.lower()
    same, how = decided(gold, read, Rules())
    return same, f"{kind}, {how}"


def decided(gold: Node, answer: Node, rules: Rules) -> tuple[bool, str]:
    """Whether two trees are equal, and how that was found: in this process where exact arithmetic tells, else by a worker."""
    judge = Judge(rules)
    try:
        same = equal(gold, answer, judge)
        return same, judge.how(same)
    except NeedsAlgebra:
        reply = POOL.ask(("compare", gold, answer, rules))
        return reply["equal"] is True, str(reply["how"])
    except (Undecided, RecursionError) as error:
        return False, f"undecided: {error}"


_CHOICE = re.compile(
    r"(?:\\(?:text|textbf|mathrm|mathbf|textrm)\s*\{\s*)?(?:(?:option|choice|answer)\s*:?\s*)?\(?([A-J])(?:\)|[.:]\s|\s*\}|$)"
    r"(?!.*(?:\b(?:or|and)\b|[({][A-J][)}]))[^,;&]*",
    re.IGNORECASE,
)
"""A choice's letter, with what it stands for behind it; not two of them."""


def _choice(gold: Node) -> str | None:
    """The letter of a gold that is a choice."""
    word = gold.name if isinstance(gold, Symbol) else gold.words.strip("() .") if isinstance(gold, Text) else ""
    return word.lower() if re.fullmatch(r"[A-Ja-j]", word) and (isinstance(gold, Text) or word.isupper()) else None


def _decimal(text: str) -> Fraction | None:
    """A number whose decimals stand behind a comma or a point: `2,75`; None for thousands, lists of digits, and anything else."""
    match = re.fullmatch(r"\s*\$?\s*(-?[0-9]+)([.,])([0-9]+)\s*\$?\s*", text)
    if match is None:
        return None
    whole, sign, decimals = match.groups()
    thousands = len(decimals) == 3 and re.fullmatch(r"-?[1-9][0-9]{0,2}", whole)
    if sign == "," and (thousands or (len(decimals) == 1 and whole.strip("-") != "0")):
        return None
    return Fraction(f"{whole}.{decimals}")


def _letters(text: str) -> str:
    return " ".join(text.split()).strip("$. ")


def _told(item: RewardItem, verdict: Verdict, detail: str) -> Grade:
    return of_one_question(item.task.id, verdict, float(verdict is Verdict.passed), detail[:LONGEST_DETAIL])
