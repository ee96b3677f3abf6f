"""The tokenizer part of a recipe: a folder that has one, or how to train one."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class TokenizerOptions(BaseModel):
    """Where token ids come from; with neither folder nor start, one is trained on the rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: str | None = Field(
        default=None,
        description="Folder with tokenizer.json: a run, or a Hugging Face model folder. When null "
        "the tokenizer of `model.start` is taken, else one is trained.",
    )
    kind: Literal["bpe", "wordpiece", "unigram"] = Field(
        default="bpe", description="Algorithm of a tokenizer that is trained."
    )
    vocab_size: int = Field(default=8000, ge=300, le=500_000, description="Entries at most.")
    min_count: int = Field(
        default=2, ge=1, description="Times a piece must occur (bpe, wordpiece)."
    )
    lowercase: bool = Field(default=False, description="Fold case first.")
    split_han: bool = Field(
        default=False, description="Keep every Han character a token of its own."
    )
    rows: int | None = Field(
        default=200_000, ge=1, description="Texts to train on at most; null takes all."
    )
