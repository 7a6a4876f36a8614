"""Fuzz of the grading: random liars against random tests, and random completions against every kind of source.

    python -m benchmarks.fuzz --minutes 60 --completions 100000 --seed 1

Liars are classes of a random base with random lies (`tests/adversarial/liars.py`), asked by random idioms in random styles: none
may be paid, and none may get `no_verdict`. Completions are references that were cut, doubled, mixed and broken: none may raise,
hang or get `no_verdict`. Prints what went wrong with the seed that shows it again; exit status 1 where anything did.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from textwrap import indent

from sandbox_rewards.grading import Grader
from sandbox_tasks.suite import load_suite
from sandbox_tasks.task import Task

from tests.adversarial import idioms, liars, matrix

BATCH = 200
LIES = (
    *liars.PROTOCOLS.values(),
    "None",
    "1 / 0",
    "lambda *a, **k: [True]",
    "lambda *a, **k: (yield)",
    "lambda *a, **k: {}",
    "type",
)


def random_liar(chance: random.Random) -> str:
    """Code of `make(*args)`, whose object tells a few lies, each of them under any name."""
    base, value, before = chance.choice(list(liars.BASES.values()))
    told = [f"{chance.choice(_NAMES)} = {chance.choice(LIES)}" for _ in range(chance.randint(1, 9))]
    safe = [f"try: {lie}\nexcept Exception: pass" for lie in told]
    made = f"{before}\nclass E({base}):\n{indent(chr(10).join(safe), '    ')}\n{liars.MAKE.format(value=value)}"
    return chance.choice([made, f"{made}\none = make\ndef make(*args): return [one(*args), one(*args)]"])


_NAMES = [name for name in liars.PROTOCOLS if "," not in name] + [
    "__enter__",
    "__exit__",
    "tolist",
    "shape",
    "dtype",
    "args",
    "items",
]


def lies(grader: Grader, minutes: float, chance: random.Random) -> list[str]:
    wrong: list[str] = []
    until, tried = time.monotonic() + 60 * minutes, 0
    while time.monotonic() < until:
        cells = []
        for _ in range(BATCH):
            style = chance.choices(["asserts", "check", "pytest"], [10, 4, 1])[0]
            idiom = chance.choice(matrix.fitting(style))
            cells.append(matrix.Cell(style, idiom, "random liar", idioms.making(idiom, random_liar(chance))))
        grades = grader.grade([matrix.task(cell.style, cell.idiom) for cell in cells], [cell.answer for cell in cells])
        for cell, grade in zip(cells, grades, strict=True):
            if grade.reward != 0.0:
                wrong.append(f"{cell.name}: {grade.verdict} {grade.detail}\n{indent(cell.answer, '    ')}")
        tried += len(cells)
    print(f"liars: {tried} tried, {len(wrong)} paid or without a verdict")
    return wrong


PIECES = (
    "```",
    "```python\n",
    "~~~",
    "<think>",
    "</think>",
    "<|im_end|>",
    "<|endoftext|>",
    "\\boxed{",
    "}",
    "{",
    "$",
    "\\frac",
    "\\sin()",
    "\\sqrt[",
    "]",
    "^",
    "_",
    "\0",
    "\ud800",
    "\u202e",
    "def f(x):\n",
    "    ",
    "\t",
    "\r\n",
    "(" * 50,
    "[" * 50,
    "9" * 400,
    "**",
    "10**10**10",
    "'''",
    '"',
    "\\",
    "import os; os._exit(0)\n",
    "#",
    "####",
    "[PYTHON]",
    "<answer>",
    "\N{FULLWIDTH DIGIT ONE}",
    "e",
    "nan",
    "∞",
    "±",
    "%",
)


def mutated(text: str, other: str, chance: random.Random) -> str:
    for _ in range(chance.randint(1, 6)):
        at, to = sorted((chance.randint(0, len(text)), chance.randint(0, len(text))))
        text = chance.choice([
            lambda t, a, b: t[:a] + t[b:], lambda t, a, b: t[:b] + t[a:b] * 3 + t[b:], lambda t, a, b: t[:a],
            lambda t, a, b: t[:a] + chance.choice(PIECES) * chance.choice([1, 2, 300]) + t[a:],
            lambda t, a, b: t[:a] + other + t[b:], lambda t, a, b: t[:a] + chr(chance.randint(1, 0x2FFF)) + t[a + 1 :],
        ])(text, at, to)[:20_000]  # fmt: skip
    return text


def completions(grader: Grader, count: int, chance: random.Random) -> list[str]:
    tasks = [*load_suite("quickstart").tasks[::20], *load_suite("mbpp-mini").tasks[::4], *_math()]
    wrong: list[str] = []
    verdicts: Counter[str] = Counter()
    slowest = 0.0
    for _ in range(0, count, BATCH):
        asked = [chance.choice(tasks) for _ in range(BATCH)]
        texts = [mutated(one.reference or "", chance.choice(tasks).reference or "", chance) for one in asked]
        started = time.monotonic()
        for one, text, grade in zip(asked, texts, grader.grade(asked, texts), strict=True):
            verdicts[grade.verdict] += 1
            if grade.reward is None:
                wrong.append(f"{one.id}: {grade.verdict} {grade.detail}\n{text!r}")
        slowest = max(slowest, time.monotonic() - started)
    print(f"completions: {sum(verdicts.values())} graded, {dict(verdicts)}; the slowest {BATCH} took {slowest:.1f} s")
    return wrong


def _math() -> list[Task]:
    golds = (
        "5",
        "\\frac{1}{2}",
        "x^2+1",
        "(1, 2]",
        "\\{1, 2\\}",
        "\\sqrt{3}",
        "12\\text{ cm}",
        "\\begin{pmatrix}1\\\\2\\end{pmatrix}",
        "x = 3",
    )
    return [
        Task.model_validate(
            {
                "id": f"math/{gold}",
                "prompt": f"What is ${gold}$?",
                "rewards": [{"source": "math", "answer": gold}],
                "reference": f"So \\boxed{{{gold}}}.",
            }
        )
        for gold in golds
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--completions", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--sandbox", default="auto")
    asked = parser.parse_args()
    print(f"--seed {asked.seed} --sandbox {asked.sandbox}")
    with Grader(asked.sandbox) as grader:
        wrong = lies(grader, asked.minutes, random.Random(asked.seed))
        wrong += completions(grader, asked.completions, random.Random(asked.seed))
    for one in wrong[:50]:
        print(one)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
