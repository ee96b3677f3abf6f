"""A recipe: the data, the task, the model and how it is trained; strict, with a default for most.

>>> LoopOptions().batch_size
32
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SerializeAsAny

from trueline.train.model_options import ModelOptions
from trueline.train.modifiers.options import ModifierOptions
from trueline.train.setup import TaskOptions
from trueline.train.tokenizer_options import TokenizerOptions


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
STRICT = ConfigDict(extra="forbid", frozen=True)


class DataOptions(BaseModel):
    """Files of rows, one JSON object a line; `.gz` and `.zst` are unpacked."""

    model_config = STRICT

    train: Names = Field(min_length=1, description="Files or globs that are learned from.")
    dev: Names = Field(
        default=(), description="Files that pick the best model; else `dev_share` of `train`."
    )
    test: Names = Field(
        default=(), description="Files that measure the finished model once; nothing is tuned on."
    )
    dev_share: float = Field(
        default=0.05,
        ge=0,
        lt=1,
        description="Share of `train` kept for dev when `dev` is not given; 0 keeps none.",
    )
    folds: int = Field(
        default=0,
        ge=0,
        le=100,
        description="k-fold cross-validation over `train`: k models, mean and spread; 0 for none.",
    )
    max_rows: int | None = Field(
        default=None, ge=1, description="Rows taken of `train` at most, spread over its files."
    )


class SgdOptions(BaseModel):
    """Stochastic gradient descent: `w -= lr * g`."""

    model_config = STRICT
    name: Literal["sgd"]
    lr: float = Field(default=0.1, gt=0, description="Learning rate at its peak.")
    weight_decay: float = Field(default=0.0, ge=0, description="L2 on matrices.")


class MomentumOptions(BaseModel):
    """SGD with momentum: Polyak (1964), Nesterov (1983)."""

    model_config = STRICT
    name: Literal["momentum"]
    lr: float = Field(default=0.05, gt=0, description="Learning rate at its peak.")
    momentum: float = Field(default=0.9, gt=0, lt=1, description="Share of the last step kept.")
    nesterov: bool = Field(default=True, description="Look ahead by the momentum.")
    weight_decay: float = Field(default=0.0, ge=0, description="L2 on matrices.")


class AdagradOptions(BaseModel):
    """Duchi, Hazan & Singer (2011)."""

    model_config = STRICT
    name: Literal["adagrad"]
    lr: float = Field(default=0.01, gt=0, description="Learning rate at its peak.")
    weight_decay: float = Field(default=0.0, ge=0, description="L2 on matrices.")


class AdamOptions(BaseModel):
    """`adam`: Kingma & Ba (2015), decay inside the gradient; `adamw`: Loshchilov & Hutter (2019)."""

    model_config = STRICT
    name: Literal["adam", "adamw"] = "adamw"
    lr: float = Field(default=5e-4, gt=0, description="Learning rate at its peak.")
    betas: tuple[float, float] = Field(default=(0.9, 0.98), description="Decay of both moments.")
    eps: float = Field(default=1e-6, gt=0, description="Added to the root of the second moment.")
    weight_decay: float = Field(default=0.01, ge=0, description="On matrices; not biases, norms.")


def _with_name(value: Any) -> Any:
    """An optimiser without a name is the default one, so that its rate alone can be set."""
    return {"name": "adamw", **value} if isinstance(value, dict) else value


Optimizer = Annotated[
    SgdOptions | MomentumOptions | AdagradOptions | AdamOptions,
    Field(discriminator="name"),
    BeforeValidator(_with_name),
]


class ScheduleOptions(BaseModel):
    """The learning rate over the run, as a share of its peak."""

    model_config = STRICT
    name: Literal["constant", "linear", "cosine", "inverse_sqrt", "steps", "stable_decay"] = Field(
        default="linear", description="Shape after the warm-up."
    )
    warmup: float = Field(default=0.06, ge=0, lt=1, description="Share of steps to the peak.")
    floor: float = Field(default=0.0, ge=0, le=1, description="Share of the peak at the end.")
    decay_share: float = Field(
        default=0.2, gt=0, le=1, description="`stable_decay`: share of steps that decay."
    )
    every: float = Field(
        default=0.25, gt=0, le=1, description="`steps`: share of steps between two drops."
    )
    factor: float = Field(default=0.5, gt=0, lt=1, description="`steps`: factor of each drop.")


class LoopOptions(BaseModel):
    """One visible loop: batches, length of the run, precision, when to measure and to stop."""

    model_config = STRICT

    epochs: float = Field(default=3, gt=0, description="Passes over the rows, unless `steps`.")
    steps: int | None = Field(default=None, ge=1, description="Optimiser steps of the run.")
    batch_size: int = Field(default=32, ge=1, description="Examples of a batch at most.")
    batch_tokens: int | None = Field(
        default=None, ge=8, description="Tokens of a batch at most, padding included."
    )
    accumulate: int = Field(default=1, ge=1, description="Batches of one optimiser step.")
    bucket: bool = Field(default=True, description="Batch examples of like length together.")
    clip: float | None = Field(default=1.0, gt=0, description="Largest norm of a gradient.")
    bf16: bool = Field(default=False, description="Autocast to bfloat16.")
    ema: float | None = Field(
        default=None, gt=0, lt=1, description="Decay of averaged weights, which are then kept."
    )
    compile: bool = Field(
        default=False, description="torch.compile the model; needs a C++ compiler on a CPU."
    )
    evaluate_every: int | None = Field(
        default=None, ge=1, description="Steps between two looks at dev; an epoch when null."
    )
    evaluate_rows: int | None = Field(
        default=None, ge=1, description="Rows of dev looked at while training; all when null."
    )
    patience: int | None = Field(
        default=5, ge=1, description="Looks at dev without a gain before stopping; null: never."
    )
    min_gain: float = Field(default=0.0, ge=0, description="What counts as a gain.")
    checkpoint_every: int | None = Field(
        default=None, ge=1, description="Steps between checkpoints, beside those at each look."
    )
    log_every: int = Field(default=10, ge=1, description="Steps between two lines of the log.")
    parallel: Literal["ddp", "fsdp"] = Field(
        default="ddp", description="How processes of torchrun share the work."
    )


class LogOptions(BaseModel):
    """Curves beside metrics.jsonl and loss.svg."""

    model_config = STRICT
    tensorboard: bool = Field(default=False, description="Write TensorBoard events.")
    wandb: str | None = Field(default=None, description="Project of Weights & Biases.")
    mlflow: str | None = Field(default=None, description="Experiment of MLflow.")


class RecipeSettings(BaseModel):
    """Everything in a recipe but its task and modifiers; unknown fields are faults."""

    model_config = STRICT

    name: str = Field(default="model", min_length=1, description="The model's name.")
    out: str = Field(default="runs/model", min_length=1, description="Folder to write to.")
    seed: int = Field(default=0, ge=0, lt=2**32, description="Feeds every random choice.")
    threads: int = Field(
        default=1,
        ge=1,
        le=256,
        description="CPU threads of torch; two busy threads ran slower than one on small machines.",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        default="auto", description="Where to train; `auto` takes a GPU when there is one."
    )
    license: str | None = Field(default=None, description="Told in the model card.")
    notes: str | None = Field(
        default=None, description="Told in the model card: what it is for and what it is not."
    )
    data: DataOptions = Field(description="The rows.")
    tokenizer: TokenizerOptions = Field(
        default_factory=TokenizerOptions, description="A folder, or how to train one."
    )
    model: ModelOptions = Field(default_factory=ModelOptions, description="The model.")
    optimizer: Optimizer = Field(default_factory=AdamOptions, description="The optimiser.")
    schedule: ScheduleOptions = Field(
        default_factory=ScheduleOptions, description="The learning rate over the run."
    )
    loop: LoopOptions = Field(default_factory=LoopOptions, description="The loop.")
    log: LogOptions = Field(default_factory=LogOptions, description="Further curves.")


class Recipe(RecipeSettings):
    """A whole recipe. Files are read by `trueline.train.recipe_file`."""

    task: SerializeAsAny[TaskOptions] = Field(description="What is learned.")
    modifiers: tuple[SerializeAsAny[ModifierOptions], ...] = Field(
        default=(), description="Hooks on the loop, in their order."
    )
