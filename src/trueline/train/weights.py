"""Save and load a model's weights; a tensor that two names share is stored once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from trueline.core.errors import InputError
from trueline.train.sharding import like, whole

#: Wrapped models of `transformers` are stored under their own names.
WRAPPED = "hf."


def bare(model: nn.Module) -> nn.Module:
    """The model inside DDP and torch.compile."""
    while True:
        inner = getattr(model, "module", None) or getattr(model, "_orig_mod", None)
        if not isinstance(inner, nn.Module):
            return model
        model = inner


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """Every weight and buffer once, whole, by name; with FSDP all processes must ask together."""
    found: dict[str, Tensor] = {}
    seen: set[tuple[int, tuple[int, ...]]] = set()
    for name, tensor in bare(model).state_dict().items():
        local = tensor.to_local() if isinstance(tensor, DTensor) else tensor
        key = (local.data_ptr(), tuple(tensor.shape))
        if tensor.numel() and key in seen:
            continue
        seen.add(key)
        found[name] = whole(tensor)
    return found


def copy_weights(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy `weights` into the model in place."""
    own = bare(model).state_dict()
    with torch.no_grad():
        for name, tensor in weights.items():
            own[name].copy_(like(tensor, own[name]))


def save_weights(model: nn.Module, path: Path, *, write: bool = True) -> None:
    """Write the weights, whole or not at all; `write` is for one process of several."""
    tensors = {
        stored_name(name): tensor.detach().to("cpu").contiguous()
        for name, tensor in weights_of(model).items()
    }
    if not write:
        return
    partial = path.with_name(path.name + ".partial")
    save_file(tensors, partial, {"format": "pt"})
    os.replace(partial, path)


def load_weights(model: nn.Module, path: Path) -> None:
    """Read what `save_weights` wrote into a model of the same shape.

    Raises:
        InputError: the file is missing or belongs to another model.
    """
    stored = read_weights(path)
    needed = weights_of(model)
    absent = [name for name in needed if stored_name(name) not in stored]
    known = {stored_name(name) for name in bare(model).state_dict()}
    strange = [name for name in stored if name not in known]
    wrong = [
        name
        for name, tensor in needed.items()
        if stored_name(name) in stored and stored[stored_name(name)].shape != tensor.shape
    ]
    if absent or strange or wrong:
        name = (wrong or absent or strange)[0]
        raise InputError(
            f"{path} does not fit the model: {len(wrong)} weights of another shape, "
            f"{len(absent)} missing, {len(strange)} too many (first: {name}). "
            "Use the folder the model was saved to, unchanged"
        )
    copy_weights(model, {name: stored[stored_name(name)] for name in needed})


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors of a safetensors file.

    Raises:
        InputError: the file is missing or damaged.
    """
    if not path.is_file():
        raise InputError(f"{path} is missing. Give the folder of a finished run")
    try:
        return load_file(path)
    except Exception as error:  # safetensors raises its own class, which it does not export
        raise InputError(f"{path} is damaged: {error}. Train again, or copy it anew") from error


def stored_name(name: str) -> str:
    """The name in the file: without the wrapper around a model of `transformers`."""
    return name.removeprefix(WRAPPED)
