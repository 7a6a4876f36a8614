"""Removing what a dead solution left, whatever it is: folders deeper than any path or recursion, or closed to everybody."""

from __future__ import annotations

import contextlib
import os
import stat


def remove_tree(folder: str) -> None:
    """Remove a folder that nobody uses any more, and all that is in it. What can't be removed stays, without an error."""
    empty(folder)
    with contextlib.suppress(OSError):
        os.rmdir(folder)


def empty(folder: str) -> None:
    """Remove all that is in a folder, without following links. What can't be removed stays, without an error.

    A folder's folders are moved up before it is removed, so that none is deeper than two levels when its turn comes.
    """
    with contextlib.suppress(OSError):
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            waiting = [name for name in os.listdir(top) if not _is_unlinked(name, top)]
            mark, moved = os.urandom(16).hex(), 0
            while waiting:
                name = waiting.pop()
                for inner in _folders_in(name, top):
                    moved += 1
                    waiting.append(f"{mark}-{moved}")
                    os.rename(f"{name}/{inner}", waiting[-1], src_dir_fd=top, dst_dir_fd=top)
                os.rmdir(name, dir_fd=top)
        finally:
            os.close(top)


def _is_unlinked(name: str, parent: int) -> bool:
    """Remove anything but a folder; a folder is opened to its owner."""
    if not stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
        os.unlink(name, dir_fd=parent)
        return True
    os.chmod(name, 0o700, dir_fd=parent)
    return False


def _folders_in(name: str, parent: int) -> list[str]:
    """Folders in a folder, whose other content is removed."""
    handle = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        return [inner for inner in os.listdir(handle) if not _is_unlinked(inner, handle)]
    finally:
        os.close(handle)
