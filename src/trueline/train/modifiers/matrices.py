"""Find a model's layers and matrices by what they do, whatever the architecture calls them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from torch import nn

from trueline.core.errors import InputError
from trueline.train.weights import bare

#: `attention`: queries, keys, values and outputs; `feed_forward`: both inner projections.
Place = Literal["attention", "feed_forward", "all"]

_ATTENTION = re.compile(
    r"(^|[.])(query|key|value|q_proj|k_proj|v_proj|o_proj|out_proj|c_attn)$"
    r"|attention[.]output[.]dense$|attn[.]c_proj$"
)
_FEED_FORWARD = re.compile(
    r"(^|[.])intermediate[.]dense$|(^|[.])layer[.][0-9]+[.]output[.]dense$|(^|[.])(fc1|fc2)$"
    r"|mlp[.](gate_proj|up_proj|down_proj|c_fc|c_proj)$"
)


def kind_of(name: str) -> Literal["attention", "feed_forward"] | None:
    """What the matrix of this module name is for; None for embeddings and heads."""
    if _ATTENTION.search(name):
        return "attention"
    return "feed_forward" if _FEED_FORWARD.search(name) else None


def chosen_matrices(model: nn.Module, where: Place) -> list[tuple[str, nn.Linear]]:
    """Names and modules of the matrices inside a model's layers.

    Raises:
        InputError: the architecture has none that are known here.
    """
    found = [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
        and (kind := kind_of(name)) is not None
        and where in (kind, "all")
    ]
    if not found:
        told = getattr(getattr(bare(model), "config", None), "model_type", type(model).__name__)
        raise InputError(
            f"modifiers: a {told} model has no {where} matrices that can be changed. Take a bert, "
            "roberta, llama or encoder_decoder model (gpt2 keeps them in another form)"
        )
    return found


def replace_matrix(model: nn.Module, name: str, module: nn.Module) -> None:
    """Put `module` where the module called `name` stood."""
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, module)


def layer_lists(model: nn.Module) -> list[tuple[str, Sequence[nn.Module]]]:
    """Stacks of equal layers: one for an encoder or decoder, two for a pair of them."""
    return [
        (name, list(module))
        for name, module in model.named_modules()
        if isinstance(module, nn.ModuleList)
        and len(module) > 0
        and any(kind_of(inner) for inner, _ in module[0].named_modules())
    ]


def self_attention(layer: nn.Module) -> Any | None:
    """The module of a BERT-like layer that holds query, key and value; None elsewhere."""
    attention = getattr(layer, "attention", None)
    found = getattr(attention, "self", None)
    return found if hasattr(found, "query") else None
