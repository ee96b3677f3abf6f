"""Attention weights of every layer and head, and drawings of them.

Where a token looks is not why a label was told: attention shows what a layer mixes, and often
weights that could be swapped without any effect (Jain & Wallace 2019, arXiv:1902.10186).
Attributions say what a token did; see `integrated_gradients`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from trueline.assess import svg
from trueline.assess.evidence import Figure
from trueline.assess.inspected_model import InspectedModel
from trueline.core.errors import InputError
from trueline.core.policy import Bilingual

#: Tokens that a drawing shows; those behind are told.
MOST_TOKENS = 40
_COLUMNS = 2
_LEVELS = 8
_LABEL = 10.0
_ROOM = 66.0
_CELL_MOST = 22.0
_GAP = 26.0


@dataclass(frozen=True, slots=True)
class AttentionMaps:
    """Where each token looks.

    Args:
        tokens: as the text spells them; framing tokens by name.
        weights: float32 [layers, heads, time, time]; each row adds up to 1.
    """

    tokens: tuple[str, ...]
    weights: npt.NDArray[np.float32]


def attention_maps(model: InspectedModel, text: str) -> AttentionMaps:
    """Read a text and keep the attention weights.

    Raises:
        InputError: the architecture gives none.
    """
    body: Any = model.body
    read = model.tokenize([text])[0]
    batch = model.batch([read])
    before = body.config._attn_implementation
    body.set_attn_implementation("eager")  # the fused kernels keep no weights
    try:
        with torch.no_grad():
            told: Any = body(input_ids=batch.ids, attention_mask=batch.mask, output_attentions=True)
    finally:
        body.set_attn_implementation(before)
    layers = getattr(told, "attentions", None)
    if not layers or layers[0] is None:
        raise InputError(f"{model.name} gives no attention weights; take --method ig")
    tokens = tuple(
        text[start:end] if own else str(model.tokenizer.convert_ids_to_tokens(number))
        for number, (start, end), own in zip(read.ids, read.offsets, read.own, strict=True)
    )
    return AttentionMaps(tokens, torch.stack([layer[0] for layer in layers]).numpy())


def layer_figure(maps: AttentionMaps, layer: int) -> Figure:
    """All heads of a layer: a row for the token that looks, a column for what it looks at."""
    shown = min(len(maps.tokens), MOST_TOKENS)
    heads = maps.weights.shape[1]
    columns = min(_COLUMNS, heads)
    room = (svg.WIDTH - _GAP * (columns - 1)) / columns
    cell = min(_CELL_MOST, (room - _ROOM) / shown)
    side = cell * shown
    height = _ROOM + side + _GAP + 6
    parts: list[str] = []
    for head in range(heads):
        left = (head % columns) * (room + _GAP)
        top = (head // columns) * height
        parts += _head(maps, layer, head, shown, left, top, cell)
    title = Bilingual(zh=f"第 {layer + 1} 层的注意力", en=f"Attention of layer {layer + 1}")
    return Figure(title, svg.document(title, height * -(-heads // columns), parts))


def _head(
    maps: AttentionMaps, layer: int, head: int, shown: int, left: float, top: float, cell: float
) -> list[str]:
    x0, y0 = left + _ROOM, top + _ROOM + 14
    name = Bilingual(zh=f"头 {head + 1}", en=f"head {head + 1}")
    parts = [svg.text(left, top + 14, name, bold=True)]
    size = min(_LABEL, cell * 0.95)
    for place, token in enumerate(maps.tokens[:shown]):
        label = svg.shortened(visible(token), _ROOM - 8, size)
        parts += [
            svg.text(x0 - 5, y0 + cell * (place + 0.5) + size * 0.35, label, anchor="end",
                     size=size),
            svg.text(x0 + cell * (place + 0.5) + size * 0.35, y0 - 5, label, size=size,
                     turned=True),
        ]  # fmt: skip
    weights = maps.weights[layer, head, :shown, :shown]
    # Cells of one shade are one path: a page with every layer and head stays small.
    levels = np.ceil(np.sqrt(weights) * _LEVELS).astype(int).clip(0, _LEVELS)
    for level in range(1, _LEVELS + 1):
        cells = np.argwhere(levels == level)
        if len(cells):
            path = "".join(
                f"M{svg.number(x0 + cell * j)} {svg.number(y0 + cell * i)}h{svg.number(cell)}"
                f"v{svg.number(cell)}h-{svg.number(cell)}z"
                for i, j in cells.tolist()
            )
            shade = svg.number((level / _LEVELS) ** 2 * 0.95)
            parts.append(f'<path d="{path}" fill="{svg.fill("plain")}" fill-opacity="{shade}"/>')
    side = cell * shown
    parts.append(
        f'<rect x="{svg.number(x0)}" y="{svg.number(y0)}" width="{svg.number(side)}" '
        f'height="{svg.number(side)}" fill="none" stroke="currentColor" stroke-opacity="0.25"/>'
    )
    return parts


def visible(token: str) -> str:
    """A token that can be seen: a space as ␣, a line break as ⏎."""
    return token.replace("\n", "⏎").replace(" ", "␣") if not token.strip() else token.strip()
