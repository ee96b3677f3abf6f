"""Entities in BIO tags, and how many of them are found whole.

>>> entity_scores([["B-PER", "I-PER"]], [["B-PER", "O"]])[0]["entity_f1"]
0.0
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from trueline.stats.classification import Counts


class Entity(NamedTuple):
    """A span of tokens, end excluded, and what it is."""

    start: int
    end: int
    label: str


def entities(tags: Sequence[str]) -> list[Entity]:
    """Entities of BIO tags; an `I-` that goes on nothing of its label begins an entity.

    This is the reading of the CoNLL-2000 script (Tjong Kim Sang & Buchholz 2000).

    >>> entities(["B-PER", "I-PER", "O", "I-LOC"])
    [Entity(start=0, end=2, label='PER'), Entity(start=3, end=4, label='LOC')]
    """
    found: list[Entity] = []
    start, label = 0, ""
    for index, tag in enumerate([*tags, "O"]):
        mark, _, name = tag.partition("-")
        goes_on = mark == "I" and name == label
        if label and not goes_on:
            found.append(Entity(start, index, label))
            label = ""
        if mark in ("B", "I") and not goes_on:
            start, label = index, name
    return found


def entity_scores(
    truth: Sequence[Sequence[str]], found: Sequence[Sequence[str]]
) -> tuple[dict[str, float], dict[str, Counts]]:
    """Micro precision, recall and F1 over entities, and counts by label."""
    tp: dict[str, int] = {}
    fp: dict[str, int] = {}
    fn: dict[str, int] = {}
    for right, told in zip(truth, found, strict=True):
        a, b = set(entities(right)), set(entities(told))
        for table, group in ((tp, a & b), (fp, b - a), (fn, a - b)):
            for entity in group:
                table[entity.label] = table.get(entity.label, 0) + 1
    by_label = {
        label: Counts(tp.get(label, 0), fp.get(label, 0), fn.get(label, 0))
        for label in sorted({*tp, *fp, *fn})
    }
    total = Counts(sum(tp.values()), sum(fp.values()), sum(fn.values()))
    values = {
        "entity_precision": total.precision,
        "entity_recall": total.recall,
        "entity_f1": total.f1,
    }
    return values, by_label
