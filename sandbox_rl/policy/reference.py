"""What a policy is held against while it is trained: its base."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from sandbox_rl.config import ModelConfig
from sandbox_rl.numerics.kl import whole_kl
from sandbox_rl.policy.batches import Batch, micro_batches
from sandbox_rl.policy.loading import load_policy
from sandbox_rl.policy.model import PART, Policy


class Reference:
    """What a policy is held against: its own weights without their adapter, or a second copy of the base.

    `offload`: the copy stays in the machine's memory, and is on the GPU while it is asked.
    """

    def __init__(self, policy: Policy, base: str | Path, *, offload: bool = False) -> None:
        self._policy = policy
        self._copy = None if policy.has_adapter else load_policy(base)
        self._home = torch.device("cpu") if offload else policy.device
        if self._copy:
            self._copy.to(self._home)

    def __enter__(self) -> Policy:
        frozen = self._copy.to(self._policy.device) if self._copy else None
        self._open = contextlib.nullcontext(frozen) if frozen else self._policy.as_reference()
        return self._open.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._open.__exit__(*error)
        if self._copy:
            self._copy.to(self._home)

    @contextlib.contextmanager
    def at_hand(self) -> Iterator[None]:
        """Keep an offloaded copy on the GPU, to be asked many times."""
        home, self._home = self._home, self._policy.device
        try:
            yield
        finally:
            self._home = home
            if self._copy:
                self._copy.to(home)


@torch.no_grad()
def whole_kl_to(policy: Policy, reference: Reference, batch: Batch, temperature: float, settings: ModelConfig) -> float:
    """KL to the reference in nats an answer, at each of the answers' tokens over the whole vocabulary."""
    total = 0.0
    with reference.at_hand():
        for rows in micro_batches(batch.lengths, range(len(batch.ids)), settings):
            part = batch.rows(rows)
            now = policy.states(part)
            with reference as frozen:
                before = frozen.states(part)
            for place in range(0, len(now), PART):
                with policy.in_precision():
                    logits = policy.logits(now[place : place + PART]).float()
                with reference as frozen, frozen.in_precision():
                    others = frozen.logits(before[place : place + PART]).float()
                total += float(whole_kl(logits / temperature, others / temperature).sum())
    return total / len(batch.ids)
