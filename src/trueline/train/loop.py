"""The loop: plain PyTorch on `accelerate`, one visible function from the first step to the last.

Every random choice comes from a seed mixed with the place in the run, the learning rate is a
function of the step, and a checkpoint holds all that is left: so a killed run that goes on ends
bit for bit where it would have ended (one device, one thread count).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext as nothing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from trueline.train.averaging import Average
from trueline.train.batching import generator, make_batches, mixed_seed, share_of
from trueline.train.checkpoint import Checkpoint, Tally, load_checkpoint, save_checkpoint
from trueline.train.curves import MetricsLog
from trueline.train.devices import autocast
from trueline.train.evaluate import evaluate
from trueline.train.faults import loss_fault, telling_memory
from trueline.train.modifier import LoopState, Modifier
from trueline.train.optimizers import make_optimizer
from trueline.train.progress import Progress
from trueline.train.recipe import Recipe
from trueline.train.schedules import rate_share
from trueline.train.sharding import is_sharded, shard, whole
from trueline.train.signals import StopRequest
from trueline.train.task import Batch, Example, Task
from trueline.train.weights import bare, copy_weights, load_weights, save_weights, weights_of

BEST = "best.safetensors"


@dataclass
class LoopPlan:
    """Everything the loop works with."""

    recipe: Recipe
    task: Task
    model: nn.Module
    train: Sequence[Example]
    dev: Sequence[Example]
    out: Path
    accelerator: Accelerator
    modifiers: Sequence[Modifier] = ()
    digest: str = ""
    progress: Progress = field(default_factory=lambda: Progress(None))
    stop: StopRequest = field(default_factory=StopRequest)


@dataclass(frozen=True)
class LoopResult:
    """How the loop ended; the model holds the best weights."""

    state: LoopState
    tally: Tally
    stopped_early: bool


def run_loop(plan: LoopPlan) -> LoopResult:
    """Train until the last step, an early stop, or a request to stop.

    Raises:
        InputError: the loss is no number, or memory ran out; told with the next step.
        KeyboardInterrupt: someone asked to stop; the checkpoint is written.
    """
    recipe, loop, task = plan.recipe, plan.recipe.loop, plan.task
    accelerator = plan.accelerator
    model = plan.model
    for modifier in plan.modifiers:
        model = modifier.wrap_model(model, task)
    wrapped: Any = model.to(accelerator.device)
    sharded = loop.parallel == "fsdp" and accelerator.num_processes > 1
    if sharded:
        shard(wrapped, accelerator.device, accelerator.num_processes)
        plan.progress.say(f"the weights are shared out over {accelerator.num_processes} processes")
    optimizer: Any = make_optimizer(model, recipe.optimizer)
    wrapped = torch.compile(wrapped) if loop.compile else wrapped
    if not sharded:
        wrapped, optimizer = accelerator.prepare(wrapped, optimizer)
    model = bare(wrapped)
    average = Average(model, loop.ema) if loop.ema else None
    lengths = [task.length(example) for example in plan.train]
    steps = loop.steps or planned_steps(plan, lengths)
    state = LoopState(task, wrapped, plan.out, accelerator.device, recipe.seed, steps=steps)
    tally = Tally()
    found = load_checkpoint(plan.out, plan.digest)
    if found is not None:
        tally = found.restore(model, optimizer, average, plan.modifiers)
        plan.progress.say(f"going on from step {tally.step:,} of {steps:,}")
    state.step, state.epoch = tally.step, float(tally.epoch)
    main = accelerator.is_main_process
    log = MetricsLog(plan.out, recipe.log, recipe.name, tally.step) if main else None
    for modifier in plan.modifiers:
        modifier.on_start(state)
    plan.progress.begin(tally.step, steps)
    parameters = [p for p in wrapped.parameters() if p.requires_grad]
    stream = _stream(plan, lengths, tally)
    stopped = tally.spent(loop.patience)
    while tally.step < steps and not stopped:
        began = time.perf_counter()
        batches = _take(stream, loop.accumulate)
        if not batches:
            break
        tokens = sum(lengths[index] for rows in batches for index in rows.indices)
        loss = _backward(plan, state, wrapped, batches)
        norm = _step(plan, optimizer, parameters, tally.step, steps)
        if not math.isfinite(loss):
            raise loss_fault(recipe, tally.step + 1, loss, "loss")
        if not math.isfinite(norm):
            raise loss_fault(recipe, tally.step + 1, norm, "gradient's norm")
        tally.advance(
            batches[-1].epoch, batches[-1].index + 1, loss, tokens, time.perf_counter() - began
        )
        if average is not None:
            average.update(model, tally.step)
        state.step, state.epoch = tally.step, batches[-1].progress
        for modifier in plan.modifiers:
            modifier.on_step(state)
        last = tally.step == steps
        plan.progress.advance(tally.step, tokens, loss)
        if log and (tally.step % loop.log_every == 0 or last):
            rate = recipe.optimizer.lr * rate_share(recipe.schedule, tally.step - 1, steps)
            figures = {"epoch": round(state.epoch, 4), "lr": rate, "grad_norm": norm}
            log.write(tally.step, {**figures, **tally.take_figures(), **state.logged})
        elif tally.step % loop.log_every == 0:
            tally.take_figures()
        state.logged.clear()
        if _look(plan, tally, batches[-1], last):
            values = _measure(plan, state, wrapped, average, tally)
            if log:
                log.write(tally.step, {"epoch": round(state.epoch, 4), **values})
            stopped = tally.spent(loop.patience)
            _checkpoint(plan, tally, model, optimizer, average)
        elif plan.stop.asked or (loop.checkpoint_every and tally.step % loop.checkpoint_every == 0):
            _checkpoint(plan, tally, model, optimizer, average)
        if plan.stop.asked and not last:
            raise KeyboardInterrupt
    if log:
        log.close()
    accelerator.wait_for_everyone()
    if (plan.out / BEST).is_file() and plan.dev:
        load_weights(model, plan.out / BEST)
    elif average is not None:
        average.store(model)
    if sharded:  # from here on every process has all of it
        model, weights = task.build_model().to(accelerator.device), weights_of(model)
        copy_weights(model, weights)
    state.model = model
    return LoopResult(state, tally, stopped)


def planned_steps(plan: LoopPlan, lengths: Sequence[int]) -> int:
    """Optimiser steps that `loop.epochs` come to, by the batches of the first epoch."""
    batches = len(_epoch(plan, lengths, 0))
    return max(1, math.ceil(plan.recipe.loop.epochs * batches / plan.recipe.loop.accumulate))


@dataclass(frozen=True, slots=True)
class Rows:
    """One batch to come: which examples, and where in the run it stands."""

    epoch: int
    index: int
    of: int
    indices: Sequence[int]

    @property
    def progress(self) -> float:
        """Epochs done behind this batch."""
        return self.epoch + (self.index + 1) / self.of


def _epoch(plan: LoopPlan, lengths: Sequence[int], epoch: int) -> list[list[int]]:
    loop, accelerator = plan.recipe.loop, plan.accelerator
    batches = make_batches(
        lengths, size=loop.batch_size, tokens=loop.batch_tokens, bucket=loop.bucket,
        seed=mixed_seed(plan.recipe.seed, epoch),
    )  # fmt: skip
    return share_of(batches, accelerator.process_index, accelerator.num_processes)


def _stream(plan: LoopPlan, lengths: Sequence[int], tally: Tally) -> Iterator[Rows]:
    epoch, first = tally.epoch, tally.index
    while True:
        batches = _epoch(plan, lengths, epoch)
        for index in range(first, len(batches)):
            yield Rows(epoch, index, len(batches), batches[index])
        epoch, first = epoch + 1, 0


def _take(stream: Iterator[Rows], count: int) -> list[Rows]:
    return [rows for _, rows in zip(range(count), stream, strict=False)]


def _backward(plan: LoopPlan, state: LoopState, model: nn.Module, batches: list[Rows]) -> float:
    """Gradients of one step, as if all its batches on all processes were one; the mean loss."""
    accelerator, task, seed = plan.accelerator, plan.task, plan.recipe.seed
    rank, world = accelerator.process_index, accelerator.num_processes
    alone = len(batches) == 1 and world == 1
    model.train()
    total: Tensor | float = 0.0
    count = 0
    for number, rows in enumerate(batches):
        # Dropout draws from torch's own generator: seeded by place, it needs no saving.
        torch.manual_seed(mixed_seed(seed, state.step, number, rank, 1))
        random = generator(seed, rows.epoch, rows.index, rank, 2)
        batch: Batch = task.collate([plan.train[index] for index in rows.indices], random)
        shape = tuple(next(iter(batch.values())).shape)
        held = number < len(batches) - 1
        with (
            telling_memory(plan.recipe.loop, state.step + 1, shape, accelerator.device),
            accelerator.no_sync(model) if held and not is_sharded(model) else nothing(),
        ):
            batch = {name: tensor.to(accelerator.device) for name, tensor in batch.items()}
            for modifier in plan.modifiers:
                batch = modifier.on_batch(state, batch)
            with autocast(plan.recipe.loop, accelerator.device):
                loss = task.loss(model, batch)
                for modifier in plan.modifiers:
                    loss = replace(loss, total=modifier.on_loss(state, batch, loss))
            torch.autograd.backward(loss.total if alone else loss.total * loss.count)
        total = total + loss.total.detach().float() * loss.count
        count += loss.count
    if alone:
        return float(total) / max(count, 1)
    sums = torch.tensor([float(total), float(count)], device=accelerator.device)
    sums = accelerator.reduce(sums, "sum") if world > 1 else sums
    behind = max(float(sums[1]), 1.0)
    for parameter in model.parameters():
        if parameter.grad is not None:  # DDP has divided by the number of processes
            parameter.grad.mul_(world / behind)
    return float(sums[0]) / behind


def _step(
    plan: LoopPlan, optimizer: Any, parameters: list[nn.Parameter], step: int, steps: int
) -> float:
    """Clip, move the weights, clear the gradients; the norm before clipping."""
    recipe = plan.recipe
    rate = recipe.optimizer.lr * rate_share(recipe.schedule, step, steps)
    for group in optimizer.param_groups:
        group["lr"] = rate
    limit = recipe.loop.clip or math.inf
    norm = float(whole(nn.utils.clip_grad_norm_(parameters, limit)))
    if math.isfinite(norm):
        optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return norm


def _look(plan: LoopPlan, tally: Tally, rows: Rows, last: bool) -> bool:
    """Whether dev is measured after this step."""
    every = plan.recipe.loop.evaluate_every
    if every is not None:
        return last or tally.step % every == 0
    return last or rows.index + plan.recipe.loop.accumulate >= rows.of


def _measure(
    plan: LoopPlan, state: LoopState, model: nn.Module, average: Average | None, tally: Tally
) -> dict[str, float]:
    """Measure dev, keep the weights when they are the best so far."""
    if not plan.dev:
        return {}
    loop = plan.recipe.loop
    rows = plan.dev[: loop.evaluate_rows] if loop.evaluate_rows else plan.dev
    with average.in_place(bare(model)) if average else nothing():
        metrics = evaluate(plan.task, model, rows, loop, plan.accelerator)
        values = {f"dev_{name}": value for name, value in metrics.values.items()}
        for modifier in plan.modifiers:
            modifier.on_evaluate(state, values)
        value = values[f"dev_{metrics.main}"]
        plan.progress.measured(metrics.main, value)
        may_keep = all([modifier.may_keep(state) for modifier in plan.modifiers])  # noqa: C419 (each is asked)
        gained = may_keep and tally.judge(value, metrics.higher_is_better, loop.min_gain)
        if gained:
            save_weights(model, plan.out / BEST, write=plan.accelerator.is_main_process)
    return values


def _checkpoint(
    plan: LoopPlan, tally: Tally, model: nn.Module, optimizer: Any, average: Average | None
) -> None:
    found = Checkpoint.of(plan.digest, tally, model, optimizer, average, plan.modifiers)
    if plan.accelerator.is_main_process:
        save_checkpoint(plan.out, found)
