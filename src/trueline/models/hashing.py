"""Hash the character n-grams of text pieces, all of them in a handful of numpy calls.

Every run of 1 to 5 code points of a piece becomes a slot number between 0 and 2**22 - 1; a
piece is then the set of its slots. White space counts as one space, digits are all read as
`0` (a number is a number), and a piece begins and ends with a space, so a word's edges are
features of their own. Latin words of up to four letters, and Chinese words of up to five
characters, are n-grams themselves, so no word list or segmenter is needed. E-mail addresses
and the digits after the fourth of a number are left out.

    >>> slots = hash_pieces(["good morning", "早上好"])
    >>> len(slots.starts), slots.slots.dtype.name
    (2, 'uint32')
    >>> bool((hash_pieces(["早上好"]).slots == slots.slots[slots.starts[1]:]).all())
    True

Reference: Weinberger et al. (2009), Feature Hashing for Large Scale Multitask Learning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Long enough for most English words and all but the longest Chinese ones.
MAX_ORDER = 5
# 2**22 slots hold the n-grams met in training with few collisions; only a few hundred
# thousand of them carry a weight (`trueline.models.linear`).
SLOT_BITS = 22
SLOT_COUNT = 1 << SLOT_BITS
# Pieces hashed at once: their number shares 32 bits with the slot.
MAX_PIECES = 1 << (32 - SLOT_BITS)

# Odd multipliers of MurmurHash3 (Appleby, public domain) and, for the rolling step, of FNV-1a.
_ROLL = np.uint32(0x01000193)
_MIX_A = np.uint32(0xCC9E2D51)
_MIX_B = np.uint32(0x1B873593)
_MIX_SHIFT = np.uint32(15)
_SLOT_BITS, _SLOT_SHIFT = np.uint32(SLOT_BITS), np.uint32(32 - SLOT_BITS)
_SLOT_MASK = np.uint32(SLOT_COUNT - 1)
_ZERO, _TEN = np.uint32(ord("0")), np.uint32(10)
_ORDERS = np.arange(1, MAX_ORDER + 1, dtype=np.uint32)[:, None]
# Multiples of the golden ratio keep n-grams of different length apart.
_ORDER_SALTS = _ORDERS * np.uint32(0x9E3779B1)

# Values of a person say nothing about harm, but a few letters of an address, or a long run of
# zeros, would weigh much in a short piece: they are read as spaces.
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
_LONG_NUMBER = re.compile(r"(?<=[0-9]{4})[0-9]+[Xx]?")

UInt32Array = npt.NDArray[np.uint32]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class PieceSlots:
    """The slots of several pieces, one after the other.

    `slots`: uint32, the distinct slots of piece 0 in rising order, then of piece 1, ...
    `starts`: where each piece begins in `slots`; every piece has at least one slot.
    """

    slots: UInt32Array
    starts: IntArray

    @property
    def counts(self) -> IntArray:
        """Number of distinct slots of each piece."""
        ends = np.empty_like(self.starts)
        ends[:-1] = self.starts[1:]
        ends[-1:] = self.slots.size
        ends -= self.starts
        return ends


@dataclass(frozen=True, slots=True)
class Ngrams:
    """Every n-gram of one piece with its place, for explanations.

    `slots`: uint32 slot of each n-gram; `begins` and `orders`: its first character in the
    padded text that `padded` returns, and its length.
    """

    slots: UInt32Array
    begins: IntArray
    orders: IntArray


def without_addresses(piece: str) -> str:
    """The piece with e-mail addresses as spaces."""
    return _ADDRESS.sub(_spaces, piece) if "@" in piece else piece


def without_values(piece: str) -> str:
    """The piece with e-mail addresses, and digits after the fourth of a number, as spaces."""
    return _LONG_NUMBER.sub(_spaces, without_addresses(piece))


def padded(piece: str) -> str:
    """The piece as the hash reads it: no values, one space at each end and between words."""
    return f" {' '.join(without_values(piece).split())} "


def hash_pieces(pieces: Sequence[str]) -> PieceSlots:
    """Hash the n-grams of up to 1024 pieces.

    Args:
        pieces: texts of any length, already normalised; an empty one counts as a space.

    Returns:
        The distinct slots of each piece, in the order of the pieces.

    Raises:
        ValueError: more pieces than fit (`MAX_PIECES`).
    """
    if len(pieces) > MAX_PIECES:
        raise ValueError(f"at most {MAX_PIECES} pieces at once, got {len(pieces)}")
    if not pieces:
        return PieceSlots(np.empty(0, np.uint32), np.empty(0, np.intp))
    texts = [padded(piece) for piece in pieces]
    points = _code_points("".join(texts))
    lengths = np.fromiter(map(len, texts), np.uint32, len(texts))
    firsts = np.arange(len(texts), dtype=np.uint32) << _SLOT_BITS
    left = np.repeat(np.cumsum(lengths, dtype=np.uint32), lengths)
    left -= np.arange(points.size, dtype=np.uint32)
    hashes = _hash_table(points)
    hashes |= np.repeat(firsts, lengths)
    keys = hashes[left >= _ORDERS]  # an n-gram never crosses into the next piece
    keys.sort()
    distinct = np.empty(keys.size, np.bool_)
    distinct[0] = True
    np.not_equal(keys[1:], keys[:-1], out=distinct[1:])
    keys = keys[distinct]
    starts = np.searchsorted(keys, firsts)
    keys &= _SLOT_MASK
    return PieceSlots(keys, starts)


def hash_ngrams(piece: str) -> Ngrams:
    """Hash every n-gram of one piece and keep where it stands."""
    points = _code_points(padded(piece))
    left = points.size - np.arange(points.size, dtype=np.intp)
    rows, begins = np.nonzero(left >= _ORDERS)
    return Ngrams(slots=_hash_table(points)[rows, begins], begins=begins, orders=rows + 1)


def _spaces(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _code_points(text: str) -> UInt32Array:
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).copy()
    points[(points - _ZERO) < _TEN] = _ZERO  # unsigned: what is below "0" wraps far above 9
    return points


def _hash_table(points: UInt32Array) -> UInt32Array:
    """Slots of the n-grams: row `order - 1`, column of the first character.

    Columns with fewer than `order` characters left hold nonsense; the caller drops them.
    """
    table = np.empty((MAX_ORDER, points.size), np.uint32)
    table[0] = points
    for row in range(1, MAX_ORDER):
        np.multiply(table[row - 1], _ROLL, out=table[row])
        table[row, : max(points.size - row, 0)] += points[row:]
    # Mix as MurmurHash3 does a block; the upper bits of the product depend on all others.
    table += _ORDER_SALTS
    table *= _MIX_A
    table ^= table >> _MIX_SHIFT
    table *= _MIX_B
    table >>= _SLOT_SHIFT
    return table
