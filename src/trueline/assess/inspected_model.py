"""A model whose inside can be read: its embeddings, its layers and its losses.

Classifiers, causal and masked language models are read alike. What is given to a network is the
output of its embedding layer, put there by a hook, so that positions and masks stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

from trueline.core.errors import InputError

Kind = Literal["classify", "causal", "mlm"]
KIND_NAMES: dict[Kind, str] = {
    "classify": "a classifier",
    "causal": "a causal language model",
    "mlm": "a masked language model",
}


@dataclass(frozen=True, slots=True)
class TokenizedText:
    """A text as a model reads it.

    Args:
        ids: of all tokens, the framing ones included.
        offsets: for each token, `[start, end)` in the text; empty for a framing token.
        own: for each token, whether it comes from the text.
        cut: tokens that did not fit.
    """

    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]
    own: tuple[bool, ...]
    cut: int = 0


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Texts padded behind their ends, each [batch, time]."""

    ids: Tensor
    mask: Tensor
    own: Tensor


@dataclass(frozen=True)
class InspectedModel:
    """A network in evaluation mode, with what is needed to read it.

    Args:
        name: shown in reports; the folder's name.
        kind: what its logits mean.
        network: takes `input_ids` and `attention_mask`; gives `logits`, or a mapping with `label`.
        body: the model of `transformers` inside, whose layers and attention are read.
        embedding: the layer that turns ids into vectors.
        tokenizer: its own.
        longest: tokens of a text at most, framing included.
        start: framing ids before a text.
        end: framing ids behind it.
        labels: of a classifier, in the order of its logits.
        text_field: field of a row that holds the text.
        label_field: field of a row that holds the label.
    """

    name: str
    kind: Kind
    network: nn.Module
    body: nn.Module
    embedding: nn.Module
    tokenizer: PreTrainedTokenizerFast
    longest: int
    start: tuple[int, ...] = ()
    end: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    text_field: str = "text"
    label_field: str = "label"

    def __post_init__(self) -> None:
        self.network.eval()
        for weight in self.network.parameters():
            weight.requires_grad_(False)

    def need(self, feature: str, *kinds: Kind) -> None:
        """Refuse a feature that this kind of model does not have.

        Raises:
            InputError: the message names what is needed and what the model is.
        """
        if self.kind not in kinds:
            wanted = " or ".join(KIND_NAMES[kind] for kind in kinds)
            raise InputError(
                f"{feature} needs {wanted}; {self.name} is {KIND_NAMES[self.kind]}. "
                "Give another model"
            )

    def tokenize(self, texts: Sequence[str]) -> list[TokenizedText]:
        """Texts as the model reads them; the end of one that is too long is cut off."""
        backend = self.tokenizer.backend_tokenizer
        room = self.longest - len(self.start) - len(self.end)
        first, last = len(self.start), len(self.end)
        found: list[TokenizedText] = []
        for encoding in backend.encode_batch(list(texts), add_special_tokens=False):
            ids, offsets = encoding.ids[:room], encoding.offsets[:room]
            found.append(
                TokenizedText(
                    (*self.start, *ids, *self.end),
                    (*[(0, 0)] * first, *offsets, *[(0, 0)] * last),
                    (*[False] * first, *[True] * len(ids), *[False] * last),
                    len(encoding.ids) - len(ids),
                )
            )
        return found

    def batch(self, texts: Sequence[TokenizedText]) -> TextBatch:
        """Tensors of texts."""
        width = max(len(text.ids) for text in texts)
        pad: Any = self.tokenizer.pad_token_id
        ids = torch.full((len(texts), width), int(pad or 0), dtype=torch.int64)
        mask = torch.zeros_like(ids)
        own = torch.zeros(len(texts), width, dtype=torch.bool)
        for row, text in enumerate(texts):
            ids[row, : len(text.ids)] = torch.tensor(text.ids)
            mask[row, : len(text.ids)] = 1
            own[row, : len(text.own)] = torch.tensor(text.own)
        return TextBatch(ids, mask, own)

    def embeddings(self, ids: Tensor) -> Tensor:
        """float32 [batch, time, width]: what the embedding layer makes of ids."""
        with torch.no_grad():
            vectors: Tensor = self.embedding(ids)
        return vectors

    def logits(self, ids: Tensor, mask: Tensor, embeddings: Tensor | None = None) -> Tensor:
        """Logits over labels [batch, labels], or over the vocabulary [batch, time, vocab].

        Args:
            ids: int64 [batch, time].
            mask: int64 [batch, time].
            embeddings: float32 [batch, time, width], read in place of those of the ids.
        """
        with _replaced(self.embedding, embeddings):
            told: Any = self.network(input_ids=ids, attention_mask=mask)
        # Heads of several outputs name the one over labels, or over the vocabulary.
        names = ("label", "logits", "prediction_logits")
        found: Tensor = next(told[name] for name in names if name in told)
        return found.float()

    def label_number(self, label: str, place: str) -> int:
        """The place of a label in the logits.

        Raises:
            InputError: the model does not know it; `place` says where it stood.
        """
        if label not in self.labels:
            known = ", ".join(self.labels[:20]) + (", ..." if len(self.labels) > 20 else "")
            raise InputError(
                f"{place}: {self.name} has no label {label!r}; it has: {known}. Mend the label"
            )
        return self.labels.index(label)


@contextmanager
def _replaced(layer: nn.Module, output: Tensor | None) -> Iterator[None]:
    if output is None:
        yield
        return
    handle = layer.register_forward_hook(lambda *_: output)
    try:
        yield
    finally:
        handle.remove()
