r"""The suite `math-quickstart`: small sums, equations, fractions and roots, worked in one or two steps, answered in `\boxed{}`.

Small enough for a model of a million parameters made on the spot. What is asked in one split is asked in no other; the single steps
of a working (`7 + 12 = 19`) occur in all.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator, Sequence

from sandbox_tasks.task import MathAnswer, Split, Task

SIZES: dict[Split, int] = {"train": 100, "validation": 16, "test": 20}
"""Of each kind."""
Numbers = Sequence[int]
Slip = Callable[[int], int]
"""What becomes of the result of a step: itself, or another."""


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
    """The steps of a solution and its answer."""
    _, steps = KINDS[kind]
    return "\n".join(steps(numbers, slip))


def _sum_question(numbers: Numbers) -> str:
    a, b, c = numbers
    return f"{a} + {b} - {c}"


def _sum_steps(numbers: Numbers, slip: Slip) -> list[str]:
    a, b, c = numbers
    first = slip(a + b)
    last = slip(first - c)
    return [f"{a} + {b} = {first}", f"{first} - {c} = {last}", rf"\boxed{{{last}}}"]


def _equation_question(numbers: Numbers) -> str:
    factor, root, added = numbers
    return f"{factor}x + {added} = {factor * root + added}"


def _equation_steps(numbers: Numbers, slip: Slip) -> list[str]:
    factor, root, added = numbers
    left = slip(factor * root)
    found = slip(round(left / factor))
    return [f"{factor}x = {left}", rf"\boxed{{x = {found}}}"]


def _fraction_question(numbers: Numbers) -> str:
    a, b, c, d = numbers
    return f"{a}/{b} + {c}/{d}"


def _fraction_steps(numbers: Numbers, slip: Slip) -> list[str]:
    a, b, c, d = numbers
    bottom = math.lcm(b, d)
    one, other = slip(a * bottom // b), slip(c * bottom // d)
    top = slip(one + other)
    return [f"{one}/{bottom} + {other}/{bottom}", rf"\boxed{{\frac{{{top}}}{{{bottom}}}}}"]


def _roots_question(numbers: Numbers) -> str:
    one, other = numbers
    return f"x^2 - {one + other}x + {one * other} = 0"


def _roots_steps(numbers: Numbers, slip: Slip) -> list[str]:
    one, other = (slip(root) for root in numbers)
    return [f"(x - {one})(x - {other})", rf"\boxed{{{one}, {other}}}"]


KINDS: dict[str, tuple[Callable[[Numbers], str], Callable[[Numbers, Slip], list[str]]]] = {
    "sum": (_sum_question, _sum_steps),
    "equation": (_equation_question, _equation_steps),
    "fraction": (_fraction_question, _fraction_steps),
    "roots": (_roots_question, _roots_steps),
}
"""Kind -> what is asked, and how it is worked out."""


def _drawn(kind: str, rng: random.Random) -> list[tuple[int, ...]]:
    """All that can be asked of a kind, in random order."""
    pools: dict[str, Iterator[tuple[int, ...]]] = {
        "sum": itertools.product(range(2, 20), range(2, 20), range(2, 10)),
        "equation": itertools.product(range(2, 10), range(2, 13), range(1, 10)),
        "fraction": (n for n in itertools.product(range(1, 6), range(2, 7), range(1, 6), range(2, 7)) if n[0] < n[1] > 0 and n[2] < n[3]),
        "roots": itertools.combinations_with_replacement(range(1, 19), 2),
    }
    pool = list(pools[kind])
    rng.shuffle(pool)
    return pool


def _task(split: Split, kind: str, numbers: tuple[int, ...]) -> Task:
    question, _ = KINDS[kind]
    reference = working(kind, numbers)
    answer = reference.rpartition("\n")[2].removeprefix(r"\boxed{").removesuffix("}")
    return Task(
        id=f"math-quickstart/{kind}/{'-'.join(map(str, numbers))}",
        split=split,
        prompt=f"# {kind}: {question(numbers)}",
        rewards=(MathAnswer(answer=answer),),
        reference=reference,
        metadata={"kind": kind, "numbers": list(numbers)},
    )
