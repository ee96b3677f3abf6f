"""MinHash sketches of many texts at once, by one permutation: compiled, or else in numpy.

A text is the set of its shingles: five characters where words are not spaced (Chinese), five
words otherwise, after folding case, width, accents and spaces (`codepoints.folding`). Each
shingle is hashed to 32 bits; the first 8 choose one of 256 bins and the smallest hash of a bin
stays. The share of bins on which two sketches agree, among those that either fills, estimates
the Jaccard similarity of the two sets.

References: Broder (1997), On the resemblance and containment of documents; Li, Owen, Zhang
(2012), One Permutation Hashing.
"""

from __future__ import annotations

import ctypes
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
import xxhash
from numpy.typing import NDArray

from trueline.core.native import native_library
from trueline.curate.codepoints import JOINS, SPACE, chunks, folding, pack
from trueline.curate.rolling import BASE, finish, mixed, prefix_sums, range_hashes

BINS = 256
SHINGLE = 5  # characters of unspaced scripts, words of others
EMPTY = np.uint16(0xFFFF)  # a bin without a shingle
#: Bytes a document: 256 bins of 16 bits, a digest of 8 bytes, the length in 4.
WIDTH = BINS * 2 + 8 + 4

# Characters that one pass works on: arrays that stay in a core's own cache were fastest
# (benchmarks/curate_near_duplicates.py).
CHUNK = 1 << 16
PIECE = 1 << 18  # a longer text is sketched in pieces, so that memory stays bounded
_OVERLAP = 64
DIGESTED = 100  # visible characters under which a text has a digest too

_U = np.uint32
_NONE = _U(0xFFFF_FFFF)


@dataclass(frozen=True, slots=True)
class Sketches:
    """What is known of each document: `bins` uint16 [documents, 256], `digests`, `lengths`.

    `digests` uint64 tells apart texts too short for bins to do so; `lengths` uint32 counts
    the characters that are neither spaces nor invisible.
    """

    bins: NDArray[np.uint16]
    digests: NDArray[np.uint64]
    lengths: NDArray[np.uint32]

    def rows(self) -> list[bytes]:
        """`WIDTH` bytes for each document, little-endian, as columns hold it."""
        rows = np.empty((len(self.digests), WIDTH), np.uint8)
        rows[:, : BINS * 2] = self.bins.astype("<u2", copy=False).view(np.uint8)
        rows[:, BINS * 2 : -4] = self.digests.astype("<u8")[:, None].view(np.uint8)
        rows[:, -4:] = self.lengths.astype("<u4")[:, None].view(np.uint8)
        return [row.tobytes() for row in rows]

    @classmethod
    def from_rows(cls, rows: Sequence[Any] | NDArray[np.uint8]) -> Self:
        """Read `rows()` back, from an array of uint8 or from `bytes` values."""
        table = (
            rows
            if isinstance(rows, np.ndarray) and rows.dtype == np.uint8
            else np.frombuffer(b"".join(rows), np.uint8).reshape(-1, WIDTH)
        )
        return cls(
            table[:, : BINS * 2].view("<u2"),
            np.ascontiguousarray(table[:, BINS * 2 : -4]).view("<u8")[:, 0].astype(np.uint64),
            np.ascontiguousarray(table[:, -4:]).view("<u4")[:, 0].astype(np.uint32),
        )


def sketch(texts: Sequence[str]) -> Sketches:
    """Sketches of `texts`, one each; a text without visible characters has only empty bins."""
    count = len(texts)
    least = np.full((count, BINS), _NONE, _U)
    digests = np.zeros(count, np.uint64)
    lengths = np.zeros(count, np.uint32)
    library = native_library()
    for rows, sketched in _native_lane(texts, library) if library else _lanes(texts):
        chosen = [texts[k] for k in rows]
        for part in chunks(chosen, CHUNK):
            some, into = chosen[part], rows[part]
            if len(some) == 1 and len(some[0]) > PIECE:
                for k in range(0, len(some[0]), PIECE):
                    minima, _, length = sketched([some[0][k : k + PIECE + _OVERLAP]])
                    np.minimum(least[into], minima, out=minima)
                    least[into] = minima
                    lengths[into] += length
            else:
                least[into], digests[into], lengths[into] = sketched(some)
    bins = least.astype(np.uint16)
    bins[(bins == EMPTY) & (least != _NONE)] -= np.uint16(1)
    return Sketches(bins, digests, lengths)


def _lanes(texts: Sequence[str]) -> Iterator[tuple[list[int], Callable[[list[str]], _Minima]]]:
    """Rows of like texts together, for speed alone: each lane gives the same sketches."""
    ascii_only: list[int] = []
    latin: list[int] = []
    others: list[int] = []
    for k, text in enumerate(texts):
        if text.isascii():
            ascii_only.append(k)
        else:
            (latin if text[:100].isascii() else others).append(k)
    yield ascii_only, _ascii_minima
    yield latin, _any_minima
    yield others, _any_minima


def _native_lane(
    texts: Sequence[str], library: ctypes.CDLL
) -> Iterator[tuple[list[int], Callable[[list[str]], _Minima]]]:
    """All texts in one lane, sketched by the compiled loop."""
    yield list(range(len(texts))), partial(_native_minima, library)


_Minima = tuple[NDArray[np.uint32], NDArray[np.uint64], NDArray[np.uint32]]


def _native_minima(library: ctypes.CDLL, texts: Sequence[str], composed: bool = False) -> _Minima:
    """Smallest hash by bin, digests and lengths of texts of any script, compiled."""
    count = len(texts)
    points = "".join(texts).encode("utf-32-le", "surrogatepass")
    lengths = np.fromiter(map(len, texts), np.int64, count)
    minima = np.full((count, BINS), _NONE, _U)
    visible = np.empty(len(points) // 4, _U)
    visible_lengths = np.empty(count, np.int64)
    told = library.trueline_sketch(
        points,
        ctypes.c_void_p(lengths.ctypes.data),
        ctypes.c_int32(count),
        ctypes.c_void_p(folding().ctypes.data),
        ctypes.c_int32(composed),
        ctypes.c_void_p(minima.ctypes.data),
        ctypes.c_void_p(visible.ctypes.data),
        ctypes.c_void_p(visible_lengths.ctypes.data),
    )
    if told == 1:
        composed_texts = [unicodedata.normalize("NFC", text) for text in texts]
        return _native_minima(library, composed_texts, composed=True)
    if told < 0:
        raise MemoryError("no memory to sketch a text")
    bounds = np.append(0, np.cumsum(visible_lengths))
    digests = _digests(visible, bounds, visible_lengths)
    return minima, digests, visible_lengths.astype(np.uint32)


def _ascii_minima(texts: Sequence[str]) -> _Minima:
    """Smallest hash by bin, digests and lengths of ASCII texts: words in single bytes."""
    count = len(texts)
    joined = "".join(texts).encode("ascii").translate(_ASCII_FOLDED)
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, count))
    visible = np.frombuffer(joined, np.uint8) > SPACE
    # Words of a text: where visible begins or ends, and at the borders between texts.
    edges = np.flatnonzero(visible[1:] != visible[:-1]) + 1
    borders = np.concatenate(([0], ends))
    edges = np.sort(np.concatenate((edges, borders)))
    edges = edges[np.append(edges[1:] != edges[:-1], True)]
    sizes = np.diff(edges)
    begins = edges[:-1]
    worded = visible.take(begins) if len(begins) else np.zeros(0, bool)
    sizes, begins = sizes[worded], begins[worded]
    stops = np.cumsum(sizes)

    code = np.frombuffer(joined.translate(None, _ASCII_SPACES), np.uint8).astype(_U)
    per_text = begins.searchsorted(borders)
    bounds = np.append(0, stops).take(per_text)
    lengths = np.diff(bounds)
    minima = np.full((count + 1) * BINS, _NONE, _U)
    _by_words(prefix_sums(code), stops - sizes, bounds, np.zeros(count, bool), minima)
    return (
        minima[:-BINS].reshape(count, BINS),
        _digests(code, bounds, lengths),
        lengths.astype(np.uint32),
    )


def _any_minima(texts: Sequence[str], composed: bool = False) -> _Minima:
    """Smallest hash by bin, digests and lengths of texts of any script."""
    count = len(texts)
    packed = pack(texts)
    folded = folding().take(packed.codes, mode="clip")
    if not composed and len(folded) and folded.max() == JOINS:
        return _any_minima([unicodedata.normalize("NFC", text) for text in texts], composed=True)

    at = np.flatnonzero(folded > SPACE)
    code = folded.take(at)
    bounds = np.append(at.searchsorted(packed.starts), len(at))
    lengths = np.diff(bounds)
    by_character = (_unspaced_counts(code, bounds) * 4 > lengths) & (lengths >= SHINGLE)
    minima = np.full((count + 1) * BINS, _NONE, _U)  # the last row takes what is not a shingle
    if by_character.any():
        _by_characters(code, lengths, by_character, minima)
    if not by_character.all():
        words = _word_starts(folded, at, bounds)
        _by_words(prefix_sums(code), words, bounds, by_character, minima)
    return (
        minima[:-BINS].reshape(count, BINS),
        _digests(code, bounds, lengths),
        lengths.astype(np.uint32),
    )


_ASCII_SPACES = bytes(k for k in range(128) if folding()[k] == SPACE or folding()[k] == 0)
_ASCII_FOLDED = bytes(int(folding()[k]) or SPACE if k < 128 else k for k in range(256))


def _digests(
    code: NDArray[np.uint32], bounds: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Digests of what is visible of short texts; 0 for the others, which bins tell apart."""
    digests = np.zeros(len(lengths), np.uint64)
    for k in np.flatnonzero((lengths < DIGESTED) & (lengths > 0)).tolist():
        digests[k] = xxhash.xxh3_64_intdigest(code[bounds[k] : bounds[k + 1]].tobytes())
    return digests


def _unspaced_counts(code: NDArray[np.uint32], bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Characters of unspaced scripts by text."""
    counts = np.zeros(len(bounds) - 1, np.int64)
    filled = np.flatnonzero(bounds[1:] > bounds[:-1])
    if len(filled):
        counts[filled] = np.add.reduceat(code >> _U(31), bounds[filled])
    return counts


def _by_characters(
    code: NDArray[np.uint32],
    lengths: NDArray[np.int64],
    chosen: NDArray[np.bool_],
    minima: NDArray[np.uint32],
) -> None:
    """Bin every run of five characters of the chosen texts: ((((a B + b) B + c) B ...)."""
    count = len(lengths)
    base = _U(BASE)
    single = mixed(code)
    pairs = single[:-1] * base
    pairs += single[1:]
    fours = pairs[:-2] * _U(BASE * BASE & 0xFFFF_FFFF)
    fours += pairs[2:]
    hashes = fours[:-1] * base
    hashes += single[4:]
    finish(hashes)
    # Runs that begin in a text's last four characters would cross into the next one.
    rows = np.full((count, 2), count * BINS, np.int64)
    rows[chosen, 0] = np.flatnonzero(chosen) * BINS
    tail = np.minimum(lengths, SHINGLE - 1)
    runs = np.column_stack((lengths - tail, tail))
    bins = np.repeat(rows.ravel(), runs.ravel())[: len(hashes)]
    bins += hashes >> _U(24)
    np.minimum.at(minima, bins, hashes)


def _word_starts(
    folded: NDArray[np.uint32], at: NDArray[np.int64], bounds: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Where words begin among the visible characters: after white space and in each text."""
    after_gap = np.flatnonzero(at[1:] - at[:-1] > 1) + 1
    after_gap = after_gap[folded.take(at.take(after_gap) - 1) == SPACE]
    begins = np.zeros(len(at) + 1, bool)
    begins[after_gap] = True
    begins[bounds[:-1]] = True
    begins[-1] = False
    return np.flatnonzero(begins)


def _by_words(
    sums: NDArray[np.uint32],
    words: NDArray[np.int64],
    bounds: NDArray[np.int64],
    excepted: NDArray[np.bool_],
    minima: NDArray[np.uint32],
) -> None:
    """Bin every run of five words; a text of fewer words is one shingle.

    Args:
        sums: from `prefix_sums`.
        words: where words begin, counted in visible characters.
        bounds: where texts begin, and the end of the last.
        excepted: texts left out.
        minima: what is binned into.
    """
    edges = words.searchsorted(bounds)
    firsts, lasts = edges[:-1], edges[1:]
    counts = np.where(excepted, 0, lasts - firsts)
    counts = np.where(counts > 0, np.maximum(counts - SHINGLE + 1, 1), 0)
    owners = np.repeat(np.arange(len(counts)), counts)
    if not len(owners):
        return
    begin = np.arange(len(owners)) + np.repeat(firsts - (np.cumsum(counts) - counts), counts)
    end = np.minimum(begin + SHINGLE, lasts.take(owners))
    stops = np.append(words, len(sums) - 1).take(end)
    hashes = range_hashes(sums, words.take(begin), stops)
    owners *= BINS
    owners += hashes >> _U(24)
    np.minimum.at(minima, owners, hashes)
