"""The processes of one run, as accelerate (or torchrun) started them; a run that nothing started so has one.

Each process holds all weights (or, by FSDP, its share of them), samples and grades the answers to its own prompts, and computes
the gradient of its own rows.
Gradients are summed, never averaged: every loss is divided by counts of the whole minibatch, so the sum is what one process
would have computed, whoever holds how many rows.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import gather_object
from torch import Tensor

from sandbox_rl.policy.sharding import sharding_wanted

LONGEST_WAIT = datetime.timedelta(hours=3)
"""That processes wait for one that samples or grades; torch's own limits of 10 to 30 minutes end a run for a slow sandbox."""


class Processes:
    """This process among the others."""

    def __init__(self) -> None:
        self._state = PartialState(cpu=not torch.cuda.is_available(), timeout=LONGEST_WAIT)
        self.sharded = self.count > 1 and sharding_wanted()
        """Whether each holds but a share of the weights."""

    @property
    def main(self) -> bool:
        """Whether this one writes the run's files."""
        return bool(self._state.is_main_process)

    @property
    def rank(self) -> int:
        return int(self._state.process_index)

    @property
    def count(self) -> int:
        return int(self._state.num_processes)

    def share(self, items: int) -> range:
        """Numbers of this process's items; in the order of the processes they are all of them."""
        return range(items * self.rank // self.count, items * (self.rank + 1) // self.count)

    @property
    def device(self) -> torch.device:
        """Where this process's policy is, and every tensor that is exchanged: a group of GPUs takes no other."""
        return torch.device(self._state.device)

    def sum(self, values: Tensor) -> Tensor:
        """`values` summed over all processes."""
        if self.count == 1:
            return values
        summed = values.to(self.device, copy=True)
        torch.distributed.all_reduce(summed)
        return summed

    def together(self, items: list[Any]) -> list[Any]:
        """The items of all processes, in their order."""
        return items if self.count == 1 else list(gather_object(items))

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Give every process the sum of all gradients; one without rows of a minibatch adds nothing. FSDP sums its own."""
        if self.count == 1 or self.sharded:
            return
        for parameter in parameters:
            if parameter.requires_grad:
                grad = parameter.grad if parameter.grad is not None else torch.zeros_like(parameter)
                parameter.grad = self.sum(grad)

    def wait(self) -> None:
        self._state.wait_for_everyone()
