"""`tag`: a tag for each word, such as named entities; BIO tags are measured as entities.

A row holds words and tags: `{"tokens": ["小", "王", "来", "了"], "tags": ["B-PER", "I-PER", "O",
"O"]}`. A finished model takes texts, and tells entities with their place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from pydantic import Field
from torch import nn
from torch.nn import functional
from transformers import PreTrainedTokenizerFast

from trueline.core.errors import InputError
from trueline.stats.entities import entities, entity_scores
from trueline.train.batching import padded
from trueline.train.data import place_of
from trueline.train.heads import EncoderWithHeads, draw_heads
from trueline.train.models import encoder, first_id, last_id
from trueline.train.setup import Setup, TaskOptions
from trueline.train.task import Batch, Example, Loss, Metrics, Row
from trueline.train.tasks.encoding import (
    column,
    decoded,
    input_tensors,
    model_inputs,
    text_field,
    weight_field,
    weighted_mean,
)
from trueline.train.tasks.mlm import IGNORED
from trueline.train.tasks.units import Unit, unit_ids, units, units_of_words

OUTSIDE = "O"


class TagOptions(TaskOptions):
    """Tag each word of a text."""

    task: Literal["tag"] = "tag"
    tokens: str = Field(default="tokens", min_length=1, description="Field of the list of words.")
    tags: str = Field(default="tags", min_length=1, description="Field of the list of tags.")
    text: str = Field(default="text", min_length=1, description="Field of a text, to predict on.")
    labels: tuple[str, ...] | None = Field(
        default=None, description="All tags in their order; those of the rows when null."
    )
    weight: str | None = Field(default=None, description="Field of a row's weight in the loss.")
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="Share of the target spread over all tags."
    )
    head_dropout: float = Field(default=0.1, ge=0, lt=1, description="Dropout before the head.")

    def texts(self, row: Row) -> list[str]:
        parts, _ = units_of_words(*words_of(self, row))
        return [joined(parts)]

    def build(self, setup: Setup) -> TagTask:
        labels = tuple(setup.facts.get("labels", ())) or self.labels or _found(self, setup.rows)
        if self.labels and setup.rows:
            empty = sorted(set(labels) - set(_completed(_found(self, setup.rows))))
            if empty:
                raise InputError(
                    f"task.labels: no training row has the tag {empty[0]!r}. Add rows, or take it "
                    "out of task.labels"
                )
        return TagTask(self, setup, _completed(labels))


@dataclass(frozen=True)
class TagTask:
    """The task at work; see `trueline.train.task.Task`."""

    options: TagOptions
    setup: Setup
    labels: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.options.task

    @property
    def main_metric(self) -> str:
        return "entity_f1" if any(label[:2] == "B-" for label in self.labels) else "accuracy"

    @property
    def facts(self) -> Mapping[str, Any]:
        return {"labels": list(self.labels)}

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
        index = {label: number for number, label in enumerate(self.labels)}
        found: list[Example] = []
        for row in rows:
            words, tags = words_of(self.options, row)
            for tag in tags:
                if tag not in index:
                    known = ", ".join(self.labels[:20]) + (", ..." if len(self.labels) > 20 else "")
                    raise InputError(
                        f"{place_of(row)}: the tag {tag!r} is not one of the {len(index)} tags "
                        f"({known}). Mend the row, add it to task.labels, or give it training rows"
                    )
            parts, spread = units_of_words(words, tags)
            example = self._framed(parts, row)
            targets = [IGNORED] * len(example["input_ids"])
            for place, tag in zip(example["heads"], spread, strict=False):
                targets[place] = index[tag]
            weight = weight_field(row, self.options.weight)
            found.append({**example, "targets": targets, "tags": spread, "weight": weight})
        return found

    def encode_inputs(self, rows: Sequence[Row]) -> list[Example]:
        found: list[Example] = []
        for row in rows:
            if self.options.tokens in row:
                words = _list(row, self.options.tokens, "task.tokens")
                parts, _ = units_of_words(words, [OUTSIDE] * len(words))
            else:
                parts = units(text_field(row, self.options.text, "task.text"))
            found.append({**self._framed(parts, row), "units": parts})
        return found

    def length(self, example: Example) -> int:
        return len(example["input_ids"])

    def collate(self, examples: Sequence[Example], random: torch.Generator) -> Batch:
        del random
        batch = input_tensors(examples, self.tokenizer)
        batch["heads"] = padded([example["heads"] for example in examples], -1)
        if "targets" in examples[0]:
            batch["targets"] = padded([example["targets"] for example in examples], IGNORED)
            batch["weight"] = column(examples, "weight", torch.float32)
        return batch

    def build_model(self) -> EncoderWithHeads:
        model = EncoderWithHeads(
            encoder(self.setup), {}, {"tag": len(self.labels)}, "first", self.options.head_dropout
        )
        draw_heads(model, self.setup.seed)
        return model

    def loss(self, model: nn.Module, batch: Batch) -> Loss:
        logits = model(**model_inputs(batch))["tag"].float()
        targets = batch["targets"]
        by_token = functional.cross_entropy(
            logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="none",
            label_smoothing=self.options.label_smoothing,
        ).view(targets.shape)  # fmt: skip
        known = (targets != IGNORED).sum(1)
        each = by_token.sum(1) / known.clamp_min(1)
        weights = batch["weight"] * known
        return Loss(weighted_mean(each, weights), each, int(known.sum()), logits)

    def predict(self, model: nn.Module, batch: Batch) -> list[Any]:
        """A tag for each unit that fitted in."""
        best = model(**model_inputs(batch))["tag"].argmax(-1)
        return [
            {"tags": [self.labels[int(row[place])] for place in heads.tolist() if place >= 0]}
            for row, heads in zip(best, batch["heads"], strict=True)
        ]

    def readable(self, prediction: Any, example: Example) -> Any:
        """Entities of a prediction, with their place in the text."""
        parts: list[Unit] = example["units"]
        text = joined(parts)
        found = [
            {
                "label": e.label, "start": parts[e.start].start, "end": parts[e.end - 1].end,
                "text": text[parts[e.start].start : parts[e.end - 1].end],
            }
            for e in entities(prediction["tags"])
        ]  # fmt: skip
        return {"entities": found, "tags": prediction["tags"]}

    def score(self, predictions: Sequence[Any], examples: Sequence[Example]) -> Metrics:
        # What was cut off counts as not found.
        told = [
            [*p["tags"], *([OUTSIDE] * (len(e["tags"]) - len(p["tags"])))]
            for p, e in zip(predictions, examples, strict=True)
        ]
        right = [example["tags"] for example in examples]
        values, by_label = entity_scores(right, told)
        pairs = [
            (a, b) for x, y in zip(told, right, strict=True) for a, b in zip(x, y, strict=True)
        ]
        values["accuracy"] = sum(a == b for a, b in pairs) / max(len(pairs), 1)
        table = {
            label: {
                "precision": c.precision, "recall": c.recall, "f1": c.f1, "support": c.tp + c.fn
            }
            for label, c in by_label.items()
        }  # fmt: skip
        return Metrics(values, self.main_metric, tables={"labels": table})

    def preview(self, example: Example, random: torch.Generator) -> str:
        del random
        tokens = decoded(self.tokenizer, example["input_ids"])
        shown = [
            token if target == IGNORED else f"{token}/{self.labels[target]}"
            for token, target in zip(tokens, example["targets"], strict=True)
        ]
        return "tokens  " + " | ".join(shown)

    def _framed(self, parts: Sequence[Unit], row: Row) -> dict[str, Any]:
        """Ids with their marks; `heads` are the places of each unit's first token."""
        pieces = unit_ids(self.tokenizer, parts)
        room = self.longest - 2
        total = sum(map(len, pieces))
        if total > room and self.options.over_length == "refuse":
            raise InputError(
                f"{place_of(row)}: {total + 2} tokens, more than the {self.longest} that fit. "
                "Raise model.max_length, shorten the row, or set task.over_length to cut"
            )
        ids, heads = [first_id(self.tokenizer)], []
        for piece in pieces:
            if len(ids) - 1 + len(piece) > room:
                break
            heads.append(len(ids))
            ids += piece
        found: dict[str, Any] = {"input_ids": [*ids, last_id(self.tokenizer)], "heads": heads}
        if total > room:
            found["cut"] = total - room
        return found


def _completed(labels: Sequence[str]) -> tuple[str, ...]:
    """With an `I-` for every `B-`: a Han word of several characters needs it."""
    further = [f"I-{label[2:]}" for label in labels if label[:2] == "B-"]
    return tuple(dict.fromkeys((*labels, *further)))


def joined(parts: Sequence[Unit]) -> str:
    """The text that units stand in; gaps are spaces."""
    text = ""
    for unit in parts:
        text += " " * (unit.start - len(text)) + unit.text
    return text


def words_of(options: TagOptions, row: Row) -> tuple[list[str], list[str]]:
    """Words and tags of a row.

    Raises:
        InputError: they are missing, no lists of texts, or not equally many.
    """
    words = _list(row, options.tokens, "task.tokens")
    tags = _list(row, options.tags, "task.tags")
    if len(words) != len(tags):
        raise InputError(
            f"{place_of(row)}: {len(words)} {options.tokens} and {len(tags)} {options.tags}; each "
            "word needs one tag. Mend the row"
        )
    return words, tags


def _list(row: Row, field: str, option: str) -> list[str]:
    value = row.get(field)
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return list(value)
    if field not in row:
        has = ", ".join(sorted(map(str, row))) or "nothing"
        raise InputError(
            f"{place_of(row)}: no field {field!r}; the row has: {has}. Set {option} to one of them"
        )
    raise InputError(f"{place_of(row)}: {field} is a list of texts. Mend the row or set {option}")


def _found(options: TagOptions, rows: Sequence[Row]) -> tuple[str, ...]:
    found = {tag for row in rows for tag in words_of(options, row)[1]}
    if len(found | {OUTSIDE}) < 2:
        raise InputError(
            f"{options.tags}: the rows hold no tag but O. Give rows with entities, or set task.tags"
        )
    return (OUTSIDE, *sorted(found - {OUTSIDE}))
