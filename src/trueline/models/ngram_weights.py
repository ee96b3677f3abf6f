"""The weights of hashed n-grams, and what they add up to: compiled where possible, else numpy.

Both ways give the same numbers (`tests/models/test_ngram_weights.py`); the compiled one makes
one pass over the characters and keeps what it has seen in the processor's first cache.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trueline.core.native import native_library
from trueline.models.hashing import MAX_PIECES, SLOT_COUNT, hash_pieces, without_addresses

LANES = 16  # rows of 16 bytes are fetched three times faster than rows of 13

Float32Array = npt.NDArray[np.float32]
Int8Array = npt.NDArray[np.int8]
Int32Array = npt.NDArray[np.int32]


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
        self._native = library.trueline_ngram_logits if library else None
        self._pointers = tuple(
            ctypes.c_void_p(array.ctypes.data)
            for array in (self._index, self._table, self._scales, self._bias)
        )

    def logits(self, pieces: Sequence[str]) -> tuple[Float32Array, Float32Array]:
        """Score normalised pieces of any number and length.

        Returns:
            Logits, float32 [pieces, heads], and the share of each piece's distinct n-grams
            that carry weights, float32 [pieces].
        """
        if not pieces:
            return np.empty((0, self._heads), np.float32), np.empty(0, np.float32)
        compiled = self._compiled(pieces) if self._native else None
        if compiled is not None:
            return compiled
        parts = [self._numpy(pieces[n : n + MAX_PIECES]) for n in range(0, len(pieces), MAX_PIECES)]
        if len(parts) == 1:
            return parts[0]
        return (
            np.concatenate([logits for logits, _ in parts]),
            np.concatenate([known for _, known in parts]),
        )

    def weights_of(self, slots: npt.NDArray[np.uint32], head: int) -> Int8Array:
        """The weight of each slot for one head, int8; 0 for slots without weights."""
        weights: Int8Array = self._table[self._rows.of(slots), head]
        return weights

    def _compiled(self, pieces: Sequence[str]) -> tuple[Float32Array, Float32Array] | None:
        texts = [without_addresses(piece) for piece in pieces]
        points = "".join(texts).encode("utf-32-le", "surrogatepass")
        count = len(texts)
        lengths = np.fromiter(map(len, texts), np.int32, count)
        out = np.empty(count * (LANES + 1), np.float32)
        at = out.ctypes.data
        assert self._native is not None
        failed = self._native(
            points,
            ctypes.c_void_p(lengths.ctypes.data),
            ctypes.c_int32(count),
            *self._pointers,
            ctypes.c_void_p(at),
            ctypes.c_void_p(at + 4 * LANES * count),
        )
        if failed:
            return None
        return out[: LANES * count].reshape(count, LANES)[:, : self._heads], out[LANES * count :]

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
