"""How often a classifier holds its label when its embeddings are pushed, radius by radius."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from trueline.assess.gradients.embedding_attacks import (
    Attacked,
    Ball,
    Norm,
    fgsm,
    is_wrong,
    noise,
    pgd,
)
from trueline.assess.inspected_model import InspectedModel
from trueline.assess.text_rows import TextRow
from trueline.core.errors import InputError

#: Shares of the mean embedding norm.
RADII = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
STEPS, STARTS = 10, 2


@dataclass(frozen=True, slots=True)
class AttackCount:
    """One attack at one radius.

    Args:
        attack: `fgsm`, `pgd` or `noise`.
        norm: of the ball; noise has the length of the `l2` radius.
        radius: share of the mean embedding norm.
        broken: texts read rightly before and wrongly now.
        attacked: texts read rightly before.
        n: all texts.
    """

    attack: str
    norm: Norm
    radius: float
    broken: int
    attacked: int
    n: int

    @property
    def right(self) -> int:
        """Texts still read rightly."""
        return self.attacked - self.broken


@dataclass(frozen=True, slots=True)
class GradientReport:
    """All counts, and the length that radii are shares of."""

    counts: tuple[AttackCount, ...]
    n: int
    right: int
    mean_norm: float
    cut: int

    def of(self, attack: str, norm: Norm) -> list[AttackCount]:
        """The counts of one attack, by rising radius."""
        return [c for c in self.counts if c.attack == attack and c.norm == norm]


def attack_embeddings(
    model: InspectedModel,
    rows: Sequence[TextRow],
    *,
    radii: Sequence[float] = RADII,
    norms: Sequence[Norm] = ("l2", "linf"),
    steps: int = STEPS,
    starts: int = STARTS,
    seed: int = 0,
    batch_size: int = 32,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> GradientReport:
    """Attack every text that is read rightly; the same seed gives the same counts.

    A text that PGD breaks at one radius counts as broken at every larger one, since the smaller
    ball lies inside.

    Args:
        model: a classifier of one label a text.
        rows: texts with the labels they should get.
        radii: shares of the mean embedding norm of the texts' own tokens.
        norms: `l2`, `linf`.
        steps: of PGD from each start.
        starts: of PGD; the first is FGSM's point.
        seed: of noise and starts.
        batch_size: texts at once.
        progress: told after each batch: texts done, texts in all.

    Raises:
        InputError: the model is no classifier, or a label is unknown to it.
    """
    model.need("attacking embeddings", "classify")
    if not rows:
        raise InputError("no texts to attack; give a file with labelled rows")
    targets = torch.tensor([model.label_number(row.label, row.place) for row in rows])
    texts = model.tokenize([row.text for row in rows])
    mean_norm = _mean_norm(model, [text.ids for text in texts], [text.own for text in texts])
    ordered = sorted(set(radii))
    broken: Counter[tuple[str, Norm, float]] = Counter()
    right = 0
    # Texts of like length are read together; each batch draws from a generator of its own.
    order = sorted(range(len(texts)), key=lambda place: len(texts[place].ids))
    for number, first in enumerate(range(0, len(order), batch_size)):
        places = order[first : first + batch_size]
        batch = model.batch([texts[place] for place in places])
        wanted = targets[places]
        with torch.no_grad():
            held = ~is_wrong(model.logits(batch.ids, batch.mask), wanted)
        right += int(held.sum())
        if bool(held.any()):
            ids, mask, own = batch.ids[held], batch.mask[held], batch.own[held]
            clean = model.embeddings(ids)

            def logits_of(vectors: Tensor, ids: Tensor = ids, mask: Tensor = mask) -> Tensor:
                return model.logits(ids, mask, vectors)

            under_attack = Attacked(logits_of, clean, wanted[held], own)
            random = torch.Generator().manual_seed(seed * 1_000_003 + number)
            for key, count in _broken(
                under_attack, ordered, mean_norm, norms, steps, starts, random
            ).items():
                broken[key] += count
        progress(min(first + batch_size, len(order)), len(order))
    keys: list[tuple[str, Norm, float]] = []
    for attack, norm in _attacks(norms):
        keys.extend((attack, norm, radius) for radius in ordered)
    counts = tuple(AttackCount(*key, broken[key], right, len(rows)) for key in keys)
    return GradientReport(counts, len(rows), right, mean_norm, sum(text.cut > 0 for text in texts))


def _attacks(norms: Sequence[Norm]) -> list[tuple[str, Norm]]:
    """Noise once, then both attacks for each norm."""
    found: list[tuple[str, Norm]] = [("noise", "l2")]
    for norm in norms:
        found.extend((attack, norm) for attack in ("fgsm", "pgd"))
    return found


def _broken(
    texts: Attacked,
    radii: Sequence[float],
    mean_norm: float,
    norms: Sequence[Norm],
    steps: int,
    starts: int,
    random: torch.Generator,
) -> dict[tuple[str, Norm, float], int]:
    counts: dict[tuple[str, Norm, float], int] = {}
    for radius in radii:
        change = noise(texts, radius * mean_norm, random)
        counts["noise", "l2", radius] = int(texts.wrong(change).sum())
    for norm in norms:
        found = torch.zeros(len(texts.clean), dtype=torch.bool)
        for radius in radii:
            ball = Ball(radius * mean_norm, norm)
            counts["fgsm", norm, radius] = int(texts.wrong(fgsm(texts, ball)).sum())
            found = pgd(texts, ball, steps=steps, starts=starts, random=random, broken=found)
            counts["pgd", norm, radius] = int(found.sum())
    return counts


def _mean_norm(
    model: InspectedModel, ids: Sequence[Sequence[int]], own: Sequence[Sequence[bool]]
) -> float:
    """Mean length of the embeddings of the texts' own tokens; 1 where there is none."""
    flat = [
        i for row, marks in zip(ids, own, strict=True) for i, mark in zip(row, marks, strict=True)
        if mark
    ]  # fmt: skip
    if not flat:
        return 1.0
    times = Counter(flat)
    lengths = torch.linalg.vector_norm(model.embeddings(torch.tensor([list(times)]))[0], dim=-1)
    weights = torch.tensor(list(times.values()), dtype=torch.float32)
    return float((lengths * weights).sum() / weights.sum())
