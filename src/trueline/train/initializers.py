"""How fresh weights are drawn: by name, from one seed."""

from __future__ import annotations

import math

import torch
from torch import nn

from trueline.train.model_options import (
    FanInitializer,
    ModelOptions,
    NormalInitializer,
    ScaledNormalInitializer,
)

#: Ends of the names of matrices that write back into the residual stream, by architecture.
RESIDUAL = (
    "attention.output.dense.weight", "output.dense.weight",  # bert, roberta
    "c_proj.weight",  # gpt2
    "o_proj.weight", "down_proj.weight",  # llama
    "out_proj.weight", "fc2.weight",  # encoder_decoder
)  # fmt: skip


def initialize(model: nn.Module, options: ModelOptions, seed: int) -> None:
    """Draw every matrix and table anew; biases 0 and norms 1 stay as they are made."""
    random = torch.Generator().manual_seed(seed)
    initializer = options.initializer
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim < 2:
                continue
            drawn = torch.empty_like(weight, device="cpu")
            _draw(drawn, name, initializer, options.layers, random)
            weight.copy_(drawn)
        for module in model.modules():
            if isinstance(module, nn.Embedding) and module.padding_idx is not None:
                module.weight[module.padding_idx].zero_()


def _draw(
    weight: torch.Tensor,
    name: str,
    options: NormalInitializer | ScaledNormalInitializer | FanInitializer,
    layers: int,
    random: torch.Generator,
) -> None:
    if isinstance(options, ScaledNormalInitializer):
        std = options.std / math.sqrt(2 * layers) if name.endswith(RESIDUAL) else options.std
        nn.init.normal_(weight, 0.0, std, generator=random)
    elif isinstance(options, NormalInitializer):
        if options.name == "normal":
            nn.init.normal_(weight, 0.0, options.std, generator=random)
        else:
            bound = 2 * options.std
            nn.init.trunc_normal_(weight, 0.0, options.std, -bound, bound, generator=random)
    elif "embed" in name or name.endswith(("wte.weight", "wpe.weight")):
        nn.init.normal_(weight, 0.0, 0.02, generator=random)  # a table has no fan-in
    elif options.name == "xavier_uniform":
        nn.init.xavier_uniform_(weight, options.gain, generator=random)
    elif options.name == "xavier_normal":
        nn.init.xavier_normal_(weight, options.gain, generator=random)
    elif options.name == "kaiming_uniform":
        nn.init.kaiming_uniform_(weight, nonlinearity="relu", generator=random)
        weight.mul_(options.gain)
    elif options.name == "kaiming_normal":
        nn.init.kaiming_normal_(weight, nonlinearity="relu", generator=random)
        weight.mul_(options.gain)
    else:
        nn.init.orthogonal_(weight, options.gain, generator=random)
