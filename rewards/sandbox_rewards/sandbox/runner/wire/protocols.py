"""What both sides look for in a class of the solution: the operations it may lack, and the abstract classes it may be of."""

from __future__ import annotations

import collections.abc
from typing import Any

OPTIONAL = (
    "__iter__", "__next__", "__len__", "__getitem__", "__enter__", "__exit__", "__await__", "__aiter__", "__anext__",
    "__aenter__", "__aexit__", "__call__", "__hash__", "__reversed__",
)  # fmt: skip
"""Operations that the judge's class of a solution's class has only where that class has them: `callable` and the like look."""
ABSTRACT: dict[str, Any] = {kind.__name__: kind for kind in (
    collections.abc.Sequence, collections.abc.MutableSequence, collections.abc.Set, collections.abc.MutableSet,
    collections.abc.Mapping, collections.abc.MutableMapping,
)}  # fmt: skip
"""Abstract classes that a class is no instance of by its methods alone."""
