"""Exceptions as data: how one is described for the other side, and rebuilt there from the description.

What is covered: the class (a builtin one, one of the standard library that the judge has, the prelude's, else the owner's own
behind a class of that name), arguments, the fields that C keeps (`filename`, `name`, `obj`), instance attributes, notes,
cause, context and whether it is shown, and the members of groups.
What is not: tracebacks; and `unittest.SkipTest` and its like, whose class says something to whoever runs tests.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
from typing import Any

_FIELDS = ("name", "obj", "filename", "filename2", "path")
_NO_DATA = ("_remote", "_message", "from_solution")


def describe(error: BaseException) -> tuple[Any, ...]:
    """Class, arguments, attributes, cause, context and whether the context is hidden."""
    kept = {n: v for n, v in getattr(error, "__dict__", {}).items() if n not in _NO_DATA}
    for name in _FIELDS:
        if (value := getattr(error, name, None)) is not None and name not in kept and isinstance(error, _WITH_FIELDS):
            kept[name] = value
    arguments = error.args
    if isinstance(error, StopIteration):
        arguments = error.args and (error.value,)
    attributes = tuple(kept.items())
    return (type(error), tuple(arguments), attributes, error.__cause__, error.__context__, error.__suppress_context__)


def one_line(error: BaseException) -> str:
    """Its class and the first line of what it says, of at most 300 characters; the class alone where it says nothing."""
    try:
        lines = str(error).strip().splitlines()  # may run code of a solution, or ask it
    except Exception:
        lines = ["…"]
    name = type(error).__name__
    return f"{name}: {lines[0]}"[:300] if lines else name


def failed_assertion(error: AssertionError, sources: dict[str, str]) -> str:
    """One line about an assertion that failed in one of `sources` (by part): what it says, else its own text."""
    if (said := one_line(error)) != type(error).__name__:
        return said
    found, trace = said, error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if source := sources.get(code.co_filename.removesuffix(".py")):
            first, last, *_ = next(itertools.islice(code.co_positions(), trace.tb_lasti // 2, None))
            if first and last:
                found = " ".join(line.strip() for line in source.splitlines()[first - 1 : last])
        trace = trace.tb_next
    return found


_WITH_FIELDS = (OSError, NameError, AttributeError, ImportError)


def rebuild(kind: type[BaseException], arguments: tuple[Any, ...]) -> BaseException:
    """An exception of that class. No code of a class that Python text defines is run. Raises what a class of C raises."""
    natives = [k for k in kind.__mro__ if k.__module__ == "builtins"]
    error: BaseException = natives[0].__new__(kind, *arguments)
    native = next(k for k in natives if "__init__" in k.__dict__)
    if native in _UNREADABLE:  # where its fields were never set, its text is read from nowhere
        native.__dict__["__init__"](error, *_UNREADABLE[native])
    with contextlib.suppress(TypeError):
        native.__dict__["__init__"](error, *arguments)
    error.args = arguments
    return error


_UNREADABLE: dict[type[BaseException], tuple[Any, ...]] = {
    UnicodeDecodeError: ("ascii", b"", 0, 0, ""),
    UnicodeEncodeError: ("ascii", "", 0, 0, ""),
    UnicodeTranslateError: ("", 0, 0, ""),
}  # fmt: skip
"""Classes whose text is made of fields, and arguments that set these."""


def complete(error: BaseException, attributes: Any, cause: Any, context: Any, hidden: Any) -> None:
    """Give it what else its description says. Raises ValueError where that is no such thing."""
    for name, value in attributes:
        if type(name) is not str or (name.startswith("__") and name != "__notes__") or callable(getattr(type(error), name, None)):
            continue
        if name == "__notes__":
            value = [str(note) for note in value]
        if name in _FIELDS and isinstance(error, _WITH_FIELDS):
            setattr(error, name, value)
        else:
            error.__dict__[name] = value
    for linked in (cause, context):
        if linked is not None and not isinstance(linked, BaseException):
            raise ValueError("a cause that is no exception")
    error.__cause__, error.__context__, error.__suppress_context__ = cause, context, hidden is True


def leave(manager: Any, kind: Any, error: Any, _: Any = None) -> Any:
    """`manager.__exit__`, with the traceback that the error has here: tracebacks do not cross."""
    if isinstance(error, BaseException) and error.__traceback__ is None:
        try:
            raise error
        except BaseException:
            pass
    return manager.__exit__(kind, error, getattr(error, "__traceback__", None))


def library_name(kind: type) -> tuple[str, str] | None:
    """Module and name of an exception class of the standard library; None for any other, and for those not to be spoken of."""
    module, name = kind.__module__, kind.__name__
    return (module, name) if library_class(module, name) is kind else None


def library_class(module: Any, name: Any) -> type[BaseException] | None:
    """The judge's own exception class of that name, where it is one of the standard library's."""
    if type(module) is not str or module not in _LIBRARY_EXCEPTIONS or type(name) is not str:
        return None
    with contextlib.suppress(ImportError):
        found = getattr(importlib.import_module(module), name, None)
        return found if isinstance(found, type) and issubclass(found, BaseException) else None
    return None


_LIBRARY_EXCEPTIONS = frozenset({
    "json.decoder", "dataclasses", "sqlite3", "struct", "zlib", "csv", "_csv", "configparser", "queue", "_queue", "decimal", "re",
    "re._constants", "sre_constants", "binascii", "asyncio.exceptions", "concurrent.futures._base", "copy", "shutil", "tomllib",
    "statistics", "ssl", "socket", "subprocess", "uuid", "ipaddress", "zoneinfo._common", "xml.etree.ElementTree", "string",
    "calendar", "locale", "lzma", "_lzma", "zipfile", "tarfile", "urllib.error", "argparse", "optparse", "getopt", "graphlib",
})  # fmt: skip
"""Modules that the judge imports when a solution names an exception of theirs: none does anything by being imported."""


def own_class(name: str, bases: list[Any], members: dict[str, Any]) -> type[BaseException]:
    """A real class for an exception class of the other side, so that `except` and `raises` work."""
    kept = tuple(base for base in bases if isinstance(base, type) and issubclass(base, BaseException)) or (Exception,)
    return type(name, kept, members)
