"""Frames over a file descriptor: four bytes of length, then JSON, or marshal's bytes for a reader that trusts the writer.

A frame is data and nothing else; it is never unpickled, and has a largest size, the same for all. What an untrusted process
sends is always JSON, and so are frames of host and compiler: only the judge writes marshal, to a solution, which must believe
it anyway, and reads JSON back.
"""

from __future__ import annotations

import json
import os
import re
import select
import time
from collections.abc import Callable
from typing import Any

MAX_FRAME = 64 * 2**20
"""Bytes. A larger frame is refused before it is read."""
_PART = 1 << 16
"""Bytes written at once: a reader that does not read must not hold the writer beyond its deadline."""

_encoded = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_decoded = json.JSONDecoder().raw_decode
MAX_DIGITS = 200_000
"""Decimal digits of an int that the judge reads or writes: a quarter of a second. Python's own limit, 4300, is too low for honest
tests, and none at all would let an answer keep the judge busy for hours with one number."""
_LONG_RUN = re.compile(r"[0-9]{4300}")


def to_json(message: Any) -> bytes:
    return _encoded(message).encode("utf-8", "surrogatepass")


def from_json(body: bytes) -> Any:
    """Raises `Malformed` for what `to_json` does not write."""
    try:
        text = body.decode("utf-8", "surrogatepass")
        value, end = (_decoded_carefully if _LONG_RUN.search(text) else _decoded)(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"a reply that is not JSON ({type(error).__name__})") from None
    if end != len(text):
        raise Malformed("a reply that goes on after its end")
    return value


def _short_int(digits: str) -> int:
    """`to_json` writes no longer ones: `codec` sends them in hexadecimal."""
    if len(digits) > 4300:
        raise ValueError("an int that is too long")
    return int(digits)


_decoded_carefully = json.JSONDecoder(parse_int=_short_int).raw_decode


class ChannelClosed(Exception):
    """The other end is gone."""


class Malformed(Exception):
    """The other end sent what no honest peer sends."""


class DeadlinePassed(Exception):
    """The other end sent, or took, nothing before the deadline."""


class Channel:
    """One end of a framed connection over `read_fd` and `write_fd` (the same number for a socket).

    `deadline` is a `time.monotonic()` moment at which waiting, to read or to write, ends with `DeadlinePassed`; None waits for
    ever. `write` and `read` turn messages into bytes and back.
    """

    def __init__(
        self,
        read_fd: int,
        write_fd: int | None = None,
        *,
        write: Callable[[Any], bytes] = to_json,
        read: Callable[[bytes], Any] = from_json,
    ) -> None:
        self.read_fd = read_fd
        self.write_fd = read_fd if write_fd is None else write_fd
        self.deadline: float | None = None
        self._write = write
        self._read = read
        self._ahead = b""

    def send(self, message: Any) -> None:
        body = self._write(message)
        frame: bytes | memoryview = len(body).to_bytes(4, "big") + body
        if len(frame) > _PART:
            frame = memoryview(frame)
        while frame:
            self._wait(self.write_fd, writing=True)
            try:
                frame = frame[os.write(self.write_fd, frame[:_PART]) :]
            except (BrokenPipeError, ConnectionResetError):
                raise ChannelClosed from None

    def receive(self) -> Any:
        size = int.from_bytes(self._read_exactly(4), "big")
        if size > MAX_FRAME:
            raise Malformed(f"a reply of {size} bytes (at most {MAX_FRAME})")
        return self._read(self._read_exactly(size))

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
