"""Where the reader stands among its tokens, and the steps that every part of it takes."""

from __future__ import annotations

from sandbox_rewards.math.tokens import Token, Unreadable
from sandbox_rewards.math.tree import Node

DEEPEST = 120
"""Nesting, counted in steps of the descent: three a bracket."""


class Cursor:
    """The tokens, and the place of the one that is read next. What is left open here is read by the classes that follow."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._place = 0
        self._depth = 0
        self._bars_open = 0
        self._no_colon = False

    @property
    def here(self) -> Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _ahead(self) -> Token | None:
        return self._tokens[self._place + 1] if self._place + 1 < len(self._tokens) else None

    def _is(self, *texts: str) -> bool:
        return self.here is not None and self.here.kind != "text" and self.here.text in texts

    def _take(self, *texts: str) -> bool:
        if self._is(*texts):
            self._place += 1
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise Unreadable(f"no {text!r} where one belongs")

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise Unreadable("too deeply nested")

    def _word(self, *words: str) -> str:
        token = self.here
        if token is not None and token.kind in ("text", "name") and token.text.strip().lower().strip(",.:") in words:
            self._place += 1
            return token.text.strip().lower().strip(",.:")
        return ""

    def _argument_text(self) -> str:
        braced = self._take("{")
        token = self.here
        if token is None:
            raise Unreadable("an exponent that is missing")
        self._place += 1
        found = token.text
        while braced and self.here is not None and not self._is("}"):
            found += self.here.text
            self._place += 1
        if braced:
            self._need("}")
        return found

    def _item(self) -> Node:
        raise NotImplementedError

    def _listed(self, ends: tuple[str, ...]) -> Node:
        raise NotImplementedError

    def _relation(self) -> Node:
        raise NotImplementedError

    def _sum(self) -> Node:
        raise NotImplementedError

    def _product(self) -> Node:
        raise NotImplementedError

    def _power(self) -> Node:
        raise NotImplementedError

    def _starts_factor(self) -> bool:
        raise NotImplementedError

    def _signed(self) -> Node:
        raise NotImplementedError

    def _postfix(self) -> Node:
        raise NotImplementedError

    def _atom(self) -> Node:
        raise NotImplementedError

    def _argument(self, *, signed: bool = False) -> Node:
        raise NotImplementedError
