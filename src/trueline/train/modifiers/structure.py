"""Cut whole attention heads or feed-forward neurons out of BERT-like layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from trueline.core.errors import InputError
from trueline.train.batching import generator
from trueline.train.modifiers.matrices import layer_lists, self_attention
from trueline.train.task import Row, Task

Unit = Literal["heads", "neurons"]
_AT_ONCE = 16


def count_units(model: nn.Module, what: Unit) -> dict[str, int]:
    """Heads or neurons of every layer, by the layer's name.

    Raises:
        InputError: the layers are not BERT's or RoBERTa's.
    """
    found: dict[str, int] = {}
    for name, layer in _layers(model):
        attention: Any = self_attention(layer)
        if what == "heads":
            found[name] = int(attention.query.out_features // attention.attention_head_size)
        else:
            found[name] = int(_inner(layer)[0].out_features)
    return found


def unit_scores(
    model: nn.Module, what: Unit, task: Task | None, rows: Sequence[Row], seed: int
) -> dict[str, Tensor]:
    """How much every unit matters: float32 [units], by layer.

    Without a task by the norm of its weights; with one by |weight x gradient| over `rows`,
    the change of the loss when the unit goes (first order).
    """
    if task is None:
        return {name: _by_unit(layer, what, None) for name, layer in _layers(model)}
    scores = {name: torch.zeros(n) for name, n in count_units(model, what).items()}
    examples = task.encode(rows)
    training = model.training
    model.eval()
    for start in range(0, len(examples), _AT_ONCE):
        part = examples[start : start + _AT_ONCE]
        model.zero_grad(set_to_none=True)
        total: Any = task.loss(model, task.collate(part, generator(seed, start))).total
        total.backward()
        for name, layer in _layers(model):
            scores[name] += _by_unit(layer, what, "grad") * len(part)
    model.zero_grad(set_to_none=True)
    model.train(training)
    return scores


def cut_units(
    model: nn.Module, what: Unit, amount: float, scores: Mapping[str, Tensor]
) -> dict[str, int]:
    """Cut the units of the lowest scores; at least one stays in each layer.

    Returns:
        Units left, by layer: the same share of every layer, so that the shape follows from
        `amount` alone.
    """
    left: dict[str, int] = {}
    for name, layer in _layers(model):
        count = len(scores[name])
        keep = max(1, count - int(amount * count))
        best = scores[name].argsort(descending=True, stable=True)[:keep].sort().values
        if what == "heads":
            _keep_heads(layer, best)
        else:
            _keep_neurons(layer, best)
        left[name] = keep
    return left


def _layers(model: nn.Module) -> list[tuple[str, Any]]:
    found = [
        (f"{stack}.{number}", layer)
        for stack, layers in layer_lists(model)
        for number, layer in enumerate(layers)
        if self_attention(layer) is not None
    ]
    if not found:
        told = getattr(getattr(model, "config", None), "model_type", type(model).__name__)
        raise InputError(
            f"modifiers.prune: heads and neurons can be cut out of bert and roberta models, not "
            f"{told}. Take `what: magnitude`"
        )
    return found


def _inner(layer: Any) -> tuple[nn.Linear, nn.Linear]:
    return layer.intermediate.dense, layer.output.dense


def _by_unit(layer: Any, what: Unit, by: Literal["grad"] | None) -> Tensor:
    """[units]: squared norm of all weights of a unit, or |sum of weight x gradient|."""
    rows: list[nn.Linear]
    attention: Any = self_attention(layer)
    if what == "heads":
        rows, columns = (
            [attention.query, attention.key, attention.value],
            layer.attention.output.dense,
        )
        units = int(attention.query.out_features // attention.attention_head_size)
    else:
        first, columns = _inner(layer)
        rows, units = [first], first.out_features
    total = torch.zeros(units)
    for matrix in rows:
        for tensor in (matrix.weight, matrix.bias):
            if tensor is not None:
                total += _measure(tensor, by).view(units, -1).sum(1)
    total += _measure(columns.weight, by).t().reshape(units, -1).sum(1)
    return total.abs()


def _measure(tensor: Tensor, by: Literal["grad"] | None) -> Tensor:
    if by is None:
        return tensor.detach().float().pow(2)
    if tensor.grad is None:
        return torch.zeros_like(tensor)
    return (tensor.detach() * tensor.grad).float()


def _keep_heads(layer: Any, heads: Tensor) -> None:
    attention: Any = self_attention(layer)
    size = attention.attention_head_size
    rows = (heads[:, None] * size + torch.arange(size)[None]).flatten()
    for name in ("query", "key", "value"):
        setattr(attention, name, _rows(getattr(attention, name), rows))
    layer.attention.output.dense = _columns(layer.attention.output.dense, rows)
    attention.num_attention_heads = len(heads)
    attention.all_head_size = len(rows)


def _keep_neurons(layer: Any, neurons: Tensor) -> None:
    first, second = _inner(layer)
    layer.intermediate.dense = _rows(first, neurons)
    layer.output.dense = _columns(second, neurons)


def _rows(matrix: nn.Linear, kept: Tensor) -> nn.Linear:
    made = nn.Linear(matrix.in_features, len(kept), bias=matrix.bias is not None)
    with torch.no_grad():
        made.weight.copy_(matrix.weight[kept])
        if matrix.bias is not None:
            made.bias.copy_(matrix.bias[kept])
    return made.to(matrix.weight.device)


def _columns(matrix: nn.Linear, kept: Tensor) -> nn.Linear:
    made = nn.Linear(len(kept), matrix.out_features, bias=matrix.bias is not None)
    with torch.no_grad():
        made.weight.copy_(matrix.weight[:, kept])
        if matrix.bias is not None:
            made.bias.copy_(matrix.bias)
    return made.to(matrix.weight.device)
