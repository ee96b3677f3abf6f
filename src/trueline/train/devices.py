"""Where a run computes: device, processes, threads and precision."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager

import torch
from accelerate import Accelerator

from trueline.core.errors import InputError
from trueline.train.recipe import LoopOptions, Recipe


def make_accelerator(recipe: Recipe) -> Accelerator:
    """The processes torchrun started, or this one alone, on the recipe's device.

    Raises:
        InputError: the recipe wants a device this machine has not.
    """
    torch.set_num_threads(recipe.threads)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false" if recipe.threads == 1 else "true")
    if recipe.device == "cuda" and not torch.cuda.is_available():
        raise InputError(
            "device: this machine has no CUDA device that torch can use. Set device=cpu"
        )
    if recipe.device == "mps" and not torch.backends.mps.is_available():
        raise InputError("device: this machine has no MPS device. Set device=cpu")
    if recipe.loop.parallel == "fsdp" and recipe.modifiers:
        raise InputError("loop.parallel: fsdp goes without modifiers. Set loop.parallel=ddp")
    there = torch.cuda.is_available() or torch.backends.mps.is_available()
    on_cpu = recipe.device == "cpu" or (recipe.device == "auto" and not there)
    return Accelerator(cpu=on_cpu)


def autocast(loop: LoopOptions, device: torch.device) -> AbstractContextManager[object]:
    """bfloat16 where it is safe, when the recipe asks for it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=loop.bf16)
