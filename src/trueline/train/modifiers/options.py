"""What every modifier's options have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from torch import nn

from trueline.train.modifier import Modifier
from trueline.train.setup import Setup


class ModifierOptions(BaseModel):
    """Base of every modifier's options in a recipe; the field `modifier` holds its name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def build(self, setup: Setup) -> Modifier:
        """The modifier; raises `InputError` when an option or a file it names is unusable."""
        raise NotImplementedError

    def reshape(self, model: nn.Module) -> nn.Module:
        """Give a fresh model the shape its saved weights have, when finishing changed it."""
        return model
