"""Commands, functions, letters and words."""

from __future__ import annotations

import re
from fractions import Fraction

from sandbox_rewards.math.amounts import negated
from sandbox_rewards.math.enclosed import Enclosed
from sandbox_rewards.math.tokens import Token, Unreadable
from sandbox_rewards.math.tree import Apply, Group, Node, Number, Relation, Symbol, Text
from sandbox_rewards.math.units import PREFIXES
from sandbox_rewards.math.vocabulary import COUNTS, FUNCTIONS, GREEK, INVERSE, SAME_NAME, SPAN, WORDS, split


class Names(Enclosed):
    """Reads commands, functions, letters and words."""

    def _text(self, words: str) -> Node:
        """Words where a value should be: a prefix that says nothing, a number in words, or words."""
        lowered = words.strip().lower().rstrip(":,").strip()
        if self.here is not None and (lowered in PREFIXES or re.search(r"(?:^|\s)(?:is|are|equals|be):?$", lowered)):
            return self._signed()
        if lowered in COUNTS:
            return Number(Fraction(COUNTS[lowered]))
        return Text(re.sub(r"^\((.*)\)$", r"\1", words.strip(" .").lower()))

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
        r"""`\sum_{k=1}^{5} k^2`, with bounds that are numbers or expressions."""
        parts: dict[str, Node] = {}
        for _ in range(2):
            sign = "_" if self._is("_") else "^"
            self._need(sign)
            parts[sign] = self._argument(signed=True)
        if len(parts) < 2:
            raise Unreadable(f"the bounds of a {kind}")
        bound, top = parts["_"], parts["^"]
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
        if name.isupper() and rest and not self._is("_", "^"):
            return Apply("word", tuple(map(Symbol, name)))
        if rest:
            self._place -= 1
            self._tokens[self._place : self._place + 1] = [Token("name", part) for part in parts[1:]]
        if head in ("pi", "sqrt") or head in FUNCTIONS:
            return self._named(head)
        return self._indexed(Symbol(head)) if not rest else Symbol(head)

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
        least, most = (1, 60) if name in ("gcd", "lcm", "max", "min") else (1, 1)
        if not least <= len(arguments) <= most:
            raise Unreadable(f"{name} of {len(arguments)} values")
        if name == "log" and base is not None:
            arguments = (base, *arguments)
        if name == "lg":
            arguments = (Number(Fraction(10)), *arguments)
        node: Node = Apply(SAME_NAME.get(name, name) if name != "log" or base is not None else "bare log", arguments)
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
