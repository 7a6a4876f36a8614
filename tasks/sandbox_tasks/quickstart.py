"""The embedded default suite: three named steps on a list, a string or a number, as one Python function.

Small enough for a model of a million parameters made on the spot, and real all the same: the answer is a
program and is judged by running it. Each single step occurs in training; the compositions held out do not.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Any

from sandbox_tasks.task import Split, Task, UnitTests

STAGES: dict[str, dict[str, str]] = {
    "list": {
        "sort up": "sorted(x)",
        "sort down": "sorted(x, reverse=True)",
        "reverse": "x[::-1]",
        "double": "[v * 2 for v in x]",
        "add one": "[v + 1 for v in x]",
        "square": "[v * v for v in x]",
        "keep even": "[v for v in x if v % 2 == 0]",
        "keep positive": "[v for v in x if v > 0]",
        "drop first": "x[1:]",
        "drop last": "x[:-1]",
    },
    "string": {
        "upper": "x.upper()",
        "swap case": "x.swapcase()",
        "reverse": "x[::-1]",
        "drop first": "x[1:]",
        "drop last": "x[:-1]",
        "twice": "x + x",
        "sort letters": "''.join(sorted(x))",
        "drop vowels": "''.join(c for c in x if c not in 'aeiou')",
    },
    "number": {
        "add three": "x + 3",
        "double": "x * 2",
        "negate": "-x",
        "absolute": "abs(x)",
        "square": "x * x",
        "halve": "x // 2",
        "last digit": "x % 10",
        "minus five": "x - 5",
    },
}
"""Family -> stage -> the expression that the stage assigns to `x`."""
STEPS = {family: {name: eval(f"lambda x: {code}") for name, code in stages.items()} for family, stages in STAGES.items()}
"""The same as functions."""

SIZES: dict[Split, dict[str, int]] = {
    "train": {"list": 200, "string": 100, "number": 100},
    "validation": {"list": 32, "string": 16, "number": 16},
    "test": {"list": 40, "string": 20, "number": 20},
}
Stages = Sequence[str]


def quickstart_tasks(seed: int = 0) -> Iterator[Task]:
    """The suite, the same for the same seed; every composition is in one split only."""
    rng = random.Random(seed)
    compositions = {family: list(itertools.permutations(stages, 3)) for family, stages in STAGES.items()}
    for drawn in compositions.values():
        rng.shuffle(drawn)
    for split, sizes in SIZES.items():
        for family, count in sizes.items():
            for stages in [compositions[family].pop() for _ in range(count)]:
                yield _task(split, family, stages, rng)


def imperfect_solution(rng: random.Random, task: Task, wrong_probability: float) -> str:
    """A solution in which each stage is, with this probability, another one of its family."""
    family, stages = task.metadata["family"], task.metadata["stages"]
    others = {stage: [s for s in STAGES[family] if s != stage] for stage in stages}
    return solution(family, [rng.choice(others[s]) if rng.random() < wrong_probability else s for s in stages])


def solution(family: str, stages: Stages) -> str:
    lines = [f"    x = {STAGES[family][stage]}" for stage in stages]
    return "\n".join(["def f(x):", *lines, "    return x"])


def telling_examples(task: Task, count: int, rng: random.Random) -> tuple[str, ...]:
    """Asserts on fresh inputs, which none of the task's own tests has."""
    family, stages = task.metadata["family"], task.metadata["stages"]
    known = {test for spec in task.rewards if isinstance(spec, UnitTests) for test in spec.tests}
    fresh = (_assert(family, stages, _input(family, rng)) for _ in itertools.count())
    return tuple(itertools.islice((test for test in fresh if test not in known), count))


def _assert(family: str, stages: Stages, value: Any) -> str:
    return f"assert f({value!r}) == {_run(family, stages, value)!r}"


def _task(split: Split, family: str, stages: Stages, rng: random.Random) -> Task:
    tests = tuple(_assert(family, stages, value) for value in _telling_inputs(family, stages, rng))
    return Task(
        id=f"quickstart/{family}/{'-'.join(s.replace(' ', '_') for s in stages)}",
        split=split,
        prompt=f"# {family}: {', '.join(stages)}",
        rewards=(UnitTests(style="asserts", entry_point="f", tests=tests, time_limit_s=2, memory_limit_mb=256),),
        reference=solution(family, stages),
        metadata={"suite": "quickstart", "family": family, "stages": list(stages)},
    )


def _telling_inputs(family: str, stages: Stages, rng: random.Random) -> list[Any]:
    """Inputs on which every solution with one stage replaced shows, unless it is the same function."""
    pool = [_input(family, rng) for _ in range(60)]
    wanted = [_run(family, stages, value) for value in pool]
    chosen = pool[:3]
    for position, other in itertools.product(range(3), STAGES[family]):
        mutant = [*stages[:position], other, *stages[position + 1 :]]
        differing = [value for value, right in zip(pool, wanted, strict=True) if _run(family, mutant, value) != right]
        if differing and not any(v in differing for v in chosen):
            chosen.append(differing[0])
    return chosen


def _input(family: str, rng: random.Random) -> Any:
    if family == "list":
        return [rng.randint(-9, 9) for _ in range(rng.randint(4, 7))]
    if family == "string":
        return "".join(rng.choice("aeioubcdrstAEBCDR") for _ in range(rng.randint(5, 8)))
    return rng.randint(-60, 60)


def _run(family: str, stages: Stages, value: Any) -> Any:
    for stage in stages:
        value = STEPS[family][stage](value)
    return value
