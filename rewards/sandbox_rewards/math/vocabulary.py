"""Words, signs and commands that answers are written with, and which of them mean what."""

from __future__ import annotations

import itertools

from sandbox_rewards.math.tokens import FUNCTION_WORDS, Token
from sandbox_rewards.math.units import is_unit

FUNCTIONS = FUNCTION_WORDS | {"sqrt", "abs"}
GREEK = frozenset({
    "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "iota", "kappa", "lambda",
    "mu", "nu", "xi", "rho", "varrho", "sigma", "tau", "upsilon", "phi", "varphi", "chi", "psi", "omega", "Gamma", "Delta",
    "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega", "ell", "hbar", "partial",
})  # fmt: skip
RELATIONS = {
    "=": "=", "==": "=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", r"\le": "<=", r"\leq": "<=", r"\ge": ">=", r"\geq": ">=",
    r"\lt": "<", r"\gt": ">", r"\leqslant": "<=", r"\geqslant": ">=", r"\leqq": "<=", r"\geqq": ">=", r"\ne": "!=",
    r"\neq": "!=", "!=": "!=", r"\in": "in", r"\notin": "notin", r"\approx": "~", r"\equiv": "==", r"\cong": "==",
    r"\simeq": "~", r"\doteq": "~",
}  # fmt: skip
"""Signs of relations; `~` is nearly, `==` congruent."""
MODULUS = frozenset({"mod", r"\mod", r"\bmod"})
TIMES = frozenset({"*", r"\cdot", r"\times", r"\ast"})
NO_FACTOR = frozenset({
    r"\cup", r"\cap", r"\pm", r"\mp", r"\div", r"\end", r"\\", r"\rfloor", r"\rceil", r"\rvert", r"\rangle", r"\rVert", "and",
    "or", r"\%", r"\circ", r"\setminus", r"\backslash", r"\mid", r"\over", r"\choose", r"\mod", r"\pmod", r"\bmod", "mod",
    "pmod", r"\to", r"\vee", r"\wedge", r"\lor", r"\land", r"\rightarrow", r"\implies", r"\Rightarrow", "if", "for", "where",
    r"\colon", r"\forall", r"\degree", r"\prime", r"\$", r"\euro", r"\pounds", r"\yen", *TIMES, *RELATIONS,
})  # fmt: skip
"""Names that nothing is multiplied by."""
CURRENCY = {r"\$": "$", r"\euro": "euro", r"\pounds": "pound", r"\yen": "yen"}
UNIT_SIGNS = {r"\%": "%", "%": "%", r"\degree": "°", **CURRENCY}
CLOSING = {"(": (")", "]"), "[": ("]", ")", "["), r"\{": (r"\}",), "{": ("}",), "]": ("[", "]"), r"\langle": (r"\rangle",)}
SPAN = {
    r"\lfloor": (r"\rfloor", "floor"),
    r"\lceil": (r"\rceil", "ceil"),
    r"\lvert": (r"\rvert", "abs"),
    r"\lVert": (r"\rVert", "abs"),
}
MATRICES = frozenset({"pmatrix", "bmatrix", "matrix", "vmatrix", "Bmatrix", "smallmatrix", "array"})
SYSTEMS = frozenset({"cases", "aligned", "align", "gathered"})
"""Environments of equations, or of a function in pieces."""
INVERSE = {"sin": "arcsin", "cos": "arccos", "tan": "arctan", "cot": "arccot"}
SAME_NAME = {
    "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh", "lg": "log", "asin": "arcsin", "acos": "arccos", "atan": "arctan",
    "varphi": "phi", "varepsilon": "epsilon", "vartheta": "theta",
}  # fmt: skip
_COUNTED = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty", "thirty", "forty", "fifty", "sixty",
    "seventy", "eighty", "ninety",
)  # fmt: skip
COUNTS = dict(zip(_COUNTED, [*range(21), *range(30, 100, 10)], strict=True))
"""Numbers in words."""
WORDS = frozenset({"yes", "no", "true", "false", "odd", "even", "dne"})
"""Short words that are never products of their letters."""


_IN_FORMULAS = FUNCTION_WORDS | {"and", "or", "pi", "sqrt", "mod", "in", "union", "for", "where", "if", "inf"} | set(COUNTS)


def is_prose(found: list[Token]) -> bool:
    """Whether two words of a sentence stand side by side, which would be read as products of their letters."""
    words = [
        t.text if t.kind == "name" and t.text.isalpha() and len(t.text) > 1 and t.text.lower() not in _IN_FORMULAS else ""
        for t in found
    ]
    return any(one and other.islower() and not (is_unit(one) and is_unit(other)) for one, other in itertools.pairwise(words))


def as_words(found: list[Token]) -> str | None:
    """The answer as plain words, where it is made of nothing else but words and numbers."""
    marks = (",", "'", "-", ".", "(", ")", ":", '"', "!", "?", ";", "/")
    letters = any(t.kind == "text" or (t.kind == "name" and t.text[0] != "\\") for t in found)
    if letters and all(
        t.kind in ("text", "number") or (t.kind == "name" and t.text[0] != "\\") or t.text in marks for t in found
    ):
        return " ".join(t.text.strip("()\\ ") for t in found if t.text not in ("(", ")", ".", "'", '"')).strip().lower()
    return None


def is_word(token: Token) -> bool:
    return len(token.text) > 1 and token.text[0] != "\\"


def split(name: str) -> list[str] | None:
    """`pir` as pi and r, `sqrtx`, `xy`: letters, and the few names that are written without a space; None for a word."""
    if name in FUNCTIONS:
        return [name]
    short = len(name) <= 3 or (name.isupper() and len(name) <= 6) or (len(set(name)) == 1 and len(name) <= 6)
    for known in ("sqrt", "sin", "cos", "tan", "log", "ln", "pi"):
        if known in name and len(name) <= len(known) + 2:
            before, _, after = name.partition(known)
            return [*before, known, *(split(after) or after)]
    return list(name) if short and not is_unit(name) else None
