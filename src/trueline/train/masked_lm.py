"""Masked language modelling that computes only what the loss reads.

The head runs over masked positions alone, and so does the last layer behind its keys and values:
no other output of it is ever used. The numbers are those of the full computation.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

#: Models whose last layer has the parts that `_last_layer` names.
LAST_LAYER = ("bert", "roberta")


class MaskedLm(nn.Module):
    """A masked language model of `transformers`, with a leaner forward pass.

    Args:
        hf: the model; its weights are stored under their own names.
        next_sentence: whether it has a head that tells whether two texts follow each other.
    """

    def __init__(self, hf: PreTrainedModel, next_sentence: bool = False) -> None:
        super().__init__()
        self.hf = hf
        self.next_sentence = next_sentence

    def forward(
        self,
        input_ids: Tensor,
        masked_at: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Logits over the vocabulary, [batch, masked, vocab], and over "follows or not".

        Args:
            input_ids: int64 [batch, time].
            masked_at: int64 [batch, masked], positions; those that fill a row up are read too.
            attention_mask: int64 [batch, time], 1 where there is a token; None for everywhere.
            token_type_ids: int64 [batch, time], 0 in the first text and 1 in the second.
        """
        at = masked_at
        if self.next_sentence:  # the pooled text is the first token's state
            at = torch.cat([torch.zeros_like(masked_at[:, :1]), masked_at], 1)
        hidden = self._states(input_ids, at, attention_mask, token_type_ids)
        follows = None
        if self.next_sentence:
            base: Any = self.hf.base_model
            heads: Any = self.hf.get_submodule("cls")
            follows = heads.seq_relationship(base.pooler(hidden[:, :1]))
            hidden = hidden[:, 1:]
        return self._head(hidden), follows

    def _head(self, hidden: Tensor) -> Tensor:
        head: Any = getattr(self.hf, "lm_head", None)
        if head is None:
            head = getattr(self.hf, "cls", None)
            head = getattr(head, "predictions", None)
        if head is None:  # other architectures: the head is what turns states into logits
            raise TypeError(f"{type(self.hf).__name__} has no head this knows")
        logits: Tensor = head(hidden)
        return logits

    def _states(
        self, input_ids: Tensor, at: Tensor, attention: Tensor | None, segments: Tensor | None
    ) -> Tensor:
        base: Any = self.hf.base_model
        further = {} if segments is None else {"token_type_ids": segments}
        if base.config.model_type not in LAST_LAYER:
            states = base(input_ids=input_ids, attention_mask=attention, **further)[0]
            return _gathered(states, at)
        hidden = base.embeddings(input_ids=input_ids, **further)
        mask = None if attention is None else attention[:, None, None, :].bool()
        *layers, last = base.encoder.layer
        for layer in layers:
            hidden = layer(hidden, mask)
        return _last_layer(last, hidden, at, mask)


def _last_layer(layer: Any, hidden: Tensor, at: Tensor, mask: Tensor | None) -> Tensor:
    attention = layer.attention.self
    asked = _gathered(hidden, at)
    query, key, value = (
        _by_head(part(states), attention.num_attention_heads)
        for part, states in (
            (attention.query, asked),
            (attention.key, hidden),
            (attention.value, hidden),
        )
    )
    rate = attention.dropout.p if layer.training else 0.0
    found = functional.scaled_dot_product_attention(query, key, value, mask, rate)
    found = found.transpose(1, 2).reshape(asked.shape)
    output: Tensor = layer.feed_forward_chunk(layer.attention.output(found, asked))
    return output


def _by_head(states: Tensor, heads: int) -> Tensor:
    batch, time, width = states.shape
    return states.view(batch, time, heads, width // heads).transpose(1, 2)


def _gathered(states: Tensor, at: Tensor) -> Tensor:
    return states.gather(1, at.unsqueeze(-1).expand(-1, -1, states.shape[-1]))
