"""What a task or a modifier is built from, and what every task's options have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from transformers import PreTrainedTokenizerFast

from trueline.train.model_options import ModelOptions
from trueline.train.task import Row, Task


@dataclass(frozen=True)
class Setup:
    """Everything a task may know beside its own options.

    Args:
        facts: what an earlier run of the task found in its data, such as label names; empty for
            a fresh run, which then looks at `rows`.
        rows: the rows that are learned from; empty when an artifact is loaded.
        dev: the rows that pick the best model.
        weights: the folder whose sizes and weights the model starts from, or None.
        config_only: take only the sizes of `weights`; the weights come later.
    """

    tokenizer: PreTrainedTokenizerFast
    model: ModelOptions
    seed: int = 0
    rows: Sequence[Row] = ()
    dev: Sequence[Row] = ()
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    weights: Path | None = None
    config_only: bool = False


class TaskOptions(BaseModel):
    """Base of every task's options; the field `task` holds its name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_length: int | None = Field(
        default=None,
        ge=4,
        description="Tokens of an example at most; `model.max_length` when null.",
    )
    over_length: Literal["cut", "refuse"] = Field(
        default="cut", description="What an example over `max_length` does: lose its end, or fail."
    )

    def texts(self, row: Row) -> list[str]:
        """The texts of a row that a tokenizer is trained on."""
        raise NotImplementedError

    def build(self, setup: Setup) -> Task:
        """The task; raises `InputError` when the rows do not fit its options."""
        raise NotImplementedError
