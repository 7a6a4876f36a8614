"""Numbers, and what they count: decimals that repeat, digits in a base, mixed numbers, money, units."""

from __future__ import annotations

import re
from fractions import Fraction

from sandbox_rewards.math.cursor import Cursor
from sandbox_rewards.math.tokens import Token, Unreadable
from sandbox_rewards.math.tree import Apply, Node, Number, Text
from sandbox_rewards.math.units import is_short_unit, is_unit, meridiem
from sandbox_rewards.math.vocabulary import COUNTS, UNIT_SIGNS, is_word

DIGITS = 400
"""Of a number."""
_NO_UNIT = re.compile(r"(?:and|or|if|for|where|mod|with|when|which|union|is|are|(?:any )?integers?)\b|,|;")
"""Words behind a number that say something else."""


class Amounts(Cursor):
    """Reads numbers and what they count."""

    def is_period(self) -> bool:
        """Whether `(3)` follows without a space, behind decimals: digits that repeat."""
        ahead = self._tokens[self._place : self._place + 3]
        kinds = [token.kind if token.kind == "number" else token.text for token in ahead]
        return kinds == ["(", "number", ")"] and not ahead[0].spaced

    def _is_unit(self, name: str) -> bool:
        """Whether a name says what a number counts; short ones do only behind a number."""
        if len(name) == 1:
            return self._is_short_unit(name)
        before = self._tokens[self._place - 1] if self._place else None
        counted = before is not None and (before.kind == "number" or before.text in ("}", ")", "/", r"\pi"))
        if name.isalpha() and meridiem(name):
            return counted
        return is_unit(name) and (len(name) > 3 or counted)

    def _is_short_unit(self, name: str) -> bool:
        """`m` in `5 m`: behind a number and a space, with nothing but a power or a `/s` behind it."""
        before = self._tokens[self._place - 1] if self._place else None
        token, after = self.here, self._ahead()
        if token is None or not token.spaced or before is None or before.kind != "number" or not is_short_unit(name):
            return False
        return after is None or after.text in ("^", "/")

    def _with_unit(self, node: Node) -> Node:
        """What stands behind an expression and says only of what it is so much."""
        words: list[str] = []
        while self.here is not None and (word := self._unit_word(words)) is not None:
            words.append(word)
        unit = " ".join(word for word in words if word).replace(" ^", "^")
        return measured(node, unit) if unit else node

    def _unit_word(self, before: list[str]) -> str | None:
        """The next word or sign of a unit, taken; None where the unit ends."""
        token, after = self._tokens[self._place], self._ahead()
        word: str | None = None
        if token.kind == "text" or (token.kind == "name" and (self._is_unit(token.text) or _goes_on(token, before))):
            said = token.text.strip().lower()
            word = None if _NO_UNIT.match(said) else said
        elif token.text in UNIT_SIGNS:
            word = UNIT_SIGNS[token.text]
        elif before and after is not None and token.text in ("^", "**"):
            self._place += 1
            return "^" + self._argument_text()
        elif before and after is not None and after.kind != "number" and token.text in ("/", "-", r"\cdot", "*"):
            word = "/" if token.text == "/" else ""
        if word is not None:
            self._place += 1
        return word

    def _currency_amount(self) -> Node:
        return negated(self._postfix()) if self._take("-") else self._postfix()

    def _counted(self, word: str) -> Node:
        value = COUNTS[word]
        if value >= 20 and self._is("-") and (after := self._ahead()) is not None and 0 < COUNTS.get(after.text.lower(), 0) < 10:
            value += COUNTS[after.text.lower()]
            self._place += 2
        return Number(Fraction(value))

    def _in_base(self, digits: str) -> Node:
        """`52_8`: a whole number by its digits in a base."""
        base = self._base_text()
        if not (digits.isalnum() and base.isdigit() and 2 <= int(base[:3]) <= 36 and len(digits) <= DIGITS):
            raise Unreadable("an index to a number that is no base")
        try:
            return Number(Fraction(int(digits, int(base))), f"base {base}")
        except ValueError:
            raise Unreadable(f"digits that base {base} does not have") from None

    def _base_text(self) -> str:
        if self._take("("):
            token = self.here
            self._place += 1
            self._need(")")
            return token.text if token is not None else ""
        text = self._argument_text()
        return str(COUNTS.get(text.lower().strip("{}"), text))

    def _number(self, text: str) -> Fraction:
        if len(text) > DIGITS:
            raise Unreadable(f"a number of {len(text)} digits")
        if text.isdigit():
            return Fraction(int(text))
        return self._repeating(text) or Fraction(text if not text.endswith(".") else text[:-1] or "0")

    def _repeating(self, text: str) -> Fraction | None:
        r"""`0.\overline{3}`, `0.\dot{3}`, `0.(3)` as the fraction that it is."""
        if "." not in text or "e" in text.lower():
            return None
        if self._take(r"\overline"):
            period = self._argument_text()
        elif self._is(r"\dot"):
            period = self._dotted()
        elif self.is_period():
            period = self._tokens[self._place + 1].text
            self._place += 3
        else:
            return None
        if not period.isdigit() or len(period) > DIGITS:
            raise Unreadable("a bar over what repeats no digits")
        decimals = len(text.partition(".")[2])
        repeated = Fraction(int(period), (10 ** len(period) - 1) * 10**decimals)
        return Fraction(text + "0") + repeated

    def _dotted(self) -> str:
        r"""`\dot{1}4285\dot{7}`: the digits from the first dot to the last."""
        period = ""
        while self._take(r"\dot"):
            period += self._argument_text()
            token = self.here
            if token is not None and token.kind == "number" and token.text.isdigit():
                after = self._ahead()
                if after is not None and after.text == r"\dot":
                    period += token.text
                    self._place += 1
        return period


def _goes_on(token: Token, before: list[str]) -> bool:
    """Whether a name goes on with a unit that has begun: `per hour`, the `m` of `sq m`."""
    return bool(before) and (is_word(token) or before[-1] in ("/", "sq", "square", "cubic", "cu"))


def rational(node: Node) -> Fraction | None:
    """The value of a node that is plainly a rational number."""
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Apply) and node.name in ("/", "neg"):
        values = [rational(argument) for argument in node.arguments]
        if all(value is not None for value in values):
            if node.name == "neg":
                return -values[0]  # type: ignore[operator]
            return values[0] / values[1] if values[1] else None  # type: ignore[operator]
    return None


def measured(node: Node, unit: str) -> Node:
    """So much of a unit."""
    value = rational(node)
    if value is not None:
        return Number(value, unit)
    if isinstance(node, Apply) and node.name == "time":
        return Apply("time", (*node.arguments[:2], Text(unit)))
    if isinstance(node, Apply) and node.name == "neg" and isinstance(node.arguments[0], Number):
        return Number(-node.arguments[0].value, unit)
    return Apply("of unit", (node, Text(unit)))


def negated(node: Node) -> Node:
    return Number(-node.value, node.unit) if isinstance(node, Number) else Apply("neg", (node,))


def mixed(whole: Node, part: Node) -> Node | None:
    r"""`2\frac{1}{2}` is a mixed number where the part is a proper fraction of whole numbers."""
    if not (isinstance(whole, Number) and whole.value.denominator == 1 and isinstance(part, Apply) and part.name == "/"):
        return None
    top, bottom = part.arguments
    if not (isinstance(top, Number) and isinstance(bottom, Number) and 0 < top.value < bottom.value):
        return None
    if top.value.denominator != 1 or bottom.value.denominator != 1:
        return None
    fraction = top.value / bottom.value
    return Number(whole.value + (fraction if whole.value >= 0 else -fraction))
