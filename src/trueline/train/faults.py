"""What ends a run early, told in one line with the place and the next step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from trueline.core.errors import InputError
from trueline.train.recipe import LoopOptions, Recipe

_MEMORY_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "bad_alloc")


def loss_fault(recipe: Recipe, step: int, value: float, what: str) -> InputError:
    """The loss, or its gradient, is no number."""
    optimizer = recipe.optimizer
    clip = "" if recipe.loop.clip else ", set loop.clip=1.0"
    precision = ", set loop.bf16=false" if recipe.loop.bf16 else ""
    return InputError(
        f"step {step}: the {what} is {value}. Lower optimizer.lr (now {optimizer.lr:g}), raise "
        f"schedule.warmup (now {recipe.schedule.warmup:g}){clip}{precision}, then start again "
        "with --fresh"
    )


def memory_fault(loop: LoopOptions, step: int, shape: tuple[int, ...], device: str) -> InputError:
    """A batch did not fit into memory."""
    half = max(1, loop.batch_size // 2)
    halves = loop.accumulate * (2 if loop.batch_size > 1 else 1)
    size = " x ".join(str(side) for side in shape) or "unknown size"
    smaller = (
        f"set loop.batch_size={half} and loop.accumulate={halves} for the same step in less memory"
        if loop.batch_size > 1
        else "lower model.max_length or the model's sizes"
    )
    return InputError(
        f"step {step}: out of memory on {device} with a batch of {size} tokens; {smaller}. "
        "The same command then goes on from the last checkpoint with --resume"
    )


@contextmanager
def telling_memory(
    loop: LoopOptions, step: int, shape: tuple[int, ...], device: torch.device
) -> Iterator[None]:
    """Turn every kind of running out of memory into one message."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        words = str(error).lower()
        if isinstance(error, MemoryError) or any(word in words for word in _MEMORY_WORDS):
            raise memory_fault(loop, step, shape, str(device)) from error
        raise


def folder_fault(out: Path, error: OSError) -> InputError:
    """The output folder cannot be written."""
    return InputError(f"cannot write to {out}: {error.strerror or error}. Give another --out")
