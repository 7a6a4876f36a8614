"""Decides what exact arithmetic does not: refuted by balls, proved by sympy, or agreed on numerically. Runs only in a worker.

Order: the values of both at several points are enclosed in balls; two that don't meet refute. Then sympy tries to prove the
difference zero, for as long as the answer's second lasts. What neither does counts as equal where all points agree to
`AGREED` bits, and the grade says `numeric`; else it is undecided, and not equal.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import sympy
from flint import acb, arb

from sandbox_rewards.math.balls import AT_POINTS, PRECISIONS, ball, point, with_bits
from sandbox_rewards.math.budget import OutOfTime, seconds
from sandbox_rewards.math.builder import Builder
from sandbox_rewards.math.comparison import TURNED, Judge, equal
from sandbox_rewards.math.conventions import Rules, Undecided
from sandbox_rewards.math.exact import mentions, symbols_of
from sandbox_rewards.math.settled import INTEGER
from sandbox_rewards.math.tree import Apply, Node, Relation, Symbol

AGREED = 60
"""Bits to which values agree that are taken for equal."""
PROOF_S = 0.6
"""Of the processor, for one proof; what comes after it needs the rest of the second."""
ENOUGH = 3
"""Points at which both expressions have a value, before they say anything."""
MOST_RESIDUES = 500
"""Of a family, in the common period of all."""
_IMAGINARY = frozenset({"i"})


class Algebra(Judge):
    """A judge with sympy and balls at hand."""

    def same(self, gold: Node, answer: Node) -> bool:
        if (exact := super().exactly(gold, answer)) is not None:
            return exact
        return self._zero(gold, answer)

    def close(self, gold: Node, answer: Node) -> bool:
        with with_bits(PRECISIONS[0]):
            one, other = (ball(node, {}, arb) for node in (gold, answer))
            return bool(abs(one - other) <= abs(one) * arb(self.rules.tolerance))

    def _zero(self, gold: Node, answer: Node) -> bool:
        names = sorted(symbols_of(gold) | symbols_of(answer))
        if any(name.startswith("mathbb") or name == "..." for name in names):
            return False
        if self.rules.tolerance and not names:
            self.note("numeric")
            return self.close(gold, answer)
        agreed = self._agree(gold, answer, names)
        proved = None if agreed is False else self._proved(gold, answer)
        if proved is None and agreed:
            self.note("numeric")
        elif proved is not None:
            self.note("proved" if proved else "refuted")
        if (decided := agreed if proved is None else proved) is not None:
            return decided
        raise Undecided("neither proved nor refuted")

    # -- refuting --------------------------------------------------------------------------------------------------------------

    def _agree(self, gold: Node, answer: Node, names: Sequence[str]) -> bool | None:
        """False where balls refute, True where they agree at enough points, None where there are too few values to tell."""
        for field, points in self._points(gold, answer, names):
            met = 0
            for values in points:
                same = self._meet(gold, answer, values, field)
                if same is False:
                    return False
                met += same is True
            if met >= min(ENOUGH, len(points)):
                return True
        return None

    def _points(self, gold: Node, answer: Node, names: Sequence[str]) -> Iterator[tuple[type, list[dict[str, Any]]]]:
        """Fields, and values for the unknowns in them: real of every sign, then whole, then complex."""
        imaginary = mentions(gold, _IMAGINARY) or mentions(answer, _IMAGINARY)
        if not names:
            nowhere: list[dict[str, Any]] = [{}]
            yield from ((field, nowhere) for field in ((acb,) if imaginary else (arb, acb)))
            return
        if self.rules.assume != "complex":
            field = acb if imaginary else arb
            yield field, self._real_points(names)
            yield field, [{name: Fraction(k + 2 * n) for n, name in enumerate(reversed(names))} for k in range(2, 8)]
        chance = random.Random(20_240_229)
        yield acb, [{name: complex(chance.uniform(-2, 2), chance.uniform(-2, 2)) for name in names} for _ in range(6)]

    def _real_points(self, names: Sequence[str]) -> list[dict[str, Any]]:
        chance = random.Random(20_240_229)
        signs = [(1,)] if self.rules.assume == "positive" else list(itertools.product((1, -1), repeat=min(len(names), 3)))
        scales = (1, 1, 1, 3, 3, 40) if len(signs) < 8 else (1, 3, 40)
        return [
            {
                name: Fraction(chance.randint(10**5, 10**6) * scale * pattern[k % len(pattern)], 10**6)
                for k, name in enumerate(names)
            }
            for scale in scales
            for pattern in signs
        ]

    def _meet(self, gold: Node, answer: Node, values: dict[str, Any], field: type) -> bool | None:
        """Whether both have the same value at a point, as far as the highest precision tells; None where one has no value."""
        told = None
        for bits in AT_POINTS if values else PRECISIONS:
            with with_bits(bits):
                at = point(values, field)
                try:
                    one, other = ball(gold, at, field), ball(answer, at, field)
                except Undecided:
                    return told
                if not (one.is_finite() and other.is_finite()):
                    return told
                if not (one - other).contains(0):
                    shown = ", ".join(f"{name} = {value}" for name, value in values.items())
                    self.note(f"refuted at {shown}" if shown else "refuted")
                    return False
                told = _agree(one, other, bits) or None
        return told

    # -- conditions, sets, families, matrices ----------------------------------------------------------------------------------

    def same_relation(self, gold: Relation, answer: Relation) -> bool:
        """Equations that differ by a factor other than zero; inequalities whose factor is positive, or negative and turned."""
        one, other = (Apply("+", (node.sides[0], Apply("neg", (node.sides[1],)))) for node in (gold, answer))
        if symbols_of(one) != symbols_of(other) or not symbols_of(one) or len(gold.signs) + len(answer.signs) > 2:
            return False
        builder = self.builder(one, other)
        sign = gold.signs[0]
        if sign != "=" and not {sign, answer.signs[0]} <= set(TURNED):
            raise Undecided("relations of this kind")
        factor = within_time(lambda: _factor(builder.expression(one), builder.expression(other), numerators=sign == "="))
        if factor is None:
            raise Undecided("no factor that one is of the other")
        self.note("proved" if factor else "refuted")
        return bool(factor) and answer.signs[0] == (sign if sign == "=" or factor > 0 else TURNED[sign])

    def same_region(self, gold: Node, answer: Node) -> bool:
        builder = self.builder(gold, answer)
        same = within_time(lambda: _same_set(builder.region(gold), builder.region(answer)))
        if same is None:
            raise Undecided("sets that sympy does not compare")
        self.note("proved" if same else "refuted")
        return same

    def same_matrix(self, gold: Node, answer: Node) -> bool:
        builder = self.builder(gold, answer)
        same = within_time(lambda: _same_matrix(builder.expression(gold), builder.expression(answer)))
        if same is None:
            raise Undecided("matrices that sympy does not compare")
        self.note("proved" if same else "refuted")
        return same

    def same_families(self, gold: Sequence[Node], answer: Sequence[Node]) -> bool:
        """Numbers `a + bk` for any integer k, several at a time: the same where their residues in a common period are."""
        builder = self.builder(*gold, *answer)
        same = within_time(lambda: _same_families(*([builder.expression(node) for node in nodes] for nodes in (gold, answer))))
        if same is None:
            raise Undecided("families that sympy does not compare")
        self.note("proved" if same else "refuted")
        return same

    # -- proving ---------------------------------------------------------------------------------------------------------------

    def _proved(self, gold: Node, answer: Node) -> bool | None:
        """Whether sympy shows that the difference is zero, or that it is not; None where it shows neither in its time."""
        builder = self.builder(gold, answer)
        return within_time(lambda: is_zero(builder.expression(gold) - builder.expression(answer)))

    def builder(self, *nodes: Node) -> Builder:
        names = set().union(*map(symbols_of, nodes))
        return Builder(self.rules.assume, frozenset(name for name in names if name.startswith(INTEGER)))


def _agree(one: Any, other: Any, bits: int) -> bool:
    """Whether two balls that meet are small enough to say that they hold the same number."""
    apart, scale, small = abs(one - other), abs(one) + abs(other), arb(2) ** (-bits // 4)
    return bool(apart < arb(2) ** -AGREED and (apart < small or apart < scale * small or scale < small))


def within_time(prove: Callable[[], bool | None]) -> bool | None:
    """What a proof finds in its time; None where it ends otherwise."""
    try:
        with seconds(PROOF_S):
            return prove()
    except (OutOfTime, Undecided):
        return None
    except Exception:  # noqa: BLE001 - sympy raises anything at all on what it does not know; then nothing is proved
        return None


def is_zero(difference: Any) -> bool | None:
    """Whether an expression is identically zero; None where sympy does not find out."""
    if difference.is_zero is not None and difference.is_number:
        return bool(difference.is_zero)
    for rewrite in _REWRITES:
        made = rewrite(difference)
        if made.is_zero:
            return True
        if made.is_Rational:
            return False
        difference = made if rewrite is not _exponentials else difference  # longer, where they don't cancel
    return True if difference.equals(0) else None


def _factor(one: Any, other: Any, *, numerators: bool) -> Any | None:
    """The number that one expression is of the other, 0 where there is none; None where sympy does not find out."""
    ratio = sympy.cancel(one / other)
    if not ratio.is_number:
        ratio = sympy.simplify(ratio)
    if not ratio.is_number and numerators:
        ratio = sympy.cancel(sympy.together(one).as_numer_denom()[0] / sympy.together(other).as_numer_denom()[0])
    return ratio if ratio.is_number and ratio.is_finite and ratio.is_real is not False else sympy.S.Zero


def _same_set(gold: Any, answer: Any) -> bool | None:
    if gold == answer:
        return True
    ends = [_ends(region) for region in (gold, answer)]
    if None in ends or len(ends[0]) != len(ends[1]):
        return False if None not in ends else (gold - answer).is_empty and (answer - gold).is_empty
    pairs = zip(*ends, strict=True)
    same = [closed == other_closed and (end == other or is_zero(end - other)) for (end, closed), (other, other_closed) in pairs]
    return None if None in same else all(same)


def _ends(region: Any) -> Any:
    """The ends of a set's intervals, with whether they belong to it, in order; None where it is made of anything else."""
    parts = region.args if isinstance(region, sympy.Union) else (region,)
    found = []
    for part in parts:
        if isinstance(part, sympy.FiniteSet):
            found += [(item, True) for item in part for _ in (0, 1)]
        elif isinstance(part, sympy.Interval):
            found += [(part.start, not part.left_open), (part.end, not part.right_open)]
        elif part is not sympy.S.EmptySet:
            return None
    return sorted(found, key=lambda end: float(end[0]))


def _same_matrix(gold: Any, answer: Any) -> bool | None:
    if getattr(gold, "shape", ()) != getattr(answer, "shape", ()):
        return False
    zero = [is_zero(entry) for entry in (gold - answer)]
    return False if False in zero else None if None in zero else True


def _same_families(gold: list[Any], answer: list[Any]) -> bool | None:
    """Each family as its residues modulo the least common period, all measured in the first period."""
    lines = [[line for family in families if (line := _line(family))] for families in (gold, answer)]
    if [len(found) for found in lines] != [len(gold), len(answer)] or not gold:
        return all(any(is_zero(a - b) for b in answer) for a in gold) and all(any(is_zero(a - b) for a in gold) for b in answer)
    unit = lines[0][0][1]
    measured = [[(sympy.simplify(a / unit), sympy.simplify(step / unit)) for a, step in families] for families in lines]
    steps = [step for families in measured for _, step in families]
    if not all(step.is_Rational for step in steps):
        return False
    period = sympy.Rational(sympy.ilcm(*(abs(step.p) for step in steps)), sympy.igcd(*(step.q for step in steps)))
    if any(abs(period / step) > MOST_RESIDUES for step in steps):
        return None
    ours, theirs = (
        [start + k * step for start, step in families for k in range(int(abs(period / step)))] for families in measured
    )  # fmt: skip
    return all(any(_congruent(a, b, period) for b in theirs) for a in ours) and all(
        any(_congruent(a, b, period) for a in ours) for b in theirs
    )


def _congruent(one: Any, other: Any, period: Any) -> bool:
    return bool(sympy.simplify((one - other) / period).is_integer)


def _line(family: Any) -> tuple[Any, Any] | None:
    """Start and step of `a + bk` for one letter k; None for anything else."""
    letters = [symbol for symbol in family.free_symbols if symbol.name.startswith(INTEGER)]
    if len(letters) != 1:
        return None
    step = sympy.expand(family).coeff(letters[0], 1)
    start = sympy.simplify(family - step * letters[0])
    return None if step.free_symbols or start.free_symbols or step == 0 else (start, step)


def _numerator(difference: Any) -> Any:
    return sympy.together(difference).as_numer_denom()[0].expand()


def _exponentials(difference: Any) -> Any:
    """Circular and hyperbolic functions as exponentials, whose products are one: the quickest way to many identities."""
    functions = (sympy.functions.elementary.trigonometric.TrigonometricFunction, sympy.sinh, sympy.cosh, sympy.tanh)
    return _numerator(difference.rewrite(sympy.exp)) if difference.has(*functions) else difference


_REWRITES: tuple[Callable[[Any], Any], ...] = (
    sympy.expand, _numerator, sympy.expand_log, sympy.expand_func, sympy.radsimp, sympy.sqrtdenest, _exponentials, sympy.trigsimp,
    sympy.combsimp, sympy.simplify,
)  # fmt: skip
"""Each is given what the one before made of the difference; the quick ones first."""


def answer_to(question: tuple[Any, ...]) -> dict[str, Any]:
    """What a worker replies: whether two trees are equal under a task's rules, and how that was decided."""
    if question[0] == "probe":
        question = ("compare", _PROBE, Apply("*", (_PROBE, Apply("/", (_PROBE, _PROBE)))), Rules())
    if question[0] == "object":
        return {"object": _shown(question[1])}
    if question[0] == "value":
        return {"value": digits_of(question[1])}
    _, gold, answer, rules = question
    judge = Algebra(rules)
    try:
        same = equal(gold, answer, judge)
        return {"equal": same, "how": judge.how(same)}
    except Undecided as error:
        return {"equal": None, "how": f"undecided: {error}"}


def _shown(node: Node) -> str:
    """An expression's or a region's object of sympy's as text, for people."""
    builder = Builder("real")
    for build in (builder.expression, builder.region):
        try:
            return str(build(node))
        except Undecided as error:
            why = str(error)
    return f"none: {why}"


def digits_of(node: Node) -> str | None:
    """Twelve digits of a number; None where it has no finite value, or none that is known so closely."""
    for field in (arb, acb):
        with with_bits(PRECISIONS[1]):
            try:
                value = ball(node, {}, field)
            except Undecided:
                return None
        if value.is_finite() and value.rel_accuracy_bits() > AGREED:
            return str(value.str(12, radius=False))
    return None


_PROBE = Apply("sin", (Symbol("x"),))
