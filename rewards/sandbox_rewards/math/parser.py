"""From tokens to a tree, by recursive descent. Sizes are limited here, before anything is computed."""

from __future__ import annotations

from fractions import Fraction

from sandbox_rewards.math.amounts import measured, mixed, negated
from sandbox_rewards.math.names import Names
from sandbox_rewards.math.tokens import Token, Unreadable, tokens
from sandbox_rewards.math.tree import Apply, Group, IntervalUnion, Node, Number, Relation, Symbol, Text
from sandbox_rewards.math.vocabulary import CLOSING, CURRENCY, MODULUS, NO_FACTOR, RELATIONS, TIMES, as_words, is_prose


def parse(text: str) -> Node:
    """The tree of an answer. Raises `Unreadable`."""
    found = tokens(text)
    if not found:
        raise Unreadable("nothing")
    if len(found) == 1 and found[0].kind == "number":
        return Number(Parser(found)._number(found[0].text))
    try:
        if is_prose(found):
            raise Unreadable("a sentence")
        parser = Parser(found)
        node = parser.whole()
        if parser.here is not None:
            raise Unreadable(f"{parser.here.text!r} where the answer should end")
    except Unreadable:
        words = as_words(found)
        if words is None:
            raise
        return Text(words)
    return node


class Parser(Names):
    """Reads from the loosest binding to the tightest."""

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
                node = Apply("+", (node, self._signed()))
            elif self._is("-") and not self._is_dash():
                self._place += 1
                node = Apply("+", (node, Apply("neg", (self._signed(),))))
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
            self._deeper()
            node = negated(self._signed())
            self._depth -= 1
            return node
        if self._take(r"\pm"):
            return Apply("pm", (Number(Fraction(0)), self._product()))
        if self._take("+"):
            if self._take("/"):  # +/- 3
                self._need("-")
                return Apply("pm", (Number(Fraction(0)), self._product()))
            self._deeper()
            node = self._signed()
            self._depth -= 1
            return node
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
        self._deeper()
        turned = self._take("-")
        node = self._signed_power() if turned or self._take("+") else self._power()
        self._depth -= 1
        return negated(node) if turned else node

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
        self._deeper()
        node = negated(self._exponent()) if self._take("-") else self._factorials(self._atom())
        if self._take("^", "**"):
            node = Apply("^", (node, self._exponent()))
        self._depth -= 1
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
            return self._in_base(token.text) if self._take("_") else Number(self._number(token.text))
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
