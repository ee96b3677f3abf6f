"""The guard's loss: weights for each head of each row, and an energy term on harmless rows.

    mean over rows of  sum over known heads of  weight * log(1 + exp(-sign * z))  / heads
    + ENERGY * mean over harmless rows of  sum over heads of  max(0, z - FLOOR)^2  / heads

The second term holds the tail of harmless texts down where the first has lost interest, as in
`recipes/linear_guard/solver.py`; the hinge follows Liu et al. (2020), Energy-based
Out-of-distribution Detection. What is saved is a plain model of the task `classify`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from trueline.train.setup import Setup
from trueline.train.task import Batch, Example, Loss, Row
from trueline.train.tasks.classify import UNKNOWN, ClassifyOptions, ClassifyTask
from trueline.train.tasks.encoding import model_inputs

ENERGY, FLOOR = 0.05, -4.0


class GuardOptions(ClassifyOptions):
    """`classify` with `head_weights` in its rows."""

    def build(self, setup: Setup) -> ClassifyTask:
        plain = super().build(setup)
        return GuardTask(self, setup, plain.labels, plain.shares)


@dataclass(frozen=True)
class GuardTask(ClassifyTask):
    """The task at work; only examples and loss differ from `classify`."""

    def encode(self, rows: Sequence[Row]) -> list[Example]:
        return [
            {**example, "head_weights": [float(row["head_weights"].get(h, 0)) for h in self.labels]}
            for row, example in zip(rows, super().encode(rows), strict=True)
        ]

    def collate(self, examples: Sequence[Example], random: torch.Generator) -> Batch:
        batch = dict(super().collate(examples, random))
        if "head_weights" in examples[0]:
            table = np.asarray([e["head_weights"] for e in examples], dtype=np.float32)
            batch["head_weights"] = torch.from_numpy(table)
        return batch

    def loss(self, model: nn.Module, batch: Batch) -> Loss:
        logits = model(**model_inputs(batch))["label"].float()
        target = batch["target"]
        by_head = functional.binary_cross_entropy_with_logits(
            logits, target.clamp_min(0), reduction="none"
        )
        known = (target != UNKNOWN).float()
        each = (by_head * known * batch["head_weights"]).mean(1)
        harmless = target.eq(0).all(1).float()
        excess = (logits - FLOOR).clamp_min(0).square().mean(1) * harmless
        each = each + ENERGY * excess
        return Loss(each.mean(), each, len(each), logits)
