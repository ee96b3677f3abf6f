"""Rows a constraint works with, encoded: learned from, watched by the dual, and held out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from trueline.core.errors import InputError
from trueline.train.batching import generator, make_batches
from trueline.train.data import read_files
from trueline.train.modifier import LoopState
from trueline.train.modifiers.limits import shared_inputs
from trueline.train.setup import Setup
from trueline.train.task import Batch, Example, Row, Task

#: Rows of one forward pass when all of a pool is measured.
AT_ONCE = 64


@dataclass(frozen=True)
class Pool:
    """Rows and their examples, in the same order."""

    rows: Sequence[Row]
    examples: Sequence[Example]

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, chosen: Sequence[int]) -> Pool:
        """The rows of these numbers."""
        return Pool([self.rows[i] for i in chosen], [self.examples[i] for i in chosen])


@dataclass(frozen=True)
class Pools:
    """Disjoint rows for three purposes."""

    train: Pool
    watch: Pool
    held: Pool


def read_held(patterns: Sequence[str], needed: int | None, why: str) -> list[Row]:
    """Held-out rows.

    Args:
        patterns: files or globs.
        needed: rows without which nothing can be certified; None when no number would do.
        why: what needs them, for messages.

    Raises:
        InputError: files are missing, or too few rows are in them.
    """
    rows, _ = read_files(patterns, "modifiers.constraint.holdout")
    if needed is None:
        raise InputError(f"modifiers.constraint: {why} can never be shown from a sample. Raise it")
    if len(rows) < needed:
        raise InputError(
            f"modifiers.constraint.holdout: {len(rows)} rows cannot certify {why}, even without a "
            f"violation; at least {needed} are needed. Give more rows or raise the limit"
        )
    return list(rows)


def refuse_shared(held: Sequence[Row], setup: Setup, field: str) -> None:
    """Held-out rows that were learned from or that choose the model prove nothing.

    Raises:
        InputError: there are some.
    """
    count, first = shared_inputs(held, [*setup.rows, *setup.dev], field)
    if count:
        raise InputError(
            f"modifiers.constraint.holdout: {count} of {len(held)} rows are also among the rows of "
            f"train or dev (first: {first}). Take them out, or the safety test proves nothing"
        )


def make_pools(task: Task, setup: Setup, held: Sequence[Row]) -> Pools:
    """Encode everything; the dual watches dev, or the training rows where there is no dev."""
    refuse_shared(held, setup, task.input_field)
    train = Pool(setup.rows, task.encode(setup.rows))
    watch = Pool(setup.dev, task.encode(setup.dev)) if setup.dev else train
    return Pools(train, watch, Pool(held, task.encode(held)))


def drawn(pool: Sequence[int], count: int, *seeds: int) -> list[int]:
    """`count` of the numbers at random, each once; all of them when there are fewer."""
    random = np.random.default_rng(np.random.SeedSequence(seeds))
    if len(pool) <= count:
        return list(pool)
    return [pool[int(i)] for i in random.choice(len(pool), count, replace=False)]


def in_turn(pool: Sequence[int], count: int, turn: int, seed: int) -> list[int]:
    """The next `count` numbers of a shuffled round; each comes once before one comes again.

    So a window that is no longer than the round never counts a row twice.
    """
    order = np.random.default_rng(np.random.SeedSequence((seed, len(pool)))).permutation(len(pool))
    count = min(count, len(pool))
    return [pool[int(order[(turn * count + i) % len(pool)])] for i in range(count)]


def batch_of(state: LoopState, examples: Sequence[Example]) -> Batch:
    """Tensors of examples on the model's device."""
    batch = state.task.collate(examples, generator(state.seed, state.step, 5))
    return {name: tensor.to(state.device) for name, tensor in batch.items()}


def predictions(state: LoopState, model: nn.Module, pool: Pool) -> Iterator[tuple[int, Any]]:
    """Each row's number and the prediction the finished model would make."""
    lengths = [state.task.length(example) for example in pool.examples]
    training = model.training
    model.eval()
    with torch.no_grad():
        for indices in make_batches(lengths, size=AT_ONCE):
            batch = batch_of(state, [pool.examples[i] for i in indices])
            yield from zip(indices, state.task.predict(model, batch), strict=True)
    model.train(training)
