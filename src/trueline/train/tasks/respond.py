"""`respond`: write the assistant's next turn of a conversation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from pydantic import Field
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from trueline.train.batching import padded
from trueline.train.model_options import DECODERS
from trueline.train.models import causal_lm, encoder_decoder, first_id, last_id
from trueline.train.setup import Setup
from trueline.train.task import Batch, Example, Loss, Metrics, Row
from trueline.train.tasks.causal import next_token_loss
from trueline.train.tasks.encoding import (
    decoded,
    input_tensors,
    model_inputs,
)
from trueline.train.tasks.generation import continued, written
from trueline.train.tasks.mlm import IGNORED
from trueline.train.tasks.turns import DialogueOptions, last_turns, turns_of
from trueline.train.tokenizers import token_ids


class RespondOptions(DialogueOptions):
    """Write the assistant's next turn; with an encoder-decoder or a decoder."""

    task: Literal["respond"] = "respond"
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="Share of the target spread over the vocabulary."
    )
    max_new_tokens: int = Field(default=64, ge=1, description="Tokens written at most.")

    def build(self, setup: Setup) -> RespondTask:
        decoder = bool(setup.facts.get("decoder", setup.model.kind in DECODERS))
        return RespondTask(self, setup, decoder)


@dataclass(frozen=True)
class RespondTask:
    """The task at work; see `trueline.train.task.Task`.

    Args:
        decoder: a decoder writes on behind the conversation; else an encoder reads it.
    """

    options: RespondOptions
    setup: Setup
    decoder: bool

    @property
    def name(self) -> str:
        return self.options.task

    @property
    def main_metric(self) -> str:
        return "loss"

    @property
    def facts(self) -> Mapping[str, Any]:
        return {"decoder": self.decoder}

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
        return [example for row in rows for example in self._replies(row)]

    def encode_inputs(self, rows: Sequence[Row]) -> list[Example]:
        room = self.longest - (self.options.max_new_tokens if self.decoder else 0)
        found: list[Example] = []
        for row in rows:
            turns = last_turns(turns_of(self.options, row), self.options.history + 1)
            found.append({"input_ids": self._conversation(turns, max(room, 4))})
        return found

    def length(self, example: Example) -> int:
        return max(len(example["input_ids"]), len(example.get("targets", ())))

    def collate(self, examples: Sequence[Example], random: torch.Generator) -> Batch:
        del random
        batch = input_tensors(examples, self.tokenizer)
        if "targets" in examples[0]:
            batch["targets"] = padded([example["targets"] for example in examples], IGNORED)
        return batch

    def build_model(self) -> PreTrainedModel:
        return causal_lm(self.setup) if self.decoder else encoder_decoder(self.setup)

    def loss(self, model: nn.Module, batch: Batch) -> Loss:
        targets = batch["targets"]
        smoothing = self.options.label_smoothing if model.training else 0.0
        if self.decoder:
            logits = model(**model_inputs(batch), use_cache=False).logits
            return next_token_loss(logits[:, :-1], targets[:, 1:], smoothing)
        logits = model(**model_inputs(batch), labels=targets, use_cache=False).logits
        return next_token_loss(logits, targets, smoothing)

    def predict(self, model: nn.Module, batch: Batch) -> list[Any]:
        most = self.options.max_new_tokens
        texts = (
            continued(model, self.tokenizer, batch, most, self.longest)
            if self.decoder
            else written(model, self.tokenizer, batch, min(most, self.longest - 1), 1)
        )
        return [{"text": text.strip()} for text in texts]

    def score(self, predictions: Sequence[Any], examples: Sequence[Example]) -> Metrics:
        """Replies are measured by their loss: there are many good ones."""
        return Metrics({}, self.main_metric, higher_is_better=False)

    def preview(self, example: Example, random: torch.Generator) -> str:
        del random
        aims = [target for target in example["targets"] if target != IGNORED]
        return "\n".join([
            "reads   " + " | ".join(decoded(self.tokenizer, example["input_ids"])),
            "writes  " + " | ".join(decoded(self.tokenizer, aims)),
        ])  # fmt: skip

    def _replies(self, row: Row) -> Iterator[Example]:
        turns = turns_of(self.options, row)
        end = last_id(self.tokenizer)
        for number, turn in enumerate(turns):
            if turn["role"] != "assistant" or number == 0:
                continue
            reply = [*token_ids(self.tokenizer, [turn["text"]])[0], end]
            room = self.longest // 2 if self.decoder else self.longest
            before = last_turns(turns[:number], self.options.history + 1)
            cut = {"cut": len(reply) - room} if len(reply) > room else {}
            reply = reply[:room]
            if self.decoder:
                asked = self._conversation(before, self.longest - len(reply))
                aims = [IGNORED] * len(asked) + reply
                yield {"input_ids": [*asked, *reply], "targets": aims, **cut}
            else:
                asked = self._conversation(before, self.longest)
                yield {"input_ids": asked, "targets": reply, **cut}

    def _conversation(self, turns: Sequence[Mapping[str, Any]], room: int) -> list[int]:
        """`[CLS] turn [SEP] turn [SEP]`, the end of it when it is too long."""
        end = last_id(self.tokenizer)
        ids = [
            index
            for piece in token_ids(self.tokenizer, [turn["text"] for turn in turns])
            for index in (*piece, end)
        ]
        return [first_id(self.tokenizer), *ids[-(room - 1) :]]
