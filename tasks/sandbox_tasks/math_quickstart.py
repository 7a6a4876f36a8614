r"""The suite `math-quickstart`: small sums, sums of fractions, roots and intervals, worked in steps and answered in `\boxed{}`.

Small enough for a model of a million parameters made on the spot. What is asked in one split is asked in no other, nor with
its numbers in another order; the single steps of a working (`7 + 4 = 11`) are few, and occur in all.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction

from sandbox_tasks.task import MathAnswer, Split, Task

SIZES: dict[Split, int] = {"train": 200, "validation": 16, "test": 25}
"""Of each kind."""
Numbers = Sequence[int]
Slip = Callable[[int], int]
"""What becomes of the result of a step: itself, or another."""

TWELFTHS = range(1, 12)
"""Of the fractions that are added up."""


def math_tasks(seed: int = 0) -> Iterator[Task]:
    """The suite, the same for the same seed."""
    rng = random.Random(seed)
    questions = {kind: _drawn(kind, rng) for kind in KINDS}
    for split, count in SIZES.items():
        for kind, drawn in questions.items():
            for numbers in [drawn.pop() for _ in range(count)]:
                yield _task(split, kind, numbers)


def imperfect_working(rng: random.Random, task: Task, wrong_probability: float) -> str:
    """A working in which each step's result is, with this probability, off by up to three; what follows goes on from there."""
    others = (-3, -2, -1, 1, 2, 3)
    return working(
        task.metadata["kind"],
        task.metadata["numbers"],
        lambda result: result + rng.choice(others) if rng.random() < wrong_probability else result,
    )


def working(kind: str, numbers: Numbers, slip: Slip = lambda result: result) -> str:
    """The steps of a solution, and its answer."""
    _, steps = KINDS[kind]
    return "\n".join(steps(numbers, slip))


def _sum_question(numbers: Numbers) -> str:
    return f"{numbers[0]} " + " ".join(_signed(n) for n in numbers[1:])


def _sum_steps(numbers: Numbers, slip: Slip) -> list[str]:
    value, lines = numbers[0], []
    for number in numbers[1:]:
        result = slip(value + number)
        lines.append(f"{value} {_signed(number)} = {result}")
        value = result
    return [*lines, rf"\boxed{{{value}}}"]


def _fraction_question(numbers: Numbers) -> str:
    return " + ".join(str(Fraction(n, 12)) for n in numbers)


def _fraction_steps(numbers: Numbers, slip: Slip) -> list[str]:
    first, second, third = (slip(n) for n in numbers)
    together = slip(first + second)
    top = slip(together + third)
    return [f"{first}/12 + {second}/12 + {third}/12", f"{together}/12 + {third}/12", rf"\boxed{{\frac{{{top}}}{{12}}}}"]


def _roots_question(numbers: Numbers) -> str:
    return "".join(f"(x {_signed(-root)})" for root in numbers) + " = 0"


def _roots_steps(numbers: Numbers, slip: Slip) -> list[str]:
    roots = [slip(root) for root in numbers]
    return [*(f"x = {root}" for root in roots), rf"\boxed{{{', '.join(map(str, roots))}}}"]


def _interval_question(numbers: Numbers) -> str:
    low, high, less, closed = numbers
    return f"{low} {'<=' if closed else '<'} x - {less} {'<' if closed else '<='} {high}"


def _interval_steps(numbers: Numbers, slip: Slip) -> list[str]:
    low, high, less, closed = numbers
    first, last = slip(low + less), slip(high + less)
    brackets = "[)" if closed else "(]"
    return [f"{low} + {less} = {first}", f"{high} + {less} = {last}", rf"\boxed{{{brackets[0]}{first}, {last}{brackets[1]}}}"]


def _signed(number: int) -> str:
    return f"{'-' if number < 0 else '+'} {abs(number)}"


KINDS: dict[str, tuple[Callable[[Numbers], str], Callable[[Numbers, Slip], list[str]]]] = {
    "sum": (_sum_question, _sum_steps),
    "fraction": (_fraction_question, _fraction_steps),
    "roots": (_roots_question, _roots_steps),
    "interval": (_interval_question, _interval_steps),
}
"""Kind -> what is asked, and how it is worked out."""


def _drawn(kind: str, rng: random.Random) -> list[tuple[int, ...]]:
    """All that can be asked of a kind, in random order, and of the same numbers one question only."""
    small = [n for n in range(-5, 6) if n]
    pools: dict[str, Iterable[tuple[int, ...]]] = {
        "sum": (n for n in itertools.product(range(1, 16), small, small, small) if all(0 <= sum(n[:k]) <= 20 for k in (2, 3, 4))),
        "fraction": itertools.product(TWELFTHS, TWELFTHS, TWELFTHS),
        "roots": itertools.permutations([n for n in range(-9, 10) if n], 3),
        "interval": ((a, b, c, d) for a, b, c, d in itertools.product(range(-6, 9), range(-5, 10), range(1, 7), (0, 1)) if a < b),
    }
    pool = list(pools[kind])
    rng.shuffle(pool)
    return list({tuple(sorted(numbers)): numbers for numbers in pool}.values())


def _task(split: Split, kind: str, numbers: tuple[int, ...]) -> Task:
    question, _ = KINDS[kind]
    reference = working(kind, numbers)
    answer = reference.rpartition("\n")[2].removeprefix(r"\boxed{").removesuffix("}")
    return Task(
        id=f"math-quickstart/{kind}/{'_'.join(map(str, numbers))}",
        split=split,
        prompt=f"# {kind}: {question(numbers)}",
        rewards=(MathAnswer(answer=answer),),
        reference=reference,
        metadata={"suite": "math-quickstart", "kind": kind, "numbers": list(numbers)},
    )
