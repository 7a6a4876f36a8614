"""What a task's code comes to before there is an answer: compiled, and read for what it asks of a solution.

It is made once a task by the judge that goes on, and handed to the judge of one answer, which would pay for it again each time.
What is covered: everything that depends on the task alone. What is not: what the prelude binds, which is known once it has run.
"""

from __future__ import annotations

import builtins
import functools
from types import CodeType
from typing import Any, NamedTuple

from .guard import texts_of
from .task_code import compiled, parts
from .uses import Uses, names_of_solution, names_read, names_used, uses


class Plan(NamedTuple):
    """As plain data, so that it can be handed over."""

    code: dict[str, CodeType]
    """Of each part, and of the call of a `check`."""
    named: list[str]
    """Names that the solution may give, but for those that the prelude gives."""
    modules: list[str]
    """Modules that tests use without importing them."""
    setup_reads: list[str]
    words: list[str]
    any_public: bool
    classes: list[str]
    raised: list[str]
    texts: list[str]
    """What `eval` and the like may run."""

    @property
    def uses(self) -> Uses:
        kinds = tuple(getattr(builtins, name) for name in self.raised)
        return Uses(frozenset(self.words), self.any_public, frozenset(self.classes), kinds)


CHECK = "check(__candidate__)"


def plan(spec: dict[str, Any]) -> Plan:
    """Raises `TaskFault` for code that does not compile."""
    classes = spec.get("classes")
    named = parts(spec)
    entry = spec["entry_point"]
    return _plan(tuple(named.items()), tuple(spec["tests"]), spec["setup"], entry, None if classes is None else tuple(classes))


@functools.lru_cache(maxsize=1024)
def _plan(
    named: tuple[tuple[str, str], ...], tests: tuple[str, ...], setup: str, entry_point: str | None,
    classes: tuple[str, ...] | None,
) -> Plan:  # fmt: skip
    code = {part: compiled(source, part) for part, source in named} | {"check": compiled(CHECK, "check")}
    sources = tuple(source for _, source in named)
    used = uses(sources, classes)
    return Plan(
        code, names_of_solution(tests, setup, entry_point, frozenset()), sorted(names_used((*tests, setup)).modules),
        sorted(names_read(setup)), sorted(used.words), used.any_public, sorted(used.classes),
        [kind.__name__ for kind in used.raised], sorted(frozenset().union(*map(texts_of, sources))),
    )  # fmt: skip
