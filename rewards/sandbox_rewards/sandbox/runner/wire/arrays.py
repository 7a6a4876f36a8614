"""Arrays and numbers of numpy as data, where the image has numpy.

What is covered: ndarray of booleans, integers, floats, complex numbers, dates and texts, and its scalars (those that are
Python's numbers or texts too travel as these, `subclasses.py`); arrays are followed as
lists are, so that what is done to them in place is seen on both sides. An array without items goes to the solution, and
from it stays behind a handle: every comparison with nothing is true of all of it, so as data it would pass for anything.
What is not: arrays of objects and of records, and other classes (masked arrays, matrices), which are handles.
"""

from __future__ import annotations

import math
import re
import sys
from typing import Any

Wire = Any
_DTYPE = re.compile(r"[<>|=]?[?biufcmMUS]\d{0,9}(\[\d*[a-zA-Z]+\])?")


def is_array(value: Any) -> bool:
    return _is_numpys(type(value), "ndarray") and _is_plain(value.dtype)


def entry(array: Any) -> Wire:
    return ["np", array.dtype.str, list(array.shape), array.tobytes().decode("latin-1")]


def empty(entry: Wire, *, allow_nothing: bool) -> Any:
    """An array of that kind and shape. Raises ValueError for what `entry` does not write."""
    shape = entry[2]
    if not all(type(length) is int and length >= 0 for length in shape) or len(shape) > 32:
        raise ValueError("no shape")
    if not (math.prod(shape) or allow_nothing):
        raise ValueError("an array of nothing")
    dtype = _dtype(entry[1])
    if math.prod(shape) * dtype.itemsize != len(entry[3]):
        raise ValueError("an array of another size")
    import numpy

    return numpy.empty(shape, dtype)


def fill(array: Any, entry: Wire) -> None:
    import numpy

    array[...] = numpy.frombuffer(entry[3].encode("latin-1"), _dtype(entry[1])).reshape(array.shape)


def scalar_wire(value: Any) -> Wire | None:
    """Wire form of a number of numpy's, or None where it is none."""
    kind = type(value)
    if kind.__module__ != "numpy" or not hasattr(value, "dtype") or not _is_numpys(kind, kind.__name__):
        return None
    if kind.__name__ == "ndarray" or not _is_plain(value.dtype):
        return None
    return ["Ln", value.dtype.str, value.tobytes().decode("latin-1")]


def read_scalar(wire: Wire, _: Any) -> Any:
    import numpy

    (number,) = numpy.frombuffer(wire[2].encode("latin-1"), _dtype(wire[1]))
    return number


def _is_plain(dtype: Any) -> bool:
    return dtype.itemsize > 0 and _DTYPE.fullmatch(dtype.str) is not None


def _dtype(text: Any) -> Any:
    import numpy

    if type(text) is not str or not _DTYPE.fullmatch(text):
        raise ValueError("no type of data")
    return numpy.dtype(text)


def _is_numpys(kind: type, name: str) -> bool:
    return kind.__module__ == "numpy" and getattr(sys.modules.get("numpy"), name, None) is kind
