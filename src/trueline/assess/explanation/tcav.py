"""TCAV: whether a concept, given by examples, moves a label, and more than chance would.

A concept activation vector (CAV) is the direction in a layer that tells the concept's texts from
random ones; here Fisher's linear discriminant on the mean of the layer's states. The TCAV score
is the share of texts whose logit rises along it; the sensitivity is the mean rise, in logits for
one typical length of a state.

Significance is exact: the concept's and the random texts are put together and dealt out anew,
many times; each deal gives a CAV, and the p-value is the rank of the concept among them, which
no assumption but that of exchangeable texts is needed for. The rank is that of the sensitivity's
size: where all gradients point much the same way, as in small models, every direction has a
score of 0 or 1 and the score alone cannot tell anything.

References: Kim et al. (2018), arXiv:1711.11279 (TCAV, and its test against random concepts);
Phipson & Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9(1), 39 (exact p-values of deals).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from trueline.assess.inspected_model import InspectedModel
from trueline.core.errors import InputError

#: Deals; the smallest p-value is 1 in 1000.
DEALS = 999
#: Ridge on the scatter matrix, as a share of its mean diagonal.
RIDGE = 0.05
LEAST_TEXTS = 8
_BATCH = 32

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ConceptResult:
    """One concept, one layer, one label.

    Args:
        concept: its name.
        layer: 1 for the first.
        label: whose logit moves.
        score: share of texts whose logit rises along the concept.
        raised: how many texts those are.
        n: texts looked at.
        sensitivity: mean rise of the logit, signed.
        p_value: of the sensitivity's size among random deals; exact.
        score_p_value: of the score's distance from one half.
        separated: share of concept and random texts on their own side of the CAV, each left out
            of it in turn of five.
        concept_texts: how many examples.
        random_texts: how many.
        deals: how many random concepts.
    """

    concept: str
    layer: int
    label: str
    score: float
    raised: int
    n: int
    sensitivity: float
    p_value: float
    score_p_value: float
    separated: float
    concept_texts: int
    random_texts: int
    deals: int


def measure_concept(
    model: InspectedModel,
    concept: str,
    concept_texts: Sequence[str],
    random_texts: Sequence[str],
    texts: Sequence[str],
    label: str,
    layer: int,
    *,
    deals: int = DEALS,
    seed: int = 0,
) -> ConceptResult:
    """Hold one concept against random ones.

    Args:
        model: a classifier.
        concept: its name, for the report.
        concept_texts: examples of the concept; at least 8.
        random_texts: texts of the same kind without it; at least 8.
        texts: whose logits are looked at.
        label: whose logit.
        layer: 1 for the first, up to the number of layers.
        deals: random concepts.
        seed: of the deals.

    Raises:
        InputError: no classifier, an unknown label or layer, or too few texts.
    """
    model.need("TCAV", "classify")
    number = model.label_number(label, "the label")
    for name, given in (("concept", concept_texts), ("random", random_texts)):
        if len(given) < LEAST_TEXTS:
            raise InputError(
                f"TCAV needs at least {LEAST_TEXTS} {name} texts, got {len(given)}. Give more rows"
            )
    module = _layer(model, layer)
    states = np.concatenate(
        [_states(model, module, concept_texts), _states(model, module, random_texts)]
    )
    gradients = _gradients(model, module, texts, number)
    size = len(concept_texts)
    directions = _Directions(states)
    own = directions.of(np.arange(len(states)) < size)
    rises = gradients @ own
    random = np.random.default_rng(seed)
    dealt = np.stack(
        [directions.of(random.permutation(len(states)) < size) for _ in range(deals)], 1
    )
    others = gradients @ dealt
    scores = (others > 0).mean(0)
    score, sensitivity = float((rises > 0).mean()), float(rises.mean())
    return ConceptResult(
        concept=concept,
        layer=layer,
        label=label,
        score=score,
        raised=int((rises > 0).sum()),
        n=len(texts),
        sensitivity=sensitivity * directions.length,
        p_value=_rank(abs(sensitivity), np.abs(others.mean(0))),
        score_p_value=_rank(abs(score - 0.5), np.abs(scores - 0.5)),
        separated=_separated(states, size),
        concept_texts=size,
        random_texts=len(random_texts),
        deals=deals,
    )


def layer_count(model: InspectedModel) -> int:
    """How many layers there are to look into."""
    return len(_layers(model))


class _Directions:
    """Unit vectors that tell a part of the states from the rest; the scatter is inverted once.

    Fisher's direction with the scatter of all states is parallel to the one with the scatter
    within both parts (Sherman & Morrison), so every deal shares one matrix.
    """

    def __init__(self, states: FloatArray) -> None:
        self._states = states - states.mean(0)
        scatter = self._states.T @ self._states / len(states)
        ridge = RIDGE * np.trace(scatter) / len(scatter)
        self._inverse = np.linalg.inv(scatter + (ridge + 1e-12) * np.eye(len(scatter)))
        self.length = float(np.sqrt((self._states**2).sum(1).mean()))

    def of(self, chosen: npt.NDArray[np.bool_]) -> FloatArray:
        difference = self._states[chosen].mean(0) - self._states[~chosen].mean(0)
        direction: FloatArray = self._inverse @ difference
        return direction / max(float(np.linalg.norm(direction)), 1e-12)


def _rank(own: float, others: FloatArray) -> float:
    """(1 + deals at least as large) / (1 + deals)."""
    return float(1 + (others >= own - 1e-12).sum()) / (1 + len(others))


def _separated(states: FloatArray, size: int) -> float:
    """Share of states on their own side, each judged by a direction that did not see it."""
    chosen = np.arange(len(states)) < size
    fold = np.where(chosen, np.arange(len(states)), np.arange(len(states)) - size) % 5
    right = 0
    for number in range(5):
        out = fold == number
        kept, marks = states[~out], chosen[~out]
        direction = _Directions(kept).of(marks)
        middle = (kept[marks].mean(0) + kept[~marks].mean(0)) / 2
        right += int((((states[out] - middle) @ direction > 0) == chosen[out]).sum())
    return right / len(states)


def _layers(model: InspectedModel) -> nn.ModuleList:
    body: Any = model.body
    wanted = int(body.config.num_hidden_layers)
    for module in body.modules():
        if isinstance(module, nn.ModuleList) and len(module) == wanted:
            return module
    raise InputError(f"the layers of {model.name} cannot be found; TCAV cannot look into it")


def _layer(model: InspectedModel, layer: int) -> nn.Module:
    layers = _layers(model)
    if not 1 <= layer <= len(layers):
        raise InputError(f"--layer: {model.name} has layers 1 to {len(layers)}, not {layer}")
    return layers[layer - 1]


def _states(model: InspectedModel, module: nn.Module, texts: Sequence[str]) -> FloatArray:
    """Mean state of each text's own tokens, float64 [texts, width]."""
    found: list[Tensor] = []
    for first in range(0, len(texts), _BATCH):
        batch = model.batch(model.tokenize(texts[first : first + _BATCH]))
        kept: list[Tensor] = []
        handle = module.register_forward_hook(lambda m, i, out, kept=kept: kept.append(_first(out)))
        try:
            with torch.no_grad():
                model.logits(batch.ids, batch.mask)
        finally:
            handle.remove()
        own = batch.own[..., None]
        found.append((kept[0] * own).sum(1) / own.sum(1).clamp_min(1))
    return torch.cat(found).double().numpy()


def _gradients(
    model: InspectedModel, module: nn.Module, texts: Sequence[str], number: int
) -> FloatArray:
    """How a logit rises when all own tokens' states move together, float64 [texts, width]."""
    found: list[Tensor] = []
    for first in range(0, len(texts), _BATCH):
        batch = model.batch(model.tokenize(texts[first : first + _BATCH]))
        width: list[Tensor] = []

        def moved(_: nn.Module, __: object, out: Any, width: list[Tensor] = width) -> Any:
            states = _first(out).detach().requires_grad_(True)
            width.append(states)
            return (states, *out[1:]) if isinstance(out, tuple) else states

        handle = module.register_forward_hook(moved)
        try:
            logits = model.logits(batch.ids, batch.mask)
            (gradient,) = torch.autograd.grad(logits[:, number].sum(), width[0])
        finally:
            handle.remove()
        found.append((gradient * batch.own[..., None]).sum(1))
    return torch.cat(found).double().numpy()


def _first(out: Any) -> Tensor:
    states: Tensor = out[0] if isinstance(out, tuple) else out
    return states
