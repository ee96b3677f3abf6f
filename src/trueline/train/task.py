"""What a task is: how examples become a batch, a batch a loss, a loss a model worth keeping.

A task knows nothing of optimisers, devices or files; the loop knows nothing of labels. Tasks
live in `trueline.train.tasks`, one file each, with their strict options:

    class ClassifyOptions(TaskOptions):
        task: Literal["classify"] = "classify"

        def build(self, setup: Setup) -> Task: ...
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

#: One row of a data file, as read: `{"text": ..., "label": ...}`.
Row = Mapping[str, Any]
#: One row made ready: token ids and targets, as lists of numbers.
Example = Mapping[str, Any]
#: Tensors by name, [batch, ...], on the model's device.
Batch = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss of a batch and what it was made of.

    Args:
        total: scalar, mean over what counts (tokens or examples); nats.
        each: float32 [batch], the loss of each example; modifiers weigh it.
        count: tokens or examples behind the mean.
        logits: the model's outputs that the loss was computed from, for distillation.
    """

    total: Tensor
    each: Tensor
    count: int
    logits: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Metrics:
    """Measured on held-out examples: numbers by name, and the one that picks the best model."""

    values: Mapping[str, float]
    main: str
    higher_is_better: bool = True
    tables: Mapping[str, Any] = field(default_factory=dict[str, Any])


@runtime_checkable
class Task(Protocol):
    """How one kind of data is learned.

    Its methods are pure but for random choices, which come from the generator they are given.
    """

    @property
    def name(self) -> str: ...

    @property
    def main_metric(self) -> str:
        """The metric that picks the best checkpoint, such as `macro_f1` or `loss`."""
        ...

    @property
    def facts(self) -> Mapping[str, Any]:
        """What was found in the rows and a loaded model needs again, such as label names."""
        ...

    def encode(self, rows: Sequence[Row]) -> list[Example]:
        """Examples of rows; `InputError` names the row, field and value that cannot be used."""
        ...

    def encode_inputs(self, rows: Sequence[Row]) -> list[Example]:
        """Examples of rows that need no labels, for prediction."""
        ...

    @property
    def input_field(self) -> str:
        """The field a text that comes alone goes into."""
        ...

    def length(self, example: Example) -> int:
        """Tokens of an example, for bucketing."""
        ...

    def collate(self, examples: Sequence[Example], random: torch.Generator) -> Batch:
        """Tensors of examples, padded to the longest; random masking draws from `random`."""
        ...

    def build_model(self) -> nn.Module:
        """A fresh or loaded model with the head this task needs."""
        ...

    def loss(self, model: nn.Module, batch: Batch) -> Loss: ...

    def predict(self, model: nn.Module, batch: Batch) -> list[Any]:
        """One JSON-able prediction for each example of the batch."""
        ...

    def score(self, predictions: Sequence[Any], examples: Sequence[Example]) -> Metrics: ...

    def preview(self, example: Example, random: torch.Generator) -> str:
        """The example as the model sees it: decoded tokens, labels, masks."""
        ...
