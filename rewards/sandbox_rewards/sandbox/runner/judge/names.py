"""What the names in a task's tests mean: the tests' own, the prelude's, a module's, or the solution's.

A solution never gives a builtin, a name that the prelude gives, one that the tests import, define or assign, nor a module of the
standard library that they use without importing it.
"""

from __future__ import annotations

import contextlib
import importlib
from typing import Any

from .session import Session


def unimported_modules(names: list[str]) -> dict[str, Any]:
    """Modules that tests use without importing them, as tests do that were written beside the solution."""
    found = {}
    for name in names:
        with contextlib.suppress(ImportError):
            found[name] = importlib.import_module({"np": "numpy"}.get(name, name))
    return found


class TestNames(dict[str, Any]):
    """The names that tests see. A solution's name that means plain data is asked for again at each use: it may change."""

    __test__ = False

    def __init__(self, session: Session, trusted: dict[str, Any]) -> None:
        super().__init__(trusted | {"__name__": "tests"})
        self._session = session
        self._trusted = trusted
        self._data: set[str] = set()

    def know(self, found: dict[str, Any]) -> None:
        """What the solution gives for the names of the tests; what the setup made of a name stays."""
        for name, value in found.items():
            if self.get(name) is self._trusted.get(name):
                super().__setitem__(name, value)
                if not self._session.is_fixed(value):
                    self._data.add(name)

    def __getitem__(self, name: str) -> Any:
        if name in self._data:
            return self._session.fetch(name)
        return super().__getitem__(name)

    def __setitem__(self, name: str, value: Any) -> None:
        self._data.discard(name)
        super().__setitem__(name, value)
