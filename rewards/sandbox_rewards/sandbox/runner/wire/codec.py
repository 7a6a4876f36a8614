"""Values as data: what crosses between judge and solution.

A value becomes `[root, table]`, both JSON. Immutable plain data stands inline; each mutable container is an
entry of the table and stands as `["r", number]`, so that sharing and cycles survive. A container keeps its
number for as long as both sides hold it (`containers.py`), and each message says which of them changed. An
instance of a subclass of a plain type travels as its base type's value, with a companion that is asked for
the rest (`subclasses.py`). What is not data is left to the side, which turns it into a handle or refuses it.

What is covered: exact types of None, bool, int (any size), float (nan, inf), complex, str, bytes, bytearray,
list, tuple, dict (order, any hashable key), OrderedDict, defaultdict, Counter, set, frozenset, deque, range,
slice, Decimal, Fraction, date, time, datetime, timedelta, timezone, Ellipsis, NotImplemented, and what
`library.py` and `arrays.py` list. Also objects of classes that a task's prelude gives to both sides (`shared`): attributes,
slots, fields of tuples and members of enums travel.
What is not: anything else, which is the two sides' business (`handles.py`, `solution.py`).
"""

from __future__ import annotations

import datetime as dt
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

from . import arrays, library
from .channel import Malformed
from .containers import Containers, attributes, slots

Wire = Any
_SMALL = 1 << 63
_MUTABLE = frozenset({list, dict, set, bytearray, deque, OrderedDict, Counter, defaultdict})


class Side(Protocol):
    """What judge and solution each know about values that are not plain data."""

    def opaque(self, value: Any) -> Wire:
        """Wire form of what is not data."""

    def meant(self, wire: list[Any]) -> Any:
        """What a wire form that is not data means."""

    def is_handle(self, value: Any) -> bool:
        """Whether it stands for an object of the other side."""

    def companion(self, value: Any, base: type) -> Wire | None:
        """Who answers for an instance of a subclass of `base`; None where it is to be the plain value alone."""

    def subclassed(self, value: Any, companion: Wire) -> Any:
        """`value`, of a plain type, as an instance of a subclass whose further attributes `companion` knows."""


def plain_base(kind: type) -> type | None:
    """The plain type that a value of type `kind` travels as, or None when it is not data."""
    for base in kind.__mro__:
        if base in _MUTABLE or base in _IMMUTABLE_WIRE:
            return base
    return None


class Codec:
    """One side's end: writes and reads values, and keeps the containers that both sides know."""

    def __init__(self, side: Side, shared: dict[str, Any], *, judges: bool) -> None:
        self._side = side
        self._judges = judges
        self._shared = shared
        self._shared_name = {kind: name for name, kind in shared.items()}
        self.containers = Containers()

    # -- writing ----------------------------------------------------------------------------------------------

    def encode(self, value: Any) -> list[Wire]:
        """`[root, table]` of `value`; the table holds every container that was not known before."""
        known = len(self.containers.objects)
        try:
            return [self.inline(value), self._entries_from(known)]
        except BaseException:
            self.containers.cut(known)
            raise

    def changes(self) -> Wire | None:
        """`[[[number, entry], ...], table]` of the known containers that hold something else than when they last crossed."""
        changed = self.containers.changed()
        if not changed:
            return None
        known = len(self.containers.objects)
        return [[[number, self._entry(self.containers.objects[number])] for number in changed], self._entries_from(known)]

    def _entries_from(self, number: int) -> list[Wire]:
        """Entries of the containers from `number` on; describing one may discover more."""
        objects: list[Any] = self.containers.objects
        entries: list[Wire] = []
        while number < len(objects):
            entries.append(self._entry(objects[number]))
            self.containers.note(number)
            number += 1
        return entries

    def _entry(self, container: Any) -> Wire:
        kind = type(container)
        write = _ENTRY.get(kind)
        if write is not None:
            return write(container, self.inline)
        if kind in self._shared_name:
            return ["o", self._shared_name[kind], [[k, self.inline(v)] for k, v in attributes(container).items()]]
        base = plain_base(kind)
        if base is None:
            return arrays.entry(container) if arrays.is_array(container) else library.entry(container)
        entry, companion = _ENTRY[base](container, self.inline), self._side.companion(container, base)
        return entry if companion is None else ["S", entry, companion]

    def inline(self, value: Any) -> Wire:
        """Wire form of one value; containers in it get numbers, and their entries are for `encode` to write."""
        kind = type(value)
        if value is None or kind is bool or kind is str or kind is float:
            return value
        if kind is int:
            return value if -_SMALL < value < _SMALL else ["i", hex(value)]
        if kind in _MUTABLE:
            return ["r", self.containers.number(value)]
        write = _IMMUTABLE_WIRE.get(kind)
        return self._unusual(value, kind) if write is None else write(value, self.inline)

    def _unusual(self, value: Any, kind: type) -> Wire:
        if self._side.is_handle(value):
            return self._side.opaque(value)
        if (known := self.containers.known(value)) is not None:
            return ["r", known]
        if kind in self._shared_name:
            return self._of_shared_class(value, self._shared_name[kind])
        base = plain_base(kind)
        if base in _MUTABLE or (base is None and (library.is_mutable(value) or self._crosses(value))):
            return ["r", self.containers.number(value)]
        if base is not None:
            companion, write = self._side.companion(value, base), _IMMUTABLE_WIRE[base]
            if companion is None or companion[0] == "=":
                return write(value, self.inline) if companion is None else companion[1]
            return ["S", write(value, self.inline), companion]
        wire = arrays.scalar_wire(value) or library.wire(value, self.inline)
        return self._side.opaque(value) if wire is None else wire

    def _crosses(self, value: Any) -> bool:
        """Whether it is an array that goes over as data."""
        return arrays.is_array(value) and (self._judges or value.size > 0)

    def _of_shared_class(self, value: Any, name: str) -> Wire:
        if (member := getattr(value, "_name_", None)) is not None and hasattr(type(value), "_member_map_"):
            return ["e", name, member]
        if isinstance(value, tuple):
            return ["n", name, [self.inline(item) for item in tuple.__iter__(value)]]
        if isinstance(value, BaseException):
            return self._side.opaque(value)
        return ["r", self.containers.number(value)]

    # -- reading: trusts nothing, and raises `Malformed` for what no encoder writes -----------------------------

    def decode(self, wire: Wire) -> Any:
        """Value of `[root, table]`, whose containers get the next numbers."""
        try:
            root, table = wire
            if table:
                self._take(table)
            return self.value(root)
        except (TypeError, ValueError, KeyError, IndexError, ArithmeticError, AttributeError, RecursionError) as error:
            raise Malformed(f"a value that cannot be read ({type(error).__name__}: {error})") from None

    def apply(self, changes: Wire | None) -> None:
        """Give the containers that `changes` names their new content, in place."""
        if changes:
            changed, table = changes
            self.decode([None, table])
            self._fill([(number, self.containers.numbered(number), entry) for number, entry in changed])

    def _take(self, table: list[Wire]) -> None:
        known = len(self.containers.objects)
        for entry in table:
            self.containers.add(self._empty(entry))
        objects = self.containers.objects
        self._fill([(known + i, objects[known + i], entry) for i, entry in enumerate(table)])

    def _fill(self, contents: list[tuple[int, Any, Wire]]) -> None:
        """Give each container what its entry says, the objects first: sets and dicts may ask for their hashes."""
        for first in (True, False):
            for number, container, entry in contents:
                if entry[0] == "S":
                    entry = entry[1]
                if (entry[0] == "o") is first:
                    self._fill_one(container, entry)
                    self.containers.note(number)

    def _fill_one(self, container: Any, entry: Wire) -> None:
        value = self.value
        if isinstance(container, list):
            list.__setitem__(container, slice(None), map(value, entry[1]))
        elif isinstance(container, dict):
            items = [(value(k), value(v)) for k, v in entry[1]]
            dict.clear(container)
            kind = OrderedDict if isinstance(container, OrderedDict) else dict
            if kind is OrderedDict:
                OrderedDict.clear(container)
            for k, v in items:
                kind.__setitem__(container, k, v)
        elif isinstance(container, (set, deque)):
            items = list(map(value, entry[1]))
            if isinstance(container, set):
                set.clear(container)
                set.update(container, items)
            else:
                deque.clear(container)
                deque.extend(container, items)
        elif isinstance(container, bytearray):
            bytearray.__setitem__(container, slice(None), entry[1].encode("latin-1"))
        elif entry[0] == "o":
            self._fill_shared(container, entry)
        elif entry[0] == "np":
            arrays.fill(container, entry)
        else:
            library.fill(container, entry)

    def _fill_shared(self, container: Any, entry: Wire) -> None:
        kind = type(container)
        if self._shared_name.get(kind) is None:
            raise Malformed("attributes for what has none")
        values = {_attribute(name): self.value(v) for name, v in entry[2]}
        for name in attributes(container):
            if name not in values:
                object.__delattr__(container, name)
        for name, v in values.items():
            if not _is_of_the_class(kind, name):
                _set(container, name, v)

    def _empty(self, entry: Wire) -> Any:
        tag = entry[0]
        if tag == "S":
            return self._side.subclassed(self._empty(entry[1]), entry[2])
        if tag == "o":
            return object.__new__(self._shared[entry[1]])
        if tag == "q":
            return deque(maxlen=entry[2])
        if tag == "dd":
            factory = self.value(entry[2])
            return defaultdict(factory if factory is None or callable(factory) else None)
        if tag == "a":
            return library.empty(entry)
        if tag == "np":
            return arrays.empty(entry, allow_nothing=not self._judges)
        return _EMPTY[tag]()

    def value(self, wire: Wire) -> Any:
        """What one wire form means, whose containers are known."""
        if not isinstance(wire, list):
            if isinstance(wire, dict):
                raise Malformed("an object where a value belongs")
            return wire
        tag = wire[0]
        if tag == "r":
            return self.containers.numbered(wire[1])
        read = _IMMUTABLE_VALUE.get(tag)
        if read is not None:
            return read(wire, self.value)
        if tag == "S":
            return self._side.subclassed(self.value(wire[1]), wire[2])
        if tag == "e":
            return self._shared[wire[1]]._member_map_[wire[2]]
        if tag == "n":
            return tuple.__new__(self._shared[wire[1]], [self.value(item) for item in wire[2]])
        read_library = arrays.read_scalar if tag == "Ln" else library.READ.get(tag)
        return self._side.meant(wire) if read_library is None else read_library(wire, self.value)


def _attribute(name: Any) -> str:
    """An instance attribute's name; dunder names could change how the class itself behaves."""
    if not isinstance(name, str) or (name.startswith("__") and name.endswith("__")):
        raise Malformed(f"an attribute named {name!r:.40}")
    return name


def _is_of_the_class(kind: type, name: str) -> bool:
    """Whether a class, or one above it, has a method or the like of that name, which an instance must not replace."""
    found = next((base.__dict__[name] for base in type.mro(kind) if name in base.__dict__), None)
    return (callable(found) or hasattr(type(found), "__get__")) and not isinstance(found, types.MemberDescriptorType)


def _set(container: Any, name: str, value: Any) -> None:
    own = getattr(container, "__dict__", None)
    if own is not None and name not in slots(type(container)):
        own[name] = value
    else:
        object.__setattr__(container, name, value)


def _zone_wire(tz: dt.tzinfo | None, inline: _Inline) -> Wire:
    """A fixed offset, or a zone of `zoneinfo`; any other zone is naive, for its rules are code."""
    if type(tz) is dt.timezone:
        offset, name = tz.utcoffset(None), tz.tzname(None)
        plain = dt.timezone(offset).tzname(None) == name
        return ["tz", offset.total_seconds()] if plain else ["tz", offset.total_seconds(), str(name)]
    return None if tz is None else library.wire(tz, inline)


def _zone_value(wire: Wire, value: _Inline) -> dt.tzinfo | None:
    zone = None if wire is None else value(wire)
    if zone is not None and not isinstance(zone, dt.tzinfo):
        raise ValueError("no time zone")
    return zone


def _read_zone(w: list[Any], _: _Inline) -> dt.timezone:
    offset = dt.timedelta(seconds=w[1])
    return dt.UTC if len(w) == 2 and not offset else dt.timezone(offset, *w[2:3])


_Inline = Callable[[Any], Any]
_ENTRY: dict[type, Callable[[Any, _Inline], Wire]] = {
    list: lambda c, inline: ["l", list(map(inline, list.__iter__(c)))],
    dict: lambda c, inline: ["d", [[inline(k), inline(v)] for k, v in dict.items(c)]],
    OrderedDict: lambda c, inline: ["O", [[inline(k), inline(v)] for k, v in OrderedDict.items(c)]],
    Counter: lambda c, inline: ["C", [[inline(k), inline(v)] for k, v in dict.items(c)]],
    defaultdict: lambda c, inline: ["dd", [[inline(k), inline(v)] for k, v in dict.items(c)], inline(c.default_factory)],
    set: lambda c, inline: ["s", list(map(inline, set.__iter__(c)))],
    deque: lambda c, inline: ["q", list(map(inline, deque.__iter__(c))), c.maxlen],
    bytearray: lambda c, _: ["y", bytes(c).decode("latin-1")],
}
_EMPTY: dict[str, Callable[[], Any]] = {"l": list, "d": dict, "O": OrderedDict, "C": Counter, "s": set, "y": bytearray}
_IMMUTABLE_WIRE: dict[type, Callable[[Any, _Inline], Wire]] = {
    int: lambda v, _: n if -_SMALL < (n := int.__pos__(v)) < _SMALL else ["i", hex(n)],
    float: lambda v, _: float.__pos__(v),
    str: lambda v, _: str.__str__(v),
    complex: lambda v, _: ["c", v.real, v.imag],
    bytes: lambda v, _: ["b", bytes.__getitem__(v, slice(None)).decode("latin-1")],
    tuple: lambda v, inline: ["t", list(map(inline, tuple.__iter__(v)))],
    frozenset: lambda v, inline: ["f", list(map(inline, frozenset.__iter__(v)))],
    range: lambda v, inline: ["R", inline(v.start), inline(v.stop), inline(v.step)],
    slice: lambda v, inline: ["sl", inline(v.start), inline(v.stop), inline(v.step)],
    Decimal: lambda v, _: ["D", str(Decimal(v))],
    Fraction: lambda v, _: ["F", hex(v.numerator), hex(v.denominator)],
    dt.datetime: lambda v, inline: [
        "dt", v.year, v.month, v.day, v.hour, v.minute, v.second, v.microsecond, _zone_wire(v.tzinfo, inline), v.fold
    ],
    dt.date: lambda v, _: ["da", v.year, v.month, v.day],
    dt.time: lambda v, inline: ["ti", v.hour, v.minute, v.second, v.microsecond, _zone_wire(v.tzinfo, inline), v.fold],
    dt.timedelta: lambda v, _: ["td", v.days, v.seconds, v.microseconds],
    dt.timezone: _zone_wire,
    type(...): lambda v, _: ["E"],
    type(NotImplemented): lambda v, _: ["N"],
}  # fmt: skip
_IMMUTABLE_VALUE: dict[str, Callable[[list[Any], _Inline], Any]] = {
    "i": lambda w, _: int(w[1], 16),
    "c": lambda w, _: complex(w[1], w[2]),
    "b": lambda w, _: w[1].encode("latin-1"),
    "t": lambda w, value: tuple(map(value, w[1])),
    "f": lambda w, value: frozenset(map(value, w[1])),
    "R": lambda w, value: range(value(w[1]), value(w[2]), value(w[3])),
    "sl": lambda w, value: slice(value(w[1]), value(w[2]), value(w[3])),
    "D": lambda w, _: Decimal(w[1]),
    "F": lambda w, _: Fraction(int(w[1], 16), int(w[2], 16)),
    "dt": lambda w, value: dt.datetime(w[1], w[2], w[3], w[4], w[5], w[6], w[7], _zone_value(w[8], value), fold=w[9]),
    "da": lambda w, _: dt.date(*w[1:4]),
    "ti": lambda w, value: dt.time(w[1], w[2], w[3], w[4], _zone_value(w[5], value), fold=w[6]),
    "td": lambda w, _: dt.timedelta(*w[1:4]),
    "tz": _read_zone,
    "E": lambda w, _: ...,
    "N": lambda w, _: NotImplemented,
}
