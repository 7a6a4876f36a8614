r"""Tokens of an answer in LaTeX, plain text or unicode. Nothing is evaluated here.

Typesetting that means nothing (`\left`, `\,`, `$`, `\displaystyle`) goes; unicode signs become their LaTeX names.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Unreadable(Exception):
    """No answer that this room knows how to read."""


class Token(NamedTuple):
    """`kind`: `number`, `name` (a letter, a word or a command), `text` (words set as text), `sign`."""

    kind: str
    text: str


MOST = 400
"""Tokens of an answer."""

_UNICODE = {
    "−": "-", "–": "-", "—": "-", "⁻": "^{-}", "×": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ", "∗": "*", "÷": "/",
    "⁄": "/", "∕": "/", "√": r"\sqrt ", "∛": r"\cbrt ", "π": r"\pi ", "∞": r"\infty ", "≤": r"\le ", "⩽": r"\le ",
    "≥": r"\ge ", "⩾": r"\ge ", "≠": r"\ne ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ", "°": r"^\circ ", "±": r"\pm ",
    "∅": r"\emptyset ", "ℝ": r"\mathbb{R}", "θ": r"\theta ", "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ",
    "λ": r"\lambda ", "φ": r"\phi ", "ω": r"\omega ", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u200b": "", "’": "'",
    "′": "'", "“": '"', "”": '"', "€": r"\euro ", "£": r"\pounds ", "¼": r"\frac{1}{4}", "½": r"\frac{1}{2}",
    "¾": r"\frac{3}{4}", "⅓": r"\frac{1}{3}", "⅔": r"\frac{2}{3}", "⅕": r"\frac{1}{5}", "⅖": r"\frac{2}{5}",
    "⅗": r"\frac{3}{5}", "⅘": r"\frac{4}{5}", "⅙": r"\frac{1}{6}", "⅚": r"\frac{5}{6}", "⅛": r"\frac{1}{8}",
    "⅜": r"\frac{3}{8}", "⅝": r"\frac{5}{8}", "⅞": r"\frac{7}{8}",
}  # fmt: skip
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True))
_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
_NOTHING = re.compile(
    r"(?<!\\)\\(?:left|right|big|Big|bigg|Bigg|bigl|bigr|Bigl|Bigr|displaystyle|textstyle|limits|,|;|:|!|>|quad|qquad|ensuremath|"
    r"allowbreak|boldsymbol|mathbf|bf|bm|phantom\{[^{}]*\}|hspace\{[^{}]*\}|hfill|\s|~)(?![a-zA-Z])"
)
_TOKEN = re.compile(
    r"\s+|(?P<number>[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{1,3}(?![0-9a-zA-Z])|[0-9]{1,3}(?:\{?,\}?[0-9]{3})+(?![0-9])(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
    r"|\\(?P<text>text|mbox|textbf|textit|textrm|mathrm|operatorname|rm|mathit|mathsf)\b"
    r"|(?P<name>\\[a-zA-Z]+|\\%|\\\$|\\#|\\&|[a-zA-Z]+)|(?P<sign>\\\\|\\\{|\\\}|\\\||\*\*|<=|>=|!=|==|[-+*/^_=<>()\[\]{}|,;:!.%&~'\"$?@#])"
)


def tokens(text: str) -> list[Token]:
    """Raises `Unreadable` where a character is none of mathematics, or there are too many tokens."""
    text = _plain(text)
    found: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise Unreadable(f"the character {text[place]!r}")
        place = match.end()
        if match["text"]:
            words, place = _words(text, place)
            found.append(Token("text", words))
        elif match["number"]:
            found.append(Token("number", re.sub(r"[{},]", "", match["number"])))
        elif match["name"]:
            found.append(Token("name", match["name"]))
        elif match["sign"]:
            found.append(Token("sign", match["sign"]))
        if len(found) > MOST:
            raise Unreadable(f"more than {MOST} tokens")
    return found


def _plain(text: str) -> str:
    text = re.sub(r"([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: "^{" + "".join(_RAISED[c] for c in m[1]) + "}", text)
    text = re.sub(r"([₀₁₂₃₄₅₆₇₈₉]+)", lambda m: "_{" + "".join(_LOWERED[c] for c in m[1]) + "}", text)
    text = "".join(_UNICODE.get(c, c) for c in text)
    text = re.sub(r"(\d)\s*(\\frac\{\d+\}\{\d+\})", r"\1 \2", text)
    for opening, closing in ((r"\\\(", r"\\\)"), (r"\\\[", r"\\\]")):
        text = re.sub(f"^\\s*{opening}|{closing}\\s*$", " ", text)
    text = re.sub(r"(?<!\\)\$", " ", text)
    text = re.sub(r"\\[dt]frac|\\cfrac", r"\\frac", text)
    text = _NOTHING.sub(" ", text)
    return text.strip().rstrip(".").strip()


def _words(text: str, place: int) -> tuple[str, int]:
    """What stands in the braces behind a text command, and where they end."""
    match = re.compile(r"\s*\{([^{}]*)\}").match(text, place)
    if match:
        return match[1].strip(), match.end()
    match = re.compile(r"\s*([a-zA-Z]+)").match(text, place)
    return (match[1], match.end()) if match else ("", place)
