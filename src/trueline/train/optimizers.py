"""Optimisers by name, with weight decay on matrices alone."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from trueline.train.recipe import AdagradOptions, AdamOptions, MomentumOptions, SgdOptions

Options = SgdOptions | MomentumOptions | AdagradOptions | AdamOptions


def make_optimizer(model: nn.Module, options: Options) -> Optimizer:
    """The optimiser of a recipe over the model's trainable weights."""
    matrices = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    vectors = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    groups: list[dict[str, Any]] = [
        {"params": matrices, "weight_decay": options.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if isinstance(options, SgdOptions):
        return torch.optim.SGD(groups, lr=options.lr, fused=True)
    if isinstance(options, MomentumOptions):
        return torch.optim.SGD(
            groups, lr=options.lr, momentum=options.momentum, nesterov=options.nesterov, fused=True
        )
    if isinstance(options, AdagradOptions):
        return torch.optim.Adagrad(groups, lr=options.lr)
    kind = torch.optim.Adam if options.name == "adam" else torch.optim.AdamW
    return kind(groups, lr=options.lr, betas=options.betas, eps=options.eps, fused=True)
