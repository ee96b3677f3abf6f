"""Measure a model on held-out examples: predictions, their score, and the mean loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import nn

from trueline.stats.generation import perplexity
from trueline.train.batching import generator, make_batches, share_of
from trueline.train.devices import autocast
from trueline.train.recipe import LoopOptions
from trueline.train.sharding import is_sharded, reshard
from trueline.train.task import Example, Metrics, Task
from trueline.train.weights import bare


def evaluate(
    task: Task,
    model: nn.Module,
    examples: Sequence[Example],
    loop: LoopOptions,
    accelerator: Accelerator,
) -> Metrics:
    """The task's figures, with `loss` (nats) among them."""
    if task.main_metric == "loss":  # language models: nothing to predict
        _, loss = _run(task, model, examples, loop, accelerator, predicting=False)
        values = {"loss": loss, "perplexity": perplexity(loss)}
        return Metrics(values, "loss", higher_is_better=False)
    predictions, loss = _run(task, model, examples, loop, accelerator)
    metrics = task.score(predictions, examples)
    return replace(metrics, values={"loss": loss, **metrics.values})


def _run(
    task: Task,
    model: nn.Module,
    examples: Sequence[Example],
    loop: LoopOptions,
    accelerator: Accelerator,
    predicting: bool = True,
) -> tuple[list[Any], float]:
    """Predictions in the order of the examples, and the mean loss; processes share the work."""
    lengths = [task.length(example) for example in examples]
    batches = make_batches(lengths, size=loop.batch_size, tokens=loop.batch_tokens)
    sharded = is_sharded(model)  # then all processes go through all batches together
    own = batches
    if not sharded:
        own = share_of(batches, accelerator.process_index, accelerator.num_processes)
    if accelerator.num_processes == 1 or type(model).__name__ == "DistributedDataParallel":
        model = bare(model)
    training = model.training
    model.eval()
    told: list[tuple[list[int], list[Any], float, int]] = []
    with torch.no_grad(), autocast(loop, accelerator.device):
        for indices in own:
            # Seeded by the examples, so that masks are the same at every look.
            random = generator(min(indices), len(indices), 3)
            batch = {
                name: tensor.to(accelerator.device)
                for name, tensor in task.collate([examples[i] for i in indices], random).items()
            }
            loss = task.loss(model, batch)
            made = task.predict(model, batch) if predicting else [None] * len(indices)
            told.append((indices, made, float(loss.total), loss.count))
    model.train(training)
    if sharded:
        reshard(model)
    if accelerator.num_processes > 1 and not sharded:
        told = gather_object(told)
    return _merged(told, len(examples))


def _merged(
    told: Sequence[tuple[list[int], list[Any], float, int]], count: int
) -> tuple[list[Any], float]:
    found: list[Any] = [None] * count
    seen: set[int] = set()
    total, weight = 0.0, 0
    for indices, predictions, loss, behind in told:
        if indices[0] in seen:  # a batch that another process had as well
            continue
        seen.update(indices)
        for index, prediction in zip(indices, predictions, strict=True):
            found[index] = prediction
        total += loss * behind
        weight += behind
    return found, total / max(weight, 1)
