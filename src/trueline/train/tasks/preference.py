"""Preference and reward data: read and tokenised, for trainers that align a model.

No task of the loop: a recipe cannot name it. A preference row is `{"prompt": ..., "chosen": ...,
"rejected": ...}`, a reward row `{"prompt": ..., "response": ..., "reward": 0.5}`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerFast

from trueline.core.errors import InputError
from trueline.train.data import place_of, read_files
from trueline.train.models import first_id, last_id
from trueline.train.task import Row
from trueline.train.tasks.encoding import text_field
from trueline.train.tokenizers import token_ids


@dataclass(frozen=True, slots=True)
class Preference:
    """Of two replies to a prompt, the one people chose."""

    prompt: str
    chosen: str
    rejected: str


@dataclass(frozen=True, slots=True)
class Reward:
    """A reply to a prompt and what it is worth."""

    prompt: str
    response: str
    reward: float


@dataclass(frozen=True, slots=True)
class Reply:
    """Ids of `[CLS] prompt [SEP] reply [SEP]`; the reply begins at `reply_at`."""

    input_ids: tuple[int, ...]
    reply_at: int


def read_preferences(patterns: Sequence[str]) -> list[Preference]:
    """Preferences from JSON-lines files; both replies equal is an error.

    Raises:
        InputError: a file or row cannot be used; the message names it.
    """
    rows, _ = read_files(patterns, "data.train")
    return [_preference(row) for row in rows]


def read_rewards(patterns: Sequence[str]) -> list[Reward]:
    """Rewards from JSON-lines files.

    Raises:
        InputError: a file or row cannot be used; the message names it.
    """
    rows, _ = read_files(patterns, "data.train")
    return [_reward(row) for row in rows]


def reply_ids(
    tokenizer: PreTrainedTokenizerFast, pairs: Sequence[tuple[str, str]], longest: int
) -> Iterator[Reply]:
    """Ids of prompts with replies, at most `longest`: a prompt loses its start first."""
    prompts = token_ids(tokenizer, [prompt for prompt, _ in pairs])
    replies = token_ids(tokenizer, [reply for _, reply in pairs])
    start, end = first_id(tokenizer), last_id(tokenizer)
    for prompt, reply in zip(prompts, replies, strict=True):
        kept = [*reply, end][: max(longest - 2, 1)]
        room = longest - 2 - len(kept)
        asked = [start, *(prompt[-room:] if room > 0 else []), end]
        yield Reply((*asked, *kept), len(asked))


def _preference(row: Row) -> Preference:
    found = Preference(
        *(text_field(row, name, "the field") for name in ("prompt", "chosen", "rejected"))
    )
    if found.chosen == found.rejected:
        raise InputError(
            f"{place_of(row)}: chosen and rejected are the same text, which says nothing. Drop the "
            "row"
        )
    return found


def _reward(row: Row) -> Reward:
    value = row.get("reward")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"{place_of(row)}: reward is a number, not {value!r}. Mend the row")
    prompt, response = (text_field(row, name, "the field") for name in ("prompt", "response"))
    return Reward(prompt, response, float(value))
