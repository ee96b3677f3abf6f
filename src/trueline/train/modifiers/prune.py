"""`prune`: single weights while training goes on, or whole heads and neurons before it begins.

`magnitude` sets the smallest weights to zero, more of them step by step, and keeps them there;
the model's shape stays. `heads` and `neurons` cut whole attention heads or feed-forward neurons
out of every layer, the same number from each, and leave a smaller, faster model; training then
mends it, so start from a trained model (`model.start`).

References: Zhu & Gupta (2018), arXiv:1710.01878 (cubic schedule); Michel, Levy & Neubig (2019),
arXiv:1905.10650 (heads by their effect on the loss).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from trueline.core.errors import InputError
from trueline.train.modifier import LoopState, Modifier
from trueline.train.modifiers.matrices import Place, chosen_matrices
from trueline.train.modifiers.options import ModifierOptions
from trueline.train.modifiers.structure import count_units, cut_units, unit_scores
from trueline.train.setup import Setup
from trueline.train.task import Task


class PruneOptions(ModifierOptions):
    """Leave out what matters least."""

    modifier: Literal["prune"] = "prune"
    what: Literal["magnitude", "heads", "neurons"] = Field(
        default="magnitude", description="Single weights, attention heads, or inner neurons."
    )
    amount: float = Field(default=0.5, gt=0, lt=1, description="Share that is left out.")
    where: Place = Field(default="all", description="`magnitude`: which matrices.")
    across: Literal["model", "matrix"] = Field(
        default="model",
        description="`magnitude`: smallest weights of the model, or of each matrix.",
    )
    begin: float = Field(default=0.1, ge=0, lt=1, description="`magnitude`: share of steps before.")
    end: float = Field(
        default=0.7, gt=0, le=1, description="`magnitude`: share of steps when all is left out."
    )
    every: int = Field(default=10, ge=1, description="`magnitude`: steps between two rounds.")
    importance: Literal["weights", "gradient"] = Field(
        default="weights", description="`heads`, `neurons`: by their norm, or effect on the loss."
    )
    rows: int = Field(
        default=128, ge=1, le=100_000, description="`gradient`: training rows that are looked at."
    )

    def build(self, setup: Setup) -> Modifier:
        if self.what != "magnitude":
            return StructuredPrune(self, setup)
        if self.begin >= self.end:
            raise InputError(
                f"modifiers.prune: begin ({self.begin:g}) must come before end ({self.end:g})"
            )
        return MagnitudePrune(self)

    def reshape(self, model: nn.Module) -> nn.Module:
        if self.what != "magnitude":
            scores = {layer: torch.zeros(n) for layer, n in count_units(model, self.what).items()}
            cut_units(model, self.what, self.amount, scores)
        return model


class MagnitudePrune(Modifier):
    """Zeroes that grow in number along a cubic schedule."""

    name = "prune"

    def __init__(self, options: PruneOptions) -> None:
        self.options = options
        self._masks: dict[str, Tensor] = {}
        self._reached = 0.0

    def wrap_model(self, model: nn.Module, task: Task) -> nn.Module:
        chosen_matrices(model, self.options.where)
        return model

    def on_step(self, state: LoopState) -> None:
        wanted = self.sparsity_at(state.step, state.steps)
        last = state.step == state.steps
        if wanted > 0 and (state.step % self.options.every == 0 or last):
            self._masks = masks_of(self._weights(state), wanted, self.options.across)
            self._reached = wanted
        self._apply(state)
        state.logged["sparsity"] = self._reached

    def may_keep(self, state: LoopState) -> bool:
        # Weights of an earlier moment would be cut anew at the end, untrained.
        return self._reached >= self.options.amount

    def finish(self, state: LoopState) -> Mapping[str, Any]:
        if self._reached < self.options.amount:
            self._masks = masks_of(self._weights(state), self.options.amount, self.options.across)
        self._apply(state)
        weights = self._weights(state)
        zeros = sum(int((w == 0).sum()) for w in weights.values())
        all_of_them = sum(w.numel() for w in weights.values())
        return {
            "what": "magnitude", "zeros": zeros, "of": all_of_them,
            "sparsity": round(zeros / all_of_them, 6),
        }  # fmt: skip

    def state_dict(self) -> dict[str, Any]:
        return {"masks": self._masks, "reached": self._reached}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._masks, self._reached = dict(state["masks"]), float(state["reached"])

    def sparsity_at(self, step: int, steps: int) -> float:
        """Share of zeros wanted after a step: 0 at `begin`, `amount` from `end` on."""
        begin, end = self.options.begin * steps, self.options.end * steps
        way = min(max((step - begin) / max(end - begin, 1e-9), 0.0), 1.0)
        return self.options.amount * (1 - (1 - way) ** 3)

    def _weights(self, state: LoopState) -> dict[str, Tensor]:
        return {n: m.weight for n, m in chosen_matrices(state.model, self.options.where)}

    def _apply(self, state: LoopState) -> None:
        if not self._masks:
            return
        with torch.no_grad():
            for name, weight in self._weights(state).items():
                mask = self._masks[name] = self._masks[name].to(weight.device)
                weight.mul_(mask)


class StructuredPrune(Modifier):
    """Heads or neurons cut out before the first step."""

    name = "prune"

    def __init__(self, options: PruneOptions, setup: Setup) -> None:
        self.options, self.setup = options, setup
        self._facts: dict[str, Any] = {}

    def wrap_model(self, model: nn.Module, task: Task) -> nn.Module:
        what = self.options.what
        assert what != "magnitude"
        before = sum(p.numel() for p in model.parameters())
        units = count_units(model, what)
        rows = self.setup.rows[: self.options.rows]
        gradient = self.options.importance == "gradient"
        scores = unit_scores(model, what, task if gradient else None, rows, self.setup.seed)
        left = cut_units(model, what, self.options.amount, scores)
        self._facts = {
            "what": what,
            "before": sum(units.values()),
            "left": sum(left.values()),
            "parameters_before": before,
            "parameters": sum(p.numel() for p in model.parameters()),
        }
        return model

    def finish(self, state: LoopState) -> Mapping[str, Any]:
        return self._facts


def masks_of(weights: Mapping[str, Tensor], share: float, across: str) -> dict[str, Tensor]:
    """1 where a weight stays, 0 for the `share` of them that are smallest by absolute value.

    Exactly `floor(share x count)` are left out, also where many weights are equal.
    """
    with torch.no_grad():
        if across == "matrix":
            return {name: _largest(weight.abs(), share) for name, weight in weights.items()}
        flat = torch.cat([weight.abs().flatten() for weight in weights.values()])
        kept: Any = _largest(flat, share)
        parts = kept.split([weight.numel() for weight in weights.values()])
        return {
            name: part.view_as(weight)
            for part, (name, weight) in zip(parts, weights.items(), strict=True)
        }


def _largest(sizes: Tensor, share: float) -> Tensor:
    flat = sizes.flatten()
    count = int(share * flat.numel())
    mask = torch.ones(flat.numel(), dtype=torch.bool, device=flat.device)
    if count:
        mask[flat.argsort(stable=True)[:count]] = False
    return mask.view_as(sizes)
