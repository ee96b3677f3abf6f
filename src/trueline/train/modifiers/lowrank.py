"""`lowrank`: replace matrices by two thin factors, cut off a singular value decomposition.

    W [out, in]  ~  U [out, rank] V [rank, in]

No other pair of factors of that rank is nearer in the Frobenius norm (Eckart & Young 1936).
Training then mends what was cut. Matrices that would not shrink are left as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from trueline.core.errors import InputError
from trueline.train.modifier import LoopState, Modifier
from trueline.train.modifiers.matrices import Place, chosen_matrices, replace_matrix
from trueline.train.modifiers.options import ModifierOptions
from trueline.train.setup import Setup
from trueline.train.task import Task


class LowrankOptions(ModifierOptions):
    """Two thin matrices in place of a thick one."""

    modifier: Literal["lowrank"] = "lowrank"
    rank: int | None = Field(default=None, ge=1, description="Rank of the factors.")
    share: float = Field(
        default=0.5, gt=0, le=1,
        description="Share of each matrix's parameters that is kept, when no rank is given.",
    )  # fmt: skip
    where: Place = Field(default="all", description="Which matrices are replaced.")

    def build(self, setup: Setup) -> Lowrank:
        return Lowrank(self)

    def reshape(self, model: nn.Module) -> nn.Module:
        factorize(model, self)
        return model


class LowRankLinear(nn.Module):
    """`up(down(x))`: two matrices where one stood."""

    def __init__(self, inputs: int, outputs: int, rank: int, bias: bool) -> None:
        super().__init__()
        self.down = nn.Linear(inputs, rank, bias=False)
        self.up = nn.Linear(rank, outputs, bias=bias)

    def forward(self, inputs: Tensor) -> Tensor:
        told: Tensor = self.up(self.down(inputs))
        return told


class Lowrank(Modifier):
    """The modifier at work."""

    name = "lowrank"

    def __init__(self, options: LowrankOptions) -> None:
        self.options = options
        self._facts: dict[str, Any] = {}

    def wrap_model(self, model: nn.Module, task: Task) -> nn.Module:
        before = sum(p.numel() for p in model.parameters())
        replaced, kept = factorize(model, self.options)
        after = sum(p.numel() for p in model.parameters())
        if not replaced:
            raise InputError(
                f"modifiers.lowrank: no matrix gets smaller at {_told(self.options)}. Lower it"
            )
        self._facts = {
            "matrices": replaced, "parameters_before": before, "parameters": after,
            "energy_kept": round(kept, 6),
        }  # fmt: skip
        return model

    def finish(self, state: LoopState) -> Mapping[str, Any]:
        return self._facts


def factorize(model: nn.Module, options: LowrankOptions) -> tuple[int, float]:
    """Replace matrices in place.

    Returns:
        How many, and the share of their squared singular values that is left (1 without any).
    """
    replaced, kept, total = 0, 0.0, 0.0
    for name, matrix in chosen_matrices(model, options.where):
        outputs, inputs = matrix.weight.shape
        rank = options.rank or int(options.share * outputs * inputs / (outputs + inputs))
        rank = min(max(rank, 1), inputs, outputs)
        if rank * (inputs + outputs) >= inputs * outputs:
            continue
        made, left, all_of_it = _factors(matrix, rank)
        replace_matrix(model, name, made)
        replaced, kept, total = replaced + 1, kept + left, total + all_of_it
    return replaced, kept / total if total else 1.0


def _factors(matrix: nn.Linear, rank: int) -> tuple[LowRankLinear, float, float]:
    outputs, inputs = matrix.weight.shape
    made = LowRankLinear(inputs, outputs, rank, matrix.bias is not None)
    with torch.no_grad():
        u, s, v = torch.linalg.svd(matrix.weight.float(), full_matrices=False)
        # Both factors get the root of each singular value, so that neither starts tiny.
        root = s[:rank].sqrt()
        made.down.weight.copy_(root[:, None] * v[:rank])
        made.up.weight.copy_(u[:, :rank] * root)
        if matrix.bias is not None:
            made.up.bias.copy_(matrix.bias)
    squares = s.double().pow(2)
    return made.to(matrix.weight.device), float(squares[:rank].sum()), float(squares.sum())


def _told(options: LowrankOptions) -> str:
    return f"rank {options.rank}" if options.rank else f"share {options.share:g}"
