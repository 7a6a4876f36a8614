"""Data of the standard library beyond plain types: rebuilt from fields that the reader checks.

What is covered: array, ZoneInfo, compiled patterns of `re`, pure paths and PosixPath, UUID, addresses, networks and interfaces
of `ipaddress`, SimpleNamespace, views of dicts and of bytes, read-only dicts, the tokens that mark fields of dataclasses, and the
types in `_TYPES`, which cross as themselves. Whoever writes imports none of these modules; whoever reads one of their values
imports its module.
What is not: functions, types but for those, and everything of other modules, which stay behind handles.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

Wire = Any
_Inline = Callable[[Any], Any]
_PATHS = ("PurePosixPath", "PureWindowsPath", "PosixPath")
_ADDRESSES = ("IPv4Address", "IPv6Address", "IPv4Network", "IPv6Network", "IPv4Interface", "IPv6Interface")
_TYPES = {
    "collections": ("OrderedDict", "Counter", "defaultdict", "deque"),
    "datetime": ("date", "datetime", "time", "timedelta", "timezone"),
    "decimal": ("Decimal",),
    "fractions": ("Fraction",),
    "array": ("array",),
    "uuid": ("UUID",),
    "pathlib": ("PurePosixPath", "PureWindowsPath"),
    "types": ("SimpleNamespace", "NoneType", "EllipsisType", "NotImplementedType", "FunctionType", "BuiltinFunctionType",
              "MethodType", "GeneratorType", "CoroutineType", "ModuleType", "MappingProxyType"),
}  # fmt: skip
"""Types that cross as themselves: calling one makes data, or nothing."""
_BUILTIN = frozenset({memoryview, type(type.__dict__)})
_VIEWS = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}


def wire(value: Any, inline: _Inline) -> Wire | None:
    """Wire form of `value`, or None where it is none of this room's."""
    kind = type(value)
    if isinstance(value, type):
        return _type_wire(value)
    if kind in _VIEWS:
        return _view_wire(value, inline)
    if kind.__module__ == "dataclasses" and kind.__name__ in ("_FIELD_BASE", "_MISSING_TYPE"):
        return next((["LD", name] for name in _TOKENS if getattr(sys.modules["dataclasses"], name) is value), None)
    write = _WRITE.get(f"{_module(kind)}.{kind.__qualname__}")
    return write(value, inline) if write is not None and (kind in _BUILTIN or _is_the_librarys(kind)) else None


_TOKENS = ("_FIELD", "_FIELD_CLASSVAR", "_FIELD_INITVAR", "MISSING")


def _read_token(w: Wire, _: _Inline) -> Any:
    import dataclasses

    return getattr(dataclasses, _TOKENS[_TOKENS.index(w[1])])


def is_mutable(value: Any) -> bool:
    kind = type(value)
    return kind.__module__ == "array" and kind.__name__ == "array" and _is_the_librarys(kind)


def entry(container: Any) -> Wire:
    return ["a", container.typecode, container.tobytes().decode("latin-1")]


def empty(entry: Wire) -> Any:
    from array import array

    return array(entry[1])


def fill(container: Any, entry: Wire) -> None:
    if entry[0] != "a" or not hasattr(container, "frombytes"):
        raise ValueError("content of another kind")
    del container[:]
    container.frombytes(entry[2].encode("latin-1"))


def _is_the_librarys(kind: type) -> bool:
    return getattr(sys.modules.get(kind.__module__), kind.__name__, None) is kind


def _module(kind: type) -> str:
    """The module that a type is known by: Python 3.13 defines those of `pathlib` in a private one."""
    return "pathlib" if kind.__module__ == "pathlib._local" else kind.__module__


def _type_wire(kind: type) -> Wire | None:
    for module, names in _TYPES.items():
        if _module(kind) in (module, "builtins", "_" + module) and module in sys.modules:
            for name in names:
                if getattr(sys.modules[module], name, None) is kind:
                    return ["LT", module, name]
    return None


def _read_type(w: Wire, _: _Inline) -> type:
    if w[2] not in _TYPES[w[1]]:
        raise ValueError("no type of data")
    found = getattr(__import__(w[1]), w[2])
    if not isinstance(found, type):
        raise TypeError("no type")
    return found


def _view_wire(view: Any, inline: _Inline) -> Wire:
    kind = _VIEWS[type(view)]
    items = list(view.mapping.items()) if type(view.mapping) is not dict else list(dict.items(view.mapping.copy()))
    return ["LV", kind, [[inline(k), inline(v)] for k, v in items]]


def _read_view(w: Wire, value: _Inline) -> Any:
    return {"keys": dict.keys, "values": dict.values, "items": dict.items}[w[1]]({value(k): value(v) for k, v in w[2]})


def _read_namespace(w: Wire, value: _Inline) -> Any:
    from types import SimpleNamespace

    if not all(isinstance(k, str) and not k.startswith("__") for k, _ in w[1]):
        raise ValueError("attributes of no namespace")
    return SimpleNamespace(**{k: value(v) for k, v in w[1]})


def _read_pattern(w: Wire, value: _Inline) -> Any:
    import re

    pattern = value(w[1])
    if type(pattern) not in (str, bytes) or type(w[2]) is not int:
        raise ValueError("no pattern")
    return re.compile(pattern, w[2])


def _read_path(w: Wire, _: _Inline) -> Any:
    import pathlib

    return getattr(pathlib, _PATHS[_PATHS.index(w[1])])(_text(w[2]))


def _read_zone(w: Wire, _: _Inline) -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(_text(w[1]))


def _read_uuid(w: Wire, _: _Inline) -> Any:
    from uuid import UUID

    return UUID(_text(w[1]))


def _read_address(w: Wire, _: _Inline) -> Any:
    import ipaddress

    return getattr(ipaddress, _ADDRESSES[_ADDRESSES.index(w[1])])(_text(w[2]))


def _read_proxy(w: Wire, value: _Inline) -> Any:
    from types import MappingProxyType

    return MappingProxyType({value(k): value(v) for k, v in w[1]})


def _read_memory(w: Wire, _: _Inline) -> memoryview:
    return memoryview(_text(w[1]).encode("latin-1"))


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError("no text")
    return value


def _address(v: Any, _: _Inline) -> Wire:
    return ["LA", type(v).__name__, str(v)]


def _path(v: Any, _: _Inline) -> Wire:
    return ["LP", type(v).__name__, str(v)]


_WRITE: dict[str, Callable[[Any, _Inline], Wire]] = {
    "zoneinfo.ZoneInfo": lambda v, _: ["LZ", v.key] if v.key else None,
    "re.Pattern": lambda v, inline: ["LR", inline(v.pattern), int(v.flags)],
    "uuid.UUID": lambda v, _: ["LU", v.hex],
    "builtins.mappingproxy": lambda v, inline: ["LX", [[inline(k), inline(x)] for k, x in dict(v).items()]],
    "builtins.memoryview": lambda v, _: ["LM", v.tobytes().decode("latin-1")] if v.format == "B" and v.ndim == 1 else None,
    "types.SimpleNamespace": lambda v, inline: ["LN", [[k, inline(x)] for k, x in vars(v).items()]],
    **{f"pathlib.{name}": _path for name in _PATHS},
    **{f"ipaddress.{name}": _address for name in _ADDRESSES},
}
READ: dict[str, Callable[[Wire, _Inline], Any]] = {
    "LT": _read_type, "LV": _read_view, "LN": _read_namespace, "LR": _read_pattern, "LP": _read_path, "LZ": _read_zone,
    "LX": _read_proxy, "LM": _read_memory, "LU": _read_uuid, "LD": _read_token, "LA": _read_address,
}  # fmt: skip
