"""The weights of hashed n-grams, and what they add up to: compiled where possible, else numpy.

Both ways give the same numbers (`tests/models/test_ngram_weights.py`); the compiled one makes
one pass over the characters and keeps what it has seen in the processor's first cache.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trueline.core.native import native_library
from trueline.models.hashing import MAX_PIECES, SLOT_COUNT, hash_pieces, without_addresses

LANES = 16  # rows of 16 bytes are fetched three times faster than rows of 13
# Pieces of one compiled call; a text has about one for each 70 characters.
BATCH = 256

Float32Array = npt.NDArray[np.float32]
Int8Array = npt.NDArray[np.int8]
Int32Array = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Hits:
    """Logits that reach the floor of their head.

    `hits`: (piece, head, logit) in the order of pieces and heads. `known`: for each piece, the
    share of its distinct n-grams that carry weights; low for gibberish.
    """

    hits: list[tuple[int, int, float]]
    known: list[float]


class NgramWeights:
    """A weight for each head of some slots. Immutable, safe to share between threads.

    Args:
        kept: slots that carry weights, rising.
        weights: int8 [kept, heads], at most 16 heads.
        scales: float32 [heads], what one step of a weight is worth.
        bias: float32 [heads].
    """

    def __init__(
        self,
        kept: npt.NDArray[np.int64],
        weights: Int8Array,
        scales: Float32Array,
        bias: Float32Array,
    ) -> None:
        self._heads = weights.shape[1]
        self._rows = _RowIndex(kept)
        self._table = np.zeros((kept.size + 1, LANES), np.int8)  # row 0: slots without weights
        self._table[1:, : self._heads] = weights
        self._wide = self._table.view(np.complex128).reshape(-1)
        self._scales = np.pad(scales, (0, LANES - self._heads))
        self._bias = np.pad(bias, (0, LANES - self._heads))
        self._index = np.stack([self._rows.bits, self._rows.before.astype(np.uint64)], axis=1)
        library = native_library()
        self._native = library.trueline_ngram_hits if library else None
        self._pointers = tuple(
            ctypes.c_void_p(array.ctypes.data)
            for array in (self._index, self._table, self._scales, self._bias)
        )
        self._scratch = threading.local()

    def hits(self, pieces: Sequence[str], floors: Sequence[float]) -> Hits:
        """The logits of normalised pieces that reach the floors of their heads.

        Args:
            pieces: of any number and length.
            floors: one for each head, as float32.
        """
        if self._native is None or len(pieces) > BATCH:
            logits, known = self.logits(pieces)
            rows, heads = np.nonzero(logits >= np.asarray(floors, np.float32))
            values = logits[rows, heads].tolist()
            found = zip(rows.tolist(), heads.tolist(), values, strict=True)
            return Hits(list(found), known.tolist())
        return self._compiled(pieces, floors)

    def logits(self, pieces: Sequence[str]) -> tuple[Float32Array, Float32Array]:
        """Every logit, float32 [pieces, heads], and the known shares, float32 [pieces]."""
        if self._native is not None:
            return self._compiled_logits(pieces)
        parts = [self._numpy(pieces[n : n + MAX_PIECES]) for n in range(0, len(pieces), MAX_PIECES)]
        if len(parts) == 1:
            return parts[0]
        return (
            np.concatenate([np.empty((0, self._heads), np.float32), *(part[0] for part in parts)]),
            np.concatenate([np.empty(0, np.float32), *(part[1] for part in parts)]),
        )

    def weights_of(self, slots: npt.NDArray[np.uint32], head: int) -> Int8Array:
        """The weight of each slot for one head, int8; 0 for slots without weights."""
        weights: Int8Array = self._table[self._rows.of(slots), head]
        return weights

    def _compiled_logits(self, pieces: Sequence[str]) -> tuple[Float32Array, Float32Array]:
        logits = np.empty((len(pieces), self._heads), np.float32)
        known = np.empty(len(pieces), np.float32)
        lowest = [-np.inf] * self._heads
        for start in range(0, len(pieces), BATCH):
            part = self._compiled(pieces[start : start + BATCH], lowest)
            end = start + len(part.known)
            logits[start:end] = np.reshape([v for _, _, v in part.hits], (-1, self._heads))
            known[start:end] = part.known
        return logits, known

    def _compiled(self, pieces: Sequence[str], floors: Sequence[float]) -> Hits:
        scratch = self._scratch.__dict__
        if not scratch:
            scratch.update(
                lengths=(ctypes.c_int32 * BATCH)(),
                floors=(ctypes.c_float * LANES)(*[float("inf")] * LANES),
                hits=(ctypes.c_int32 * (BATCH * LANES))(),
                values=(ctypes.c_float * (BATCH * LANES))(),
                known=(ctypes.c_float * BATCH)(),
            )
        count = len(pieces)
        texts = [without_addresses(piece) for piece in pieces]
        scratch["lengths"][:count] = [len(text) for text in texts]
        scratch["floors"][: self._heads] = floors
        assert self._native is not None
        found = self._native(
            "".join(texts).encode("utf-32-le", "surrogatepass"),
            scratch["lengths"],
            count,
            *self._pointers,
            scratch["floors"],
            scratch["hits"],
            scratch["values"],
            scratch["known"],
        )
        if found < 0:
            raise MemoryError("no memory to score a text")
        places = scratch["hits"][:found]
        values = scratch["values"][:found]
        return Hits(
            [(at // LANES, at % LANES, v) for at, v in zip(places, values, strict=True)],
            scratch["known"][:count],
        )

    def _numpy(self, pieces: Sequence[str]) -> tuple[Float32Array, Float32Array]:
        hashed = hash_pieces(pieces)
        rows = self._rows.of(hashed.slots)
        weights = self._wide.take(rows).view(np.int8).reshape(-1, LANES)
        sums = np.add.reduceat(weights, hashed.starts, axis=0, dtype=np.int32)
        counts = hashed.counts.astype(np.float32)
        logits = sums.astype(np.float32)
        logits *= self._scales
        logits /= np.sqrt(counts)[:, None]
        logits += self._bias
        known = np.add.reduceat((rows > 0).astype(np.float32), hashed.starts)
        known /= counts
        return logits[:, : self._heads], known


class _RowIndex:
    """Slot -> row of the weight table, 0 for a slot without weights.

    One bit a slot and one count for 64 of them: 0.8 MB, which stays in the processor's cache
    where a plain table of 16 MB does not (Jacobson 1989, Space-efficient Static Trees).
    """

    def __init__(self, kept: npt.NDArray[np.int64]) -> None:
        present = np.zeros(SLOT_COUNT, np.bool_)
        present[kept] = True
        self.bits = np.packbits(present, bitorder="little").view("<u8")
        counts = np.bitwise_count(self.bits).astype(np.int32)
        self.before = np.cumsum(counts, dtype=np.int32) - counts + 1

    def of(self, slots: npt.NDArray[np.uint32]) -> Int32Array:
        """The rows of slots, int32 of the same length."""
        words = slots >> np.uint32(6)
        bit = np.left_shift(np.uint64(1), (slots & np.uint32(63)).astype(np.uint64))
        found = self.bits.take(words, mode="clip")
        rows: Int32Array = self.before.take(words, mode="clip")
        rows += np.bitwise_count(found & (bit - np.uint64(1)))
        rows *= (found & bit) != 0
        return rows
