"""Hashes of any ranges of an array of characters, from one pass of prefix sums.

A range hashes as a polynomial in its characters modulo 2**32, so equal ranges hash alike
wherever they stand. Good for comparing within a corpus; no defence against an enemy who builds
collisions, which would only make two of his own texts look alike.

Reference: Karp & Rabin (1987).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from trueline.curate.codepoints import Positions

BASE = 0x9E3779B1
Hashes = NDArray[np.uint32]
_U = np.uint32


@cache
def _powers(size: int) -> tuple[Hashes, Hashes]:
    """Powers of the base and of its inverse modulo 2**32, from the power 0."""
    both = []
    for base in (BASE, pow(BASE, -1, 1 << 32)):
        powers = np.full(size, base, _U)
        powers[0] = 1
        both.append(np.cumprod(powers, dtype=_U))
    return both[0], both[1]


def powers(length: int) -> tuple[Hashes, Hashes]:
    """At least `length` powers of the base and of its inverse, from the power 0."""
    return _powers(1 << max(17, int(length).bit_length()))


def mixed(code: NDArray[np.uint32]) -> Hashes:
    """Spread each character over the whole word, so that sums of them seldom meet."""
    spread = code * _U(0x85EBCA6B)
    spread ^= spread >> _U(15)
    spread *= _U(0xC2B2AE35)
    return spread


def finish(hashes: Hashes) -> Hashes:
    """Spread the low bits upwards, in place: the first bits are then the best."""
    hashes ^= hashes >> _U(16)
    hashes *= _U(0x7FEB352D)
    hashes ^= hashes >> _U(15)
    hashes *= _U(0x846CA68B)
    return hashes


def prefix_sums(code: NDArray[np.uint32]) -> Hashes:
    """Sums from which the hash of any range follows by a difference and a product.

    Returns:
        uint32 [characters + 1].
    """
    terms = mixed(code)
    terms *= powers(len(code))[1][: len(code)]
    sums = np.empty(len(code) + 1, _U)
    sums[0] = 0
    np.cumsum(terms, dtype=_U, out=sums[1:])
    return sums


def range_hashes(sums: Hashes, begins: Positions, ends: Positions) -> Hashes:
    """Hash of each range `begins[k]:ends[k]` of characters; ranges may not be empty."""
    hashes = sums.take(ends)
    hashes -= sums.take(begins)
    hashes *= powers(len(sums))[0].take(ends - 1)
    return finish(hashes)


def run_hashes(sums: Hashes, size: int) -> Hashes:
    """Hash of the run of `size` characters that begins at each place."""
    hashes = sums[size:] - sums[:-size]
    hashes *= powers(len(sums))[0][size - 1 : size - 1 + len(hashes)]
    return finish(hashes)
