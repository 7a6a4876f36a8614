"""The suite `negotiation-quickstart`: buying one thing from a scripted seller, in up to five turns of `offer N` or `accept`.

Each sale has a value, an asked price, and a floor that the buyer does not see; no sale is in two splits.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator

from sandbox_tasks.task import EnvironmentSpec, NegotiationSpec, Split, Task

TURNS = 5
WAITING = 3
SIZES: dict[Split, int] = {"train": 200, "validation": 40, "test": 60}


def negotiation_tasks(seed: int = 0) -> Iterator[Task]:
    """The suite, the same for the same seed."""
    rng = random.Random(seed)
    sales = list(itertools.product(range(10, 41), range(10)))
    rng.shuffle(sales)
    for split, count in SIZES.items():
        for value, above in [sales.pop() for _ in range(count)]:
            ask = value + above
            met = (ask - WAITING + 1) // 2  # where a buyer meets the seller who lets it come down three times before
            floor = max(rng.randint(value * 3 // 10, value * 6 // 10), 2 * met - value)
            yield Task(
                id=f"negotiation-quickstart/{value}-{ask}",
                split=split,
                prompt=f"# buy: worth {value}, asked {ask}",
                rewards=(NegotiationSpec(value=value, ask=ask, floor=floor),),
                environment=EnvironmentSpec(name="negotiation", turns=TURNS),
                reference=json.dumps(["offer 0"] * WAITING + [f"offer {met}", "accept"]),
                metadata={"suite": "negotiation-quickstart", "value": value, "ask": ask},
            )


def aimless_move(rng: random.Random, task: Task) -> str:
    """What a buyer who has no plan says; the warm start imitates it, to know the moves."""
    drawn = rng.random()
    return "accept" if drawn < 0.2 else "walk" if drawn < 0.25 else f"offer {rng.randint(1, task.metadata['value'])}"
