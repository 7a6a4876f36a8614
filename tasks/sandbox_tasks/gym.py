"""Suites of reasoning-gym (arXiv:2505.24760) by name: `reasoning-gym:leg_counting,gcd?size=100&seed=1`.

Its families make questions without end, each the same for the same numbers, and bring verifiers of their own. `size` counts the
training tasks of each family (validation and test get a fifth of it each, from seeds of their own); any further setting is the
family's own (`max_terms=3`).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from sandbox_tasks.errors import TaskError, UnknownNameError
from sandbox_tasks.task import GymEntry, Split, Task

PREFIX = "reasoning-gym:"
APART = 10_000_000
"""Between the seeds of splits: a family counts its questions up from its seed."""
HINT = "\n\nGive the final answer as <answer>...</answer>."
_RUNS = "its verifier runs a model's text as code, outside of any sandbox"
_ORDER = "its questions differ from process to process"
REFUSED = {
    **dict.fromkeys((
        "binary_matrix", "countdown", "intermediate_integration", "n_queens", "polynomial_multiplication", "puzzle24",
        "simple_integration", "spiral_matrix", "string_insertion",
    ), _RUNS),
    **dict.fromkeys(("isomorphic_strings", "ransom_note"), _ORDER),
    "game_of_life_halting": "its verifier pays for any text where the answer is False",
    "composite": "it is made of other families; name those",
}  # fmt: skip
"""Families of reasoning-gym 0.1.25 that make no tasks, and why."""


def is_gym(name: str) -> bool:
    return name.startswith(PREFIX)


def gym_tasks(name: str) -> Iterator[Task]:
    """The tasks that a name stands for. Raises TaskError for settings that are wrong, UnknownNameError for families that are."""
    families, _, query = name.removeprefix(PREFIX).partition("?")
    settings = {key: _value(value) for key, value in parse_qsl(query, keep_blank_values=True)}
    size, seed = _whole(settings.pop("size", 100), "size", 1), _whole(settings.pop("seed", 0), "seed", 0)
    sizes: dict[Split, int] = {"train": size, "validation": max(1, size // 5), "test": max(1, size // 5)}
    for family in families.split(","):
        dataset(family, seed, 1, json.dumps(settings))  # what is wrong with a name is told before any task is made
        asked: set[str] = set()
        for place, (split, count) in enumerate(sizes.items()):
            entry = GymEntry(family=family, seed=seed + place * APART, size=count, index=0, config=settings)
            yield from _tasks_of(entry, split, asked)


def _tasks_of(first: GymEntry, split: Split, asked: set[str]) -> Iterator[Task]:
    """One family's tasks of a split; what was asked before is left out."""
    made = dataset(first.family, first.seed, first.size, json.dumps(first.config))
    for index in range(first.size):
        entry = first.model_copy(update={"index": index})
        question = made[index]
        prompt = prompt_of(question)
        if prompt in asked:
            continue
        asked.add(prompt)
        answer = question.get("answer")
        yield Task(
            id=f"reasoning-gym/{first.family}/{first.seed}-{index}",
            split=split,
            prompt=prompt,
            rewards=(entry,),
            reference=f"<answer>{answer}</answer>" if answer is not None else None,
            metadata={"suite": "reasoning-gym", "family": first.family, "licence": "Apache-2.0"},
        )


def prompt_of(question: dict[str, Any]) -> str:
    """What a model is asked: the question, and how its answer is found."""
    return str(question["question"]) + HINT


@functools.lru_cache(maxsize=64)
def dataset(family: str, seed: int, size: int, config: str) -> Any:
    """A family's questions, by index; `config` is its own settings as JSON. Raises TaskError, UnknownNameError."""
    if family in REFUSED:
        raise TaskError(f"{family!r} of reasoning-gym can't be used, because {REFUSED[family]}; leave it out")
    try:
        import reasoning_gym
        from reasoning_gym.factory import DATASETS
    except ModuleNotFoundError as error:
        raise TaskError(f"needs the package reasoning-gym ({error}); pip install 'sandbox-rl[reasoning-gym]'") from None
    if family not in DATASETS:
        raise UnknownNameError("family of reasoning-gym", family, DATASETS)
    try:
        return reasoning_gym.create_dataset(family, seed=seed, size=size, **json.loads(config))
    except (TypeError, ValueError, AssertionError) as error:
        raise TaskError(f"reasoning-gym can't make {family!r} with {config} ({error}); correct the settings") from None


def _value(text: str) -> Any:
    """A setting as JSON where it is some, else as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _whole(value: Any, name: str, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise TaskError(f"{name} is {value!r}, but a whole number of at least {least} is needed; correct it")
    return value
