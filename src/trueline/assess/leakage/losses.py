"""The loss of a text under a model, as attacks on privacy use it.

A causal model's is the sum over tokens of -log p(token | those before). A masked one's is the
pseudo-log-likelihood: each token is hidden once, every seventh at a time, so that about as much
is hidden at once as in training. A classifier's is the log of the odds against the text's label.

References: Salazar et al. (2020), arXiv:1910.14659 (pseudo-log-likelihood); Carlini et al.
(2022), arXiv:2112.03570, section IV (odds rather than the probability, which rounds to 1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from trueline.assess.inspected_model import InspectedModel, TextBatch, TokenizedText

#: Tokens from one hidden one to the next: 1 / 7 is near BERT's 15 %.
STRIDE = 7
#: Logits held at once, as floats.
MOST_LOGITS = 1 << 25
_MOST_TEXTS = 64


@dataclass(frozen=True, slots=True)
class TextLoss:
    """`nats` over the whole text, which has so many characters; a classifier's are the odds."""

    nats: float
    characters: int

    @property
    def per_character(self) -> float:
        """Comparable between texts, and between models that cut texts into other tokens."""
        return self.nats / max(self.characters, 1)


def text_losses(
    model: InspectedModel,
    texts: Sequence[str],
    labels: Sequence[int] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[TextLoss]:
    """The loss of each text, in order; the end of a text that is too long does not count.

    Args:
        model: any kind; a classifier needs labels.
        texts: not empty ones.
        labels: places of the right labels, for a classifier.
        progress: told after each batch: texts done, texts in all.
    """
    read = model.tokenize(texts)
    found = [TextLoss(0.0, 0)] * len(texts)
    order = sorted(range(len(texts)), key=lambda place: len(read[place].ids))
    at = 0
    while at < len(order):
        size = _batch_size(model, [len(read[place].ids) for place in order[at:][:_MOST_TEXTS]])
        places = order[at : at + size]
        batch = model.batch([read[place] for place in places])
        with torch.no_grad():
            if model.kind == "classify":
                assert labels is not None, "a classifier's loss needs labels"
                wanted = torch.tensor([labels[place] for place in places])
                nats = _label_loss(model, batch, wanted)
            elif model.kind == "causal":
                nats = _next_token_loss(model, batch)
            else:
                nats = _hidden_token_loss(model, batch)
        for place, value in zip(places, nats.tolist(), strict=True):
            length = 1 if model.kind == "classify" else _characters(read[place])
            found[place] = TextLoss(value, length)
        at += size
        progress(at, len(order))
    return found


def _label_loss(model: InspectedModel, batch: TextBatch, wanted: Tensor) -> Tensor:
    logits = model.logits(batch.ids, batch.mask)
    right = logits.gather(1, wanted[:, None]).squeeze(1)
    others = logits.scatter(1, wanted[:, None], -torch.inf)
    loss: Tensor = others.logsumexp(1) - right
    return loss


def _next_token_loss(model: InspectedModel, batch: TextBatch) -> Tensor:
    logits = model.logits(batch.ids, batch.mask)[:, :-1]
    targets = batch.ids[:, 1:]
    return _summed(logits, targets, batch.own[:, 1:])


def _hidden_token_loss(model: InspectedModel, batch: TextBatch) -> Tensor:
    hidden_id = model.tokenizer.mask_token_id
    assert isinstance(hidden_id, int), "a masked language model has a mask token"
    total = torch.zeros(len(batch.ids))
    for phase in range(STRIDE):
        hidden = batch.own.clone()
        hidden[:, torch.arange(hidden.shape[1]) % STRIDE != phase] = False
        if not bool(hidden.any()):
            continue
        logits = model.logits(batch.ids.masked_fill(hidden, hidden_id), batch.mask)
        total += _summed(logits, batch.ids, hidden)
    return total


def _summed(logits: Tensor, targets: Tensor, counted: Tensor) -> Tensor:
    """Cross-entropy [batch] summed over the tokens that count."""
    each = functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
    total: Tensor = (each.view(targets.shape).double() * counted).sum(1)
    return total


def _characters(text: TokenizedText) -> int:
    return max((end for _, end in text.offsets), default=0)


def _batch_size(model: InspectedModel, lengths: Sequence[int]) -> int:
    if model.kind == "classify":
        return len(lengths)
    vocabulary = len(model.tokenizer)
    size = 0
    while size < len(lengths) and (size + 1) * lengths[size] * vocabulary <= MOST_LOGITS:
        size += 1
    return max(size, 1)
