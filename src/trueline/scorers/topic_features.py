"""Hashed features of a short text, weighed by how rare they are in ordinary text.

    >>> features("cheap flights") == features("flights, cheap!")
    True

Latin words count as words and by their first five letters; Han characters count alone, in
pairs and in threes. `recipes/topic/background.py` makes the table of rarities.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

BUCKETS = 1 << 15
STEM = 5
_PIECES = re.compile(r"[a-z0-9]+|[\u3400-\u4dbf\u4e00-\u9fff]+")

Vector = tuple[NDArray[np.int64], NDArray[np.float64]]  # buckets and their weights


def features(folded: str) -> set[int]:
    """Buckets of the features of a folded text."""
    return {zlib.crc32(token.encode()) % BUCKETS for token in _tokens(folded)}


def vector(folded: str, rarity: NDArray[np.float64]) -> Vector:
    """The features with their rarity as weights, scaled to length 1."""
    buckets = np.fromiter(features(folded), dtype=np.int64)
    weights = rarity[buckets]
    length = float(np.sqrt(weights @ weights))
    return buckets, weights / length if length else weights


def _tokens(text: str) -> Iterator[str]:
    for match in _PIECES.finditer(text):
        piece = match[0]
        if piece.isascii():
            yield piece
            if len(piece) > STEM:
                yield piece[:STEM] + "-"
        else:
            yield from piece
            for size in (2, 3):
                for start in range(len(piece) - size + 1):
                    yield piece[start : start + size]
