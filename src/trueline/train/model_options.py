"""The model part of a recipe: a fresh architecture by its sizes, or a folder to start from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

#: Architectures that can be made fresh; each is a configuration of `transformers`.
Kind = Literal["bert", "roberta", "gpt2", "llama", "encoder_decoder"]
ENCODERS = ("bert", "roberta")
DECODERS = ("gpt2", "llama")


class NormalInitializer(BaseModel):
    """Every matrix from a normal distribution; BERT and GPT-2 take std 0.02."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Literal["normal", "truncated_normal"] = "normal"
    std: float = Field(default=0.02, gt=0, description="Standard deviation.")


class ScaledNormalInitializer(BaseModel):
    """Normal, with projections back into the residual stream divided by sqrt(2 x layers).

    Reference: Radford et al. (2019), section 2.3.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Literal["scaled_normal"]
    std: float = Field(default=0.02, gt=0, description="Standard deviation before scaling.")


class FanInitializer(BaseModel):
    """Scaled by the matrix's own sides: Glorot & Bengio (2010), He et al. (2015), Saxe (2013)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Literal[
        "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "orthogonal"
    ]
    gain: float = Field(default=1.0, gt=0, description="Factor on every matrix.")


Initializer = Annotated[
    NormalInitializer | ScaledNormalInitializer | FanInitializer, Field(discriminator="name")
]


class ModelOptions(BaseModel):
    """What is trained: sizes for a fresh model, or a folder to start from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind = Field(default="bert", description="Architecture of a fresh model.")
    start: str | None = Field(
        default=None,
        description="Start from this folder: a finished run, or a Hugging Face model folder; or "
        "a model name that is in the local cache. Nothing is downloaded.",
    )
    layers: int = Field(default=4, ge=1, le=200, description="Layers; of each side for a pair.")
    width: int = Field(default=256, ge=4, description="Size of hidden states.")
    heads: int = Field(default=4, ge=1, description="Attention heads; they share the width.")
    key_value_heads: int | None = Field(
        default=None, ge=1, description="Heads of keys and values (llama); `heads` when null."
    )
    feed_forward: int | None = Field(
        default=None, ge=4, description="Size inside the feed-forward part; 4 x width when null."
    )
    max_length: int = Field(default=128, ge=8, description="Positions: the longest sequence.")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="Dropout on hidden states.")
    attention_dropout: float | None = Field(
        default=None, ge=0, lt=1, description="Dropout on attention; `dropout` when null."
    )
    initializer: Initializer = Field(
        default_factory=NormalInitializer, description="How fresh weights are drawn."
    )

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> ModelOptions:
        if self.start is None and self.width % self.heads:
            raise ValueError(f"heads: {self.heads} heads cannot share a width of {self.width}")
        if self.key_value_heads is not None and self.heads % self.key_value_heads:
            raise ValueError(
                f"key_value_heads: {self.heads} heads cannot share {self.key_value_heads}"
            )
        return self
