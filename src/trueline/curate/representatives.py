"""Choose which documents stand for their near duplicates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trueline.curate.bands import Pairs


@dataclass(frozen=True, slots=True)
class Represented:
    """A document that goes: `partner` is the row kept in its place, `similarity` to it."""

    partner: int
    similarity: float


def represent(
    pairs: Pairs,
    rank: NDArray[np.int64],
    similarity: float,
    compare: Callable[[int, int], float],
) -> dict[int, Represented]:
    """Documents that can go because a kept one is at least `similarity` like them.

    Documents are taken in order of `rank`. One goes when a pair links it to a kept document,
    or to a dropped one whose partner is found to be alike as well. Every partner is kept, so
    a group never loses all its members, and a chain of small differences does not remove a
    document that is unlike everything kept.

    Args:
        pairs: verified pairs, from `similar_pairs`.
        rank: order of preference by row, smallest first; no two alike.
        similarity: from which on a document can go.
        compare: similarity of two rows, for pairs that were not verified yet.
    """
    linked: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for first, second, alike in zip(
        pairs.first.tolist(), pairs.second.tolist(), pairs.similarity.tolist(), strict=True
    ):
        linked[first].append((second, alike))
        linked[second].append((first, alike))

    gone: dict[int, Represented] = {}
    ranks = rank.tolist()
    for row in sorted(linked, key=ranks.__getitem__):
        earlier = [(near, alike) for near, alike in linked[row] if ranks[near] < ranks[row]]
        kept = [(near, alike) for near, alike in earlier if near not in gone]
        if not kept:
            partners = dict.fromkeys(gone[near].partner for near, _ in earlier)
            kept = [(near, compare(near, row)) for near in partners]
        kept = [(near, alike) for near, alike in kept if alike >= similarity]
        if kept:
            near, alike = max(kept, key=lambda pair: (pair[1], -ranks[pair[0]]))
            gone[row] = Represented(near, alike)
    return gone


def ranks_of(order: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank of every row, from the rows in order."""
    rank = np.empty(len(order), np.int64)
    rank[np.asarray(order)] = np.arange(len(order))
    return rank
