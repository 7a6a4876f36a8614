"""From tokens to a tree, by recursive descent. Sizes are limited here, before anything is computed."""

from __future__ import annotations

from fractions import Fraction

from sandbox_rewards.math.tokens import Token, Unreadable, tokens
from sandbox_rewards.math.tree import Apply, Group, IntervalUnion, Matrix, Node, Number, Relation, Symbol, Text

DIGITS = 400
"""Of a number."""
DEEPEST = 40
"""Nesting."""

_FUNCTIONS = frozenset({
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "ln", "exp", "log", "sqrt",
    "gcd", "lcm", "max", "min", "floor", "ceil", "abs", "asin", "acos", "atan",
})  # fmt: skip
_GREEK = frozenset({
    "alpha", "beta", "gamma", "delta", "epsilon", "theta", "lambda", "mu", "phi", "varphi", "omega", "rho", "sigma", "tau", "psi",
    "zeta", "eta", "xi", "chi", "nu", "kappa", "Delta", "Omega", "Gamma", "Theta", "ell",
})  # fmt: skip
_RELATIONS = {
    "=": "=", "==": "=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", r"\le": "<=", r"\leq": "<=", r"\ge": ">=", r"\geq": ">=",
    r"\lt": "<", r"\gt": ">", r"\leqslant": "<=", r"\geqslant": ">=", r"\ne": "!=", r"\neq": "!=", "!=": "!=", r"\in": "in",
    r"\approx": "=", r"\equiv": "=",
}  # fmt: skip
_TIMES = frozenset({"*", r"\cdot", r"\times", r"\ast"})
_UNITS = frozenset({
    "acres", "apples", "bags", "books", "cent", "centimeters", "cents", "children", "cm", "cubic", "day", "days", "deg",
    "degree", "degrees", "dollar", "dollars", "euro", "euros", "feet", "foot", "ft", "g", "gallon", "gallons", "games",
    "gram", "grams", "hectares", "hour", "hours", "hr", "hrs", "in", "inch", "inches", "kg", "kilometers", "km", "km/h",
    "l", "lb", "lbs", "liter", "liters", "m", "m/s", "marbles", "meter", "meters", "mi", "mile", "miles", "millimeters",
    "min", "minute", "minutes", "ml", "mm", "month", "months", "mph", "ounce", "ounces", "oz", "pages", "people", "per",
    "percent", "points", "pound", "pounds", "rad", "radians", "s", "sec", "second", "seconds", "sq", "square", "students",
    "times", "ton", "tons", "unit", "units", "usd", "ways", "week", "weeks", "yard", "yards", "year", "years",
})  # fmt: skip
_NO_FACTOR = frozenset({
    r"\cup", r"\cap", r"\pm", r"\div", r"\end", r"\\", r"\rfloor", r"\rceil", r"\rvert", "and", "or", r"\%", r"\circ",
    *_TIMES, *_RELATIONS,
})  # fmt: skip
"""Names that nothing is multiplied by."""
_CURRENCY = frozenset({r"\$", r"\euro", r"\pounds", "$"})
_CLOSING = {"(": (")", "]"), "[": ("]", ")"), r"\{": (r"\}",), "{": ("}",)}


def parse(text: str) -> Node:
    """The tree of an answer. Raises `Unreadable`."""
    found = tokens(text)
    if not found:
        raise Unreadable("nothing")
    try:
        parser = _Parser(found)
        node = parser.whole()
        if parser.here is not None:
            raise Unreadable(f"{parser.here.text!r} where the answer should end")
    except Unreadable:
        words = _as_words(found)
        if words is None:
            raise
        return Text(words)
    return node


def _as_words(found: list[Token]) -> str | None:
    """The answer as plain words, where it is made of nothing else."""
    plain = (",", "'", "-", ".", "(", ")")
    if all(t.kind == "text" or (t.kind == "name" and t.text[0] != "\\") or t.text in plain for t in found):
        return " ".join(token.text.strip("()\\ ") for token in found if token.text not in ("(", ")", ".", "'")).strip().lower()
    return None


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._place = 0
        self._depth = 0

    @property
    def here(self) -> Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

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

    # -- from the loosest binding to the tightest --------------------------------------------------------------------------

    def whole(self) -> Node:
        """A list, or one item."""
        items = [self._item()]
        while self._take(",", ";") or self._word("and", "or"):
            if self.here is None:
                break
            self._word("and", "or")
            items.append(self._item())
        return items[0] if len(items) == 1 else Group("", "", tuple(items))

    def _word(self, *words: str) -> bool:
        if self.here is not None and self.here.text.strip().lower().strip(",") in words:
            self._place += 1
            return True
        return False

    def _item(self) -> Node:
        parts = [self._relation()]
        while self._take(r"\cup"):
            parts.append(self._relation())
        return parts[0] if len(parts) == 1 else IntervalUnion(tuple(parts))

    def _relation(self) -> Node:
        sides, signs = [self._sum()], []
        while self.here is not None and self.here.kind != "text" and self.here.text in _RELATIONS:
            signs.append(_RELATIONS[self.here.text])
            self._place += 1
            sides.append(self._union() if signs[-1] == "in" else self._sum())
        return Relation(tuple(sides), tuple(signs)) if signs else sides[0]

    def _union(self) -> Node:
        parts = [self._sum()]
        while self._take(r"\cup"):
            parts.append(self._sum())
        return parts[0] if len(parts) == 1 else IntervalUnion(tuple(parts))

    def _sum(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise Unreadable("too deeply nested")
        node = self._signed()
        while True:
            if self._take("+"):
                node = Apply("+", (node, self._product()))
            elif self._take("-"):
                node = Apply("+", (node, Apply("neg", (self._product(),))))
            elif self._take(r"\pm"):
                node = Apply("pm", (node, self._product()))
            else:
                break
        self._depth -= 1
        return node

    def _signed(self) -> Node:
        if self._take("-"):
            return _negated(self._product())
        if self._take(r"\pm"):
            return Apply("pm", (Number(Fraction(0)), self._product()))
        self._take("+")
        return self._product()

    def _product(self) -> Node:
        node = self._power()
        while True:
            if self.here is not None and self.here.kind != "text" and self.here.text in _TIMES:
                self._place += 1
                node = Apply("*", (node, self._signed_power()))
            elif self._take("/", r"\div"):
                node = Apply("/", (node, self._signed_power()))
            elif self._take(":"):
                minutes = self.here is not None and self.here.kind == "number" and len(self.here.text) == 2
                node = Apply("time" if minutes else "ratio", (node, self._power()))
            elif self._starts_factor():
                following = self._power()
                node = _mixed(node, following) or Apply("*", (node, following))
            else:
                return self._with_unit(node)

    def _signed_power(self) -> Node:
        return _negated(self._power()) if self._take("-") else self._power()

    def _starts_factor(self) -> bool:
        token = self.here
        if token is None or token.kind == "text":
            return False
        if token.kind == "number":
            return True
        if token.kind == "name":
            return token.text not in _NO_FACTOR and not self._is_unit(token.text)
        return token.text in ("(", "[", "{", r"\{", "|") and not (token.text == "|" and self._bars_open)

    _bars_open = False

    def _is_unit(self, name: str) -> bool:
        """Whether a name says what a number counts: no single letter does, and `cm` only behind a number, at the end."""
        if name in ("m", "s", "g", "l"):
            return False
        if name in ("cm", "km", "in", "min"):
            before = self._tokens[self._place - 1] if self._place else None
            return before is not None and before.kind == "number" and self._place == len(self._tokens) - 1
        return name.lower() in _UNITS

    def _with_unit(self, node: Node) -> Node:
        """What stands behind an expression and says only of what it is so much."""
        words = []
        while self.here is not None:
            token = self.here
            if token.text in (r"\%", "%"):
                words.append("%")
            elif token.kind == "text" or (token.kind == "name" and token.text.lower() in _UNITS):
                if token.text.strip().lower() in ("and", "or", "or ", "and "):
                    break
                words.append(token.text.strip().lower())
            elif token.text == "^" and words and self._place + 1 < len(self._tokens):
                self._place += 1
                words.append("^" + self._exponent_text())
                continue
            elif token.text == "/" and words:
                words.append("/")
            else:
                break
            self._place += 1
        if not words:
            return node
        unit = " ".join(word for word in words if word)
        value = _rational(node)
        if value is not None:
            return Number(value, unit)
        return node

    def _exponent_text(self) -> str:
        braced = self._take("{")
        token = self.here
        if token is None:
            raise Unreadable("an exponent that is missing")
        self._place += 1
        if braced:
            self._need("}")
        return token.text

    def _power(self) -> Node:
        node = self._postfix()
        if self._take("^", "**"):
            if self._take(r"\circ") or self._degrees():
                value = _rational(node)
                return Number(value, "°") if value is not None else node
            if self._take("'"):
                return node
            exponent = self._argument(signed=True)
            return self._after_power(Apply("^", (node, exponent)))
        return node

    def _degrees(self) -> bool:
        if [t.text for t in self._tokens[self._place : self._place + 3]] == ["{", r"\circ", "}"]:
            self._place += 3
            return True
        return False

    def _after_power(self, node: Node) -> Node:
        while self._take("!"):
            node = Apply("!", (node,))
        return node

    def _postfix(self) -> Node:
        node = self._atom()
        while self._take("!"):
            node = Apply("!", (node,))
        return node

    def _argument(self, *, signed: bool = False) -> Node:
        """A braced group, or one token: what LaTeX takes as an argument."""
        if self._take("{"):
            node = self._sum()
            self._need("}")
            return node
        token = self.here
        if token is not None and token.kind == "number" and token.text.isdigit() and len(token.text) > 1 and not signed:
            digits = token.text  # \frac12
            self._tokens[self._place] = Token("number", digits[1:])
            return Number(Fraction(int(digits[0])))
        if signed and self._take("-"):
            return _negated(self._atom())
        return self._atom()

    def _atom(self) -> Node:
        token = self.here
        if token is None:
            raise Unreadable("an end where something should follow")
        self._place += 1
        if token.kind == "number":
            return self._in_base(token.text) if self._take("_") else Number(_number(token.text, self))
        if token.kind == "text":
            return _from_words(token.text)
        if token.kind == "name":
            return self._named(token.text)
        if token.text in _CURRENCY:
            node = self._postfix()
            value = _rational(node)
            return Number(value, "$") if value is not None else node
        if token.text in ("(", "[", r"\{", "{"):
            return self._bracketed(token.text)
        if token.text == "|":
            self._bars_open = True
            inner = self._sum()
            self._bars_open = False
            self._need("|")
            return Apply("abs", (inner,))
        raise Unreadable(f"{token.text!r} where a value should be")

    def _in_base(self, digits: str) -> Node:
        """`52_8`: a whole number by its digits in a base."""
        base = self._exponent_text()
        if not (digits.isdigit() and base.isdigit() and 2 <= int(base) <= 36 and len(digits) <= DIGITS):
            raise Unreadable("an index to a number that is no base")
        try:
            return Number(Fraction(int(digits, int(base))), f"base {base}")
        except ValueError:
            raise Unreadable(f"digits that base {base} does not have") from None

    def _bracketed(self, opening: str) -> Node:
        items: list[Node] = []
        if not self._is(*_CLOSING[opening]):
            items.append(self._item())
            while self._take(",", ";"):
                items.append(self._item())
        closing = next((close for close in _CLOSING[opening] if self._take(close)), None)
        if closing is None:
            raise Unreadable(f"no end of what {opening!r} begins")
        if len(items) == 1 and (opening, closing) in (("(", ")"), ("[", "]"), ("{", "}")):
            return items[0]
        return Group(opening.strip("\\"), closing.strip("\\"), tuple(items))

    def _named(self, name: str) -> Node:
        if name == r"\frac":
            return Apply("/", (self._argument(), self._argument()))
        if name in (r"\sqrt", "sqrt", r"\cbrt"):
            return self._root(name)
        if name == r"\binom":
            return Apply("binomial", (self._argument(), self._argument()))
        if name == r"\begin":
            return self._matrix()
        if name in (r"\infty", "inf", "infinity", "oo"):
            return Symbol("oo")
        if name in (r"\pi", "pi"):
            return Symbol("pi")
        if name in (r"\emptyset", r"\varnothing"):
            return Group("{", "}", ())
        if name in (r"\lfloor", r"\lceil", r"\lvert"):
            inner = self._sum()
            self._need({r"\lfloor": r"\rfloor", r"\lceil": r"\rceil", r"\lvert": r"\rvert"}[name])
            return Apply({r"\lfloor": "floor", r"\lceil": "ceil", r"\lvert": "abs"}[name], (inner,))
        if name in (r"\$", r"\euro", r"\pounds"):
            node = self._postfix()
            value = _rational(node)
            return Number(value, "$") if value is not None else node
        if name in (r"\mathbb", r"\mathcal"):
            return Symbol("mathbb " + self._exponent_text())
        if name in (r"\overline", r"\bar") and self._is("{"):
            raise Unreadable("a bar over something")
        plain = name.lstrip("\\")
        if plain in _FUNCTIONS:
            return self._function(plain)
        if plain in _GREEK and name.startswith("\\"):
            return self._indexed(Symbol(plain))
        if name.startswith("\\"):
            raise Unreadable(f"the command {name}")
        return self._letters(name)

    def _letters(self, name: str) -> Node:
        """A single letter is a symbol, `xy` a product; longer words are words."""
        if len(name) == 1:
            return self._indexed(Symbol(name))
        if len(name) <= 3 and name.islower() and name not in _UNITS:
            node: Node = Symbol(name[0])
            for letter in name[1:]:
                node = Apply("*", (node, Symbol(letter)))
            return node
        raise Unreadable(f"the word {name!r}")

    def _indexed(self, symbol: Symbol) -> Node:
        if self._take("_"):
            return Symbol(f"{symbol.name}_{self._exponent_text()}")
        return symbol

    def _root(self, name: str) -> Node:
        degree: Node = Number(Fraction(3 if name == r"\cbrt" else 2))
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
        inner = self._atom() if self._is("(", "{", "[") else self._function_argument()
        arguments = inner.items if isinstance(inner, Group) and inner.opening == "(" else (inner,)
        if name == "log":
            arguments = (base if base is not None else Number(Fraction(10)), *arguments)
        node: Node = Apply({"asin": "arcsin", "acos": "arccos", "atan": "arctan"}.get(name, name), arguments)
        return node if power is None else Apply("^", (node, power))

    def _function_argument(self) -> Node:
        """Without brackets a function takes a product: sin 2x."""
        node = self._power()
        while self._starts_factor() and not self._is("(", "["):
            node = Apply("*", (node, self._power()))
        return node

    def _matrix(self) -> Node:
        self._need("{")
        kind = self._exponent_text()
        self._need("}")
        if kind not in ("pmatrix", "bmatrix", "matrix", "vmatrix", "array"):
            raise Unreadable(f"the environment {kind}")
        if kind == "array" and self._take("{"):
            while not self._take("}"):
                self._place += 1
                if self.here is None:
                    raise Unreadable("no end of an array's columns")
        rows: list[list[Node]] = [[]]
        while not self._take(r"\end"):
            rows[-1].append(self._item())
            if self._take(r"\\"):
                if not self._is(r"\end"):
                    rows.append([])
            elif not self._take("&") and not self._is(r"\end"):
                raise Unreadable("a matrix without an end")
        self._need("{")
        self._exponent_text()
        self._need("}")
        if len({len(row) for row in rows}) != 1:
            raise Unreadable("rows of different lengths")
        return Matrix(tuple(map(tuple, rows)))


def _number(text: str, parser: _Parser) -> Fraction:
    if len(text) > DIGITS:
        raise Unreadable(f"a number of {len(text)} digits")
    value = Fraction(text if not text.endswith(".") else text[:-1] or "0")
    return _repeating(text, parser) or value


def _repeating(text: str, parser: _Parser) -> Fraction | None:
    r"""`0.\overline{3}` as the fraction that it is."""
    if "." not in text or not parser._is(r"\overline", r"\bar"):
        return None
    parser._place += 1
    parser._need("{")
    period = parser._exponent_text()
    parser._need("}")
    if not period.isdigit() or len(period) > DIGITS:
        raise Unreadable("a bar over what repeats no digits")
    decimals = len(text.partition(".")[2])
    repeated = Fraction(int(period), (10 ** len(period) - 1) * 10**decimals)
    return Fraction(text + "0") + repeated


def _rational(node: Node) -> Fraction | None:
    """The value of a node that is plainly a rational number."""
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Apply) and node.name in ("/", "neg"):
        values = [_rational(argument) for argument in node.arguments]
        if all(value is not None for value in values):
            if node.name == "neg":
                return -values[0]  # type: ignore[operator]
            return values[0] / values[1] if values[1] else None  # type: ignore[operator]
    return None


def _negated(node: Node) -> Node:
    return Number(-node.value, node.unit) if isinstance(node, Number) else Apply("neg", (node,))


def _mixed(whole: Node, part: Node) -> Node | None:
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


def _from_words(words: str) -> Node:
    return Text(words.strip("() .").lower())
