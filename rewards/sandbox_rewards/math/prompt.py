"""What of a prompt could be copied: its formulas, and whether an answer is one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from sandbox_rewards.math.amounts import negated
from sandbox_rewards.math.extraction import formulas
from sandbox_rewards.math.form import without_idle_steps
from sandbox_rewards.math.parser import parse
from sandbox_rewards.math.tokens import Unreadable
from sandbox_rewards.math.tree import Apply, Group, Node, Number, Relation, Symbol, Text, children, with_children
from sandbox_rewards.math.vocabulary import COUNTS, FUNCTIONS

MOST = 24
"""Formulas of a prompt that are looked at."""
_MATHEMATICS = re.compile(r"[0-9$\\=+^<>²³√π∞½]|(?<![a-zA-Z])[a-z]\s*[*/-]\s*[a-z](?![a-zA-Z])")
_WORD = re.compile(r"[a-zA-Z]{2,}")
_EDGES = " \t.,:;?!#*'\"`"
_BARE_NUMBER = re.compile(r"-?[0-9.]+")
_BETWEEN_PARTS = re.compile(r"[,;]|\\text\s*\{\s*(?:and|or)\s*\}|\b(?:and|or)\b|\\(?:lor|land|vee|wedge)(?![a-zA-Z])")
_SAME_SIGNS = (
    (r"\\(?:left|right|displaystyle|textstyle)(?![a-zA-Z])|\\[,;:! ()\[\]]|\$|\*\*(?=\D*$)|`", " "), (r"\\[dtc]frac", r"\\frac"),
    (r"\\(?:text|mathrm|textbf|mathbf|boxed|mbox)\s*\{([^{}]*)\}", r"\1"), (r"\\frac\s*([0-9])\s*([0-9])", r"\1/\2"),
    (r"\\frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"(\1)/(\2)"), (r"\(([0-9a-zA-Z]+)\)(?=/)|(?<=/)\(([0-9a-zA-Z]+)\)", r"\1\2"),
    (r"\\(?:cdot|times|ast)(?![a-zA-Z])|[·×⋅]", "*"), (r"\\leq?(?![a-zA-Z])|≤", "<="), (r"\\geq?(?![a-zA-Z])|≥", ">="),
    (r"\{([0-9a-zA-Z])\}", r"\1"), (r"−|–", "-"), (r"\s+", " "), (r"(?<![0-9a-zA-Z]) | (?![0-9a-zA-Z])", ""),
)  # fmt: skip
"""Ways of writing the same signs."""


def is_bare(prompt: str) -> bool:
    """Whether a prompt holds no number, in digits or in words, and no formula."""
    return not _MATHEMATICS.search(prompt) and not any(word.lower() in COUNTS for word in _WORD.findall(prompt))


def restates(answer: str, golds: tuple[str, ...], prompt: str) -> bool:
    """Whether an answer's text stands in the prompt, and no gold's own text stands there beside it."""
    asked = _signs(prompt)
    right = {_signs(part) for gold in golds for part in (gold, gold.rpartition("=")[2])}
    values = _named_values(answer)  # a root that happens to be a number of the equation is no copy of it
    several = len(values) > 1
    if several and not all(map(_BARE_NUMBER.fullmatch, values)) and all(_stands(value).search(asked) for value in values):
        return True
    for said in {answer} if several else {answer, answer.rpartition("=")[2]}:
        copied = _signs(said)
        if copied in right:
            continue
        while copied[:1] == "(" and copied[-1:] == ")" and ")" not in copied[1:-1].partition("(")[0]:
            copied = copied[1:-1]
        if copied and (found := _stands(copied)).search(asked):
            rest = found.sub(" ", asked)
            return not any(_stands(_signs(gold)).search(rest) for gold in golds)
    return False


def _named_values(answer: str) -> list[str]:
    """What the parts of `x = 2 or x = 3` say; none where they are not all equations."""
    parts = [_signs(part).rpartition("=") for part in _BETWEEN_PARTS.split(answer)]
    return [value for _, sign, value in parts if value] if all(sign for _, sign, _ in parts) else []


def is_copied(answer: Node, gold: Node, prompt: str) -> bool:
    """Whether an answer is one of the prompt's formulas, terms and factors in another order or idle steps added or not."""
    copied = in_order(answer)
    return not isinstance(copied, (Number, Symbol, Text)) and copied != in_order(gold) and copied in _formulas_in_order(prompt)


@lru_cache(maxsize=5_000)
def _formulas_in_order(prompt: str) -> frozenset[Node]:
    return frozenset(map(in_order, read_formulas(prompt)))


def in_order(node: Node) -> Node:
    """The tree with its sums and products in one order, and without steps that change nothing."""
    node = without_idle_steps(node)
    if isinstance(node, Apply) and node.name in ("+", "*"):
        return Apply(node.name, tuple(sorted(_parts(node, node.name), key=repr)))
    node = with_children(node, tuple(map(in_order, children(node))))
    return negated(node.arguments[0]) if isinstance(node, Apply) and node.name == "neg" else node


def _parts(node: Node, name: str) -> list[Node]:
    """Terms of nested sums, or factors of nested products."""
    if isinstance(node, Apply) and node.name == name:
        return [part for argument in node.arguments for part in _parts(argument, name)]
    return [in_order(node)]


def _signs(text: str) -> str:
    for pattern, sign in _SAME_SIGNS:
        text = re.sub(pattern, sign, text)
    return text.strip()


def _stands(signs: str) -> re.Pattern[str]:
    """Finds signs that are not a part of a longer number or word."""
    before = r"(?<![0-9a-zA-Z.\\])" if signs[:1].isalnum() else ""
    return re.compile(before + re.escape(signs) + (r"(?![0-9a-zA-Z]|\.[0-9])" if signs[-1:].isalnum() else ""))


def formulas_of(prompt: str) -> list[str]:
    """The formulas of a prompt, the sides of its equations and the items of its lists: what could be copied from it."""
    found = [part for formula in (*formulas(prompt), *_in_words(prompt)) for part in _with_parts(formula)]
    return list(dict.fromkeys(part.strip(_EDGES) for part in found if part.strip(_EDGES)))[:MOST]


def read_formulas(prompt: str) -> list[Node]:
    """Those that can be read."""
    read: list[Node] = []
    for text in formulas_of(prompt):
        try:
            node = parse(text)
        except (Unreadable, RecursionError):
            continue
        read += [node, *(node.sides if isinstance(node, Relation) else ()), *(node.items if isinstance(node, Group) else ())]
    return read[: 2 * MOST]


def _with_parts(formula: str) -> Iterator[str]:
    yield formula
    for sign in ("=", ","):
        if sign in formula:
            yield from formula.split(sign)


def _in_words(prompt: str) -> Iterator[str]:
    """What stands between the words of a text, where it has a digit or a sign of arithmetic in it."""
    plain = re.sub(r"\$[^$]*\$", " . ", prompt)
    words = [word for word in _WORD.findall(plain) if word.lower() not in FUNCTIONS and word not in ("pi", "sqrt")]
    pattern = r"|".join(rf"(?<![a-zA-Z\\]){re.escape(word)}(?![a-zA-Z])" for word in sorted(set(words), key=len, reverse=True))
    for line in plain.splitlines():
        for part in re.split(rf"(?:{pattern}|[:?;]|\.\s)", line) if pattern else [line]:
            if re.search(r"[0-9]|[-+*/^=<>]", part or ""):
                yield part
