"""Files of one JSON object a line, read into validated models; and validation errors in words.

An error names the file, the line and the field, and is one sentence (see `errors`). Blank lines are skipped.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn, TypeVar, cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sandbox_tasks.errors import SuiteFileError, choice

M = TypeVar("M", bound=BaseModel)


def read_jsonl(path: Path, model: type[M]) -> list[M]:
    """The lines of `path` as `model`s, in order; a name ending in `.gz` is unpacked. Raises SuiteFileError."""
    return [value for _, value in read_numbered(path, model)]


def read_numbered(path: Path, model: type[M]) -> list[tuple[int, M]]:
    """Like `read_jsonl`, each model with the number of its line (from 1)."""
    rows = [(number, validate(data, model, path, number)) for number, data in _objects(path)]
    if not rows:
        raise SuiteFileError(path, _NO_LINES)
    return rows


def stream_jsonl(path: Path, model: type[M]) -> Iterator[M]:
    """Like `read_jsonl`, a line at a time: the file may be larger than memory."""
    empty = True
    for number, data in _objects(path):
        empty = False
        yield validate(data, model, path, number)
    if empty:
        raise SuiteFileError(path, _NO_LINES)


_NO_LINES = "holds no lines, but at least one is needed; write one JSON object a line"


def read_bytes(path: Path) -> bytes:
    """The file's bytes, unpacked where its name ends in `.gz`. Raises SuiteFileError."""
    with _readable(path) as file:
        return file.read()


@contextmanager
def _readable(path: Path) -> Iterator[IO[bytes]]:
    """The open file, unpacked where its name ends in `.gz`; what goes wrong while it is read is a SuiteFileError."""
    if path.is_dir():
        raise SuiteFileError(path, "is a directory, but a file is needed; name a file in it")
    try:
        with cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise SuiteFileError(path, "does not exist; check the path") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SuiteFileError(path, f"is not a whole gzip file ({error}); fetch it again") from None
    except OSError as error:
        raise SuiteFileError(path, f"can't be read ({error.strerror}); check the path and its permissions") from None


def validate(data: Any, model: type[M], path: Path, line: int | None, field: str = "") -> M:
    """`data` as a `model`; `field` is where in the file's line it stands. Raises SuiteFileError."""
    if not isinstance(data, dict):
        problem = f"is {_kind(data)}, but an object is needed; write {{...}} with the fields of {model.__name__}"
        raise SuiteFileError(path, problem, line, field)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        _raise_first(error, data, model, path, line, field)


def first_error(error: ValidationError, data: Any) -> tuple[tuple[str | int, ...], ErrorDetails]:
    """The error to tell, with its path in `data`.

    Pydantic lists one error for each member of a union; the one that goes deepest under the first error's place
    belongs to the member that was meant.
    """
    found = [(_place(details, data), details) for details in error.errors(include_url=False)]
    top = found[0][0]
    under = [pair for pair in found if pair[0][: len(top)] == top]
    return max(under, key=lambda pair: len(pair[0]))  # the first of equals


def explain(details: ErrorDetails, model: type[BaseModel]) -> str:
    """Fact, conflict, fix, for one of pydantic's errors."""
    kind, given = details["type"], _short(details["input"])
    if kind == "missing":
        return "is missing, but is required; add it"
    if kind == "extra_forbidden":
        return f"is not a known field; {choice(str(details['loc'][-1]), _fields_at(model, details['loc'][:-1]))}"
    if kind == "value_error":
        return str(details["ctx"]["error"])
    wanted = details["msg"].removeprefix("Input ")
    return f"is {given}, but {wanted[0].lower() + wanted[1:]}; correct the value"


def _objects(path: Path) -> Iterator[tuple[int, Any]]:
    # Only b"\n" ends a line of a binary file: str.splitlines would also cut at the U+2028 that JSON strings may hold.
    with _readable(path) as file:
        for number, line in enumerate(file, start=1):
            raw = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if raw.strip():
                yield number, _parsed(raw.removesuffix(b"\n"), path, number)


def _parsed(raw: bytes, path: Path, number: int) -> Any:
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 text (byte {error.start + 1} is 0x{raw[error.start]:02x}); save the file as UTF-8"
    except json.JSONDecodeError as error:
        problem = f"is not valid JSON ({error.msg} at column {error.colno}); write one whole JSON object a line"
    except (ValueError, RecursionError) as error:
        problem = f"is not JSON that can be read ({error}); correct the line"
    raise SuiteFileError(path, problem, number)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _raise_first(
    error: ValidationError, data: Any, model: type[BaseModel], path: Path, line: int | None, field: str
) -> NoReturn:
    place, details = first_error(error, data)
    name = ".".join(str(part) for part in (*([field] if field else []), *place))
    raise SuiteFileError(path, explain(details, model), line, name) from None


def _place(details: ErrorDetails, data: Any) -> tuple[str | int, ...]:
    """Where in the data: pydantic's `loc` also names the union members it went through, which no user wrote."""
    place: list[str | int] = []
    loc = details["loc"]
    names_a_key = details["type"] in ("missing", "extra_forbidden")
    for depth, part in enumerate(loc):
        is_last = depth == len(loc) - 1
        if isinstance(data, dict) and (part in data or (is_last and names_a_key)):
            place.append(part)
            data = data.get(part)
        elif isinstance(data, list | tuple) and isinstance(part, int):
            place.append(part)
            data = data[part] if part < len(data) else None
    return tuple(place)


def _fields_at(model: type[BaseModel], loc: Sequence[str | int]) -> set[str]:
    """Names of the fields that an object at `loc` may have."""
    models = {model}
    for part in loc:
        annotations = [m.model_fields[part].annotation for m in models if part in m.model_fields]
        if annotations:
            models = {m for annotation in annotations for m in _models_in(annotation)}
    return {name for m in models for name in m.model_fields}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _kind(data: Any) -> str:
    names = {"NoneType": "null", "list": "a list", "str": "a string", "int": "a number", "float": "a number"}
    return names.get(type(data).__name__, f"a {type(data).__name__}")


def _short(value: Any, limit: int = 60) -> str:
    shown = repr(value)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
