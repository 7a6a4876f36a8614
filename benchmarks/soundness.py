"""Pairs that are equal by sympy's own rewriting must be accepted, near misses refused: counts of the source `math`.

    python benchmarks/soundness.py --pairs 10000 --misses 10000 [--seed 0] [--shown 20]

A pair is an expression and what expand, factor, trigsimp, radsimp, apart, together, a substitution or logarithms make of it, both
as LaTeX. A near miss is the LaTeX of an equal pair with one digit, sign, exponent, function or bracket changed, kept where
evaluation to 60 digits at several points shows that it differs.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import sympy
from sandbox_rewards.math.conventions import Rules
from sandbox_rewards.math.parser import parse
from sandbox_rewards.math.source import decided
from sandbox_rewards.math.tokens import Unreadable
from sympy import latex

X, Y = sympy.symbols("x y", real=True)
A, B = sympy.symbols("a b", positive=True)


def expression(rng: random.Random) -> Any:
    """Of a kind that answers are made of."""
    n = lambda low=1, high=9: sympy.Integer(rng.randint(low, high))  # noqa: E731
    kinds: list[Callable[[], Any]] = [
        lambda: (n() * X + n(-9, 9)) ** rng.randint(2, 3) + n() * X * Y,
        lambda: (X + n()) * (X - n()) * (n() * Y + n()),
        lambda: (n() * X + n()) / (X**2 - n() ** 2),
        lambda: n() / (X + n()) + n() / (X + n() + 10),
        lambda: sympy.sin(n() * X) ** 2 + n() * sympy.cos(X) * sympy.sin(X),
        lambda: sympy.cos(X + sympy.pi * n() / 6) * n(),
        lambda: sympy.tan(X) + n() * sympy.sec(X) ** 2,
        lambda: n() / (sympy.sqrt(n(2, 30)) + n()),
        lambda: sympy.sqrt(n(2, 99)) * n() + sympy.sqrt(n(2, 99)) / n(),
        lambda: sympy.sqrt(n() + 2 * sympy.sqrt(n(2, 9))),
        lambda: sympy.log(A * n()) + n() * sympy.log(B),
        lambda: sympy.exp(n() * X + n()) * sympy.exp(Y),
        lambda: A ** (n() / n(2, 5)) * B ** n(),
        lambda: sympy.Rational(rng.randint(-99, 99), rng.randint(1, 99)) * sympy.pi + sympy.sqrt(n(2, 30)),
        lambda: (n() + n() * sympy.I) * (n() - n() * sympy.I) / (n() + sympy.I),
        lambda: sympy.Integer(2) ** rng.randint(20, 200) + n(),
        lambda: sympy.factorial(n(3, 12)) * X + sympy.binomial(rng.randint(5, 12), rng.randint(1, 4)),
        lambda: sympy.sinh(X) * n() + sympy.cosh(X),
    ]
    return rng.choice(kinds)()


REWRITES: tuple[Callable[[Any], Any], ...] = (
    sympy.expand, sympy.factor, sympy.trigsimp, sympy.radsimp, sympy.together, sympy.expand_log, sympy.logcombine, sympy.powsimp,
    lambda e: sympy.apart(e, X) if e.is_rational_function(X) and e.free_symbols == {X} else e, sympy.expand_trig,
    lambda e: e.rewrite(sympy.exp) if e.has(sympy.sinh, sympy.cosh) else e,
    lambda e: e.rewrite(sympy.cos) if e.has(sympy.sin) else e,
    lambda e: sympy.expand(e.subs(X, X + 1)).subs(X, X - 1), sympy.sqrtdenest, sympy.simplify,
)  # fmt: skip


def equal_pairs(rng: random.Random) -> Iterator[tuple[str, str, Any]]:
    while True:
        one = expression(rng)
        other = rng.choice(REWRITES)(one)
        texts = latex(one, ln_notation=True), latex(other, ln_notation=True)
        if texts[0] != texts[1] and max(map(len, texts)) < 300 and "operatorname" not in "".join(texts):
            yield *texts, one


CHANGES: tuple[tuple[str, Callable[[re.Match[str], random.Random], str]], ...] = (
    (r"[0-9]", lambda m, r: str((int(m[0]) + r.randint(1, 8)) % 10)), (r" \+ ", lambda m, r: " - "), (r" - ", lambda m, r: " + "),
    (r"\^\{([0-9])\}", lambda m, r: f"^{{{int(m[1]) + 1}}}"), (r"\\sin", lambda m, r: r"\cos"), (r"\\cos", lambda m, r: r"\sin"),
    (r"\\sqrt\{", lambda m, r: r"\sqrt[3]{"),
    (r"(?<![a-z\\])[xyab](?![a-z])", lambda m, r: r.choice([c for c in "xyab" if c != m[0]])),
    (r"\\pi", lambda m, r: r"2 \pi"),
)  # fmt: skip


def near_miss(text: str, rng: random.Random) -> str | None:
    pattern, change = rng.choice(CHANGES)
    places = list(re.finditer(pattern, text))
    if not places:
        return None
    place = rng.choice(places)
    return text[: place.start()] + change(place, rng) + text[place.end() :]


def differs(one: str, other: str) -> bool:
    """Whether two texts' values differ at a point, by evaluation, which the source does not use."""
    from sandbox_rewards.math.builder import Builder

    try:
        apart = Builder("complex").expression(parse(one)) - Builder("complex").expression(parse(other))
    except (Unreadable, ZeroDivisionError):
        return False
    at = {symbol: sympy.Rational(k + 3, 7) for k, symbol in enumerate(sorted(apart.free_symbols, key=str))}
    value = apart.subs(at).evalf(60)
    return bool(value.is_number and value.is_finite and abs(value) > sympy.Float("1e-25"))


def main(pairs: int, misses: int, seed: int, shown: int) -> None:
    rng, source = random.Random(seed), equal_pairs(random.Random(seed + 1))
    accepted: Counter[str] = Counter()
    started = time.perf_counter()
    for _ in range(pairs):
        one, other, _ = next(source)
        same, how = decided(
            parse(one), parse(other), Rules(assume="positive" if re.search(r"(?<![a-z])[ab](?![a-z])", one) else "real")
        )
        accepted[how.split(" at ")[0].split(":")[0] if same else "refused"] += 1
        if not same and accepted["refused"] <= shown:
            print("refused, though equal:", one, "|", other, "|", how)
    wrong: Counter[str] = Counter()
    while wrong.total() < misses:
        one, other, _ = next(source)
        changed = near_miss(other, rng)
        if changed is None or not differs(one, changed):
            continue
        same, how = decided(parse(one), parse(changed), Rules())
        wrong["accepted" if same else "refused"] += 1
        if same and wrong["accepted"] <= shown:
            print("accepted, though different:", one, "|", changed, "|", how)
    seconds = round(time.perf_counter() - started)
    print(json.dumps({"equal pairs": dict(accepted), "near misses": dict(wrong), "seconds": seconds}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--misses", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shown", type=int, default=20)
    chosen = parser.parse_args()
    main(chosen.pairs, chosen.misses, chosen.seed, chosen.shown)
