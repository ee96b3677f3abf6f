"""Steps that tasks share: fields of a row, ids within the length, tensors of a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from trueline.core.errors import InputError
from trueline.train.batching import attention_of, padded
from trueline.train.data import place_of
from trueline.train.models import first_id, id_or_zero, last_id
from trueline.train.task import Example, Row


def text_field(row: Row, field: str, option: str) -> str:
    """The text in a field.

    Raises:
        InputError: the field is missing or holds no text; `option` is what names it in recipes.
    """
    value = row.get(field)
    if isinstance(value, str):
        return value
    if field not in row:
        has = ", ".join(sorted(map(str, row))) or "nothing"
        raise InputError(
            f"{place_of(row)}: no field {field!r}; the row has: {has}. Set {option} to one of them"
        )
    raise InputError(
        f"{place_of(row)}: {field} is a text, not {type(value).__name__}. Mend the row or set "
        f"{option} to another field"
    )


def framed(
    tokenizer: PreTrainedTokenizerFast,
    ids: Sequence[int],
    pair: Sequence[int] | None,
    longest: int,
    row: Row | None = None,
    refuse: bool = False,
) -> dict[str, Any]:
    """`[CLS] ids [SEP]` or `[CLS] ids [SEP] pair [SEP]`, at most `longest`.

    The longer of both texts loses its end first. With `refuse`, an example that is too long is
    an error that names its row.
    """
    first, second = list(ids), list(pair or ())
    marks = 2 if pair is None else 3
    over = len(first) + len(second) + marks - longest
    if over > 0 and refuse and row is not None:
        raise InputError(
            f"{place_of(row)}: {len(first) + len(second) + marks} tokens, more than the {longest} "
            "that fit. Raise model.max_length, shorten the row, or set task.over_length to cut"
        )
    if over > 0:
        first, second = _cut(first, second, longest - marks)
    start, end = first_id(tokenizer), last_id(tokenizer)
    found = [start, *first, end]
    segments = None
    if pair is not None:
        segments = [0] * len(found) + [1] * (len(second) + 1)
        found += [*second, end]
    example: dict[str, Any] = {"input_ids": found}
    if segments is not None:
        example["token_type_ids"] = segments
    if over > 0:
        example["cut"] = over
    return example


def input_tensors(
    examples: Sequence[Example], tokenizer: PreTrainedTokenizerFast
) -> dict[str, Tensor]:
    """`input_ids`, `attention_mask` unless all are equally long, `token_type_ids` where given."""
    ids = [example["input_ids"] for example in examples]
    batch = {"input_ids": padded(ids, id_or_zero(tokenizer.pad_token_id))}
    attention = attention_of([len(row) for row in ids])
    if attention is not None:
        batch["attention_mask"] = attention
    if "token_type_ids" in examples[0]:
        batch["token_type_ids"] = padded([e["token_type_ids"] for e in examples], 0)
    return batch


def model_inputs(batch: Mapping[str, Tensor], *, segments: bool = True) -> dict[str, Tensor]:
    """The part of a batch that an encoder reads."""
    names = ("input_ids", "attention_mask") + (("token_type_ids",) if segments else ())
    return {name: batch[name] for name in names if name in batch}


def weight_field(row: Row, field: str | None) -> float:
    """The weight of a row, 1 without a field.

    Raises:
        InputError: it is not a number of 0 or more.
    """
    if field is None:
        return 1.0
    value = row.get(field, 1.0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise InputError(
            f"{place_of(row)}: {field} is a number of 0 or more, not {value!r}. Mend the row or "
            "leave out task.weight"
        )
    return float(value)


def weighted_mean(each: Tensor, weights: Tensor) -> Tensor:
    """Mean of `each` [batch] by `weights` [batch]; 0 when all weights are 0."""
    return (each * weights).sum() / weights.sum().clamp_min(1e-9)


def decoded(tokenizer: PreTrainedTokenizerFast, ids: Sequence[int]) -> list[str]:
    """Each token as a reader knows it, also where it is part of a character."""
    special = set(tokenizer.all_special_tokens)
    found: list[str] = []
    for index in ids:
        token = str(tokenizer.convert_ids_to_tokens(int(index)))
        shown = token if token in special else tokenizer.decode([int(index)]) or token
        found.append(str(shown).replace("\n", "⏎"))
    return found


def column(examples: Sequence[Example], name: str, kind: torch.dtype) -> Tensor:
    """[batch] of one number each."""
    return torch.tensor([example[name] for example in examples], dtype=kind)


def _cut(first: list[int], second: list[int], room: int) -> tuple[list[int], list[int]]:
    room = max(room, 0)
    half = room // 2
    if len(second) <= half:
        return first[: room - len(second)], second
    if len(first) <= room - half:
        return first, second[: room - len(first)]
    return first[: room - half], second[:half]
