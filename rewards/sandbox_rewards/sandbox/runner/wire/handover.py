"""How a process that waits, forked and without privileges, is given its work: it says that it is ready, and is told to begin.

Descriptors may come along: a program's standard streams, or the channel to the answer that tests are about.
"""

from __future__ import annotations

import os
import socket

READY, WITH_DESCRIPTORS = b"+", b"p"
"""What a process writes before it was given any work, and what it is answered instead where descriptors follow."""


def begin(connection: int, descriptors: tuple[int, ...] = ()) -> None:
    """Tell the process at the other end to begin; `descriptors` are its own from now on, and closed here."""
    os.write(connection, WITH_DESCRIPTORS if descriptors else READY)
    if not descriptors:
        return
    sender = socket.socket(fileno=connection)
    socket.send_fds(sender, [READY], list(descriptors))
    sender.detach()
    for fd in descriptors:
        os.close(fd)


def wait_for_work(connection: int) -> list[int] | None:
    """Say that this process is ready, and wait; gives the descriptors that came, or None where there is nothing to do."""
    os.write(connection, READY)
    marker = os.read(connection, 1)
    if marker != WITH_DESCRIPTORS:
        return [] if marker == READY else None
    receiver = socket.socket(fileno=connection)
    _, descriptors, _, _ = socket.recv_fds(receiver, 1, 3)
    receiver.detach()
    return descriptors
