"""The C library's allocator, told to keep what tensors gave back.

glibc gives every large block back to the system and asks for it anew, and the system hands out pages one fault at a time: on a
CPU that is a third of a training step, whose tensors have the same sizes again and again.
"""

from __future__ import annotations

import ctypes
import functools

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # malloc.h
_MOST = 2**31 - 1


@functools.cache
def keep_freed_memory() -> None:
    """Serve blocks of any size from the heap, and give it back above 2 GiB alone. Does nothing without glibc.

    See mallopt(3). It holds for the whole process, whose peak of memory rises by a few percent.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(_MMAP_MAX, 0)
        mallopt(_TRIM_THRESHOLD, _MOST)
