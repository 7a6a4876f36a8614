"""Frames over a file descriptor: four bytes of length, then JSON.

A frame is data and nothing else; it is never unpickled. Whoever reads sets the largest size it takes.
"""

from __future__ import annotations

import json
import os
import select
import time
from typing import Any

MAX_FRAME = 64 * 2**20
"""Bytes. A larger reply is refused before it is read."""


_to_json = json.JSONEncoder(separators=(",", ":")).encode


class ChannelClosed(Exception):
    """The other end is gone."""


class Malformed(Exception):
    """The other end sent what no honest peer sends."""


class DeadlinePassed(Exception):
    """Nothing came before the deadline."""


class Channel:
    """One end of a framed connection over `read_fd` and `write_fd` (the same number for a socket).

    `deadline` is a `time.monotonic()` moment after which reading raises `DeadlinePassed`; None waits forever.
    """

    def __init__(self, read_fd: int, write_fd: int | None = None) -> None:
        self.read_fd = read_fd
        self.write_fd = read_fd if write_fd is None else write_fd
        self.deadline: float | None = None
        self._ahead = b""

    def send(self, message: Any) -> None:
        body = _to_json(message).encode()
        frame = memoryview(len(body).to_bytes(4, "big") + body)
        while frame:
            self._wait(self.write_fd, writing=True)
            try:
                frame = frame[os.write(self.write_fd, frame[: 1 << 16]) :]
            except (BrokenPipeError, ConnectionResetError):
                raise ChannelClosed from None

    def receive(self) -> Any:
        size = int.from_bytes(self._read_exactly(4), "big")
        if size > MAX_FRAME:
            raise Malformed(f"a reply of {size} bytes (at most {MAX_FRAME})")
        body = self._read_exactly(size)
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise Malformed(f"a reply that is not JSON ({type(error).__name__})") from None

    def close(self) -> None:
        for fd in {self.read_fd, self.write_fd}:
            os.close(fd)

    def _read_exactly(self, size: int) -> bytes:
        """The next `size` bytes; what came with them is kept, so that a small frame takes one read."""
        chunks, missing = [self._ahead], size - len(self._ahead)
        while missing > 0:
            self._wait(self.read_fd, writing=False)
            try:
                chunk = os.read(self.read_fd, max(1 << 16, min(missing, 1 << 20)))
            except ConnectionResetError:
                chunk = b""
            if not chunk:
                raise ChannelClosed
            chunks.append(chunk)
            missing -= len(chunk)
        data = b"".join(chunks)
        self._ahead = data[size:]
        return data[:size]

    def _wait(self, fd: int, *, writing: bool) -> None:
        if self.deadline is None:
            return
        poll = select.poll()
        poll.register(fd, select.POLLOUT if writing else select.POLLIN)
        if not poll.poll(max(0.0, self.deadline - time.monotonic()) * 1000):
            raise DeadlinePassed
