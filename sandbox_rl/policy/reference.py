"""What a policy is held against while it is trained: its base."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sandbox_rl.config import ModelConfig
from sandbox_rl.numerics.kl import categorical_kl
from sandbox_rl.policy.batches import Batch, micro_batches
from sandbox_rl.policy.loading import load_policy
from sandbox_rl.policy.model import PART, Policy


class Reference:
    """What a policy is held against: its own weights without their adapter, or a second copy of the base.

    With `offload_reference` the copy stays in the machine's memory, and is on the GPU while it is asked.
    """

    def __init__(self, policy: Policy, base: str | Path, settings: ModelConfig) -> None:
        self._policy = policy
        self._copy = None if policy.has_adapter else load_policy(base, settings)
        self._home = torch.device("cpu") if settings.offload_reference else policy.device
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
def exact_kl(policy: Policy, reference: Reference, batch: Batch, temperature: float, settings: ModelConfig) -> Tensor:
    """KL to the reference in nats of each answer (b,), summed over its tokens, at each over the whole vocabulary."""
    found = torch.zeros(len(batch.ids), dtype=torch.float64)
    with reference.at_hand():
        for rows in micro_batches(batch.lengths, range(len(batch.ids)), settings):
            part = batch.rows(rows)
            states = policy.states(part)
            with reference as frozen:
                ref_states = frozen.states(part)
            answers = torch.tensor(rows)[part.mask.nonzero()[:, 0].cpu()]
            for place in range(0, len(states), PART):
                with policy.in_precision():
                    logits = policy.logits(states[place : place + PART]).float()
                with reference as frozen, frozen.in_precision():
                    ref_logits = frozen.logits(ref_states[place : place + PART]).float()
                nats = categorical_kl(logits / temperature, ref_logits / temperature).double().cpu()
                found.index_add_(0, answers[place : place + PART], nats)
    return found
