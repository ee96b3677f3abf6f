"""Weights shared out over processes (FSDP): shard a model, and get at whole tensors again.

Reference: Zhao et al. (2023), PyTorch FSDP. Works over NCCL on GPUs and over gloo on CPUs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor


def shard(model: nn.Module, device: torch.device, processes: int) -> None:
    """Share the weights out, in place: layer by layer, the rest as one."""
    mesh = init_device_mesh(device.type, (processes,))
    for module in model.modules():
        if isinstance(module, nn.ModuleList):
            # The last layer stays with the rest: the masked head calls its parts by themselves.
            for layer in list(module)[:-1]:
                fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)


def is_sharded(model: nn.Module) -> bool:
    """Whether the weights are shared out."""
    return any(isinstance(parameter, DTensor) for parameter in model.parameters())


def reshard(model: nn.Module) -> None:
    """Give up the whole weights that a forward pass without a backward pass leaves behind."""
    for module in model.modules():
        if isinstance(module, FSDPModule):
            module.reshard()


def whole(tensor: Tensor) -> Tensor:
    """The tensor in one piece; all processes must ask together."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def like(tensor: Tensor, model: Tensor) -> Tensor:
    """A whole tensor, shared out as `model` is."""
    if isinstance(model, DTensor):
        return distribute_tensor(tensor.to(model.device), model.device_mesh, list(model.placements))
    return tensor


def whole_state(optimizer: Any) -> dict[str, Any]:
    """The optimiser's state with every tensor in one piece."""
    state: dict[str, Any] = optimizer.state_dict()
    values = {
        number: {k: whole(v) if isinstance(v, Tensor) else v for k, v in entry.items()}
        for number, entry in state["state"].items()
    }
    return {**state, "state": values}


def load_state(optimizer: Any, state: Mapping[str, Any]) -> None:
    """Take up what `whole_state` gave."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    values = {
        number: {
            k: like(v, parameters[number])
            if isinstance(v, Tensor) and v.shape == parameters[number].shape
            else v
            for k, v in entry.items()
        }
        for number, entry in state["state"].items()
    }
    optimizer.load_state_dict({**state, "state": values})
