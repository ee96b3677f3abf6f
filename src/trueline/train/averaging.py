"""An exponential moving average of the weights (Polyak & Juditsky 1992)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from trueline.train.sharding import like, whole


class Average:
    """Averaged weights beside the model's own.

    Args:
        decay: share of the average kept at each step; less at first, so that the random start
            fades: min(decay, (1 + step) / (10 + step)).
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._decay = decay
        self._names = [name for name, _ in model.named_parameters()]
        self._mean = [p.detach().clone() for p in model.parameters()]

    def update(self, model: nn.Module, step: int) -> None:
        """Move towards the model's weights, after each step (counted from 1)."""
        share = 1 - min(self._decay, (1 + step) / (10 + step))
        weights: list[Tensor] = [p.detach() for p in model.parameters()]
        torch._foreach_lerp_(self._mean, weights, share)  # pyright: ignore[reportPrivateImportUsage]

    @contextmanager
    def in_place(self, model: nn.Module) -> Iterator[None]:
        """The model with averaged weights, inside the block."""
        own = [p.detach().clone() for p in model.parameters()]
        self.store(model)
        try:
            yield
        finally:
            _copy(model, own)

    def store(self, model: nn.Module) -> None:
        """Give the model the averaged weights for good."""
        _copy(model, self._mean)

    def state(self) -> dict[str, Tensor]:
        """The averaged weights by name, whole."""
        return {n: whole(mean) for n, mean in zip(self._names, self._mean, strict=True)}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take up averaged weights that `state` gave."""
        for name, mean in zip(self._names, self._mean, strict=True):
            mean.copy_(like(state[name], mean))


def _copy(model: nn.Module, weights: list[Tensor]) -> None:
    with torch.no_grad():
        for parameter, weight in zip(model.parameters(), weights, strict=True):
            parameter.copy_(weight)
