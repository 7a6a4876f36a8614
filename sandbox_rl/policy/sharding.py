"""FSDP2: each process keeps a share of the weights, their gradients and the optimizer's state.

Sampling and scoring hold all weights for a while, so there processes may do different amounts of work. The update works on
shares, and every pass of it is one that all processes make together.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from sandbox_rl.errors import UserError


def sharding_wanted() -> bool:
    """Whether `accelerate launch` was told to use FSDP. Raises `UserError` for its first version."""
    if os.environ.get("ACCELERATE_USE_FSDP", "").lower() != "true":
        return False
    if os.environ.get("FSDP_VERSION") != "2":
        raise UserError("accelerate was told to use FSDP 1, and here weights are sharded by FSDP 2; set fsdp_version: 2.")
    os.environ["FSDP_CPU_RAM_EFFICIENT_LOADING"] = "false"  # or transformers loads weights in the first process alone
    return True


def shard(policy: nn.Module, layers: set[str], processes: int, device: torch.device) -> None:
    """Leave each process its share of every weight; `layers` names the classes of modules that are gathered one at a time.

    Gradients are summed over the processes, not averaged, as everywhere here. The first pass afterwards must be the policy's own.
    """
    mesh = init_device_mesh(device.type, (processes,))
    for module in [*(m for m in policy.modules() if type(m).__name__ in layers), policy]:
        sharded = fully_shard(module, mesh=mesh)
        sharded.set_gradient_divide_factor(1.0)
        sharded.set_force_sum_reduction_for_comms(True)  # gloo knows no other, and a factor of 1 needs none


@contextlib.contextmanager
def unsharded(policy: nn.Module) -> Iterator[None]:
    """All weights on every process, for passes that not all make; all enter and leave together. Nothing where none is sharded."""
    sharded = [module for module in policy.modules() if isinstance(module, FSDPModule)]
    for module in sharded:
        module.set_reshard_after_forward(False, recurse=False)
        module.unshard()
    try:
        yield
    finally:
        for module in sharded:
            module.reshard()
            module.set_reshard_after_forward(module is not policy, recurse=False)


def full(value: Tensor) -> Tensor:
    """A tensor of which each process has a share, whole; all processes ask together."""
    return value.full_tensor() if isinstance(value, DTensor) else value


def full_tensors(tensors: dict[str, Tensor], *, keep: bool) -> dict[str, Tensor]:
    """Whole tensors, gathered one at a time, and in the machine's memory where they were shared out; all processes ask together.

    A process that does not `keep` them gets none, so that only one ever holds them all.
    """
    found = {}
    for name, value in tensors.items():
        gathered = full(value)
        if keep:
            found[name] = gathered.cpu() if isinstance(value, DTensor) else gathered
    return found


def optimizer_state(optimizer: torch.optim.Optimizer, *, keep: bool = True) -> dict[str, Any]:
    """The optimizer's state with whole tensors, where they are kept: it goes on with any number of processes."""
    state = optimizer.state_dict()
    return state | {"state": {number: full_tensors(entry, keep=keep) for number, entry in state["state"].items()}}


def restore_optimizer(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """The reverse of `optimizer_state`."""
    optimizer.load_state_dict(state)
    for parameter, entry in optimizer.state.items():
        if isinstance(parameter, DTensor):
            for name, value in entry.items():
                if value.shape == parameter.shape:  # the count of steps is a number of its own
                    entry[name] = distribute_tensor(value, parameter.device_mesh, parameter.placements)
