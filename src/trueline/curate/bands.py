"""Find the pairs of documents whose sketches are alike, without comparing all pairs.

The bins of a sketch are cut into bands; documents that agree on a whole band are candidates,
and each candidate pair is then compared on the whole sketch. Time and memory grow with the
number of documents, not with the number of pairs.

References: Indyk & Motwani (1998), locality-sensitive hashing; Shrivastava & Li (2014),
densifying one-permutation hashes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trueline.curate.components import Components
from trueline.curate.sketch import BINS, DIGESTED, EMPTY, Sketches

#: Share of pairs, alike exactly at the threshold, that must share a band.
CANDIDATE_RECALL = 0.99
#: Two texts need this many bins in common, unless they are the same text: fewer may be chance.
LEAST_COMMON = 4
# Members of one band are compared with its first one, then those left over with the first of
# them, and so on this often.
_ROUNDS = 8
_ROWS_AT_ONCE = 512

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of documents, `first` before `second`, and their similarity 0..1, all aligned."""

    first: Rows
    second: Rows
    similarity: NDArray[np.float32]


def band_rows(similarity: float) -> int:
    """Most bins a band can have and still bring up 99 % of the pairs this alike."""
    for rows in range(12, 1, -1):
        if 1 - (1 - similarity**rows) ** (BINS // rows) >= CANDIDATE_RECALL:
            return rows
    return 1


def similar_pairs(sketches: Sketches, similarity: float) -> Pairs:
    """Pairs of documents estimated to be at least `similarity` alike.

    Not every pair of a group of like documents is listed, but enough of them that the group
    hangs together: each member is paired with an earlier one. Documents without visible
    characters are never paired.
    """
    filled = np.flatnonzero(sketches.lengths > 0)
    if not len(filled):
        none = np.zeros(0, np.int64)
        return Pairs(none, none, np.zeros(0, np.float32))
    joined = Components(len(sketches.digests))
    found: list[Pairs] = []
    for band in _band_keys(sketches.bins, band_rows(similarity)):
        found.extend(_pairs_of_band(band, filled, sketches, similarity, joined))
    return Pairs(
        np.concatenate([pairs.first for pairs in found] or [np.zeros(0, np.int64)]),
        np.concatenate([pairs.second for pairs in found] or [np.zeros(0, np.int64)]),
        np.concatenate([pairs.similarity for pairs in found] or [np.zeros(0, np.float32)]),
    )


def similarity_of(sketches: Sketches, first: Rows, second: Rows) -> NDArray[np.float32]:
    """Estimated similarity 0..1 of pairs of documents; float32 [pairs].

    Its standard error is at most 0.03 (256 bins), and less for texts of few shingles.
    """
    result = np.empty(len(first), np.float32)
    for k in range(0, len(first), _ROWS_AT_ONCE):
        part = slice(k, k + _ROWS_AT_ONCE)
        one, other = sketches.bins[first[part]], sketches.bins[second[part]]
        same = one == other
        neither = np.count_nonzero(same & (one == EMPTY), axis=1)
        common = np.count_nonzero(same, axis=1) - neither
        alike = common / np.maximum(BINS - neither, 1)
        short = sketches.lengths[first[part]] < DIGESTED
        equal = short & (sketches.digests[first[part]] == sketches.digests[second[part]])
        alike[common < LEAST_COMMON] = 0
        alike[equal & (sketches.lengths[first[part]] > 0)] = 1
        result[part] = alike
    return result


def _pairs_of_band(
    band: NDArray[np.uint32],
    filled: Rows,
    sketches: Sketches,
    similarity: float,
    joined: Components,
) -> Iterator[Pairs]:
    """Verified pairs among the documents that agree on one band; joins them, too."""
    ordered = np.sort(band[filled].astype(np.uint64) << np.uint64(32) | filled.astype(np.uint64))
    keys = ordered >> np.uint64(32)
    rows = (ordered & np.uint64(0xFFFF_FFFF)).astype(np.int64)
    again = keys[1:] == keys[:-1]
    member = np.append(again, False) | np.append(False, again)
    keys, rows = keys[member], rows[member]
    for _ in range(_ROUNDS):
        if not len(rows):
            return
        heads = np.append(True, keys[1:] != keys[:-1])
        head = rows[np.maximum.accumulate(np.where(heads, np.arange(len(rows)), 0))]
        apart = ~heads & (joined.roots(rows) != joined.roots(head))
        first, second = head[apart], rows[apart]
        alike = similarity_of(sketches, first, second)
        enough = alike >= similarity
        yield Pairs(first[enough], second[enough], alike[enough])
        joined.join(first[enough], second[enough])
        left = np.flatnonzero(apart)[~enough]
        keys, rows = keys[left], rows[left]


def _band_keys(bins: NDArray[np.uint16], rows: int) -> NDArray[np.uint32]:
    """What each document has in each band, hashed; uint32 [bands, documents].

    At 200,000 documents two unlike ones share a key by chance five times a band; comparing
    whole sketches removes them.
    """
    bands = BINS // rows
    keys = np.empty((bands, len(bins)), np.uint32)
    for k in range(0, len(bins), _ROWS_AT_ONCE):
        dense = _densified(bins[k : k + _ROWS_AT_ONCE]).astype(np.uint32)
        mixed = np.zeros((len(dense), bands), np.uint32)
        for row in range(rows):
            mixed ^= dense[:, row : bands * rows : rows]
            mixed *= np.uint32(0x9E3779B1)
            mixed ^= mixed >> np.uint32(15)
        keys[:, k : k + _ROWS_AT_ONCE] = mixed.T
    return keys


def _densified(bins: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """A copy in which every empty bin borrows from a filled one, chosen by the bin alone.

    Reference: Shrivastava (2017), Optimal densification for fast and accurate minwise hashing.
    """
    bins = np.ascontiguousarray(bins)
    flat = bins.ravel()
    dense = flat.copy()
    place = np.flatnonzero(flat == EMPTY)
    for lenders in _LENDERS[:-1]:
        lent = flat.take(place + lenders.take(place & (BINS - 1)))
        dense[place] = lent
        place = place[lent == EMPTY]
    if len(place):
        rows, row = np.unique(place // BINS, return_inverse=True)
        asked = (place + _LENDERS[-1].take(place & (BINS - 1))) & (BINS - 1)
        dense[place] = flat.take(rows[row] * BINS + _next_filled(bins[rows])[row, asked])
    return dense.reshape(bins.shape)


def _next_filled(bins: NDArray[np.uint16]) -> NDArray[np.int64]:
    """From each bin, the first filled one at or after it, around the end; int64 [rows, 256]."""
    place = np.where(bins != EMPTY, np.arange(BINS), BINS)
    place = np.minimum.accumulate(place[:, ::-1], axis=1)[:, ::-1]
    place = np.where(place == BINS, place[:, :1], place)
    return np.where(place == BINS, 0, place)  # no bin filled: stays empty


# Which bin an empty one asks first, second, third, fourth, as a step from its own place, and
# from where on it then takes the next filled one.
_LENDERS = np.random.default_rng(20170807).integers(0, BINS, (5, BINS)) - np.arange(BINS)
