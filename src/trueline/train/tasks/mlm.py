"""`mlm`: masked language modelling, with next-sentence prediction if wanted.

Reference: Devlin et al. (2019), BERT; dynamic masking: Liu et al. (2019), RoBERTa.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedTokenizerFast

from trueline.core.errors import InputError
from trueline.train.batching import generator, mixed_seed, pack_blocks
from trueline.train.masked_lm import MaskedLm
from trueline.train.models import first_id, id_or_zero, last_id, masked_lm
from trueline.train.setup import Setup, TaskOptions
from trueline.train.task import Batch, Example, Loss, Metrics, Row
from trueline.train.tasks.encoding import column, decoded, framed, input_tensors, text_field
from trueline.train.tasks.sentences import sentences
from trueline.train.tokenizers import token_ids
from trueline.train.weights import bare

#: A target that costs nothing, as in torch.
IGNORED = -100
# Of the masked tokens 80 % become [MASK], 10 % a random one, 10 % stay: Devlin et al., section 3.1.
MASKED, REPLACED = 0.8, 0.9
TEXTS_AT_ONCE = 1000
FILLS = 5


class MlmOptions(TaskOptions):
    """Fill in masked tokens of running text."""

    task: Literal["mlm"] = "mlm"
    text: str = Field(default="text", min_length=1, description="Field of the text.")
    masking: Literal["dynamic", "static"] = Field(
        default="dynamic", description="New masks each time an example comes, or always the same."
    )
    mask_rate: float = Field(default=0.15, gt=0, lt=1, description="Share of tokens masked.")
    nsp: bool = Field(
        default=False, description="Also tell whether two texts follow each other (bert)."
    )
    pack: bool = Field(
        default=True, description="Fill each example with running text; not with nsp."
    )

    def texts(self, row: Row) -> list[str]:
        return [text_field(row, self.text, "task.text")]

    def build(self, setup: Setup) -> MlmTask:
        if setup.tokenizer.mask_token_id is None:
            raise InputError("tokenizer: it has no mask token, which mlm needs. Train one")
        if self.nsp and setup.weights is None and setup.model.kind != "bert":
            raise InputError(f"task.nsp: needs model.kind bert, not {setup.model.kind}")
        return MlmTask(self, setup)


@dataclass(frozen=True)
class MlmTask:
    """The task at work; see `trueline.train.task.Task`."""

    options: MlmOptions
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
        if self.options.nsp:
            examples = self._pairs(rows)
        elif self.options.pack:
            start, end = first_id(self.tokenizer), last_id(self.tokenizer)
            blocks = pack_blocks(self._ids(rows), self.longest, start=start, end=end)
            examples = [{"input_ids": block} for block in blocks]
        else:
            refuse = self.options.over_length == "refuse"
            examples = [
                framed(self.tokenizer, ids, None, self.longest, row, refuse)
                for row, ids in zip(rows, self._ids(rows), strict=True)
                if ids
            ]
        return [{**example, "number": number} for number, example in enumerate(examples)]

    def encode_inputs(self, rows: Sequence[Row]) -> list[Example]:
        texts = [text_field(row, self.options.text, "task.text") for row in rows]
        start, end = first_id(self.tokenizer), last_id(self.tokenizer)
        found: list[Example] = []
        for ids in token_ids(self.tokenizer, texts):
            found.append({"input_ids": [start, *ids[: self.longest - 2], end], "plain": True})
        return found

    def length(self, example: Example) -> int:
        return len(example["input_ids"])

    def collate(self, examples: Sequence[Example], random: torch.Generator) -> Batch:
        batch = input_tensors(examples, self.tokenizer)
        ids = batch["input_ids"]
        if "plain" in examples[0]:
            mask = ids.eq(id_or_zero(self.tokenizer.mask_token_id))
            count = max(int(mask.sum(1).max()), 1)
            at = mask.to(torch.int8).topk(count, dim=1).indices.sort(1).values
            known = mask.gather(1, at)
            return {**batch, "masked_at": at, "targets": known.long() - 1}
        if self.options.masking == "static":
            seeds = [generator(self.setup.seed, int(e["number"]), 5) for e in examples]
        else:
            seeds = [random] * len(examples)
        draws = [torch.rand(3, ids.shape[1], generator=seed) for seed in seeds]
        batch |= self._masked(ids, torch.stack(draws, 1))
        if self.options.nsp:
            batch["apart"] = column(examples, "apart", torch.int64)
        return batch

    def build_model(self) -> MaskedLm:
        return MaskedLm(masked_lm(self.setup, self.options.nsp), self.options.nsp)

    def loss(self, model: nn.Module, batch: Batch) -> Loss:
        logits, follows = _outputs(model, batch)
        targets = batch["targets"]
        logits = logits.float()
        by_token = functional.cross_entropy(
            logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="none"
        ).view(targets.shape)
        known = (targets != IGNORED).sum(1)
        count = int(known.sum())
        each = by_token.sum(1) / known.clamp_min(1)
        total = by_token.sum() / max(count, 1)
        if follows is not None:
            pairs = functional.cross_entropy(follows.float(), batch["apart"], reduction="none")
            each, total = each + pairs, total + pairs.mean()
        return Loss(total, each, count, logits)

    def predict(self, model: nn.Module, batch: Batch) -> list[Any]:
        """The likeliest tokens at each masked position."""
        logits, _ = _outputs(bare(model), batch)
        odds, ids = logits.float().softmax(-1).topk(min(FILLS, logits.shape[-1]), -1)
        return [
            [
                [
                    {"token": token, "score": round(float(p), 6)}
                    for token, p in zip(decoded(self.tokenizer, row.tolist()), chances, strict=True)
                ]
                for row, chances, known in zip(ids[n], odds[n], batch["targets"][n], strict=True)
                if int(known) >= 0
            ]
            for n in range(len(ids))
        ]

    def score(self, predictions: Sequence[Any], examples: Sequence[Example]) -> Metrics:
        """Language models are measured by their loss alone."""
        return Metrics({}, self.main_metric, higher_is_better=False)

    def preview(self, example: Example, random: torch.Generator) -> str:
        batch = self.collate([example], random)
        known = batch["targets"][0] != IGNORED
        at, order = batch["masked_at"][0][known].sort()
        targets = batch["targets"][0][known][order]
        lines = [
            "tokens  " + " | ".join(decoded(self.tokenizer, example["input_ids"])),
            "read    " + " | ".join(decoded(self.tokenizer, batch["input_ids"][0].tolist())),
            "masked  " + ", ".join(
                f"{int(place)}: {token}"
                for place, token in zip(at, decoded(self.tokenizer, targets.tolist()), strict=True)
            ),
        ]  # fmt: skip
        if self.options.nsp:
            lines.append(f"follows {'no' if example['apart'] else 'yes'}")
        return "\n".join(lines)

    def _masked(self, ids: Tensor, draws: Tensor) -> dict[str, Tensor]:
        """Masked ids, positions and targets; `draws` is uniform, [3, batch, time]."""
        special = torch.tensor(sorted(set(self.tokenizer.all_special_ids)))
        allowed = ~torch.isin(ids, special)
        counts = (allowed.sum(1) * self.options.mask_rate).round().long()
        counts = torch.minimum(counts.clamp_min(1), allowed.sum(1))
        width = max(int(counts.max()), 1)
        # The positions with the highest draws, in their order; exactly the share, as BERT does.
        order = draws[0].masked_fill(~allowed, -1.0).topk(width, dim=1).indices
        taken = torch.arange(width)[None, :] < counts[:, None]
        right = ids.gather(1, order)
        targets = right.masked_fill(~taken, IGNORED)
        kind = draws[1].gather(1, order)
        other = (draws[2].gather(1, order) * len(self.tokenizer)).long()
        put = torch.where(kind < REPLACED, other, right)
        put = torch.where(kind < MASKED, id_or_zero(self.tokenizer.mask_token_id), put)
        read = ids.scatter(1, order, torch.where(taken, put, right))
        return {"input_ids": read, "masked_at": order, "targets": targets}

    def _ids(self, rows: Sequence[Row]) -> Iterator[list[int]]:
        for start in range(0, len(rows), TEXTS_AT_ONCE):
            part = rows[start : start + TEXTS_AT_ONCE]
            texts = [text_field(row, self.options.text, "task.text") for row in part]
            yield from token_ids(self.tokenizer, texts)

    def _pairs(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Two runs of sentences each; half of the second ones come from anywhere."""
        half = max((self.longest - 3) // 2, 1)
        runs: list[list[list[int]]] = []
        for row in rows:
            parts = sentences(text_field(row, self.options.text, "task.text"))
            runs.append(_runs(token_ids(self.tokenizer, parts) if parts else [], half))
        everything = [run for document in runs for run in document]
        random = np.random.default_rng(mixed_seed(self.setup.seed, len(everything), 6))
        found: list[dict[str, Any]] = []
        for document in runs:
            for first, second in pairwise(document):
                other = int(random.random() < 0.5)
                if other:
                    second = everything[int(random.integers(len(everything)))]
                example = framed(self.tokenizer, first, second, self.longest)
                found.append({**example, "apart": other})
        if not found:
            raise InputError(
                "task.nsp: no row has two sentences or lines in a row. Give running text"
            )
        return found


def _outputs(model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor | None]:
    names = ("input_ids", "masked_at", "attention_mask", "token_type_ids")
    found: tuple[Tensor, Tensor | None] = model(**{n: batch[n] for n in names if n in batch})
    return found


def _runs(parts: Sequence[list[int]], longest: int) -> list[list[int]]:
    """Sentences put together up to `longest` tokens; a longer one is cut."""
    found: list[list[int]] = []
    current: list[int] = []
    for part in parts:
        if current and len(current) + len(part) > longest:
            found.append(current)
            current = []
        current = (current + part)[:longest]
    return [*found, current] if current else found
