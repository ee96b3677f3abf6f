"""Integrated gradients over token embeddings, with the completeness gap measured and mended.

The attributions of all tokens should add up to F(text) - F(baseline). A sum over a few points
of the path misses that; the gap is the error one can see. Points are doubled until the gap is
within the tolerance; when the most points do not get there the result says so.

Reference: Sundararajan, Taly & Yan (2017), arXiv:1703.01365. Points and weights are those of
Gauss and Legendre, exact for polynomials up to twice their number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from trueline.assess.inspected_model import InspectedModel
from trueline.core.errors import InputError

Baseline = Literal["mask", "pad", "zero"]
FIRST_POINTS, MOST_POINTS = 16, 1024
#: Share of F(text) - F(baseline) that the gap may have.
TOLERANCE = 0.01
#: A difference below this, in logits, is held against this instead.
LEAST_DIFFERENCE = 0.1
_BATCH = 32


@dataclass(frozen=True, slots=True)
class Attribution:
    """What each token of a text did to one logit.

    Args:
        text: as it was given.
        tokens: as the text spells them; framing tokens by name.
        spans: `[start, end)` of each token in the text; those of one character's bytes are equal.
        values: what each token added, in logits; 0 for framing tokens.
        target: the label, or the next token, whose logit it is.
        logit: F(text).
        baseline_logit: F of the text with every token of its own replaced.
        baseline: by what: the mask token, padding, or nothing.
        points: on the path, in the end.
        tolerance: share of the difference that the gap may have.
    """

    text: str
    tokens: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    values: tuple[float, ...]
    target: str
    logit: float
    baseline_logit: float
    baseline: Baseline
    points: int
    tolerance: float

    @property
    def gap(self) -> float:
        """What the attributions miss of F(text) - F(baseline), in logits."""
        return self.logit - self.baseline_logit - sum(self.values)

    @property
    def relative_gap(self) -> float:
        """The size of the gap as a share of the difference it belongs to."""
        difference = abs(self.logit - self.baseline_logit)
        return abs(self.gap) / max(difference, LEAST_DIFFERENCE)

    @property
    def is_complete(self) -> bool:
        """Whether the gap is within the tolerance."""
        return self.relative_gap <= self.tolerance


def integrated_gradients(
    model: InspectedModel,
    text: str,
    label: str = "",
    *,
    baseline: Baseline | None = None,
    tolerance: float = TOLERANCE,
    most_points: int = MOST_POINTS,
) -> Attribution:
    """Attribute the logit of a label, or of the likeliest next token, to the tokens of a text.

    Args:
        model: a classifier or a causal language model.
        text: not empty; its end is cut off where it does not fit.
        label: of a classifier; the one it tells where none is given.
        baseline: what every token is compared with; the mask token where there is one, then
            padding, then zeros.
        tolerance: see `Attribution`.
        most_points: where doubling ends.

    Raises:
        InputError: the model is masked, the text has no token, or the label is unknown.
    """
    model.need("integrated gradients", "classify", "causal")
    read = model.tokenize([text])[0]
    if not any(read.own):
        raise InputError("the text has no token to attribute to; give another one")
    batch = model.batch([read])
    chosen, vector = _baseline(model, baseline)
    clean = model.embeddings(batch.ids)
    empty = torch.where(batch.own[..., None], vector, clean)
    with torch.no_grad():
        logits = _outputs(model, batch.ids, batch.mask, clean)[0]
        number = model.label_number(label, "the label") if label else int(logits.argmax())
        start = _outputs(model, batch.ids, batch.mask, empty)[0, number]
    points = FIRST_POINTS
    while True:
        values = _summed(model, batch.ids, batch.mask, empty, clean, number, points)
        found = Attribution(
            text=text,
            tokens=_spelled(model, text, read.ids, read.offsets, read.own),
            spans=read.offsets,
            values=tuple(values.tolist()),
            target=model.labels[number] if model.labels else str(model.tokenizer.decode([number])),
            logit=float(logits[number]),
            baseline_logit=float(start),
            baseline=chosen,
            points=points,
            tolerance=tolerance,
        )
        if found.is_complete or 2 * points > most_points:
            return found
        points *= 2


def _summed(
    model: InspectedModel,
    ids: Tensor,
    mask: Tensor,
    empty: Tensor,
    clean: Tensor,
    number: int,
    points: int,
) -> Tensor:
    """Attributions of each token, float64 [time]."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    shares = torch.from_numpy((nodes + 1) / 2).float()
    parts = torch.from_numpy(weights / 2)
    total = torch.zeros(clean.shape[1:], dtype=torch.float64)
    for first in range(0, points, _BATCH):
        share = shares[first : first + _BATCH, None, None]
        point = (empty + share * (clean - empty)).detach().requires_grad_(True)
        count = len(point)
        told = _outputs(model, ids.expand(count, -1), mask.expand(count, -1), point)
        (gradient,) = torch.autograd.grad(told[:, number].sum(), point)
        total += (gradient.double() * parts[first : first + _BATCH, None, None]).sum(0)
    return (total * (clean - empty)[0].double()).sum(-1)


def _outputs(model: InspectedModel, ids: Tensor, mask: Tensor, embeddings: Tensor) -> Tensor:
    """Logits over labels, or over the token that comes next, [batch, choices]."""
    logits = model.logits(ids, mask, embeddings)
    if model.kind == "classify":
        return logits
    last = ids.shape[1] - 1 - len(model.end)
    return logits[:, last]


def _baseline(model: InspectedModel, wanted: Baseline | None) -> tuple[Baseline, Tensor]:
    ids: dict[Baseline, object] = {
        "mask": model.tokenizer.mask_token_id,
        "pad": model.tokenizer.pad_token_id,
    }
    choices: tuple[Baseline, ...] = (wanted,) if wanted else ("mask", "pad", "zero")
    for choice in choices:
        number = ids.get(choice)
        if isinstance(number, int):
            return choice, model.embeddings(torch.tensor([[number]]))
    if wanted in ids:
        raise InputError(f"the tokenizer of {model.name} has no {wanted} token; take another one")
    return "zero", torch.zeros_like(model.embeddings(torch.tensor([[0]])))


def _spelled(
    model: InspectedModel,
    text: str,
    ids: tuple[int, ...],
    offsets: tuple[tuple[int, int], ...],
    own: tuple[bool, ...],
) -> tuple[str, ...]:
    return tuple(
        text[start:end] if mine else str(model.tokenizer.convert_ids_to_tokens(number))
        for number, (start, end), mine in zip(ids, offsets, own, strict=True)
    )
