r"""Tokens of an answer in LaTeX, plain text or unicode. Nothing is evaluated here.

Typesetting that means nothing (`\left`, `\,`, `$`, `\displaystyle`) goes; unicode signs become their LaTeX names; commands whose
backslash was doubled or swallowed on the way (`\\frac`, a form feed and `rac`) are mended.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple


class Unreadable(Exception):
    """No answer that this room knows how to read."""


class Token(NamedTuple):
    """`kind`: `number`, `digits` (in a base above ten), `name` (a letter, word or command), `text` (words as text), `sign`."""

    kind: str
    text: str
    spaced: bool = False
    """Whether space stands before it."""


MOST = 400
"""Tokens of an answer."""

_UNICODE = {
    "−": "-", "–": "-", "—": "-", "×": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ", "∗": "*", "÷": "/",
    "⁄": "/", "∕": "/", "√": r"\sqrt ", "∛": r"\cbrt ", "π": r"\pi ", "∞": r"\infty ", "≤": r"\le ", "⩽": r"\le ",
    "≥": r"\ge ", "⩾": r"\ge ", "≠": r"\ne ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ", "°": r"^\circ ", "±": r"\pm ",
    "∓": r"\mp ", "∅": r"\emptyset ", "ℝ": r"\mathbb{R}", "ℤ": r"\mathbb{Z}", "ℕ": r"\mathbb{N}", "ℚ": r"\mathbb{Q}",
    "ℂ": r"\mathbb{C}", "∖": r"\setminus ", "≈": r"\approx ", "≡": r"\equiv ", "⟨": r"\langle ", "⟩": r"\rangle ",
    "∣": "|", "⌊": r"\lfloor ", "⌋": r"\rfloor ", "⌈": r"\lceil ", "⌉": r"\rceil ", "∠": r"\angle ", "…": r"\ldots ",
    "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2002": " ", "\u2003": " ", "\u200b": "", "\ufeff": "", "\u2061": "",
    "’": "'", "‘": "'", "′": "'", "“": '"', "”": '"', "€": r"\euro ", "£": r"\pounds ", "¥": r"\yen ", "¢": r"\text{ cents}",
    "∨": r"\vee ", "∧": r"\wedge ", "％": "%", "，": ",", "∶": ":",
    **{letter: rf"\{name} " for letter, name in zip(
        "αβγδεζηθικλμνξρστυφχψωΓΔΘΛΞΠΣΦΨΩϕ",
        (
            "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
            "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi",
            "Sigma", "Phi", "Psi", "Omega", "phi",
        ), strict=True)},
    **{sign: rf"\frac{{{top}}}{{{bottom}}}" for sign, top, bottom in (
        ("¼", 1, 4), ("½", 1, 2), ("¾", 3, 4), ("⅐", 1, 7), ("⅑", 1, 9), ("⅒", 1, 10), ("⅓", 1, 3), ("⅔", 2, 3), ("⅕", 1, 5),
        ("⅖", 2, 5), ("⅗", 3, 5), ("⅘", 4, 5), ("⅙", 1, 6), ("⅚", 5, 6), ("⅛", 1, 8), ("⅜", 3, 8), ("⅝", 5, 8), ("⅞", 7, 8))},
}  # fmt: skip
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿˣⁱ", "0123456789+-nxi", strict=True))
_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉ₙ", "0123456789n", strict=True))

_COMMANDS = (
    "frac|dfrac|tfrac|cfrac|left|right|sqrt|text|textbf|textrm|mathrm|mathbf|mathbb|boxed|pi|theta|infty|le|ge|leq|geq|neq|ne|cup|"
    "cap|cdot|times|div|pm|circ|quad|qquad|binom|log|ln|sin|cos|tan|in|begin|end|overline|angle|degree|langle|rangle|approx"
)
_DOUBLED = re.compile(rf"\\\\(?=(?:{_COMMANDS})(?![a-zA-Z]))")
_SWALLOWED = re.compile(r"\x0c(?=rac)|\x08(?=inom|egin|eta|oxed|ar\b)|\t(?=imes|ext|heta|an\b|frac)|\r(?=ight|angle|ho\b)")
_SWALLOWING = {"\x0c": r"\f", "\x08": r"\b", "\t": r"\t", "\r": r"\r"}

_NOTHING = re.compile(
    r"(?<!\\)\\(?:(?:left|right|middle|bigl?|bigr|Bigl?|Bigr|biggl?|biggr|Biggl?|Biggr|bigm)(?![a-zA-Z])\.?"
    r"|(?:displaystyle|textstyle|scriptstyle|limits|nolimits|ensuremath|allowbreak|boldsymbol|bf|bm|hfill|hline|nobreak|mathstrut"
    r"|strut|tiny|small|large|Large|underline|mathop|mathrel|measuredangle|angle|triangle)(?![a-zA-Z])"
    r"|[,;:!> ~/]|(?:neg)?(?:thin|med|thick)space(?![a-zA-Z])|q?quad(?=[a-z]_|[^a-zA-Z]|$)"
    r"|(?:phantom|hspace|vspace|label|tag)\*?\{[^{}]*\}|\s)"
)
_NUMBER = (
    r"[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{1,3}(?![0-9a-zA-Z])"
    r"|[0-9]{1,3}(?:\{,\}[0-9]{3})+(?![0-9])(?:\.[0-9]+)?"
    r"|[0-9]+(?:\.[0-9]+|\.(?![0-9.]))?|\.[0-9]+"
)
_TOKEN = re.compile(
    r"(?P<digits>(?=[0-9A-Z]{2}|[0-9][a-z])(?:[0-9]*[A-Z][0-9A-Z]*|[0-9][0-9a-f]*[a-f][0-9a-f]*)(?=_\{?(?:1[1-9]|2[0-9]|3[0-6])(?![0-9]))"
    r"|[a-f]{2,}(?=_\{?16(?![0-9])))"
    rf"|(?P<number>{_NUMBER})"
    r"|\\(?P<text>text|mbox|hbox|textbf|textit|textrm|textnormal|textsf|texttt|mathrm|operatorname\*?|rm|mathit|mathsf|mathbf|vec|hat"
    r"|bar|widehat|overrightarrow|tilde)(?![a-zA-Z])"
    r"|(?P<name>\\[a-zA-Z]+|\\[%$#&]|[a-zA-Z]+)"
    r"|(?P<sign>\\\\|\\[{}|]|\*\*|<=|>=|=<|=>|!=|==|[-+*/^_=<>()\[\]{}|,;:!.%&~'\"$?@#])"
)
_UPRIGHT = frozenset({"mathrm", "operatorname", "operatorname*", "rm", "mathit", "mathsf", "mathbf"})
_ACCENTS = {"vec": r"\vec", "hat": r"\vec", "widehat": r"\vec", "overrightarrow": r"\vec", "bar": r"\bar", "tilde": r"\tilde"}
"""Arrows and hats of vectors are one kind of accent."""


def tokens(text: str) -> list[Token]:
    """Raises `Unreadable` where a character is none of mathematics, or there are too many tokens."""
    text = _plain(text)
    found: list[Token] = []
    place, spaced = 0, False
    while place < len(text):
        if text[place].isspace():
            place, spaced = place + 1, True
            continue
        match = _TOKEN.match(text, place)
        if match is None:
            raise Unreadable(f"the character {text[place]!r}")
        place = match.end()
        if match["text"]:
            words, place = _argument(text, place)
            found += _of_words(match["text"], words, spaced, bool(found) and found[-1].kind == "number")
        else:
            kind = match.lastgroup or "sign"
            if kind == "name" and found and found[-1].text in ("_", "^") and re.fullmatch(r"(?!pi|ln|lg)[a-zA-Z]{2}", match[0]):
                place -= 1  # `x_ky`: LaTeX takes one letter
                found.append(Token(kind, match[0][0], spaced))
                continue
            value = re.sub(r"[{},]", "", match[0]) if kind == "number" else match[0]
            found.append(Token(kind, {"=<": "<=", "=>": ">="}.get(value, value), spaced))
        spaced = False
        if len(found) > MOST:
            raise Unreadable(f"more than {MOST} tokens")
    return found


def _of_words(command: str, words: str, spaced: bool, after_number: bool) -> list[Token]:
    r"""What a command around words means: a name or a number where it can be one, else text."""
    bare = words.replace("~", " ").strip()
    if command in _ACCENTS:
        return _accented(command, bare, spaced)
    if (
        command in _UPRIGHT
        and re.fullmatch(r"[a-zA-Z]", bare)
        and not (after_number and command == "mathrm" and bare not in "ei")
    ):
        return [Token("name", f"\\vec {bare}" if command == "mathbf" else bare, spaced)]
    if command in _UPRIGHT and bare.lower() in FUNCTION_WORDS:
        return [Token("name", bare, spaced)]
    if re.search(r"[0-9]", bare) and re.fullmatch(r"[-0-9.,/+():% ]+", bare):
        return [token._replace(spaced=True) for token in tokens(bare)]
    counted = _COUNTED.fullmatch(bare)
    if counted:
        rest = [Token("text", counted[2], True)] if counted[2] else []
        return [token._replace(spaced=True) for token in tokens(counted[1])] + rest
    return [Token("text", bare, spaced)]


def _accented(command: str, bare: str, spaced: bool) -> list[Token]:
    """A letter with its accent as a name of its own, digits with a bar as what repeats, longer names without their arrow."""
    if command == "bar" and bare.isdigit():
        return [Token("name", r"\overline"), Token("sign", "{"), Token("number", bare), Token("sign", "}")]
    if re.fullmatch(r"\\?[a-zA-Z]+", bare):
        return [Token("name", f"{_ACCENTS[command]} {bare}" if len(bare) == 1 else bare, spaced)]
    raise Unreadable(f"the accent \\{command}")


_DIGITS = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_COUNTED = re.compile(rf"([-+]?(?:{_NUMBER})(?:/[0-9]+)?)\s*((?:[^0-9/+*^=].*)?)")


FUNCTION_WORDS = frozenset({
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "ln", "exp", "log", "gcd",
    "lcm", "max", "min", "asin", "acos", "atan", "arccot", "sgn", "arcsinh", "arccosh", "arctanh", "lg", "floor", "ceil",
})  # fmt: skip


def _plain(text: str) -> str:
    """The text without typesetting, its unicode as LaTeX, its thousands closed up."""
    if _DIGITS.fullmatch(text):
        return text
    text = unicodedata.normalize("NFKC", text) if _FULL_WIDTH.search(text) else text
    text = _QUOTED.sub(r"\2", text.strip(" \n"))
    text = _SWALLOWED.sub(lambda m: _SWALLOWING[m[0]], text)
    text = _DOUBLED.sub(r"\\", text) if "\\begin" not in text or "\\\\begin" in text else text
    text = re.sub(r"([⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿˣⁱ]+)", lambda m: "^{" + "".join(_RAISED[c] for c in m[1]) + "}", text)
    text = re.sub(r"([₀₁₂₃₄₅₆₇₈₉ₙ]+)", lambda m: "_{" + "".join(_LOWERED[c] for c in m[1]) + "}", text)
    text = "".join(_UNICODE.get(c, c) for c in text)
    text = re.sub(r"\\not\s*=", r"\\ne ", text)
    text = re.sub(r"\\not\s*\\in(?![a-z])", r"\\notin ", text)
    text = re.sub(r"\\\\\[[0-9.]+(?:pt|ex|em|mm)\]", r"\\\\", text)
    text = re.sub(r"(?<!\\)\\[()\[\]]", " ", text)
    text = _DECLARED.sub(_declared, text).replace("~", " ")
    text = re.sub(r"\b([apAP])\.\s?([mM])\b\.?", r"\1\2", text)
    text = _closed_up(text)
    text = _money(text)
    text = re.sub(r"\\[dtc](frac|binom)(?![a-zA-Z])", r"\\\1", text)
    text = re.sub(r"\{:\}", ":", text)
    text = re.sub(r"\\(?:text|mathrm)\s*\{([0-9A-Z]{1,20})\}(?=[0-9A-Z]*_)", r"\1", text)
    text = _NOTHING.sub(" ", text)
    return text.strip().rstrip("\\").rstrip(". ")


_FULL_WIDTH = re.compile("[\uff01-\uff5e]")
_QUOTED = re.compile(r"(['\"`]{1,2}|``|[“‘])([^'\"`“”‘’]+)(?:\1|''|[”’])")
_KIND = r"(?P<{0}>integer|(?:real |complex )?(?:constant|number)|real)s?"
_ANY = r"(?:(?:is|are|be)\s+)?(?:(?:any|all|every|some|an?|each)\s+)?(?:arbitrary\s+)?(?:real\s+(?=constant|number))?"
_DECLARED = re.compile(
    r",?\s*(?:\\(?:text|mbox)\s*\{\s*)?(?:,\s*)?(?:for|where|with)\s+(?:"
    + _ANY + _KIND.format("before") + r"\s*\}?\s*\$?(?P<letter>[a-zA-Z])(?![a-zA-Z])\$?"
    + r"|\}?\s*\$?(?P<named>[a-zA-Z])\$?\s*(?:\\text\s*\{\s*)?\s*(?:is|are|being)\s+" + _ANY + _KIND.format("behind")
    + r")\s*\}?"
)  # fmt: skip
"""`for any integer k`, `where c is a real constant`: what is said of a letter behind a formula."""


def _declared(match: re.Match[str]) -> str:
    letter, kind = match["letter"] or match["named"], match["before"] or match["behind"]
    return rf", {letter} \in \mathbb{{{'Z' if kind == 'integer' else 'R'}}}"


def _money(text: str) -> str:
    """A single dollar sign beside a number is one; others only say where formulas begin and end."""
    signs = re.findall(r"(?<!\\)\$", text)
    if len(signs) == 1 and re.search(r"(?<!\\)\$\s*-?[0-9.]|[0-9]\s*\$", text):
        return text.replace("$", r"\$")
    return re.sub(r"(?<!\\)\$", " ", text)


_GAPS = re.compile(r"(?<![0-9.,])([0-9]{1,3})((?:(?:,?\\[,!;: ] ?|\{,\}|,\{\}|[ ~'])[0-9]{3})+)(?![0-9])")


def _closed_up(text: str) -> str:
    r"""`12\,345`, `12,\!345` and `12 345` as one number; numbers with bare commas are told from lists by `_run`."""
    text = _GAPS.sub(lambda m: m[1] + re.sub(r"[^0-9]", "", m[2]), text)
    return _RUN.sub(_run, text) if "," in text else text


_RUN = re.compile(r"(?<![0-9.])[0-9]+(?:,[0-9]+)+(?:\.[0-9]+)?(?![0-9])")
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?")


def _run(match: re.Match[str]) -> str:
    """`1,234` is one number, outside of brackets, or in ones whose items are told apart by a comma and a space."""
    before, whole = match.string[: match.start()], match[0]
    open_at = max(
        (before.rfind(sign) for sign in "([{" if before.count(sign) > before.count({"(": ")", "[": "]", "{": "}"}[sign])),
        default=-1,
    )
    listed = open_at >= 0 and not re.search(r",\s", match.string[open_at:])
    if _THOUSANDS.fullmatch(whole) and not listed:
        return whole.replace(",", "")
    return whole.replace(",", ", ")


_BRACED = re.compile(r"\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_UNBRACED = re.compile(r"\s*(\\?[a-zA-Z]+|[0-9])")


def _argument(text: str, place: int) -> tuple[str, int]:
    """What stands in the braces behind a command (one level of braces deeper is taken out), and where they end."""
    match = _BRACED.match(text, place)
    if match:
        return re.sub(r"[{}]|\\(?:text|mathrm|rm|bf)\b", "", match[1]), match.end()
    match = _UNBRACED.match(text, place)
    if match is None:
        raise Unreadable("a command with nothing behind it")
    return match[1], match.end()
