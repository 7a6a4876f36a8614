"""Iterators of Python's own kinds as data: the items that they give, read out where they are.

What is covered: generators, and iterators of builtins, `itertools` and `collections` (`map`, `zip`, `reversed`, a list's), up to
`LONGEST` items; the error that ended one ends its twin on the other side too. A generator is a generator there, anything
else an iterator.
What is not: iterators of other classes; and anything but the items: when an item is made, and what `send` or `throw` would do.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from typing import Any

Wire = Any
LONGEST = 100_000
"""Items that are read out; an iterator that gives more ends there with an error."""


class TooManyItems(Exception):
    """An iterator gives more items than are read out."""


def is_plain_iterator(value: Any) -> bool:
    kind = type(value)
    return kind.__module__ in _MODULES and "__next__" in dir(kind) and kind.__name__ not in _NONE


_MODULES = frozenset({"builtins", "itertools", "collections", "_collections"})
_NONE = frozenset({"coroutine", "async_generator"})


def wire(iterator: Iterator[Any], inline: Callable[[Any], Wire], error: Callable[[BaseException], Wire]) -> Wire:
    """Reads an iterator out, to its end or `LONGEST` items."""
    items: list[Wire] = []
    ended: Wire = None
    try:
        for item in iterator:
            if len(items) == LONGEST:
                ended = "more"
                break
            items.append(inline(item))
    except Exception as problem:
        ended = error(problem)
    return ["it", isinstance(iterator, types.GeneratorType), items, ended]


def read(wire: Wire, value: Callable[[Any], Any], error: Callable[[Any], Any]) -> Iterator[Any]:
    _, is_generator, items, ended = wire
    problem = TooManyItems(f"more than {LONGEST} items") if ended == "more" else None if ended is None else error(ended)
    if problem is not None and not isinstance(problem, BaseException):
        raise ValueError("an iterator that ended with no error")
    read_out = list(map(value, items))
    return _generated(read_out, problem) if is_generator is True or problem else iter(read_out)


def _generated(items: list[Any], problem: BaseException | None) -> Iterator[Any]:
    yield from items
    if problem is not None:
        raise problem
