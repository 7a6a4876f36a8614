"""Values as data: what crosses between judge and solution.

A value becomes `[root, table]`, both JSON. Immutable plain data stands inline; each mutable container is an
entry of the table and stands as `["r", index]`, so that sharing and cycles survive and a call can send back
just the containers that it changed. A subclass of a plain type travels as its base type's value. What is not
data is left to `opaque`, which turns it into a handle or refuses it.

What is covered: exact types of None, bool, int (any size), float (nan, inf), complex, str, bytes, bytearray,
list, tuple, dict (order, any hashable key), set, frozenset, deque, range, Decimal, Fraction, date, time,
datetime, timedelta, timezone, slice, Ellipsis, NotImplemented.
Also objects of classes that a task's prelude gives to both sides (`shared`): their attributes travel.
What is not: anything else, which is the two sides' business (`handles.py`, `solution.py`).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import enum
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .channel import Malformed

Wire = Any
_SMALL = 1 << 63
_MUTABLE = (list, dict, set, bytearray, deque)
_IMMUTABLE = (
    int, float, complex, str, bytes, tuple, frozenset, range, Decimal, Fraction,
    dt.datetime, dt.date, dt.time, dt.timedelta, dt.timezone, slice, type(...), type(NotImplemented),
)  # fmt: skip


def plain_base(kind: type) -> type | None:
    """The plain type that a value of type `kind` travels as, or None when it is not data."""
    for base in kind.__mro__:
        if base in _MUTABLE or base in _IMMUTABLE:
            return base
    return None


class Encoder:
    """Turns values into wire form; `objects[i]` is the container that table entry `i` describes."""

    def __init__(self, opaque: Callable[[Any], Wire], shared: dict[str, type], objects: list[Any] | None = None) -> None:
        self._opaque = opaque
        self._shared = {kind: name for name, kind in shared.items()}
        self.objects: list[Any] = list(objects or [])
        self._index = {id(container): i for i, container in enumerate(self.objects)}

    def encode(self, value: Any) -> list[Wire]:
        """`[root, table]` of `value`; the table holds every container that was not known before."""
        known = len(self.objects)
        return [self._inline(value), self._entries_from(known)]

    def changes(self, before: list[Wire]) -> Wire | None:
        """`[[[index, entry], ...], table]` of the containers that `before` (their old entries) no longer describes."""
        known = len(self.objects)
        changed = [[i, entry] for i, old in enumerate(before) if (entry := self.entry(i)) != old]
        return [changed, self._entries_from(known)] if changed else None

    def _entries_from(self, position: int) -> list[Wire]:
        """Entries of the containers from `position` on; describing one may discover more."""
        entries = []
        while position < len(self.objects):
            entries.append(self.entry(position))
            position += 1
        return entries

    def entry(self, position: int) -> Wire:
        """Table entry of container `position` as it is now."""
        container = self.objects[position]
        inline = self._inline
        if isinstance(container, list):
            return ["l", [inline(item) for item in list.__iter__(container)]]
        if isinstance(container, dict):
            return ["d", [[inline(k), inline(v)] for k, v in dict.items(container)]]
        if isinstance(container, set):
            return ["s", [inline(item) for item in set.__iter__(container)]]
        if isinstance(container, deque):
            return ["q", [inline(item) for item in deque.__iter__(container)], container.maxlen]
        if isinstance(container, bytearray):
            return ["y", bytes(container).decode("latin-1")]
        return [
            "o",
            self._shared[type(container)],
            [[name, inline(v)] for name, v in _state(container).items()],
        ]

    def _inline(self, value: Any) -> Wire:
        kind = type(value)
        if value is None or kind is bool or kind is str or kind is float:
            return value
        if kind is int:
            return value if -_SMALL < value < _SMALL else ["i", hex(value)]
        base = plain_base(kind)
        if kind in self._shared:
            if isinstance(value, enum.Enum):
                return ["e", self._shared[kind], value.name]
            if base is tuple:
                return ["nt", self._shared[kind], [self._inline(item) for item in tuple.__iter__(value)]]
            if base is None and not isinstance(value, BaseException):
                return ["r", self._position(value)]
        if base in _MUTABLE:
            return ["r", self._position(value)]
        if base is None:
            return self._opaque(value)
        return _IMMUTABLE_WIRE[base](value, self._inline)

    def _position(self, container: Any) -> int:
        position = self._index.get(id(container))
        if position is None:
            position = self._index[id(container)] = len(self.objects)
            self.objects.append(container)
        return position


class Decoder:
    """Turns wire form back into values, trusting nothing: raises `Malformed` for what no encoder writes."""

    def __init__(self, opaque: Callable[[list[Any]], Any], shared: dict[str, type], objects: list[Any] | None = None) -> None:
        self._opaque = opaque
        self._shared = shared
        self.objects: list[Any] = list(objects or [])

    def decode(self, wire: Wire) -> Any:
        """Value of `[root, table]`; `objects` then holds its containers after those known before."""
        try:
            root, table = wire
            known = len(self.objects)
            self.objects += [self._empty(entry) for entry in table]
            fresh = list(zip(table, self.objects[known:], strict=True))
            for entry, container in sorted(fresh, key=lambda pair: pair[0][0] != "o"):  # before a set hashes them
                self.fill(container, entry)
            return self._value(root)
        except (
            TypeError,
            ValueError,
            KeyError,
            IndexError,
            ArithmeticError,
            AttributeError,
            RecursionError,
        ) as error:
            raise Malformed(f"a value that cannot be read ({type(error).__name__}: {error})") from None

    def apply(self, changes: Wire | None) -> None:
        """Give the containers that `changes` names their new content, in place."""
        if changes:
            changed, table = changes
            self.decode([None, table])
            for index, entry in changed:
                self.fill(self.objects[index], entry)

    def fill(self, container: Any, entry: Wire) -> None:
        """Give `container` the content that `entry` describes, in place."""
        value = self._value
        if isinstance(container, list):
            container[:] = [value(item) for item in entry[1]]
        elif isinstance(container, dict):
            items = [(value(k), value(v)) for k, v in entry[1]]
            dict.clear(container)
            for k, v in items:
                dict.__setitem__(container, k, v)
        elif isinstance(container, (set, deque)):
            items = [value(item) for item in entry[1]]
            container.clear()
            container.update(items) if isinstance(container, set) else container.extend(items)
        elif isinstance(container, bytearray):
            container[:] = entry[1].encode("latin-1")
        else:
            hidden = vars(type(container))  # an instance must not replace the methods of its class
            attributes = {_attribute(name): value(v) for name, v in entry[2] if not callable(hidden.get(name))}
            if hasattr(container, "__dict__"):
                container.__dict__.clear()
                container.__dict__.update((k, v) for k, v in attributes.items() if k not in _slots(type(container)))
            for slot in _slots(type(container)) & attributes.keys():
                object.__setattr__(container, slot, attributes[slot])

    def _empty(self, entry: Wire) -> Any:
        if entry[0] == "o":
            kind = self._shared[entry[1]]
            return object.__new__(kind)
        if entry[0] == "q":
            return deque(maxlen=entry[2])
        return {"l": list, "d": dict, "s": set, "y": bytearray}[entry[0]]()

    def _value(self, wire: Wire) -> Any:
        if not isinstance(wire, list):
            if isinstance(wire, dict):
                raise Malformed("an object where a value belongs")
            return wire
        tag = wire[0]
        if tag == "r":
            if not (isinstance(wire[1], int) and 0 <= wire[1] < len(self.objects)):
                raise Malformed("a reference to a container that was not sent")
            return self.objects[wire[1]]
        if tag == "e":
            return self._shared[wire[1]].__members__[wire[2]]  # type: ignore[attr-defined]
        if tag == "nt":
            return tuple.__new__(self._shared[wire[1]], [self._value(item) for item in wire[2]])
        read = _IMMUTABLE_VALUE.get(tag)
        return self._opaque(wire) if read is None else read(wire, self._value)


def _slots(kind: type) -> set[str]:
    """Names of the attributes that instances keep outside their `__dict__`."""
    found: set[str] = set()
    for base in kind.__mro__[:-1]:
        slots = vars(base).get("__slots__", ())
        found.update((slots,) if isinstance(slots, str) else slots)
    return found - {"__dict__", "__weakref__"}


def _state(instance: Any) -> dict[str, Any]:
    """All attributes of an instance itself."""
    state = dict(getattr(instance, "__dict__", ()))
    for slot in _slots(type(instance)):
        with contextlib.suppress(AttributeError):  # a slot that was never filled
            state[slot] = object.__getattribute__(instance, slot)
    return state


def _attribute(name: Any) -> str:
    """An instance attribute's name; dunder names could change how the class itself behaves."""
    if not isinstance(name, str) or (name.startswith("__") and name.endswith("__")):
        raise Malformed(f"an attribute named {name!r:.40}")
    return name


def _offset_wire(tz: dt.tzinfo | None) -> float | None:
    """Fixed offset in seconds. A named zone travels as its offset at that moment is not known here: as naive."""
    return tz.utcoffset(None).total_seconds() if isinstance(tz, dt.timezone) else None


def _offset_value(seconds: float | None) -> dt.timezone | None:
    return None if seconds is None else dt.timezone(dt.timedelta(seconds=seconds))


_Inline = Callable[[Any], Any]
_IMMUTABLE_WIRE: dict[type, Callable[[Any, _Inline], Wire]] = {
    int: lambda v, _: n if -_SMALL < (n := int.__pos__(v)) < _SMALL else ["i", hex(n)],
    float: lambda v, _: float.__pos__(v),
    str: lambda v, _: str.__str__(v),
    complex: lambda v, _: ["c", v.real, v.imag],
    bytes: lambda v, _: ["b", bytes.__getitem__(v, slice(None)).decode("latin-1")],
    tuple: lambda v, inline: ["t", [inline(item) for item in tuple.__iter__(v)]],
    frozenset: lambda v, inline: ["f", [inline(item) for item in frozenset.__iter__(v)]],
    range: lambda v, inline: ["R", inline(v.start), inline(v.stop), inline(v.step)],
    Decimal: lambda v, _: ["D", str(Decimal(v))],
    Fraction: lambda v, _: ["F", hex(v.numerator), hex(v.denominator)],
    dt.datetime: lambda v, _: [
        "dt", v.year, v.month, v.day, v.hour, v.minute, v.second, v.microsecond, _offset_wire(v.tzinfo), v.fold
    ],
    dt.date: lambda v, _: ["da", v.year, v.month, v.day],
    dt.time: lambda v, _: ["ti", v.hour, v.minute, v.second, v.microsecond, _offset_wire(v.tzinfo), v.fold],
    dt.timedelta: lambda v, _: ["td", v.days, v.seconds, v.microseconds],
    dt.timezone: lambda v, _: ["tz", _offset_wire(v)],
    slice: lambda v, inline: ["sl", inline(v.start), inline(v.stop), inline(v.step)],
    type(...): lambda v, _: ["E"],
    type(NotImplemented): lambda v, _: ["N"],
}  # fmt: skip
_IMMUTABLE_VALUE: dict[str, Callable[[list[Any], _Inline], Any]] = {
    "i": lambda w, _: int(w[1], 16),
    "c": lambda w, _: complex(w[1], w[2]),
    "b": lambda w, _: w[1].encode("latin-1"),
    "t": lambda w, value: tuple([value(item) for item in w[1]]),
    "f": lambda w, value: frozenset([value(item) for item in w[1]]),
    "R": lambda w, value: range(value(w[1]), value(w[2]), value(w[3])),
    "D": lambda w, _: Decimal(w[1]),
    "F": lambda w, _: Fraction(int(w[1], 16), int(w[2], 16)),
    "dt": lambda w, _: dt.datetime(w[1], w[2], w[3], w[4], w[5], w[6], w[7], _offset_value(w[8]), fold=w[9]),
    "da": lambda w, _: dt.date(*w[1:4]),
    "ti": lambda w, _: dt.time(w[1], w[2], w[3], w[4], _offset_value(w[5]), fold=w[6]),
    "td": lambda w, _: dt.timedelta(*w[1:4]),
    "tz": lambda w, _: _offset_value(w[1]),
    "sl": lambda w, value: slice(value(w[1]), value(w[2]), value(w[3])),
    "E": lambda w, _: ...,
    "N": lambda w, _: NotImplemented,
}
