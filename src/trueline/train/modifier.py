"""What a modifier is: hooks on the loop, freely stacked, each doing nothing by default.

`constraint`, `distil`, `prune`, `lowrank`, `lora` live in `trueline.train.modifiers`, one file
each, with their strict options. Stacks that cannot work are refused by a table there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from trueline.train.task import Batch, Loss, Task


@dataclass(slots=True)
class LoopState:
    """Where the loop is; modifiers read it, the loop writes it."""

    task: Task
    model: nn.Module
    out: Path
    device: torch.device
    seed: int
    step: int = 0
    steps: int = 0
    epoch: float = 0.0
    #: Numbers to log with this step, by name.
    logged: dict[str, float] = field(default_factory=dict[str, float])


class Modifier:
    """Base of every modifier. `state_dict` and `load_state_dict` make a killed run resumable."""

    name = ""

    def wrap_model(self, model: nn.Module, task: Task) -> nn.Module:
        """Once, before the optimiser is made."""
        return model

    def on_start(self, state: LoopState) -> None:
        """Once, after the model is on its device (and after a resume)."""

    def on_batch(self, state: LoopState, batch: Batch) -> Batch:
        """Each batch, before the forward pass."""
        return batch

    def on_loss(self, state: LoopState, batch: Batch, loss: Loss) -> Tensor:
        """The scalar to go down; `loss.total` when the modifier has nothing to add."""
        return loss.total

    def on_step(self, state: LoopState) -> None:
        """After each optimiser step."""

    def on_evaluate(self, state: LoopState, metrics: dict[str, float]) -> None:
        """After each evaluation on the dev split; may add metrics."""

    def may_keep(self, state: LoopState) -> bool:
        """Asked after `on_evaluate`: whether the weights as they are may become the best."""
        del state
        return True

    def finish(self, state: LoopState) -> Mapping[str, Any]:
        """Once, with the best model restored; the facts go into the artifact's card."""
        return {}

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        del state
