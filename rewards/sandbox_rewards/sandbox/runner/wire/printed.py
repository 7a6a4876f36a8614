"""What a solution prints while the judge asks it something."""

from __future__ import annotations

import io
from typing import Any


class Printed(io.TextIOWrapper):
    """What the solution prints during one call, for tests that look at it; what goes beyond the room is dropped."""

    def __init__(self) -> None:
        super().__init__(_Room(), encoding="utf-8", errors="surrogateescape", newline="", write_through=True)

    def text(self) -> str:
        room = self.buffer
        return room.getvalue().decode("utf-8", "replace") if isinstance(room, _Room) else ""


class _Room(io.BytesIO):
    left = 1 << 20

    def write(self, content: Any) -> int:
        size = len(content)
        super().write(content[: self.left])
        self.left -= min(size, self.left)
        return size
