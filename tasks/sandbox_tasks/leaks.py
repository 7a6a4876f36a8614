"""Does a held-out split hold what the train split already shows?

What is covered: between `train` and `validation` or `test`, the same prompt (up to case and white space), the same
reference (up to layout, comments and the entry point's name) and the same set of tests are leaks; prompts that share
most of their runs of five words are warnings. What is not covered: one task put in other words, and knowledge
that a pretrained model brings along.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from sandbox_tasks.suite import TaskSuite
from sandbox_tasks.syntax import normal_form
from sandbox_tasks.task import Task, UnitTests

_GRAM = 5
"""Words in a run: long enough that stock phrases ("write a function to") don't make prompts alike."""


@dataclass(frozen=True)
class Leak:
    """A held-out task that a train task gives away (`leak`), or may (`warning`)."""

    severity: Literal["leak", "warning"]
    what: Literal["prompt", "reference", "tests", "near prompt"]
    train_id: str
    held_out_id: str
    held_out_split: str
    similarity: float = 1.0
    """Jaccard similarity of the prompts' runs of words; 1 for exact sameness."""

    def __str__(self) -> str:
        same = f"{self.similarity:.0%} of its prompt" if self.what == "near prompt" else f"its {self.what}"
        return (
            f"{self.held_out_split} task {self.held_out_id} shares {same} with train task {self.train_id}; "
            "remove one or move both to one split"
        )


def find_leaks(suite: TaskSuite, near: float = 0.8) -> list[Leak]:
    """Leaks first, then warnings; `near` is the similarity of prompts from which on to warn (0 to 1)."""
    held_out = [task for task in suite.tasks if task.split != "train"]
    train = suite.split("train")
    exact: list[Leak] = []
    exact += _same("prompt", _prompt_key, train, held_out)
    exact += _same("reference", _reference_key, train, held_out)
    exact += _same("tests", _tests_key, train, held_out)
    known = {(leak.train_id, leak.held_out_id) for leak in exact}
    near_ones = [leak for leak in _near(train, held_out, near) if (leak.train_id, leak.held_out_id) not in known]
    return exact + near_ones


def _same(
    what: Literal["prompt", "reference", "tests"],
    key: Callable[[Task], Hashable],
    train: Iterable[Task],
    held_out: Iterable[Task],
) -> Iterator[Leak]:
    by_key: defaultdict[Hashable, list[str]] = defaultdict(list)
    for task in train:
        by_key[key(task)].append(task.id)
    for task in held_out:
        value = key(task)
        for train_id in by_key.get(value, ()) if value is not None else ():
            yield Leak("leak", what, train_id, task.id, task.split)


def _near(train: Iterable[Task], held_out: Iterable[Task], threshold: float) -> Iterator[Leak]:
    """Counts shared runs through an index, so that only prompts that share one are ever compared."""
    index: defaultdict[Hashable, list[int]] = defaultdict(list)
    grams = [(task.id, _grams(task.prompt)) for task in train]
    for number, (_, runs) in enumerate(grams):
        for run in runs:
            index[run].append(number)
    for task in held_out:
        own = _grams(task.prompt)
        shared = Counter(number for run in own for number in index.get(run, ()))
        for number, count in sorted(shared.items()):
            train_id, runs = grams[number]
            similarity = count / (len(own) + len(runs) - count)
            if similarity >= threshold:
                yield Leak("warning", "near prompt", train_id, task.id, task.split, similarity)


def _grams(prompt: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+|[^\w\s]", prompt.lower())
    return {tuple(words[i : i + _GRAM]) for i in range(max(1, len(words) - _GRAM + 1))}


def _prompt_key(task: Task) -> Hashable:
    return " ".join(task.prompt.lower().split())


def _reference_key(task: Task) -> Hashable:
    if task.reference is None or not any(isinstance(spec, UnitTests) for spec in task.rewards):  # short answers may be the same
        return None
    return _code_key(task.reference, _entry_point(task))


def _tests_key(task: Task) -> Hashable:
    """All tests of a task as a set, without its functions' name; None where it has none."""
    found: set[Hashable] = set()
    for spec in task.rewards:
        if isinstance(spec, UnitTests):
            found |= {_code_key(test, spec.entry_point) for test in spec.tests}
            found |= {(case.stdin, case.stdout) for case in spec.cases}
    return frozenset(found) or None


def _entry_point(task: Task) -> str | None:
    names = (spec.entry_point for spec in task.rewards if isinstance(spec, UnitTests))
    return next((name for name in names if name), None)


def _code_key(code: str, entry_point: str | None) -> str:
    try:
        return normal_form(code, rename=entry_point)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return " ".join(code.split())  # a reference need not be Python: compare it as text
