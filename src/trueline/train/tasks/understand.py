"""`understand`: intent and slots of a user's turn, with the turns before it as history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedTokenizerFast

from trueline.core.errors import InputError
from trueline.stats.classification import classification
from trueline.stats.entities import entities, entity_scores
from trueline.train.batching import padded
from trueline.train.data import place_of
from trueline.train.heads import EncoderWithHeads, draw_heads
from trueline.train.models import encoder, first_id, last_id
from trueline.train.setup import Setup
from trueline.train.task import Batch, Example, Loss, Metrics, Row
from trueline.train.tasks.encoding import (
    column,
    decoded,
    input_tensors,
    model_inputs,
    weighted_mean,
)
from trueline.train.tasks.mlm import IGNORED
from trueline.train.tasks.tag import OUTSIDE, joined
from trueline.train.tasks.turns import DialogueOptions, last_turns, turns_of
from trueline.train.tasks.units import Unit, unit_ids, units
from trueline.train.tokenizers import token_ids


class UnderstandOptions(DialogueOptions):
    """Tell intent and slots of a user's turn."""

    task: Literal["understand"] = "understand"
    intent_weight: float = Field(default=1.0, gt=0, description="Weight of the intent's loss.")
    slot_weight: float = Field(default=1.0, gt=0, description="Weight of the slots' loss.")
    head_dropout: float = Field(default=0.1, ge=0, lt=1, description="Dropout before the heads.")

    def build(self, setup: Setup) -> UnderstandTask:
        intents = tuple(setup.facts.get("intents", ()))
        tags = tuple(setup.facts.get("tags", ()))
        if not setup.facts:
            asked = [turn for row in setup.rows for turn in turns_of(self, row) if "intent" in turn]
            intents = tuple(sorted({turn["intent"] for turn in asked}))
            names = sorted({slot["name"] for turn in asked for slot in turn["slots"]})
            tags = (OUTSIDE, *(f"{mark}-{name}" for name in names for mark in "BI"))
            if len(intents) < 2:
                raise InputError(
                    f"task.turns: the rows hold {len(intents)} intents; at least 2 are needed. "
                    "Turns of role user have the fields text and intent"
                )
        return UnderstandTask(self, setup, intents, tags)


@dataclass(frozen=True)
class UnderstandTask:
    """The task at work; see `trueline.train.task.Task`."""

    options: UnderstandOptions
    setup: Setup
    intents: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.options.task

    @property
    def main_metric(self) -> str:
        return "joint" if len(self.tags) > 1 else "intent_accuracy"

    @property
    def facts(self) -> Mapping[str, Any]:
        return {"intents": list(self.intents), "tags": list(self.tags)}

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
        intents = {name: number for number, name in enumerate(self.intents)}
        tags = {name: number for number, name in enumerate(self.tags)}
        found: list[Example] = []
        for row in rows:
            turns = turns_of(self.options, row)
            for number, turn in enumerate(turns):
                if "intent" not in turn:
                    continue
                if turn["intent"] not in intents:
                    raise InputError(
                        f"{place_of(row)}: turns[{number}].intent {turn['intent']!r} is not one of "
                        f"the {len(intents)} intents. Mend the row or give it training rows"
                    )
                parts = units(turn["text"])
                spread = _slot_tags(turn, parts)
                for tag in spread:
                    if tag not in tags:
                        raise InputError(
                            f"{place_of(row)}: turns[{number}] has a slot {tag[2:]!r}, which no "
                            "training row has. Mend the row or give it training rows"
                        )
                example = self._framed(turns[:number], parts)
                targets = [IGNORED] * len(example["input_ids"])
                for place, tag in zip(example["heads"], spread, strict=False):
                    targets[place] = tags[tag]
                found.append({
                    **example, "intent": intents[turn["intent"]], "targets": targets, "tags": spread
                })  # fmt: skip
        return found

    def encode_inputs(self, rows: Sequence[Row]) -> list[Example]:
        found: list[Example] = []
        for row in rows:
            turns = turns_of(self.options, row)
            parts = units(turns[-1]["text"])
            found.append({**self._framed(turns[:-1], parts), "units": parts})
        return found

    def length(self, example: Example) -> int:
        return len(example["input_ids"])

    def collate(self, examples: Sequence[Example], random: torch.Generator) -> Batch:
        del random
        batch = input_tensors(examples, self.tokenizer)
        batch["heads"] = padded([example["heads"] for example in examples], -1)
        if "intent" in examples[0]:
            batch["intent"] = column(examples, "intent", torch.int64)
            batch["targets"] = padded([example["targets"] for example in examples], IGNORED)
        return batch

    def build_model(self) -> EncoderWithHeads:
        heads = {"intent": len(self.intents)}
        tags = {"slot": len(self.tags)} if len(self.tags) > 1 else {}
        model = EncoderWithHeads(
            encoder(self.setup), heads, tags, "first", self.options.head_dropout
        )
        draw_heads(model, self.setup.seed)
        return model

    def loss(self, model: nn.Module, batch: Batch) -> Loss:
        told: dict[str, Tensor] = model(**model_inputs(batch, segments=False))
        logits = told["intent"].float()
        each = self.options.intent_weight * functional.cross_entropy(
            logits, batch["intent"], reduction="none"
        )
        if "slot" in told:
            targets = batch["targets"]
            by_token = functional.cross_entropy(
                told["slot"].float().flatten(0, 1), targets.flatten(), ignore_index=IGNORED,
                reduction="none",
            ).view(targets.shape)  # fmt: skip
            mean = by_token.sum(1) / (targets != IGNORED).sum(1).clamp_min(1)
            each = each + self.options.slot_weight * mean
        return Loss(weighted_mean(each, torch.ones_like(each)), each, len(each), logits)

    def predict(self, model: nn.Module, batch: Batch) -> list[Any]:
        told: dict[str, Tensor] = model(**model_inputs(batch, segments=False))
        odds = told["intent"].float().softmax(-1)
        best = told["slot"].argmax(-1) if "slot" in told else None
        found: list[Any] = []
        for number, heads in enumerate(batch["heads"].tolist()):
            places = [place for place in heads if place >= 0]
            tags = [OUTSIDE] * len(places)
            if best is not None:
                tags = [self.tags[int(best[number, place])] for place in places]
            chance, intent = odds[number].max(-1)
            found.append({
                "intent": self.intents[int(intent)], "score": round(float(chance), 6), "tags": tags
            })  # fmt: skip
        return found

    def readable(self, prediction: Any, example: Example) -> Any:
        """Slots of a prediction, with their place in the turn."""
        parts: list[Unit] = example["units"]
        text = joined(parts)
        slots = [
            {
                "name": e.label, "start": parts[e.start].start,
                "value": text[parts[e.start].start : parts[e.end - 1].end],
            }
            for e in entities(prediction["tags"])
        ]  # fmt: skip
        return {"intent": prediction["intent"], "score": prediction["score"], "slots": slots}

    def score(self, predictions: Sequence[Any], examples: Sequence[Example]) -> Metrics:
        right = [self.intents[example["intent"]] for example in examples]
        told = [prediction["intent"] for prediction in predictions]
        values = {
            f"intent_{name}": value
            for name, value in classification(right, told, self.intents).items()
        }
        truth = [example["tags"] for example in examples]
        found = [
            [*p["tags"], *([OUTSIDE] * (len(tags) - len(p["tags"])))]
            for p, tags in zip(predictions, truth, strict=True)
        ]
        slots, _ = entity_scores(truth, found)
        values |= {f"slot_{name.removeprefix('entity_')}": value for name, value in slots.items()}
        both = [
            a == b and entities(x) == entities(y)
            for a, b, x, y in zip(right, told, truth, found, strict=True)
        ]
        values["joint"] = sum(both) / max(len(both), 1)
        return Metrics(values, self.main_metric)

    def preview(self, example: Example, random: torch.Generator) -> str:
        del random
        tokens = decoded(self.tokenizer, example["input_ids"])
        shown = [
            token if target in (IGNORED, 0) else f"{token}/{self.tags[target]}"
            for token, target in zip(tokens, example["targets"], strict=True)
        ]
        return f"tokens  {' | '.join(shown)}\nintent  {self.intents[example['intent']]}"

    def _framed(self, before: Sequence[Mapping[str, Any]], parts: Sequence[Unit]) -> dict[str, Any]:
        """`[CLS] turn [SEP] history [SEP]`, the latest turn of the history first."""
        end = last_id(self.tokenizer)
        ids, heads = [first_id(self.tokenizer)], []
        cut = 0
        for piece in unit_ids(self.tokenizer, parts):
            if len(ids) + len(piece) + 1 > self.longest:
                cut += len(piece)
                continue
            heads.append(len(ids))
            ids += piece
        ids.append(end)
        texts = [turn["text"] for turn in last_turns(before, self.options.history)]
        for earlier in reversed(token_ids(self.tokenizer, texts) if texts else []):
            ids += [*earlier, end]
        found: dict[str, Any] = {"input_ids": ids[: self.longest], "heads": heads}
        return {**found, "cut": cut} if cut else found


def _slot_tags(turn: Mapping[str, Any], parts: Sequence[Unit]) -> list[str]:
    """BIO tags of a turn's units; a slot that does not stand in the text is left out."""
    tags = [OUTSIDE] * len(parts)
    for slot in turn["slots"]:
        value = slot["value"]
        start = slot.get("start", turn["text"].find(value) if value else -1)
        if not isinstance(start, int) or start < 0:
            continue
        inside = [
            n for n, unit in enumerate(parts)
            if unit.start < start + len(value) and unit.end > start
        ]  # fmt: skip
        for order, number in enumerate(inside):
            tags[number] = f"{'I' if order else 'B'}-{slot['name']}"
    return tags
