"""`classify`: one label a text, or any number of them, with a severity beside if wanted.

A row holds the text and its label: `{"text": "...", "label": "sport"}`. With `multi_label` the
field holds a list of labels (all others are absent), or a mapping `{"hate": 1, "fraud": 0}` in
which a label that is not named was not annotated and costs nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedTokenizerFast

from trueline.core.errors import InputError
from trueline.stats.classification import (
    Counts,
    classification,
    confusion,
    label_counts,
    macro,
    micro_f1,
)
from trueline.train.data import place_of
from trueline.train.heads import EncoderWithHeads, Pooling, draw_heads
from trueline.train.models import encoder
from trueline.train.setup import Setup, TaskOptions
from trueline.train.task import Batch, Example, Loss, Metrics, Row
from trueline.train.tasks.encoding import (
    column,
    decoded,
    framed,
    input_tensors,
    model_inputs,
    text_field,
    weight_field,
    weighted_mean,
)
from trueline.train.tokenizers import token_ids

#: Labels of a row, as numbers: 1 present, 0 absent, -1 not annotated.
UNKNOWN = -1


class ClassifyOptions(TaskOptions):
    """Sort texts by label."""

    task: Literal["classify"] = "classify"
    text: str = Field(default="text", min_length=1, description="Field of the text.")
    pair: str | None = Field(default=None, description="Field of a second text, read with it.")
    label: str = Field(default="label", min_length=1, description="Field of the label or labels.")
    labels: tuple[str, ...] | None = Field(
        default=None, description="All labels in their order; those of the rows when null."
    )
    multi_label: bool = Field(default=False, description="Any number of labels a text.")
    severity: str | None = Field(
        default=None, description="Field of a severity, 0 to severity_levels - 1; may be absent."
    )
    severity_levels: int = Field(default=4, ge=2, le=20, description="Levels of severity.")
    severity_share: float = Field(
        default=0.3, gt=0, le=10, description="Weight of the severity's loss beside the label's."
    )
    weight: str | None = Field(default=None, description="Field of a row's weight in the loss.")
    class_weights: Literal["none", "balanced"] = Field(
        default="none", description="`balanced` weighs rare labels up, by 1 / sqrt(share)."
    )
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="Share of the target spread over all labels."
    )
    pooling: Pooling = Field(
        default="mean", description="What stands for the text: the mean of tokens, or the first."
    )
    head_dropout: float = Field(default=0.1, ge=0, lt=1, description="Dropout before the heads.")
    threshold: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="`multi_label`: probability from which a label is told.",
    )

    def texts(self, row: Row) -> list[str]:
        fields = [self.text, *([self.pair] if self.pair else [])]
        return [text_field(row, field, "task.text") for field in fields]

    def build(self, setup: Setup) -> ClassifyTask:
        labels = (
            tuple(setup.facts.get("labels", ())) or self.labels or _found_labels(self, setup.rows)
        )
        shares: dict[str, float] = dict(setup.facts.get("shares", {}))
        if not setup.facts:
            shares = _shares(self, labels, setup.rows)
        return ClassifyTask(self, setup, labels, shares)


@dataclass(frozen=True)
class ClassifyTask:
    """The task at work; see `trueline.train.task.Task`."""

    options: ClassifyOptions
    setup: Setup
    labels: tuple[str, ...]
    shares: Mapping[str, float]

    @property
    def name(self) -> str:
        return self.options.task

    @property
    def main_metric(self) -> str:
        return "macro_f1"

    @property
    def facts(self) -> Mapping[str, Any]:
        return {"labels": list(self.labels), "shares": dict(self.shares)}

    @property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        return self.setup.tokenizer

    @property
    def longest(self) -> int:
        """Tokens of an example at most."""
        return self.options.max_length or self.setup.model.max_length

    @property
    def input_field(self) -> str:
        return self.options.text

    def encode(self, rows: Sequence[Row]) -> list[Example]:
        options = self.options
        index = {label: number for number, label in enumerate(self.labels)}
        found: list[Example] = []
        for row, example in zip(rows, self.encode_inputs(rows), strict=True):
            further: dict[str, Any] = {
                "target": _target(options, row, index), "weight": weight_field(row, options.weight)
            }  # fmt: skip
            if options.severity:
                further["severity"] = _severity(options, row)
            found.append({**example, **further})
        return found

    def encode_inputs(self, rows: Sequence[Row]) -> list[Example]:
        options = self.options
        first = token_ids(self.tokenizer, [text_field(r, options.text, "task.text") for r in rows])
        second: list[Any] = [None] * len(rows)
        if options.pair:
            pairs = [text_field(r, options.pair, "task.pair") for r in rows]
            second = token_ids(self.tokenizer, pairs)
        refuse = options.over_length == "refuse"
        return [
            framed(self.tokenizer, ids, pair, self.longest, row, refuse)
            for row, ids, pair in zip(rows, first, second, strict=True)
        ]

    def length(self, example: Example) -> int:
        return len(example["input_ids"])

    def collate(self, examples: Sequence[Example], random: torch.Generator) -> Batch:
        del random
        batch = input_tensors(examples, self.tokenizer)
        if "target" not in examples[0]:
            return batch
        kind = torch.float32 if self.options.multi_label else torch.int64
        batch["target"] = torch.from_numpy(np.asarray([e["target"] for e in examples])).to(kind)
        batch["weight"] = column(examples, "weight", torch.float32)
        if self.options.severity:
            batch["severity"] = column(examples, "severity", torch.int64)
        return batch

    def build_model(self) -> EncoderWithHeads:
        heads = {"label": len(self.labels)}
        if self.options.severity:
            heads["severity"] = self.options.severity_levels
        with torch.random.fork_rng(devices=[]):
            model = EncoderWithHeads(
                encoder(self.setup), heads, {}, self.options.pooling, self.options.head_dropout
            )
        draw_heads(model, self.setup.seed)
        return model

    def loss(self, model: nn.Module, batch: Batch) -> Loss:
        told: dict[str, Tensor] = model(**model_inputs(batch))
        logits = told["label"].float()
        each = (
            self._multi(logits, batch) if self.options.multi_label else self._single(logits, batch)
        )
        if self.options.severity:
            known = batch["severity"] != UNKNOWN
            by_row = functional.cross_entropy(
                told["severity"].float(), batch["severity"].clamp_min(0), reduction="none"
            )
            each = each + self.options.severity_share * by_row * known
        return Loss(weighted_mean(each, batch["weight"]), each, len(each), logits)

    def predict(self, model: nn.Module, batch: Batch) -> list[Any]:
        told: dict[str, Tensor] = model(**model_inputs(batch))
        logits = told["label"].float()
        odds = logits.sigmoid() if self.options.multi_label else logits.softmax(-1)
        levels = told["severity"].argmax(-1).tolist() if "severity" in told else None
        found: list[Any] = []
        for number, row in enumerate(odds.tolist()):
            scores = {label: round(p, 6) for label, p in zip(self.labels, row, strict=True)}
            prediction: dict[str, Any] = {"scores": scores}
            if self.options.multi_label:
                chosen = [
                    n for n, p in zip(self.labels, row, strict=True) if p >= self.options.threshold
                ]
                prediction["labels"] = chosen
            else:
                prediction["label"] = self.labels[max(range(len(row)), key=row.__getitem__)]
            if levels is not None:
                prediction["severity"] = levels[number]
            found.append(prediction)
        return found

    def score(self, predictions: Sequence[Any], examples: Sequence[Example]) -> Metrics:
        values, tables = (
            self._multi_score(predictions, examples)
            if self.options.multi_label
            else self._single_score(predictions, examples)
        )
        if self.options.severity:
            pairs = [
                (p["severity"], e["severity"])
                for p, e in zip(predictions, examples, strict=True)
                if e["severity"] != UNKNOWN
            ]
            gaps = [abs(told - right) for told, right in pairs]
            values["severity_mae"] = sum(gaps) / len(gaps) if gaps else 0.0
        return Metrics(values, self.main_metric, tables=tables)

    def preview(self, example: Example, random: torch.Generator) -> str:
        del random
        target = example["target"]
        if self.options.multi_label:
            marks = {1: "", 0: "not ", UNKNOWN: "unknown "}
            told = ", ".join(
                f"{marks[int(v)]}{label}" for label, v in zip(self.labels, target, strict=True)
            )
        else:
            told = f"{self.labels[target]} ({target})"
        lines = ["tokens  " + " | ".join(decoded(self.tokenizer, example["input_ids"]))]
        lines.append(f"label   {told}")
        if self.options.severity:
            level = example["severity"]
            lines.append(f"level   {'not annotated' if level == UNKNOWN else level}")
        return "\n".join(lines)

    def _single(self, logits: Tensor, batch: Batch) -> Tensor:
        weights = self._class_weights(logits)
        return functional.cross_entropy(
            logits, batch["target"], weight=weights, reduction="none",
            label_smoothing=self.options.label_smoothing,
        )  # fmt: skip

    def _multi(self, logits: Tensor, batch: Batch) -> Tensor:
        target = batch["target"]
        known = (target != UNKNOWN).float()
        aim = target.clamp_min(0)
        smooth = self.options.label_smoothing
        aim = aim * (1 - smooth) + 0.5 * smooth
        by_label = functional.binary_cross_entropy_with_logits(
            logits, aim, reduction="none", pos_weight=self._class_weights(logits)
        )
        return (by_label * known).sum(1) / known.sum(1).clamp_min(1)

    def _class_weights(self, logits: Tensor) -> Tensor | None:
        if self.options.class_weights == "none":
            return None
        return torch.tensor([self.shares[label] for label in self.labels], device=logits.device)

    def _single_score(
        self, predictions: Sequence[Any], examples: Sequence[Example]
    ) -> tuple[dict[str, float], dict[str, Any]]:
        truth = [self.labels[example["target"]] for example in examples]
        told = [prediction["label"] for prediction in predictions]
        counts = label_counts(truth, told, self.labels)
        tables: dict[str, Any] = {"labels": _by_label(counts)}
        if len(self.labels) <= 200:
            tables["confusion"] = {
                "labels": list(self.labels), "counts": confusion(truth, told, self.labels)
            }  # fmt: skip
        return classification(truth, told, self.labels), tables

    def _multi_score(
        self, predictions: Sequence[Any], examples: Sequence[Example]
    ) -> tuple[dict[str, float], dict[str, Any]]:
        right = np.asarray([example["target"] for example in examples])
        told = np.asarray(
            [[label in p["labels"] for label in self.labels] for p in predictions], dtype=bool
        ).reshape(right.shape)
        counts = {
            label: Counts(
                int((told[:, i] & (right[:, i] == 1)).sum()),
                int((told[:, i] & (right[:, i] == 0)).sum()),
                int((~told[:, i] & (right[:, i] == 1)).sum()),
            )
            for i, label in enumerate(self.labels)
        }
        seen = [c for c in counts.values() if c.tp + c.fp + c.fn]
        known = right != UNKNOWN
        exact = ((told == (right == 1)) | ~known).all(1).mean() if len(right) else 0.0
        values = {"accuracy": float(exact), **macro(seen), "micro_f1": micro_f1(counts.values())}
        return values, {"labels": _by_label(counts)}


def _by_label(counts: Mapping[str, Counts]) -> dict[str, Any]:
    return {
        label: {
            "precision": c.precision, "recall": c.recall, "f1": c.f1, "support": c.tp + c.fn
        }
        for label, c in counts.items()
    }  # fmt: skip


def _found_labels(options: ClassifyOptions, rows: Sequence[Row]) -> tuple[str, ...]:
    found: set[str] = set()
    for row in rows:
        found.update(_names(options, row))
    if len(found) < (1 if options.multi_label else 2):
        told = ", ".join(sorted(found)) or "none"
        raise InputError(
            f"task.label: the rows hold {len(found)} labels in field {options.label!r} ({told}); "
            "at least 2 are needed. Name another field or give other rows"
        )
    return tuple(sorted(found))


def _shares(
    options: ClassifyOptions, labels: Sequence[str], rows: Sequence[Row]
) -> dict[str, float]:
    """Weight of each label by how rare it is; refuses labels no row has."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update(_names(options, row, present=True))
    empty = [label for label in labels if not counts[label]]
    if empty and rows:
        shown = ", ".join(repr(label) for label in empty[:5])
        more = f" and {len(empty) - 5} more" if len(empty) > 5 else ""
        raise InputError(
            f"task.labels: no training row has the label {shown}{more}. Add rows, or take it out "
            "of task.labels"
        )
    total = sum(counts.values()) or 1
    raw = {label: math.sqrt(total / (len(labels) * max(counts[label], 1))) for label in labels}
    return {label: round(value, 6) for label, value in raw.items()}


def _names(options: ClassifyOptions, row: Row, present: bool = False) -> list[str]:
    value = row.get(options.label)
    if options.multi_label:
        if isinstance(value, Mapping):
            return [str(name) for name, mark in value.items() if mark or not present]
        if isinstance(value, str):
            return [value]
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            return list(value)
        wanted = "a list of labels, or a mapping of label to 0 or 1"
    elif isinstance(value, str | int) and not isinstance(value, bool):
        return [str(value)]
    else:
        wanted = "a label"
    if options.label not in row:
        has = ", ".join(sorted(map(str, row))) or "nothing"
        raise InputError(
            f"{place_of(row)}: no field {options.label!r}; the row has: {has}. Set task.label to "
            "one of them"
        )
    raise InputError(
        f"{place_of(row)}: {options.label} is {wanted}, not {type(value).__name__}. Mend the row"
    )


def _target(options: ClassifyOptions, row: Row, index: Mapping[str, int]) -> Any:
    names = _names(options, row)
    for name in names:
        if name not in index:
            known = ", ".join(list(index)[:20]) + (", ..." if len(index) > 20 else "")
            raise InputError(
                f"{place_of(row)}: the label {name!r} is not one of the {len(index)} labels "
                f"({known}). Mend the row, add the label to task.labels, or give it training rows"
            )
    if not options.multi_label:
        return index[names[0]]
    value = row.get(options.label)
    if isinstance(value, Mapping):
        target = [UNKNOWN] * len(index)
        for name, mark in value.items():
            if isinstance(mark, bool):
                mark = int(mark)
            if mark not in (0, 1):
                raise InputError(
                    f"{place_of(row)}: {options.label}.{name} is 0 or 1, not {mark!r}. Mend the row"
                )
            target[index[str(name)]] = int(mark)
        return target
    return [int(name in names) for name in index]


def _severity(options: ClassifyOptions, row: Row) -> int:
    value = row.get(options.severity or "")
    if value is None:
        return UNKNOWN
    top = options.severity_levels - 1
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= top:
        raise InputError(
            f"{place_of(row)}: {options.severity} is a whole number from 0 to {top}, not {value!r}. "
            "Mend the row, or raise task.severity_levels"
        )
    return value
