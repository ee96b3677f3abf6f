"""How far reviewers agree, from the labels that two or more gave the same item on their own.

A label that decided a dispute is left out: who gave it knew that others had differed.

    >>> from trueline.store.reviews import ReviewLabel
    >>> labels = [ReviewLabel("a", "ann", "fine"), ReviewLabel("a", "bob", "fine"),
    ...           ReviewLabel("b", "ann", "violates"), ReviewLabel("b", "bob", "fine")]
    >>> found = reviewer_agreement(labels)
    >>> found.items, found.same, found.measure
    (2, 1, 'kappa')
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from trueline.stats.agreement import (
    cohen_kappa,
    cohen_kappa_interval,
    krippendorff_alpha,
    krippendorff_alpha_interval,
)
from trueline.stats.bounds import Interval, clopper_pearson
from trueline.store.reviews import LABELS, ReviewLabel


@dataclass(frozen=True, slots=True)
class ReviewerAgreement:
    """Agreement on items that two people or more labelled.

    `same` of `items` got one label from all, a share whose interval is `share`. `value` is Cohen's
    kappa when the same two people labelled all of them, Krippendorff's alpha otherwise; None
    where it is undefined, because one label only was used.
    """

    items: int
    same: int
    share: Interval
    measure: Literal["kappa", "alpha"]
    value: float | None
    interval: Interval


def reviewer_agreement(
    labels: Iterable[ReviewLabel], confidence: float = 0.95
) -> ReviewerAgreement | None:
    """Agreement between reviewers; None when no item has two labels.

    Args:
        labels: of any number of items and reviewers; what decided a dispute is skipped.
        confidence: of both intervals.
    """
    by_item: dict[str, dict[str, str]] = {}
    for one in labels:
        if not one.adjudicates:
            by_item.setdefault(one.item_id, {})[one.reviewer] = one.label
    both = [said for said in by_item.values() if len(said) > 1]
    if not both:
        return None
    same = sum(len(set(said.values())) == 1 for said in both)
    people = sorted({name for said in both for name in said})
    if len(people) == 2:
        table = [[0] * len(LABELS) for _ in LABELS]
        for said in both:
            table[_place(said[people[0]])][_place(said[people[1]])] += 1
        value, interval = cohen_kappa(table), cohen_kappa_interval(table, confidence)
        measure: Literal["kappa", "alpha"] = "kappa"
    else:
        units = [[list(said.values()).count(label) for label in LABELS] for said in both]
        value, interval = krippendorff_alpha(units), krippendorff_alpha_interval(units, confidence)
        measure = "alpha"
    return ReviewerAgreement(
        len(both), same, clopper_pearson(same, len(both), confidence), measure,
        None if math.isnan(value) else value, interval,
    )  # fmt: skip


def _place(label: str) -> int:
    return [str(one) for one in LABELS].index(label)
