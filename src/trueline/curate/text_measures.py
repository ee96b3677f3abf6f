"""What quality rules look at, measured for a whole batch of texts at once.

Everything is counted in characters, so that Chinese and English are measured alike; only the
share of function words cuts at spaces, and only Latin letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from trueline.curate.character_classes import KINDS, Kind, kinds
from trueline.curate.codepoints import Packed, Positions, chunks, pack
from trueline.curate.rolling import Hashes, prefix_sums, range_hashes, run_hashes

#: Characters of a text that are looked at: enough for every share, and a bound on memory.
LONGEST = 1 << 17
_CHUNK = 1 << 15
_RUN = 8  # characters of a run that may be repeated
_SAMPLED = 1 << 30  # hashes below: one in four
_LEAST_RUNS = 16
_LONGEST_FUNCTION_WORD = 7

# The forty commonest English words by any count, less those that adverts are made of.
_ENGLISH = (
    "the of and to a in is it that was for on are as with his he be at by i this had not but from "
    "or have an they which you were her she all their one there been if when who will would more "
    "so no we can has my out what up its them into could him then than these some do may other "
    "how me must our such should your over any after very does only about also did through before"
)

Share = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measures:
    """One row or value for each text.

    Attributes:
        counts: characters by `Kind`; int64 [texts, kinds].
        words: runs of Latin letters; int64 [texts].
        function_words: share of them that are English function words.
        repeated_lines: share of visible characters in lines that stood earlier in the text.
        repeated_runs: share of runs of eight characters that stood earlier in the text.
        ellipsis_lines: share of lines with text that break off in an ellipsis.
        lines: lines with text; int64 [texts].
    """

    counts: NDArray[np.int64]
    words: NDArray[np.int64]
    function_words: Share
    repeated_lines: Share
    repeated_runs: Share
    ellipsis_lines: Share
    lines: NDArray[np.int64]

    def total(self, *of: Kind) -> NDArray[np.int64]:
        """Characters of these kinds together, by text."""
        chosen: NDArray[np.int64] = self.counts[:, list(of)].sum(axis=1)
        return chosen


def measure(texts: Sequence[str]) -> Measures:
    """Measures of the first 131,072 characters of each text."""
    texts = [text if len(text) <= LONGEST else text[:LONGEST] for text in texts]
    parts = [_measured(texts[part]) for part in chunks(texts, _CHUNK)] or [_measured([])]
    return Measures(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in Measures.__slots__)
    )


def _measured(texts: Sequence[str]) -> Measures:
    packed = pack(texts)
    kind = kinds().take(packed.codes, mode="clip")
    count = len(texts)
    places = np.repeat(np.arange(0, count * KINDS, KINDS), packed.lengths)
    places += kind
    counts = np.bincount(places, minlength=count * KINDS).reshape(count, KINDS)
    sums = prefix_sums(packed.codes)
    words, function_words = _words(packed, kind, sums)
    lines, repeated_lines, ellipsis_lines = _lines(packed, kind, sums)
    return Measures(
        counts,
        words,
        function_words,
        repeated_lines,
        _repeated_runs(packed, sums),
        ellipsis_lines,
        lines,
    )


def _earlier(owners: Positions, hashes: Hashes) -> NDArray[np.bool_]:
    """Whether the same hash stood earlier with the same owner."""
    keys = owners.astype(np.uint64) << np.uint64(32) | hashes
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    again = np.zeros(len(keys), bool)
    again[order[1:]] = ordered[1:] == ordered[:-1]
    return again


# -- words, lines, runs ---------------------------------------------------------------------


@cache
def _is_function_word() -> NDArray[np.bool_]:
    """Whether a word's hash (its first 18 bits) is that of a function word."""
    spelled = sorted({form for w in _ENGLISH.split() for form in (w, w.title(), w.upper())})
    packed = pack(spelled)
    ends = packed.starts + packed.lengths
    table = np.zeros(1 << 18, bool)
    table[range_hashes(prefix_sums(packed.codes), packed.starts, ends) >> np.uint32(14)] = True
    return table


def _words(
    packed: Packed, kind: NDArray[np.uint8], sums: Hashes
) -> tuple[NDArray[np.int64], Share]:
    """Latin words by text, and the share that are English function words."""
    latin = np.zeros(len(kind) + 2, bool)
    latin[1:-1] = (kind - np.uint8(Kind.VOWEL)) <= Kind.ACCENTED - Kind.VOWEL
    edges = np.flatnonzero(latin[1:] != latin[:-1])
    borders = packed.starts[(packed.starts > 0) & (packed.starts < len(kind))]
    borders = np.unique(borders[latin[borders] & latin[borders + 1]])
    if len(borders):  # a word ends one text and another begins the next
        edges = np.sort(np.concatenate((edges, borders, borders)))
    begins, ends = edges[::2], edges[1::2]
    bounds = np.append(packed.starts, len(kind))
    words = np.diff(begins.searchsorted(bounds))
    short = ends - begins <= _LONGEST_FUNCTION_WORD
    begins, ends = begins[short], ends[short]
    hashes = range_hashes(sums, begins, ends)
    found = begins[_is_function_word().take(hashes >> np.uint32(14))]
    return words, np.diff(found.searchsorted(bounds)) / np.maximum(words, 1)


def _lines(
    packed: Packed, kind: NDArray[np.uint8], sums: Hashes
) -> tuple[NDArray[np.int64], Share, Share]:
    """Lines with text by text, share of repeated ones by length, share that break off."""
    count = len(packed.lengths)
    size = len(kind)
    breaks = np.flatnonzero(kind == Kind.NEWLINE)
    begins = np.unique(np.concatenate((packed.starts, breaks + 1)))
    begins = begins[begins < size]
    ends = np.append(begins[1:], size)[: len(begins)]
    ends -= kind.take(ends - 1) == Kind.NEWLINE  # a line ends at its break or with its text
    filled = ends > begins
    begins, ends = begins[filled], ends[filled]
    owners = packed.starts.searchsorted(begins, side="right") - 1
    lengths = ends - begins
    lines = np.bincount(owners, minlength=count)
    again = _earlier(owners, range_hashes(sums, begins, ends))
    of_all = np.bincount(owners, weights=lengths, minlength=count)
    repeated = np.bincount(owners[again], weights=lengths[again], minlength=count)
    last = packed.codes.take(ends - 1)
    dots = (last == ord(".")) & (lengths >= 3)
    for back in (2, 3):
        dots &= packed.codes.take(np.maximum(ends - back, 0)) == ord(".")
    broken_off = np.bincount(owners[dots | (last == ord("…"))], minlength=count)
    return lines, repeated / np.maximum(of_all, 1), broken_off / np.maximum(lines, 1)


def _repeated_runs(packed: Packed, sums: Hashes) -> Share:
    """Share of runs of eight characters that stood earlier in the same text.

    One run in four is looked at, chosen by its hash, so that a run is looked at every time it
    comes; a text with fewer than 16 of those counts as free of repetition.
    """
    count = len(packed.lengths)
    if len(packed.codes) < _RUN:
        return np.zeros(count)
    hashes = run_hashes(sums, _RUN)
    chosen = np.flatnonzero(hashes < np.uint32(_SAMPLED))
    owners = packed.starts.searchsorted(chosen, side="right") - 1
    inside = chosen + _RUN <= (packed.starts + packed.lengths).take(owners)
    chosen, owners = chosen[inside], owners[inside]
    keys = np.sort(owners.astype(np.uint64) << np.uint64(32) | hashes.take(chosen))
    again = (keys[1:][keys[1:] == keys[:-1]] >> np.uint64(32)).astype(np.int64)
    total = np.bincount(owners, minlength=count)
    repeated = np.bincount(again, minlength=count)
    return np.where(total >= _LEAST_RUNS, repeated / np.maximum(total, 1), 0.0)
