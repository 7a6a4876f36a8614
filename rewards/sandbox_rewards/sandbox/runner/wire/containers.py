"""The mutable containers that judge and solution both know, by number, while a run lasts.

A container gets its number when it first crosses. It keeps it for as long as both sides hold it, so that what either
side does to it reaches the other with the next message, whoever kept it and however long ago. Each side finds what
changed by comparing, item by item and by identity, with what the container held when it last crossed.

What is covered: lists, dicts, sets, deques, bytearrays and arrays of any nesting; objects of a prelude's classes.
What is not: containers of more than `LARGEST` items that outlive the call that they came with, and those that only a
cycle holds (they stay known, which costs time but is right).
"""

from __future__ import annotations

import sys
from collections import OrderedDict, deque
from operator import is_
from typing import Any

from .arrays import is_array
from .channel import Malformed

LARGEST = 20_000
"""Items of a container that is still followed after its call: comparing more at every message would cost too much."""
_UNHELD = 2
"""References to a container that nobody but this room holds: the list of them, and the question itself."""


class Containers:
    """`objects[number]` is a container, or None where it was let go."""

    def __init__(self) -> None:
        self.objects: list[Any] = []
        self._content: list[Any] = []
        self._number: dict[int, int] = {}
        self.depth = 0

    def add(self, container: Any) -> int:
        number = self._number[id(container)] = len(self.objects)
        self.objects.append(container)
        self._content.append(None)
        return number

    def number(self, container: Any) -> int:
        """Its number; it gets the next one where it has none."""
        known = self._number.get(id(container))
        return self.add(container) if known is None else known

    def known(self, container: Any) -> int | None:
        return self._number.get(id(container))

    def numbered(self, number: Any) -> Any:
        if not (type(number) is int and 0 <= number < len(self.objects)) or self.objects[number] is None:
            raise Malformed("a reference to a container that was not sent")
        return self.objects[number]

    def note(self, number: int) -> None:
        """What the container holds now is what the other side knows."""
        container = self.objects[number]
        self._content[number] = container[:] if type(container) is list else _content(container)

    def changed(self) -> list[int]:
        """Numbers of the containers that hold something else than what was noted; it is noted now."""
        found = []
        for number, container in enumerate(self.objects):
            if container is not None and not _same(now := _content(container), self._content[number]):
                self._content[number] = now
                found.append(number)
        return found

    def unheld(self, start: int = 0, before: int | None = None) -> list[int]:
        """Numbers from `start` to `before` that this side holds no longer, or too large to follow; they are let go."""
        objects, found = self.objects, []
        for number in range(start, len(objects) if before is None else before):
            if objects[number] is None:
                continue
            if sys.getrefcount(objects[number]) <= _UNHELD or _size(self._content[number]) > LARGEST:
                self._drop(number)
                found.append(number)
        return found

    def drop(self, numbers: Any) -> None:
        """Let go of what the other side let go of."""
        for number in numbers or ():
            self.numbered(number)
            self._drop(number)

    def held_from(self, start: int) -> list[int]:
        return [number for number in range(start, len(self.objects)) if self.objects[number] is not None]

    def keep(self, numbers: Any, start: int) -> None:
        """Let go of every container from `start` on but those."""
        kept = frozenset(numbers or ())
        for number in range(start, len(self.objects)):
            if number not in kept and self.objects[number] is not None:
                self._drop(number)

    def trim(self) -> None:
        """Give numbers at the end free again; both sides do it at the end of an outermost exchange."""
        end = len(self.objects)
        while end and self.objects[end - 1] is None:
            end -= 1
        del self.objects[end:], self._content[end:]

    def cut(self, end: int) -> None:
        """Forget the containers from `end` on, as if they had never been written."""
        for number in range(end, len(self.objects)):
            self._drop(number)
        del self.objects[end:], self._content[end:]

    def _drop(self, number: int) -> None:
        container, self.objects[number], self._content[number] = self.objects[number], None, None
        if container is not None:
            self._number.pop(id(container), None)


def attributes(thing: Any) -> dict[str, Any]:
    """Instance attributes of an object, those in slots too."""
    found = dict(getattr(thing, "__dict__", ()))
    found.update((name, getattr(thing, name)) for name in slots(type(thing)) if hasattr(thing, name))
    return found


def slots(kind: type) -> list[str]:
    """Names of the attributes that its instances keep outside their `__dict__`."""
    found: list[str] = []
    for base in kind.__mro__:
        own = base.__dict__.get("__slots__", ())
        found += (own,) if isinstance(own, str) else own
    return [name for name in found if name not in ("__dict__", "__weakref__")]


def _content(container: Any) -> Any:
    if isinstance(container, list):
        return list.copy(container)
    if isinstance(container, dict):
        kind = OrderedDict if isinstance(container, OrderedDict) else dict
        return [*kind.keys(container), *kind.values(container)]
    if isinstance(container, set):
        return [*set.__iter__(container)]
    if isinstance(container, deque):
        return [*deque.__iter__(container)]
    if isinstance(container, bytearray):
        return bytes(container)
    if hasattr(container, "typecode") or is_array(container):
        return bytes(container.tobytes())
    found = attributes(container)
    return [*found.keys(), *found.values()]


def _same(one: Any, other: Any) -> bool:
    if type(one) is bytes:
        return bool(one == other)
    return other is not None and len(one) == len(other) and all(map(is_, one, other))


def _size(content: Any) -> int:
    return 0 if content is None else len(content)
