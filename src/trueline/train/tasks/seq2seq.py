"""`seq2seq`: read one text, write another. `translate`: the same, measured by BLEU.

A row holds both: `{"zh": "你好", "en": "Hello"}`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from pydantic import Field
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from trueline.stats.generation import bleu
from trueline.train.batching import padded
from trueline.train.models import encoder_decoder, last_id
from trueline.train.setup import Setup, TaskOptions
from trueline.train.task import Batch, Example, Loss, Metrics, Row
from trueline.train.tasks.causal import next_token_loss
from trueline.train.tasks.encoding import decoded, framed, input_tensors, model_inputs, text_field
from trueline.train.tasks.generation import written
from trueline.train.tasks.mlm import IGNORED
from trueline.train.tokenizers import token_ids


class Seq2SeqOptions(TaskOptions):
    """Read one text and write another."""

    task: Literal["seq2seq", "translate"] = "seq2seq"
    source: str = Field(default="source", min_length=1, description="Field that is read.")
    target: str = Field(default="target", min_length=1, description="Field that is written.")
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="Share of the target spread over the vocabulary."
    )
    beams: int = Field(default=1, ge=1, le=64, description="Beams when writing; 1 is greedy.")
    max_new_tokens: int | None = Field(
        default=None, ge=1, description="Tokens written at most; `model.max_length` when null."
    )

    def texts(self, row: Row) -> list[str]:
        return [
            text_field(row, self.source, "task.source"),
            text_field(row, self.target, "task.target"),
        ]

    def build(self, setup: Setup) -> Seq2SeqTask:
        return Seq2SeqTask(self, setup)


class TranslateOptions(Seq2SeqOptions):
    """Translate, measured by BLEU (sacrebleu) and chrF."""

    task: Literal["translate"] = "translate"  # pyright: ignore[reportIncompatibleVariableOverride]
    language: Literal["zh", "en", "other"] = Field(
        default="zh",
        description="Language that is written; Chinese has a BLEU tokenizer of its own.",
    )

    def build(self, setup: Setup) -> Seq2SeqTask:
        return Seq2SeqTask(self, setup, self.language)


@dataclass(frozen=True)
class Seq2SeqTask:
    """The task at work; see `trueline.train.task.Task`. With a language, BLEU is measured."""

    options: Seq2SeqOptions
    setup: Setup
    language: str | None = None

    @property
    def name(self) -> str:
        return self.options.task

    @property
    def main_metric(self) -> str:
        return "bleu" if self.language else "loss"

    @property
    def facts(self) -> Mapping[str, Any]:
        return {}

    @property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        return self.setup.tokenizer

    @property
    def input_field(self) -> str:
        return self.options.source

    @property
    def longest(self) -> int:
        """Tokens of either side at most."""
        return self.options.max_length or self.setup.model.max_length

    def encode(self, rows: Sequence[Row]) -> list[Example]:
        options, end = self.options, last_id(self.tokenizer)
        texts = [text_field(row, options.target, "task.target") for row in rows]
        refuse = options.over_length == "refuse"
        found: list[Example] = []
        for row, example, ids, text in zip(
            rows, self.encode_inputs(rows), token_ids(self.tokenizer, texts), texts, strict=True
        ):
            whole = framed(self.tokenizer, ids, None, self.longest + 1, row, refuse)
            # Written behind the start token, which the model is given.
            further: dict[str, Any] = {
                "target_ids": [*whole["input_ids"][1:-1], end],
                "target": text,
            }
            if "cut" in whole:
                further["cut"] = whole["cut"]
            found.append({**example, **further})
        return found

    def encode_inputs(self, rows: Sequence[Row]) -> list[Example]:
        texts = [text_field(row, self.options.source, "task.source") for row in rows]
        refuse = self.options.over_length == "refuse"
        return [
            framed(self.tokenizer, ids, None, self.longest, row, refuse)
            for row, ids in zip(rows, token_ids(self.tokenizer, texts), strict=True)
        ]

    def length(self, example: Example) -> int:
        return max(len(example["input_ids"]), len(example.get("target_ids", ())))

    def collate(self, examples: Sequence[Example], random: torch.Generator) -> Batch:
        del random
        batch = input_tensors(examples, self.tokenizer)
        if "target_ids" in examples[0]:
            batch["targets"] = padded([example["target_ids"] for example in examples], IGNORED)
        return batch

    def build_model(self) -> PreTrainedModel:
        return encoder_decoder(self.setup)

    def loss(self, model: nn.Module, batch: Batch) -> Loss:
        told = model(**model_inputs(batch), labels=batch["targets"], use_cache=False)
        smoothing = self.options.label_smoothing if model.training else 0.0
        return next_token_loss(told.logits, batch["targets"], smoothing)

    def predict(self, model: nn.Module, batch: Batch) -> list[Any]:
        most = self.options.max_new_tokens or self.longest
        texts = written(model, self.tokenizer, batch, most - 1 or 1, self.options.beams)
        return [{"text": text} for text in texts]

    def score(self, predictions: Sequence[Any], examples: Sequence[Example]) -> Metrics:
        told = [prediction["text"] for prediction in predictions]
        right = [example["target"] for example in examples]
        return Metrics(bleu(told, right, self.language or "other"), self.main_metric)

    def preview(self, example: Example, random: torch.Generator) -> str:
        del random
        return "\n".join([
            "reads   " + " | ".join(decoded(self.tokenizer, example["input_ids"])),
            "writes  " + " | ".join(decoded(self.tokenizer, example["target_ids"])),
        ])  # fmt: skip
