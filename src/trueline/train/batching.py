"""Which examples share a batch: buckets of like length, and packing into full blocks.

Everything is a pure function of lengths, seed and epoch, so a resumed run or another process of
the same run meets the same batches without any state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch

# Batches that are sorted by length together: enough to find like lengths, few enough to keep the
# order random.
WINDOW = 64


def mixed_seed(*parts: int) -> int:
    """One seed of several numbers; nearby numbers give unrelated seeds."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))


def generator(*parts: int) -> torch.Generator:
    """A source of random choices of its own for a place in the run."""
    return torch.Generator().manual_seed(mixed_seed(*parts))


def make_batches(
    lengths: Sequence[int],
    *,
    size: int,
    tokens: int | None = None,
    bucket: bool = True,
    seed: int | None = None,
) -> list[list[int]]:
    """Indices of examples, batch by batch; each example once.

    Args:
        lengths: tokens of each example.
        size: examples of a batch at most.
        tokens: tokens of a batch at most, padding included; a longer example is alone.
        bucket: put like lengths together.
        seed: the order; None keeps the examples' own order, apart from bucketing.
    """
    order = list(range(len(lengths)))
    random = None if seed is None else np.random.default_rng(seed)
    if random is not None:
        order = [int(index) for index in random.permutation(len(lengths))]
    batches: list[list[int]] = []
    window = size * WINDOW if bucket else len(order) or 1
    for start in range(0, len(order), window):
        part = order[start : start + window]
        if bucket:
            part.sort(key=lambda index: lengths[index])
        batches += _cut(part, lengths, size, tokens)
    if random is not None and bucket:
        batches = [batches[int(index)] for index in random.permutation(len(batches))]
    return batches


def share_of(batches: Sequence[list[int]], rank: int, world: int) -> list[list[int]]:
    """The batches of one process; all processes get equally many, the last ones twice if need be."""
    if world == 1:
        return list(batches)
    rounds = -(-len(batches) // world)
    return [batches[(turn * world + rank) % len(batches)] for turn in range(rounds)]


def pack_blocks(
    documents: Iterable[Sequence[int]], block: int, *, start: int | None, end: int
) -> Iterator[npt.NDArray[np.int32]]:
    """Full blocks of ids: `start` at the head of a block, `end` behind every document.

    A document goes on in the next block where one is full. The last block may be short; one that
    would hold nothing but marks is left out.
    """
    head = [] if start is None else [start]
    current = list(head)
    for document in documents:
        rest = [*document, end]
        while rest:
            room = block - len(current)
            current += rest[:room]
            rest = rest[room:]
            if len(current) == block:
                yield np.asarray(current, dtype=np.int32)
                current = list(head)
    if len(current) > len(head) + 1:
        yield np.asarray(current, dtype=np.int32)


def padded(rows: Sequence[Sequence[int] | npt.NDArray[np.int32]], fill: int) -> torch.Tensor:
    """int64 [rows, longest], short rows filled up at their end."""
    width = max((len(row) for row in rows), default=0)
    table = np.full((len(rows), width), fill, dtype=np.int64)
    for index, row in enumerate(rows):
        table[index, : len(row)] = row
    return torch.from_numpy(table)


def attention_of(lengths: Sequence[int]) -> torch.Tensor | None:
    """int64 [rows, longest]: 1 where a row has tokens; None when all rows are equally long."""
    if len(set(lengths)) <= 1:
        return None
    table = np.arange(max(lengths))[None, :] < np.asarray(lengths)[:, None]
    return torch.from_numpy(table.astype(np.int64))


def _cut(
    order: Sequence[int], lengths: Sequence[int], size: int, tokens: int | None
) -> list[list[int]]:
    batches: list[list[int]] = []
    batch: list[int] = []
    longest = 0
    for index in order:
        wider = max(longest, lengths[index])
        full = len(batch) >= size or (tokens is not None and wider * (len(batch) + 1) > tokens)
        if batch and full:
            batches.append(batch)
            batch, wider = [], lengths[index]
        batch.append(index)
        longest = wider
    if batch:
        batches.append(batch)
    return batches
