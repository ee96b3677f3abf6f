"""`causal`: predict the next token of running text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from pydantic import Field
from torch import nn
from torch.nn import functional
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from trueline.train.batching import pack_blocks
from trueline.train.models import causal_lm, first_id, last_id
from trueline.train.setup import Setup, TaskOptions
from trueline.train.task import Batch, Example, Loss, Metrics, Row
from trueline.train.tasks.encoding import decoded, framed, input_tensors, model_inputs, text_field
from trueline.train.tasks.generation import continued
from trueline.train.tasks.mlm import IGNORED
from trueline.train.tokenizers import token_ids

TEXTS_AT_ONCE = 1000


class CausalOptions(TaskOptions):
    """Predict the next token of running text."""

    task: Literal["causal"] = "causal"
    text: str = Field(default="text", min_length=1, description="Field of the text.")
    pack: bool = Field(default=True, description="Fill each example with running text.")
    max_new_tokens: int = Field(default=64, ge=1, description="Tokens that predict adds at most.")

    def texts(self, row: Row) -> list[str]:
        return [text_field(row, self.text, "task.text")]

    def build(self, setup: Setup) -> CausalTask:
        return CausalTask(self, setup)


@dataclass(frozen=True)
class CausalTask:
    """The task at work; see `trueline.train.task.Task`."""

    options: CausalOptions
    setup: Setup

    @property
    def name(self) -> str:
        return self.options.task

    @property
    def main_metric(self) -> str:
        return "loss"

    @property
    def facts(self) -> Mapping[str, Any]:
        return {}

    @property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        return self.setup.tokenizer

    @property
    def input_field(self) -> str:
        return self.options.text

    @property
    def longest(self) -> int:
        """Tokens of an example at most."""
        return self.options.max_length or self.setup.model.max_length

    def encode(self, rows: Sequence[Row]) -> list[Example]:
        if self.options.pack:
            start, end = first_id(self.tokenizer), last_id(self.tokenizer)
            blocks = pack_blocks(self._ids(rows), self.longest, start=start, end=end)
            return [{"input_ids": block} for block in blocks]
        refuse = self.options.over_length == "refuse"
        return [
            framed(self.tokenizer, ids, None, self.longest, row, refuse)
            for row, ids in zip(rows, self._ids(rows), strict=True)
        ]

    def encode_inputs(self, rows: Sequence[Row]) -> list[Example]:
        start = first_id(self.tokenizer)
        room = self.prompt_room
        return [{"input_ids": [start, *ids[-room:]]} for ids in self._ids(rows)]

    @property
    def prompt_room(self) -> int:
        """Tokens of a prompt that leave room for its continuation; of a longer one the end stays.

        However long the continuation may be, half of the length is the prompt's.
        """
        return self.longest - min(self.options.max_new_tokens, self.longest // 2) - 1

    def first_cut(self, rows: Sequence[Row]) -> tuple[int, int] | None:
        """The first row whose prompt would lose its beginning, and its tokens."""
        lengths = enumerate(len(ids) for ids in self._ids(rows))
        return next((found for found in lengths if found[1] > self.prompt_room), None)

    def length(self, example: Example) -> int:
        return len(example["input_ids"])

    def collate(self, examples: Sequence[Example], random: torch.Generator) -> Batch:
        del random
        return input_tensors(examples, self.tokenizer)

    def build_model(self) -> PreTrainedModel:
        return causal_lm(self.setup)

    def loss(self, model: nn.Module, batch: Batch) -> Loss:
        logits = model(**model_inputs(batch), use_cache=False).logits[:, :-1]
        return next_token_loss(logits, shifted_targets(batch))

    def predict(self, model: nn.Module, batch: Batch) -> list[Any]:
        """Each text, gone on with."""
        return [
            {"text": text}
            for text in continued(
                model, self.tokenizer, batch, self.options.max_new_tokens, self.longest
            )
        ]

    def score(self, predictions: Sequence[Any], examples: Sequence[Example]) -> Metrics:
        """Language models are measured by their loss alone."""
        return Metrics({}, self.main_metric, higher_is_better=False)

    def preview(self, example: Example, random: torch.Generator) -> str:
        del random
        return "tokens  " + " | ".join(decoded(self.tokenizer, example["input_ids"]))

    def _ids(self, rows: Sequence[Row]) -> Iterator[list[int]]:
        for start in range(0, len(rows), TEXTS_AT_ONCE):
            part = rows[start : start + TEXTS_AT_ONCE]
            texts = [text_field(row, self.options.text, "task.text") for row in part]
            yield from token_ids(self.tokenizer, texts)


def shifted_targets(batch: Batch) -> torch.Tensor:
    """int64 [batch, time - 1]: the token behind each one; padding costs nothing."""
    targets = batch["input_ids"][:, 1:]
    if "attention_mask" in batch:
        targets = targets.masked_fill(batch["attention_mask"][:, 1:] == 0, IGNORED)
    return targets


def next_token_loss(
    logits: torch.Tensor, targets: torch.Tensor, label_smoothing: float = 0.0
) -> Loss:
    """Cross-entropy of logits [batch, time, vocab] against targets [batch, time]."""
    logits = logits.float()
    by_token = functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="none",
        label_smoothing=label_smoothing,
    ).view(targets.shape)  # fmt: skip
    known = (targets != IGNORED).sum(1)
    count = int(known.sum())
    each = by_token.sum(1) / known.clamp_min(1)
    return Loss(by_token.sum() / max(count, 1), each, count, logits)
