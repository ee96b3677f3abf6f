"""`tokenizer`: train a tokenizer and nothing else; measured by how much text a token carries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field
from transformers import PreTrainedTokenizerFast

from trueline.core.errors import InputError
from trueline.train.setup import Setup, TaskOptions
from trueline.train.task import Row, Task
from trueline.train.tasks.encoding import text_field
from trueline.train.tokenizers import token_ids


class TokenizerTaskOptions(TaskOptions):
    """Train the tokenizer of the recipe's section `tokenizer`, and no model."""

    task: Literal["tokenizer"] = "tokenizer"
    text: tuple[str, ...] = Field(default=("text",), min_length=1, description="Fields of texts.")

    def texts(self, row: Row) -> list[str]:
        return [text_field(row, field, "task.text") for field in self.text]

    def build(self, setup: Setup) -> Task:
        raise InputError("task: tokenizer trains no model")


def measure(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> dict[str, float]:
    """Characters and UTF-8 bytes a token, and the share of unknown tokens.

    Args:
        tokenizer: the tokenizer.
        texts: held-out texts.
    """
    ids = token_ids(tokenizer, texts)
    tokens = max(sum(map(len, ids)), 1)
    unknown: Any = tokenizer.unk_token_id
    return {
        "characters_per_token": sum(map(len, texts)) / tokens,
        "bytes_per_token": sum(len(text.encode("utf-8")) for text in texts) / tokens,
        "unknown_share": sum(row.count(unknown) for row in ids) / tokens,
    }
