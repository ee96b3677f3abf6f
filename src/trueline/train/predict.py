"""Use a finished model on rows: one prediction for each, in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import torch

from trueline.train.artifact import Artifact
from trueline.train.batching import generator, make_batches
from trueline.train.task import Row

#: Rows that are batched together: enough to find like lengths.
CHUNK = 512


def predict(
    artifact: Artifact, rows: Iterable[Row], *, batch_size: int = 32, threads: int = 1
) -> Iterator[Any]:
    """One JSON-able prediction for each row.

    Raises:
        InputError: a row lacks what the task reads.
    """
    torch.set_num_threads(threads)
    pending = iter(rows)
    while chunk := list(islice(pending, CHUNK)):
        yield from _chunk(artifact, chunk, batch_size)


def _chunk(artifact: Artifact, rows: Sequence[Row], batch_size: int) -> list[Any]:
    task = artifact.task
    examples = task.encode_inputs(rows)
    readable: Any = getattr(task, "readable", lambda prediction, _: prediction)
    found: list[Any] = [None] * len(rows)
    lengths = [task.length(example) for example in examples]
    with torch.no_grad():
        for indices in make_batches(lengths, size=batch_size):
            batch = task.collate([examples[i] for i in indices], generator(0))
            told = task.predict(artifact.model, batch)
            for index, prediction in zip(indices, told, strict=True):
                found[index] = readable(prediction, examples[index])
    return found
