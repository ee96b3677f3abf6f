"""An encoder with small heads: over the whole text, or over each of its tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

Pooling = Literal["first", "mean"]


class EncoderWithHeads(nn.Module):
    """Several readings of one text in a single pass.

    Args:
        encoder: gives hidden states, float32 [batch, time, width].
        text_heads: outputs of each head over the pooled text, by name.
        token_heads: outputs of each head over every token, by name.
        pooling: the pooled text is the first token's state or the mean over tokens.
        dropout: before each head.
    """

    def __init__(
        self,
        encoder: PreTrainedModel,
        text_heads: Mapping[str, int],
        token_heads: Mapping[str, int],
        pooling: Pooling = "first",
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.config = encoder.config
        width = int(getattr(encoder.config, "hidden_size"))  # noqa: B009 (the base class has none)
        self.pooling = pooling
        self.dropout = nn.Dropout(dropout)
        self.text_heads = nn.ModuleDict(
            {n: nn.Linear(width, size) for n, size in text_heads.items()}
        )
        self.token_heads = nn.ModuleDict(
            {n: nn.Linear(width, size) for n, size in token_heads.items()}
        )
        for head in (*self.text_heads.values(), *self.token_heads.values()):
            assert isinstance(head, nn.Linear)
            nn.init.zeros_(head.bias)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, **further: Any
    ) -> dict[str, Tensor]:
        """Logits by head: [batch, outputs] over texts, [batch, time, outputs] over tokens."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask, **further)[0]
        found: dict[str, Tensor] = {}
        if self.text_heads:
            pooled = self.dropout(self._pooled(hidden, attention_mask))
            found |= {name: head(pooled) for name, head in self.text_heads.items()}
        if self.token_heads:
            dropped = self.dropout(hidden)
            found |= {name: head(dropped) for name, head in self.token_heads.items()}
        return found

    def _pooled(self, hidden: Tensor, attention_mask: Tensor | None) -> Tensor:
        if self.pooling == "first":
            return hidden[:, 0]
        if attention_mask is None:
            return hidden.mean(1)
        seen = attention_mask.unsqueeze(-1).to(hidden.dtype)
        return (hidden * seen).sum(1) / seen.sum(1).clamp_min(1)


def draw_heads(model: EncoderWithHeads, seed: int) -> None:
    """Draw the heads' matrices, std 0.02, from one seed."""
    random = torch.Generator().manual_seed(seed)
    for head in (*model.text_heads.values(), *model.token_heads.values()):
        assert isinstance(head, nn.Linear)
        nn.init.normal_(head.weight, 0.0, 0.02, generator=random)
