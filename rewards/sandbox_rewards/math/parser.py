"""From tokens to a tree, by recursive descent. Sizes are limited here, before anything is computed."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from sandbox_rewards.math.numerals import measured, mixed, negated
from sandbox_rewards.math.tokens import Token, Unreadable, tokens
from sandbox_rewards.math.tree import Apply, Group, IntervalUnion, Matrix, Node, Number, Relation, Symbol, Text
from sandbox_rewards.math.units import PREFIXES, is_short_unit, is_unit, meridiem
from sandbox_rewards.math.vocabulary import (
    CLOSING,
    COUNTS,
    CURRENCY,
    FUNCTIONS,
    GREEK,
    INVERSE,
    MATRICES,
    MODULUS,
    NO_FACTOR,
    RELATIONS,
    SAME_NAME,
    SPAN,
    SYSTEMS,
    TIMES,
    UNIT_SIGNS,
    WORDS,
    as_words,
    is_prose,
    is_word,
    split,
)

DIGITS = 400
"""Of a number."""
DEEPEST = 120
"""Nesting, counted in steps of the descent: three a bracket."""


def parse(text: str) -> Node:
    """The tree of an answer. Raises `Unreadable`."""
    found = tokens(text)
    if not found:
        raise Unreadable("nothing")
    if len(found) == 1 and found[0].kind == "number":
        return Number(_number(found[0].text, _Parser(found)))
    try:
        if is_prose(found):
            raise Unreadable("a sentence")
        parser = _Parser(found)
        node = parser.whole()
        if parser.here is not None:
            raise Unreadable(f"{parser.here.text!r} where the answer should end")
    except Unreadable:
        words = as_words(found)
        if words is None:
            raise
        return Text(words)
    return node


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._place = 0
        self._depth = 0
        self._bars_open = 0
        self._no_colon = False

    @property
    def here(self) -> Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _ahead(self) -> Token | None:
        return self._tokens[self._place + 1] if self._place + 1 < len(self._tokens) else None

    def _is(self, *texts: str) -> bool:
        return self.here is not None and self.here.kind != "text" and self.here.text in texts

    def _take(self, *texts: str) -> bool:
        if self._is(*texts):
            self._place += 1
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise Unreadable(f"no {text!r} where one belongs")

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise Unreadable("too deeply nested")

    def is_period(self) -> bool:
        """Whether `(3)` follows without a space, behind decimals: digits that repeat."""
        ahead = self._tokens[self._place : self._place + 3]
        kinds = [token.kind if token.kind == "number" else token.text for token in ahead]
        return kinds == ["(", "number", ")"] and not ahead[0].spaced

    # -- from the loosest binding to the tightest --------------------------------------------------------------------------

    def whole(self) -> Node:
        """A list, or one item."""
        self._word("approximately", "about", "roughly", "either", "all", "approx")
        self._take(r"\approx", "=")
        node = self._listed(())
        self._word("only")
        return node

    def _listed(self, ends: tuple[str, ...]) -> Node:
        items, joined = [self._item()], ""
        while not self._is(*ends):
            comma = self._take(",", ";")
            word = self._conjunction()
            if not (comma or word) or self.here is None:
                break
            joined = word if word == "or" else joined
            items.append(self._item())
        return items[0] if len(items) == 1 else Group("", joined, tuple(items))

    def _word(self, *words: str) -> str:
        token = self.here
        if token is not None and token.kind in ("text", "name") and token.text.strip().lower().strip(",.:") in words:
            self._place += 1
            return token.text.strip().lower().strip(",.:")
        return ""

    def _conjunction(self) -> str:
        """`or` or `and`, in words or signs."""
        if self._take(r"\vee", r"\lor"):
            return "or"
        if self._take(r"\wedge", r"\land"):
            return "and"
        word = self._word("and", "or", "for", "where", "with", "if", "&")
        if word in ("for", "where"):
            self._word("some", "any", "all", "every", "each")
        return "or" if word == "or" else "and" if word else ""

    def _item(self) -> Node:
        parts = [self._relation()]
        while self._take(r"\cup") or self._union_word():
            parts.append(self._relation())
        return parts[0] if len(parts) == 1 else IntervalUnion(tuple(parts))

    def _union_word(self) -> bool:
        """`U` between brackets."""
        before = self._tokens[self._place - 1].text if self._place else ""
        after = self._ahead()
        if before in (")", "]", r"\}") and after is not None and after.text in ("(", "[", r"\{", "]"):
            return bool(self._word("union", "u"))
        return False

    def _relation(self) -> Node:
        sides, signs = [self._set()], []
        while sign := self._sign():
            signs.append(sign)
            self._place += 1
            sides.append(self._set())
            if isinstance(sides[-1], (Group, Symbol)) and sign in ("in", "="):
                sides[-1] = self._union_of(sides[-1])
        if not signs and self._word("is an integer", "integer", "is any integer", "any integer", "are integers", "is integer"):
            return Relation((sides[0], Symbol("mathbb Z")), ("in",))
        modulus = self._modulus()
        node: Node = Relation(tuple(sides), tuple(signs)) if signs else sides[0]
        if modulus is None:
            return node
        if isinstance(node, Relation) and len(sides) == 2:
            return Relation((sides[0], Apply("mod", (sides[1], modulus))), ("==",))
        return Apply("mod", (node, modulus))

    def _sign(self) -> str | None:
        """The sign of a relation, where one stands here."""
        token, after = self.here, self._ahead()
        if token is None or token.kind == "text":
            return None
        if token.text == "in" and after is not None and after.text in ("(", "[", r"\{", r"\mathbb"):
            return "in"
        return RELATIONS.get(token.text)

    def _union_of(self, first: Node) -> Node:
        parts = [first]
        while self._is(r"\cup") or self._is("U"):
            self._place += 1
            parts.append(self._set())
        return parts[0] if len(parts) == 1 else IntervalUnion(tuple(parts))

    def _modulus(self) -> Node | None:
        if self._opens_modulus():
            self._place += 2
            modulus = self._sum()
            self._need(")")
            return modulus
        if self._take(r"\pmod", "pmod"):
            return self._argument()
        if self._take(*MODULUS) or self._word("mod", "modulo"):
            return self._sum()
        return None

    def _opens_modulus(self) -> bool:
        """`(mod 7)`."""
        after = self._ahead()
        return self._is("(") and after is not None and after.text in MODULUS

    def _set(self) -> Node:
        """A sum; sets taken from sets, and what sets have in common."""
        node = self._sum()
        while self._is(r"\setminus", r"\backslash", r"\cap"):
            name = "cap" if self._is(r"\cap") else "setminus"
            self._place += 1
            node = Apply(name, (node, self._sum()))
        return node

    def _sum(self) -> Node:
        self._deeper()
        node = self._signed()
        while True:
            if self._take("+"):
                node = Apply("+", (node, self._product()))
            elif self._is("-") and not self._is_dash():
                self._place += 1
                node = Apply("+", (node, Apply("neg", (self._product(),))))
            elif self._take(r"\pm"):
                node = Apply("pm", (node, self._product()))
            elif self._take(r"\mp"):
                node = Apply("pm", (node, Apply("neg", (self._product(),))))
            else:
                break
        if self._take(r"\over"):
            node = Apply("/", (node, self._sum()))
        elif self._take(r"\choose"):
            node = Apply("binomial", (node, self._sum()))
        self._depth -= 1
        return node

    def _is_dash(self) -> bool:
        after = self._ahead()
        return after is None or (after.kind == "text" and self._place + 2 == len(self._tokens))

    def _signed(self) -> Node:
        if self._take("-"):
            return negated(self._signed())
        if self._take(r"\pm"):
            return Apply("pm", (Number(Fraction(0)), self._product()))
        if self._take("+"):
            if self._take("/"):  # +/- 3
                self._need("-")
                return Apply("pm", (Number(Fraction(0)), self._product()))
            return self._signed()
        return self._product()

    def _product(self) -> Node:
        node = self._power()
        while True:
            if self.here is not None and self.here.kind != "text" and self.here.text in TIMES:
                self._place += 1
                node = Apply("*", (node, self._signed_power()))
            elif self._take("/", r"\div"):
                node = Apply("/", (node, self._signed_power()))
            elif self._is(":", r"\colon", "to") and not self._no_colon and self._between_numbers():
                self._place += 1
                node = self._after_colon(node)
            elif self._starts_factor():
                node = self._times_next(node)
            else:
                return self._with_unit(node)

    def _times_next(self, node: Node) -> Node:
        """What follows without a sign: a factor, or the fraction of a mixed number (`2 1/2`)."""
        if isinstance(node, Text):
            raise Unreadable("words before a value")
        token, before = self.here, self._tokens[self._place - 1]
        side_by_side = token is not None and token.kind == before.kind == "number"
        following = self._power()
        if side_by_side and self._take("/"):
            following = Apply("/", (following, self._power()))
        together = mixed(node, following)
        if side_by_side and together is None:
            raise Unreadable("two numbers side by side")
        return together or Apply("*", (node, following))

    def _between_numbers(self) -> bool:
        """Whether more follows a colon; `to` says a ratio only between numbers."""
        after, before = self._ahead(), self._tokens[self._place - 1]
        return after is not None and (not self._is("to") or (after.kind == before.kind == "number"))

    def _after_colon(self, node: Node) -> Node:
        """`3:30` is a time, `3:4` a ratio, `1:2:3` a ratio of three."""
        minutes = self.here is not None and self.here.kind == "number" and len(self.here.text) == 2
        node = Apply("time" if minutes else "ratio", (node, self._signed_power()))
        while self._is(":", r"\colon") and self._ahead() is not None:
            self._place += 1
            node = Apply(node.name, (*node.arguments, self._signed_power()))
        return node

    def _signed_power(self) -> Node:
        if self._take("-"):
            return negated(self._signed_power())
        self._take("+")
        return self._power()

    def _starts_factor(self) -> bool:
        token = self.here
        if token is None or token.kind == "text":
            return False
        if token.kind == "number":
            return True
        if token.kind == "name":
            return token.text not in NO_FACTOR and not self._is_unit(token.text) and not self._union_ahead()
        if self._opens_modulus():
            return False
        if token.text == "[" and ((after := self._ahead()) is None or after.text in (r"\cup", ",", ";", ")", "]")):  # ]0, 1[
            return False
        return token.text in ("(", "[", "{", r"\{") or (token.text == "|" and not self._bars_open and not self._no_colon)

    def _union_ahead(self) -> bool:
        place = self._place
        found = self._union_word()
        self._place = place
        return found

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

    def _argument_text(self) -> str:
        braced = self._take("{")
        token = self.here
        if token is None:
            raise Unreadable("an exponent that is missing")
        self._place += 1
        found = token.text
        while braced and self.here is not None and not self._is("}"):
            found += self.here.text
            self._place += 1
        if braced:
            self._need("}")
        return found

    def _power(self) -> Node:
        node = self._postfix()
        while self._is("^", "**"):
            self._place += 1
            if self._take(r"\circ", r"\degree") or self._degrees():
                word = self._word("c", "f")
                return measured(node, "°" + word)
            if self._take("'", r"\prime"):
                return node
            if self._take("{"):
                exponent = self._sum()
                self._need("}")
            else:
                exponent = self._exponent()
            if isinstance(exponent, Symbol) and exponent.name in ("T", "top", "prime"):
                return Apply("transposed", (node,))
            node = self._factorials(Apply("^", (node, exponent)))
        return node

    def _exponent(self) -> Node:
        """Without braces: one token, with its sign; a bracketed group; a fraction or a power of it, as in `2^3^2`."""
        if self._take("-"):
            return negated(self._exponent())
        node = self._atom()
        if self._is("^", "**"):
            self._place += 1
            return Apply("^", (node, self._exponent()))
        return node

    def _degrees(self) -> bool:
        if [t.text for t in self._tokens[self._place : self._place + 3]] == ["{", r"\circ", "}"]:
            self._place += 3
            return True
        if [t.text for t in self._tokens[self._place : self._place + 2]] == ["{", r"\circ"]:  # ^{\circ C}
            self._place += 2
            self._take("C", "F")
            self._need("}")
            return True
        return False

    def _factorials(self, node: Node) -> Node:
        while self._take("!"):
            node = Apply("!", (node,))
        return node

    def _postfix(self) -> Node:
        node = self._factorials(self._atom())
        while self._take("'"):
            if isinstance(node, Symbol):
                node = Symbol(node.name + "'")
        return node

    def _argument(self, *, signed: bool = False) -> Node:
        """A braced group, or one token: what LaTeX takes as an argument."""
        if self._take("{"):
            node = self._listed(("}",))
            self._need("}")
            return node
        token = self.here
        if token is not None and token.kind == "number" and token.text.isdigit() and len(token.text) > 1 and not signed:
            digits = token.text  # \frac12
            self._tokens[self._place] = Token("number", digits[1:])
            return Number(Fraction(int(digits[0])))
        if signed and self._take("-"):
            return negated(self._atom())
        return self._atom()

    def _atom(self) -> Node:
        self._deeper()
        node = self._atom_here()
        self._depth -= 1
        return node

    def _atom_here(self) -> Node:
        token = self.here
        if token is None:
            raise Unreadable("an end where something should follow")
        self._place += 1
        if token.kind == "number":
            return self._in_base(token.text) if self._take("_") else Number(_number(token.text, self))
        if token.kind == "digits":
            self._need("_")
            return self._in_base(token.text)
        if token.kind == "text":
            return self._text(token.text)
        if token.text in CURRENCY:
            return measured(self._currency_amount(), CURRENCY[token.text])
        if token.text in CLOSING:
            return self._bracketed(token.text)
        if token.kind == "name":
            return self._named(token.text)
        if token.text in ("|", r"\|"):
            self._bars_open += 1
            inner = self._sum()
            self._bars_open -= 1
            self._need(token.text)
            return Apply("abs", (inner,))
        raise Unreadable(f"{token.text!r} where a value should be")

    def _currency_amount(self) -> Node:
        return negated(self._postfix()) if self._take("-") else self._postfix()

    def _text(self, words: str) -> Node:
        """Words where a value should be: a prefix that says nothing, a number in words, or words."""
        lowered = words.strip().lower().rstrip(":,").strip()
        if lowered in PREFIXES and self.here is not None:
            return self._power()
        if lowered in COUNTS:
            return Number(Fraction(COUNTS[lowered]))
        return Text(re.sub(r"^\((.*)\)$", r"\1", words.strip(" .").lower()))

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

    def _bracketed(self, opening: str) -> Node:
        self._deeper()
        bars, self._bars_open = self._bars_open, 0
        colon, self._no_colon = self._no_colon, opening == r"\{"
        node = self._bracketed_items(opening)
        self._bars_open, self._no_colon = bars, colon
        self._depth -= 1
        return node

    def _bracketed_items(self, opening: str) -> Node:
        closings = CLOSING[opening]
        items: list[Node] = []
        if self._is("[") or not self._is(*closings):
            items.append(self._item())
            if opening == r"\{" and self._take("|", ":", r"\mid", r"\colon"):
                return self._conditions(items[0])
            while self._take(",", ";"):
                if not self._is("[") and self._is(*closings):
                    break
                items.append(self._item())
        closing = next((close for close in closings if self._take(close)), None)
        if closing is None:
            if opening == r"\{" and len(items) == 1 and self.here is None:  # a system behind a single brace
                return _system(items[0])
            raise Unreadable(f"no end of what {opening!r} begins")
        if len(items) == 1 and (opening, closing) in (("(", ")"), ("[", "]"), ("{", "}")):
            node = items[0]
            if opening == "(" and isinstance(node, Number) and self._is("_"):
                return self._numeral_in_base(node)
            return node
        if opening == r"\langle":
            return Group("(", ")", tuple(items))
        if opening == "]" or closing == "[":  # ]0, 1[
            return Group("(" if opening == "]" else "[", ")" if closing == "[" else "]", tuple(items))
        return Group(opening.strip("\\"), closing.strip("\\"), tuple(items))

    def _numeral_in_base(self, node: Number) -> Node:
        self._place += 1
        if node.value.denominator != 1 or node.value < 0:
            raise Unreadable("an index to a number that is no base")
        return self._in_base(str(node.value))

    def _conditions(self, first: Node) -> Node:
        r"""`\{x \in A \mid x > 3\}` as what it says of x: `x in A` and `x > 3`."""
        self._no_colon = False
        conditions = self._listed((r"\}",))
        self._need(r"\}")
        items = conditions.items if isinstance(conditions, Group) and conditions.opening == "" else (conditions,)
        if isinstance(first, Relation):
            items = (first, *items)
        elif not isinstance(first, Symbol):
            return Apply("builder", (first, Group("", "", items)))
        return items[0] if len(items) == 1 else Group("", "and", tuple(items))

    def _named(self, name: str) -> Node:
        if name in (r"\frac", r"\binom"):
            top = self._argument()
            return Apply("/" if name == r"\frac" else "binomial", (top, self._argument()))
        if name in (r"\sqrt", "sqrt", r"\cbrt", "cbrt"):
            return self._root(name)
        if name == r"\begin":
            return self._environment()
        if name in (r"\infty", "inf", "infinity", "oo", "infty", "Infinity"):
            return Symbol("oo")
        if name in (r"\pi", "pi", "Pi"):
            return Symbol("pi")
        if name in (r"\emptyset", r"\varnothing"):
            return Group("{", "}", ())
        if name in SPAN:
            closing, function = SPAN[name]
            inner = self._sum()
            self._need(closing)
            return Apply(function, (inner,))
        if name in (r"\mathbb", r"\mathcal", r"\mathbf"):
            return self._number_set("mathbb " + self._argument_text())
        if name == r"\overline":
            return self._overlined()
        if name in (r"\ldots", r"\dots", r"\cdots"):
            return Symbol("...")
        if name in (r"\boxed", r"\fbox"):
            return self._argument()
        if name in (r"\pmod", r"\mod"):
            raise Unreadable("a modulus without a value")
        plain = name.lstrip("\\")
        if plain in FUNCTIONS:
            return self._function(plain)
        if name.startswith("\\") and (plain in GREEK or " " in plain):
            return self._indexed(Symbol(SAME_NAME.get(plain, plain)))
        if name in (r"\sum", r"\prod"):
            return self._series("sum" if name == r"\sum" else "prod")
        if name.startswith("\\"):
            raise Unreadable(f"the command {name}")
        return self._letters(name)

    def _number_set(self, name: str) -> Node:
        while self._is("^"):
            self._place += 1
            name += "^" + self._argument_text()
        return Symbol(name)

    def _overlined(self) -> Node:
        """A segment or a conjugate: letters keep what they are."""
        inner = self._argument()
        if isinstance(inner, Symbol):
            return Symbol("bar " + inner.name)
        if isinstance(inner, Apply) and inner.name == "*":
            return inner
        raise Unreadable("a bar over something")

    def _series(self, kind: str) -> Node:
        r"""`\sum_{k=1}^{5} k^2`, with whole bounds that are written out."""
        self._need("_")
        self._need("{")
        bound = self._relation()
        self._need("}")
        self._need("^")
        top = self._argument(signed=True)
        body = self._product()
        if not (isinstance(bound, Relation) and isinstance(bound.sides[0], Symbol)):
            raise Unreadable(f"the bounds of a {kind}")
        return Apply(kind, (bound.sides[0], bound.sides[1], top, body))

    def _letters(self, name: str) -> Node:
        """A single letter is a symbol, `xy` a product; longer words are words."""
        if len(name) == 1:
            return self._indexed(Symbol(name))
        if name.lower() in COUNTS:
            return self._counted(name.lower())
        if name.lower() in WORDS:
            return Text(name.lower())
        if self._is("=") and len(name) > 3:
            return Symbol(name.lower())
        parts = split(name)
        if parts is None:
            raise Unreadable(f"the word {name!r}")
        head, *rest = parts
        if rest:
            self._place -= 1
            self._tokens[self._place : self._place + 1] = [Token("name", part) for part in parts[1:]]
        if head in ("pi", "sqrt") or head in FUNCTIONS:
            return self._named(head)
        return self._indexed(Symbol(head)) if not rest else Symbol(head)

    def _counted(self, word: str) -> Node:
        value = COUNTS[word]
        if value >= 20 and self._is("-") and (after := self._ahead()) is not None and 0 < COUNTS.get(after.text.lower(), 0) < 10:
            value += COUNTS[after.text.lower()]
            self._place += 2
        return Number(Fraction(value))

    def _indexed(self, symbol: Symbol) -> Node:
        if self._take("_"):
            return Symbol(f"{symbol.name}_{self._argument_text()}")
        return symbol

    def _root(self, name: str) -> Node:
        degree: Node = Number(Fraction(3 if name.endswith("cbrt") else 2))
        if self._take("["):
            degree = self._sum()
            self._need("]")
        inner = self._argument(signed=True) if not self._is("(") else self._atom()
        return Apply("root", (inner, degree))

    def _function(self, name: str) -> Node:
        base: Node | None = None
        power: Node | None = None
        while self._is("_", "^"):
            if self._take("_"):
                base = self._argument(signed=True)
            else:
                self._place += 1
                power = self._argument(signed=True)
        if name in INVERSE and power == Number(Fraction(-1)):
            name, power = INVERSE[name], None
        inner = self._atom() if self._is("(", "{", "[") else self._function_argument()
        arguments = inner.items if isinstance(inner, Group) and inner.closing in (")", "") else (inner,)
        if name == "log":
            arguments = (base if base is not None else Number(Fraction(10)), *arguments)
        node: Node = Apply(SAME_NAME.get(name, name), arguments)
        return node if power is None else Apply("^", (node, power))

    def _function_argument(self) -> Node:
        """Without brackets a function takes a product: sin 2x; it ends before the next function."""
        if self._take("-"):
            return negated(self._function_argument())
        node = self._power()
        while self._starts_factor() and not self._is("(", "[") and not self._is_function():
            node = Apply("*", (node, self._power()))
        if self._is("/") and node == Symbol("pi") and (after := self._ahead()) is not None and after.kind == "number":
            self._place += 1
            node = Apply("/", (node, self._power()))
        return node

    def _is_function(self) -> bool:
        return self.here is not None and self.here.text.lstrip("\\") in FUNCTIONS and self.here.text.lstrip("\\") != "sqrt"

    def _environment(self) -> Node:
        self._need("{")
        kind = self._argument_text().rstrip("*")
        self._need("}")
        if kind not in MATRICES | SYSTEMS:
            raise Unreadable(f"the environment {kind}")
        if kind == "array" and self._take("{"):
            while not self._take("}"):
                self._place += 1
                if self.here is None:
                    raise Unreadable("no end of an array's columns")
        rows = self._rows(self._item if kind in MATRICES else lambda: self._listed(("&", r"\\", r"\end")))
        self._need("{")
        self._argument_text()
        self._need("}")
        if kind in SYSTEMS:
            return _pieces_or_system(rows)
        if len({len(row) for row in rows}) != 1:
            raise Unreadable("rows of different lengths")
        matrix = Matrix(tuple(map(tuple, rows)))
        return Apply("det", (matrix,)) if kind == "vmatrix" else matrix

    def _rows(self, cell: Callable[[], Node]) -> list[list[Node]]:
        """The cells up to the environment's end, each read by `cell`."""
        rows: list[list[Node]] = [[]]
        while not self._take(r"\end"):
            if self._take("&"):
                continue
            if self._take(r"\\"):
                if not self._is(r"\end"):
                    rows.append([])
                continue
            rows[-1].append(cell())
            self._take(",", ".", ";")
            if not self._is("&", r"\\", r"\end"):
                raise Unreadable("a matrix without an end")
        return rows


def _pieces_or_system(rows: list[list[Node]]) -> Node:
    """Rows with a condition each are a function in pieces; without, a system that is a list."""
    if any(len(row) != 1 for row in rows):
        return Apply("pieces", tuple(Group("", "and", tuple(row)) for row in rows))
    items = tuple(row[0] for row in rows)
    return items[0] if len(items) == 1 else Group("", "", items)


def _system(node: Node) -> Node:
    """Equations one below the other as a list."""
    if isinstance(node, Matrix) and all(len(row) == 1 for row in node.rows):
        return Group("", "", tuple(row[0] for row in node.rows))
    return node


_NO_UNIT = re.compile(r"(?:and|or|if|for|where|mod|with|when|which|union|is|are|(?:any )?integers?)\b|,|;")
"""Words behind a number that say something else."""


def _goes_on(token: Token, before: list[str]) -> bool:
    """Whether a name goes on with a unit that has begun: `per hour`, the `m` of `sq m`."""
    return bool(before) and (is_word(token) or before[-1] in ("/", "sq", "square", "cubic", "cu"))


def _number(text: str, parser: _Parser) -> Fraction:
    if len(text) > DIGITS:
        raise Unreadable(f"a number of {len(text)} digits")
    value = Fraction(text if not text.endswith(".") else text[:-1] or "0")
    return _repeating(text, parser) or value


def _repeating(text: str, parser: _Parser) -> Fraction | None:
    r"""`0.\overline{3}`, `0.\dot{3}`, `0.(3)` as the fraction that it is."""
    if "." not in text or "e" in text.lower():
        return None
    if parser._take(r"\overline"):
        period = parser._argument_text()
    elif parser._is(r"\dot"):
        period = _dotted(parser)
    elif parser.is_period():
        period = parser._tokens[parser._place + 1].text
        parser._place += 3
    else:
        return None
    if not period.isdigit() or len(period) > DIGITS:
        raise Unreadable("a bar over what repeats no digits")
    decimals = len(text.partition(".")[2])
    repeated = Fraction(int(period), (10 ** len(period) - 1) * 10**decimals)
    return Fraction(text + "0") + repeated


def _dotted(parser: _Parser) -> str:
    r"""`\dot{1}4285\dot{7}`: the digits from the first dot to the last."""
    period = ""
    while parser._take(r"\dot"):
        period += parser._argument_text()
        token = parser.here
        if token is not None and token.kind == "number" and token.text.isdigit():
            after = parser._ahead()
            if after is not None and after.text == r"\dot":
                period += token.text
                parser._place += 1
    return period
