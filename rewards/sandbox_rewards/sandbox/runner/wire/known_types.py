"""Types of Python's own, by the name that both sides know them by."""

from __future__ import annotations

import builtins
import datetime
import types
from collections import Counter, OrderedDict, defaultdict, deque
from decimal import Decimal
from fractions import Fraction

_KNOWN_TYPES: dict[str, type] = {
    **{name: kind for name, kind in vars(builtins).items() if isinstance(kind, type)},
    **{kind.__name__: kind for kind in (
        type(None), type(...), types.FunctionType, types.GeneratorType, types.MappingProxyType, types.SimpleNamespace,
        Decimal, Fraction, deque, datetime.date, datetime.datetime, datetime.time, datetime.timedelta, datetime.timezone,
        OrderedDict, defaultdict, Counter,
    )},
}  # fmt: skip
_TYPE_NAMES = {kind: name for name, kind in _KNOWN_TYPES.items()}


def type_name(kind: type) -> str | None:
    """The name by which both sides know a type of Python's own."""
    return _TYPE_NAMES.get(kind)


def known_type(name: str) -> type:
    if name not in _KNOWN_TYPES:
        raise ValueError(f"no type is known as {name!r:.40}")
    return _KNOWN_TYPES[name]


def is_type_of_data(kind: type) -> bool:
    """Whether a type is harmless as a value: calling it makes data."""
    return kind in _TYPES_OF_DATA


_TYPES_OF_DATA = frozenset({
    int, float, complex, bool, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, slice, object, type(None),
    type(...), type(NotImplemented), Decimal, Fraction, deque, datetime.date, datetime.datetime, datetime.time,
    datetime.timedelta, datetime.timezone, OrderedDict, defaultdict, Counter, types.SimpleNamespace, types.MappingProxyType,
})  # fmt: skip
