"""Fingerprints of tensors: two runs whose lines agree had the same numbers, to the last bit.

What is covered: any change of a bit, of a tensor's place, shape or type. What is not: an adversary, who could make two
tensors with one fingerprint; this is a checksum for machines, not a signature.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

_PART = 1 << 20
"""Words looked at once: few enough for a processor's cache, and a fingerprint needs no second copy of the weights."""


def fingerprint(tensors: Iterable[Tensor]) -> str:
    """16 hexadecimal digits for the bits of `tensors`, in their order. They are summed on the device where they are."""
    digest = hashlib.blake2b(digest_size=8)
    for tensor in tensors:
        digest.update(f"{tuple(tensor.shape)} {tensor.dtype} ".encode())
        octets = tensor.detach().clone(memory_format=torch.contiguous_format) if tensor.storage_offset() else tensor.detach()
        octets = octets.contiguous().reshape(-1).view(torch.uint8)
        whole = len(octets) // 8 * 8
        words = octets[:whole].view(torch.int64)
        for start in range(0, len(words), _PART):
            digest.update(_sum(words[start : start + _PART]).to_bytes(8, "little", signed=True))
        digest.update(bytes(octets[whole:].tolist()))
    return digest.hexdigest()


def digest(records: Any) -> str:
    """16 hexadecimal digits for what JSON says of `records`."""
    return hashlib.blake2b(json.dumps(records, sort_keys=True).encode(), digest_size=8).hexdigest()


def _sum(words: Tensor) -> int:
    """Each word times an odd number of its position, in 64-bit arithmetic that wraps.

    Odd factors have an inverse, so no change of a single word is lost.
    """
    return int((words * _factors(words.device)[: len(words)]).sum())


@functools.cache
def _factors(device: torch.device) -> Tensor:
    return torch.arange(_PART, device=device) * 0x1E3779B97F4A7C16 | 1
