"""`lora`: learn a low-rank change of each matrix, and merge it when done.

    W' = W + (alpha / rank) x B A        A: [rank, in], B: [out, rank], W frozen

The forward pass adds the change to the matrix before it multiplies, so that the merged model
computes the very same numbers.

Reference: Hu et al. (2022), LoRA, arXiv:2106.09685.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from trueline.train.modifier import LoopState, Modifier
from trueline.train.modifiers.matrices import Place, chosen_matrices, replace_matrix
from trueline.train.modifiers.options import ModifierOptions
from trueline.train.setup import Setup
from trueline.train.task import Task

ADAPTER = "adapter.safetensors"


class LoraOptions(ModifierOptions):
    """Train small factors beside frozen matrices."""

    modifier: Literal["lora"] = "lora"
    rank: int = Field(default=8, ge=1, le=4096, description="Rank of the change.")
    alpha: float = Field(default=16.0, gt=0, description="The change is scaled by alpha / rank.")
    where: Place = Field(default="attention", description="Which matrices are changed.")
    train_also: Literal["heads", "heads_and_norms", "nothing"] = Field(
        default="heads", description="What is trained as well: the task's heads, and norms."
    )
    dropout: float = Field(
        default=0.0, ge=0, lt=1, description="Dropout on what the factors read, while training."
    )

    def build(self, setup: Setup) -> Lora:
        return Lora(self, setup.seed)


class LoraLinear(nn.Module):
    """A frozen matrix and its change."""

    def __init__(self, base: nn.Linear, options: LoraOptions, random: torch.Generator) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.scale = options.alpha / options.rank
        self.dropout = nn.Dropout(options.dropout)
        down = torch.empty(options.rank, base.in_features)
        bound = 1 / math.sqrt(base.in_features)
        self.down = nn.Parameter(down.uniform_(-bound, bound, generator=random))
        self.up = nn.Parameter(torch.zeros(base.out_features, options.rank))

    @property
    def weight(self) -> Tensor:
        """float32 [out, in]: the matrix with its change."""
        return self.base.weight + self.scale * (self.up @ self.down)

    def forward(self, inputs: Tensor) -> Tensor:
        if self.training and self.dropout.p > 0:
            change = functional.linear(functional.linear(self.dropout(inputs), self.down), self.up)
            told: Tensor = self.base(inputs) + self.scale * change
            return told
        return functional.linear(inputs, self.weight, self.base.bias)

    def merged(self) -> nn.Linear:
        """A plain matrix that computes the same."""
        base = self.base
        with torch.no_grad():
            weight = self.weight.detach().clone()
        made = nn.Linear(base.in_features, base.out_features, bias=base.bias is not None)
        made.weight = nn.Parameter(weight)
        if base.bias is not None:
            made.bias = nn.Parameter(base.bias.detach().clone())
        return made


class Lora(Modifier):
    """The modifier at work."""

    name = "lora"

    def __init__(self, options: LoraOptions, seed: int) -> None:
        self.options, self.seed = options, seed
        self._counts: dict[str, int] = {}

    def wrap_model(self, model: nn.Module, task: Task) -> nn.Module:
        random = torch.Generator().manual_seed(self.seed)
        places = chosen_matrices(model, self.options.where)
        model.requires_grad_(False)
        if self.options.train_also != "nothing":
            for name, parameter in model.named_parameters():
                head = _is_head(name)
                norm = self.options.train_also == "heads_and_norms" and "norm" in name.lower()
                parameter.requires_grad_(head or norm)
        for name, matrix in places:
            replace_matrix(model, name, LoraLinear(matrix, self.options, random))
        self._counts = {
            "matrices": len(places),
            "trained": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "all": sum(p.numel() for p in model.parameters()),
        }
        return model

    def finish(self, state: LoopState) -> Mapping[str, Any]:
        model = state.model
        factors: dict[str, Tensor] = {}
        for name, module in list(model.named_modules()):
            if isinstance(module, LoraLinear):
                factors[f"{name}.down"] = module.down.detach().cpu().contiguous()
                factors[f"{name}.up"] = module.up.detach().cpu().contiguous()
                merged = module.merged().to(module.up.device)
                replace_matrix(model, name, merged.train(module.training))
        _save(factors, state.out / ADAPTER, self.options)
        model.requires_grad_(True)
        return {"rank": self.options.rank, "merged": True, **self._counts}


def _is_head(name: str) -> bool:
    """Parameters of a task's own layers, which a loaded encoder brings no weights for."""
    return any(f"{part}." in name for part in ("text_heads", "token_heads", "classifier", "score"))


def _save(factors: Mapping[str, Tensor], path: Path, options: LoraOptions) -> None:
    partial = path.with_name(path.name + ".partial")
    told = {"rank": str(options.rank), "alpha": str(options.alpha)}
    save_file(dict(factors), partial, told)
    os.replace(partial, path)
