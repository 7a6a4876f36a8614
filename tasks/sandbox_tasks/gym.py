"""Suites of reasoning-gym (arXiv:2505.24760) by name: `reasoning-gym:leg_counting,gcd?size=100&seed=1`.

Its families make questions without end, each the same for the same numbers, and bring verifiers of their own. `size` counts the
training tasks of each family (validation and test get a fifth of it each, from seeds of their own); `credit` says what an answer
gets that a verifier gives a share (`all`: nothing; `share`); any further setting is the family's own (`max_terms=3`).
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
from collections.abc import Iterator
from typing import Any, get_args
from urllib.parse import parse_qsl

from sandbox_tasks.errors import TaskError, UnknownNameError
from sandbox_tasks.task import Credit, GymEntry, Split, Task

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
    **dict.fromkeys(("codeio", "isomorphic_strings", "list_functions", "ransom_note"), _ORDER),
    "coin_flip": "its verifier pays in full for the first digit of an answer",
    "complex_arithmetic": "its verifier pays in full for 'nan'",
    "game_of_life_halting": "its verifier pays in full for any text where the answer is False",
    "number_sorting": "its verifier pays in full for a list of NaN",
    "propositional_logic": "its verifier pays in full for a premise said again",
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
    credit = _credit(settings.pop("credit", "all"))
    sizes: dict[Split, int] = {"train": size, "validation": max(1, size // 5), "test": max(1, size // 5)}
    named = families.split(",")
    for place, family in enumerate(named):
        if family in named[:place]:
            raise TaskError(f"{family!r} is named twice in {name!r}; name it once")
        _dataset(family, seed, 1, json.dumps(settings))  # what is wrong with a name is told before any task is made
        asked: set[str] = set()
        for apart, (split, count) in enumerate(sizes.items()):
            entry = GymEntry(family=family, seed=seed + apart * APART, size=count, index=0, config=settings, credit=credit)
            yield from _tasks_of(entry, split, asked)


def _tasks_of(first: GymEntry, split: Split, asked: set[str]) -> Iterator[Task]:
    """One family's tasks of a split; what was asked before is left out."""
    for index in range(first.size):
        entry = first.model_copy(update={"index": index})
        question = question_of(entry)
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


def question_of(entry: GymEntry) -> dict[str, Any]:
    """What reasoning-gym makes of these numbers. Raises TaskError, UnknownNameError."""
    made = dataset_of(entry)
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # some families print dots
            question: dict[str, Any] = made[entry.index]
    except MemoryError:
        raise  # not the settings' doing
    except Exception as error:  # noqa: BLE001 - whatever a family's code makes of its settings, they are what it can't use
        raise TaskError(
            f"reasoning-gym can't make question {entry.index} of {entry.family!r} with {json.dumps(entry.config)} "
            f"({type(error).__name__}: {error}); correct the settings"
        ) from None
    return question


def prompt_of(question: dict[str, Any]) -> str:
    """What a model is asked: the question, and how its answer is found."""
    return str(question["question"]) + HINT


def dataset_of(entry: GymEntry) -> Any:
    """The set of questions that an entry's is from, which has the family's verifier. Raises TaskError, UnknownNameError."""
    return _dataset(entry.family, entry.seed, entry.size, json.dumps(entry.config))


@functools.lru_cache(maxsize=64)
def _dataset(family: str, seed: int, size: int, config: str) -> Any:
    """A family's questions, by index; `config` is its own settings as JSON."""
    if family in REFUSED:
        raise TaskError(f"{family!r} of reasoning-gym can't be used, because {REFUSED[family]}; leave it out")
    try:
        import reasoning_gym
        from reasoning_gym.factory import DATASETS
    except ModuleNotFoundError as error:
        raise TaskError(f"needs the package reasoning-gym ({error}); pip install 'sandbox-rl[reasoning-gym]'") from None
    if family not in DATASETS:
        raise UnknownNameError("family of reasoning-gym", family, set(DATASETS) - set(REFUSED))
    try:
        return reasoning_gym.create_dataset(family, seed=seed, size=size, **json.loads(config))
    except Exception as error:  # noqa: BLE001 - as above
        raise TaskError(f"reasoning-gym can't make {family!r} with {config} ({error}); correct the settings") from None


def _value(text: str) -> Any:
    """A setting as JSON where it is some, else as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _credit(value: Any) -> Credit:
    if value not in get_args(Credit):
        raise TaskError(f"credit is {value!r}, but it is 'all' or 'share'; correct it")
    credit: Credit = value
    return credit


def _whole(value: Any, name: str, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise TaskError(f"{name} is {value!r}, but a whole number of at least {least} is needed; correct it")
    return value
