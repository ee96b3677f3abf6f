"""Ordinary text as the topic scorer knows it: rarities of features, and sample segments."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from trueline.scorers.topic_features import BUCKETS

STEPS_PER_NAT = 16  # rarities are stored in sixteenths


@dataclass(frozen=True, slots=True)
class Background:
    """`rarity` by bucket; the segments as one run of buckets with their weights and row ends.

    `row` gives the segment of each entry; weights of a segment have length 1.
    """

    rarity: NDArray[np.float64]
    buckets: NDArray[np.int64]
    weights: NDArray[np.float64]
    row: NDArray[np.int64]
    rows: int

    def dense(self, columns: NDArray[np.int64]) -> NDArray[np.float64]:
        """Segments by the given buckets: float64 [rows, columns]."""
        place = np.full(BUCKETS, -1, dtype=np.int64)
        place[columns] = np.arange(len(columns))
        where = place[self.buckets]
        inside = where >= 0
        table = np.zeros((self.rows, len(columns)))
        table[self.row[inside], where[inside]] = self.weights[inside]
        return table


@cache
def background() -> Background:
    """The bundled background."""
    data = files("trueline.scorers").joinpath("topic_data", "background.bin").read_bytes()
    return decode(data)


def encode(rarity: NDArray[np.float64], segments: Sequence[Sequence[int]]) -> bytes:
    """The bundled form of rarities and segments."""
    steps = np.clip(np.round(rarity * STEPS_PER_NAT), 0, 255).astype(np.uint8)
    lengths = np.array([len(segment) for segment in segments], dtype="<u2")
    buckets = np.array([bucket for segment in segments for bucket in segment], dtype="<u2")
    count = np.array([len(segments)], dtype="<u4")
    return zlib.compress(
        count.tobytes() + steps.tobytes() + lengths.tobytes() + buckets.tobytes(), 9
    )


def decode(data: bytes) -> Background:
    """The inverse of `encode`, with the weights worked out."""
    raw = zlib.decompress(data)
    rows = int(np.frombuffer(raw, dtype="<u4", count=1)[0])
    rarity = np.frombuffer(raw, dtype=np.uint8, count=BUCKETS, offset=4) / STEPS_PER_NAT
    lengths = np.frombuffer(raw, dtype="<u2", count=rows, offset=4 + BUCKETS)
    buckets = np.frombuffer(raw, dtype="<u2", offset=4 + BUCKETS + 2 * rows).astype(np.int64)
    row = np.repeat(np.arange(rows), lengths)
    weights = rarity[buckets]
    length = np.sqrt(np.bincount(row, weights * weights, minlength=rows))
    return Background(rarity, buckets, weights / np.maximum(length, 1e-9)[row], row, rows)
