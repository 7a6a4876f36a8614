"""Sequences as tensors, and how a batch of them is cut into passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sandbox_rl.config import ModelConfig


@dataclass(frozen=True)
class Batch:
    """Right-padded sequences: `ids` and `attention` (b, t+1); `mask` (b, t) is 1.0 where token i+1 is the answer's."""

    ids: Tensor
    attention: Tensor
    mask: Tensor

    @property
    def lengths(self) -> list[int]:
        """Tokens of each sequence, its prompt's included."""
        return self.attention.sum(1).tolist()

    def rows(self, rows: Sequence[int]) -> Batch:
        """Those rows, without the columns that are padding in all of them."""
        attention = self.attention[rows]
        width = max(1, int(attention.sum(1).max())) if len(rows) else attention.shape[1]
        return Batch(self.ids[rows, :width], attention[:, :width], self.mask[rows, : width - 1])


def micro_batches(lengths: Sequence[int], rows: Sequence[int], settings: ModelConfig, *, each: int = 1) -> list[list[int]]:
    """`rows` in passes: so many at a time, or sorted by length and so many tokens at a time (one that is longer goes alone).

    `each`: sequences that a row stands for, 2 for a pair.
    """
    if settings.micro_batch_tokens is None:
        return chunks(rows, max(1, settings.micro_batch_size // each))
    passes: list[list[int]] = []
    for row in sorted(rows, key=lambda row: lengths[row]):  # the last of a pass is its longest
        if passes and each * (len(passes[-1]) + 1) * lengths[row] <= settings.micro_batch_tokens:
            passes[-1].append(row)
        else:
            passes.append([row])
    return passes


def chunks(rows: Sequence[int], size: int) -> list[list[int]]:
    """`rows` in order, at most `size` at a time."""
    return [list(rows[i : i + size]) for i in range(0, len(rows), size)]


def make_batch(
    sequences: Sequence[tuple[Sequence[int], Sequence[int]]], pad: int, device: torch.device,
    own: Sequence[Sequence[bool]] | None = None,
) -> Batch:  # fmt: skip
    """A batch of (prompt ids, answer ids). Padding is told by the mask, not by its id.

    `own`: which of each answer's tokens are the policy's, the others being an environment's; all of them, unless told.
    """
    length = max(len(p) + len(a) for p, a in sequences)
    ids = torch.full((len(sequences), length), pad)
    attention = torch.zeros(len(sequences), length, dtype=torch.long)
    mask = torch.zeros(len(sequences), length - 1)
    for row, (prompt, answer) in enumerate(sequences):
        end = len(prompt) + len(answer)
        ids[row, :end] = torch.tensor([*prompt, *answer])
        attention[row, :end] = 1
        mask[row, len(prompt) - 1 : end - 1] = torch.tensor(own[row], dtype=mask.dtype) if own else 1.0
    return Batch(ids.to(device), attention.to(device), mask.to(device))
