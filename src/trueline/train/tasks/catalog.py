"""The tasks a recipe may name: a plain list of their options."""

from __future__ import annotations

from trueline.train.setup import TaskOptions
from trueline.train.tasks.causal import CausalOptions
from trueline.train.tasks.classify import ClassifyOptions
from trueline.train.tasks.mlm import MlmOptions
from trueline.train.tasks.respond import RespondOptions
from trueline.train.tasks.seq2seq import Seq2SeqOptions, TranslateOptions
from trueline.train.tasks.tag import TagOptions
from trueline.train.tasks.tokenizer import TokenizerTaskOptions
from trueline.train.tasks.understand import UnderstandOptions

TASK_OPTIONS: tuple[type[TaskOptions], ...] = (
    TokenizerTaskOptions,
    MlmOptions,
    CausalOptions,
    Seq2SeqOptions,
    TranslateOptions,
    ClassifyOptions,
    TagOptions,
    UnderstandOptions,
    RespondOptions,
)


def task_names() -> dict[str, type[TaskOptions]]:
    """Task name to its options, in the order of the list."""
    return {options.model_fields["task"].default: options for options in TASK_OPTIONS}
