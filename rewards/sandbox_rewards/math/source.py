"""Grades answers to mathematical questions: the marked answer is read and compared with the task's; a grade says how.

What is covered: no text of a model is executed or given to a parser of Python's; sizes are limited before anything is computed,
and what sympy computes is computed in a process that can be killed, within a second. What is not: units of measure that convert,
and answers that only a person would call the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from sandbox_tasks.task import MathAnswer, Task

from sandbox_rewards.errors import UnreadableGold, in_a_line
from sandbox_rewards.grade import LONGEST_DETAIL, Grade, Verdict, of_one_question
from sandbox_rewards.math.comparison import Judge, equal
from sandbox_rewards.math.conventions import NeedsAlgebra, Rules, Undecided
from sandbox_rewards.math.exact import mentions, symbols_of
from sandbox_rewards.math.extraction import UNMARKED, Found, final_answer, statements
from sandbox_rewards.math.form import has_form_of, has_idle_steps, is_worked_out, value_of
from sandbox_rewards.math.measures import same_numbers
from sandbox_rewards.math.parser import parse
from sandbox_rewards.math.pool import POOL, WORKERS, AlgebraUnavailable
from sandbox_rewards.math.prompt import in_order, is_bare, is_copied, read_formulas, restates
from sandbox_rewards.math.settled import is_pm, with_log_base
from sandbox_rewards.math.tokens import Unreadable
from sandbox_rewards.math.tree import Group, Node, Number, Relation, Symbol, Text
from sandbox_rewards.math.units import meridiem
from sandbox_rewards.source import RewardItem

NOT_MARKED = r"no answer is marked: \boxed{}, ####, <answer>, 'the answer is', or bold"
NOT_WORKED_OUT = "equal, but not worked out"
DIFFERENT = "differs from the task's answer"
SEVERAL = "gives several values, the task has one"
RESTATED = "equal, but it stands in the prompt: the question is no answer"


@dataclass(frozen=True)
class Answer:
    """A completion's answer: its text, how it was marked, and what was read."""

    text: str
    how: str
    node: Node | None
    why: str = ""
    """Why nothing was read."""


class MathReward:
    """Grades answers to mathematical questions.

    `skip_unreadable`: there is no verdict where a task's own answer can't be read.
    """

    def __init__(self, skip_unreadable: bool = False) -> None:
        self._skips = skip_unreadable

    def prepare(self, task: Task, spec: MathAnswer) -> None:
        """Raises `UnreadableGold`."""
        read_golds(task.id, spec)

    def score(self, batch: Sequence[RewardItem]) -> list[Grade]:
        """One grade an answer. Raises `UnreadableGold`, unless such tasks are skipped."""
        if len(batch) == 1:
            return [self._grade(batch[0])]
        with ThreadPoolExecutor(WORKERS) as threads:
            return list(threads.map(self._grade, batch))

    def _grade(self, item: RewardItem) -> Grade:
        try:
            golds = read_golds(item.task.id, _spec(item))
            return self._judged(item, golds)
        except UnreadableGold as error:
            if not self._skips:
                raise
            return _told(item, Verdict.no_verdict, error.reasons[0])
        except AlgebraUnavailable as error:
            return _told(item, Verdict.no_verdict, str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours that an answer meets: whose it is, the gold's own text tells
            return self._after_fault(item, error)

    def _after_fault(self, item: RewardItem, error: Exception) -> Grade:
        """An answer that breaks the reader must not choose to have no verdict: it fails, where the gold can still be judged."""
        gold = RewardItem(item.task, item.spec, rf"\boxed{{{_spec(item).answers[0]}}}")
        try:
            sound = self._judged(gold, read_golds(item.task.id, _spec(item))).verdict is not Verdict.no_verdict
        except Exception:  # noqa: BLE001 - the gold meets it, too
            sound = False
        return _told(item, Verdict.failed if sound else Verdict.no_verdict, f"the reader failed: {in_a_line(error)}")

    def _judged(self, item: RewardItem, golds: tuple[Node, ...]) -> Grade:
        found = final_answer(item.completion)
        if found is None:
            return _told(item, Verdict.no_answer, NOT_MARKED)
        answer = read_answer(found)
        right, why = judged(answer, golds, _spec(item), item.task.prompt)
        if not right and why == "exact":
            several = is_several(answer.node) and not any(map(is_several, golds))
            why = f"{SEVERAL if several else DIFFERENT}, exact"
        if not right and found.how in UNMARKED and (answer.node is None or isinstance(answer.node, Text)):
            return _told(item, Verdict.no_answer, NOT_MARKED)
        return _told(item, Verdict.passed if right else Verdict.failed, f"{found.how}: {answer.text[:80]!r}, {why}")


def is_several(node: Node | None) -> bool:
    """Whether it is a list of values, or stands for two."""
    if isinstance(node, Group):
        return node.opening in ("", "{") and len(node.items) > 1
    return (isinstance(node, Relation) and is_several(node.sides[-1])) or (node is not None and is_pm(node))


def _spec(item: RewardItem) -> MathAnswer:
    assert isinstance(item.spec, MathAnswer)
    return item.spec


@lru_cache(maxsize=100)
def _rules(spec: MathAnswer) -> Rules:
    return Rules(spec.assume, spec.tolerance, spec.units, spec.order)


def _told(item: RewardItem, verdict: Verdict, detail: str) -> Grade:
    return of_one_question(item.task.id, verdict, float(verdict is Verdict.passed), detail[:LONGEST_DETAIL])


# -- reading -------------------------------------------------------------------------------------------------------------------


def read_golds(task_id: str, spec: MathAnswer) -> tuple[Node, ...]:
    """A task's own answers as trees. Raises `UnreadableGold`."""
    golds = []
    for answer in spec.answers:
        try:
            golds.append(read_gold(answer))
        except Unreadable as error:
            raise UnreadableGold(f"task {task_id!r}: its answer {answer!r} can't be read ({error})") from None
    return tuple(golds)


@lru_cache(maxsize=20_000)
def read_gold(text: str) -> Node:
    """The tree of a task's own answer. Raises `Unreadable`."""
    found = final_answer(text) if r"\boxed" in text or r"\fbox" in text else None
    return parse(found.text if found else text)


def read_answer(found: Found) -> Answer:
    """What a marked text says: the first of its statements that is mathematics, else the last that is words."""
    words, why = None, ""
    for text in statements(found):
        try:
            node = parse(text)
        except Unreadable as error:
            why = why or str(error)
            continue
        except RecursionError:
            why = why or "too deeply nested"
            continue
        if not isinstance(node, Text):
            return Answer(text, found.how, node)
        words = Answer(text, found.how, node)
    return words or Answer(found.text, found.how, None, why)


# -- judging -------------------------------------------------------------------------------------------------------------------


def judged(answer: Answer, golds: tuple[Node, ...], spec: MathAnswer, prompt: str) -> tuple[bool, str]:
    """Whether an answer is right, and how that was decided: equal to a gold, and worked out."""
    why = ""
    for gold, text in zip(golds, spec.answers, strict=True):
        same, how = compared(gold, text, answer, _rules(spec))
        if same and spec.form != "any" and not isinstance(gold, Text):
            same, how = _in_form(gold, answer, spec, prompt, how)
        if same:
            return True, how
        why = how if not why or how in (NOT_WORKED_OUT, RESTATED) else why
    return False, why


def compared(gold: Node, gold_text: str, answer: Answer, rules: Rules) -> tuple[bool, str]:
    """Whether an answer equals a gold, and how that was decided."""
    if (letter := _choice(gold)) is not None and (match := _CHOICE.fullmatch(answer.text.strip(" $.*"))):
        return match[1].lower() == letter, "exact"
    if not isinstance(gold, Group) and (value := _decimal_comma(answer.text)) is not None and gold == Number(value):
        return True, "exact"
    if (decimal := _decimal(gold_text)) is not None and decimal == _decimal(answer.text):
        return True, "exact"
    if answer.node is None:
        return False, f"not readable ({answer.why})"
    return decided(gold, answer.node, rules)


def decided(gold: Node, answer: Node, rules: Rules) -> tuple[bool, str]:
    r"""Whether two trees are equal, and how that was found; a bare `\log` has base 10 or e, in both the same."""
    if isinstance(gold, Number) and isinstance(answer, Number) and not (meridiem(gold.unit) or meridiem(answer.unit)):
        return same_numbers(gold, answer, rules), "exact"
    bare = any(mentions(node, frozenset({"bare log"})) for node in (gold, answer))
    if not bare:
        return _decided(gold, answer, rules)
    bases = [10] if any(mentions(node, frozenset({"ln"})) for node in (gold, answer)) else [10, None]
    found = (False, "")
    for base in bases:
        found = _decided(with_log_base(gold, base), with_log_base(answer, base), rules)
        if found[0]:
            break
    return found


def _decided(gold: Node, answer: Node, rules: Rules) -> tuple[bool, str]:
    """In this process where exact arithmetic tells, else by a worker."""
    judge = Judge(rules)
    try:
        same = equal(gold, answer, judge)
        return same, judge.how(same)
    except NeedsAlgebra:
        reply = POOL.ask(("compare", gold, answer, rules))
        return reply["equal"] is True, str(reply["how"])
    except (Undecided, RecursionError) as error:
        return False, f"undecided: {error}"


def _in_form(gold: Node, answer: Answer, spec: MathAnswer, prompt: str, how: str) -> tuple[bool, str]:
    """What becomes of an answer that is equal: right, restated, or not worked out."""
    if answer.node is None or answer.node == gold:
        return True, how
    ours, theirs = (_without_unit(value_of(node)) for node in (gold, answer.node))
    if ours == theirs or (in_order(ours) == in_order(theirs) and not has_idle_steps(theirs)):
        return True, how
    if restates(answer.text, spec.answers, prompt) or is_copied(answer.node, gold, prompt):
        return False, RESTATED
    if spec.form in ("simplified", "factored", "expanded"):
        return (True, "form") if has_form_of(gold, answer.node) else (False, NOT_WORKED_OUT)
    bare = is_bare(prompt)
    if not bare and has_idle_steps(answer.node) and not has_idle_steps(gold):
        return False, NOT_WORKED_OUT
    worked_out = is_worked_out(gold, answer.node, given=lambda: _is_given(gold, prompt, _rules(spec)), bare=bare)
    return (True, how) if worked_out else (False, NOT_WORKED_OUT)


def _without_unit(node: Node) -> Node:
    return Number(node.value) if isinstance(node, Number) else node


@lru_cache(maxsize=5_000)
def _is_given(gold: Node, prompt: str, rules: Rules) -> bool:
    """Whether the prompt holds an expression that equals the gold: the task is to write it in another way."""
    letters = symbols_of(gold)
    like = (node for node in read_formulas(prompt) if node != gold and symbols_of(node) == letters)
    return any(decided(gold, node, rules)[0] for node in like)


_CHOICE = re.compile(
    r"(?:\\(?:text|textbf|mathrm|mathbf|textrm)\s*\{\s*)?(?:(?:option|choice|answer)\s*:?\s*)?\(?([A-J])"
    r"(?:\)|[.:]\s|\s*\}|$|\s*(?:[–—]|-{2,3}|\s-)\s*(?=[a-zA-Z]{2}|[0-9$\\]|a\s))"
    r"(?!.*(?:\b(?:or|and)\b|[({][A-J][)}]|\\pm|±))[^,;&]*",
    re.IGNORECASE,
)
"""A choice's letter, with what it stands for behind it; not two of them."""


@lru_cache(maxsize=20_000)
def _choice(gold: Node) -> str | None:
    """The letter of a gold that is a choice."""
    word = gold.name if isinstance(gold, Symbol) else gold.words.strip("() .") if isinstance(gold, Text) else ""
    return word.lower() if re.fullmatch(r"[A-Ja-j]", word) and (isinstance(gold, Text) or word.isupper()) else None


@lru_cache(maxsize=20_000)
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


def _decimal_comma(text: str) -> Fraction | None:
    """`2,5` as the one number that it may be; None for thousands."""
    match = re.fullmatch(r"\s*\$?\s*(-?[0-9]+),([0-9]+)\s*\$?\s*", text)
    if match is None or (len(match[2]) == 3 and match[1].strip("-") != "0"):
        return None
    return Fraction(f"{match[1]}.{match[2]}")
