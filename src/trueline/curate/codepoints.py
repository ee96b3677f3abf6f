"""Texts as one array of code points, and the table that folds spelling variants together.

>>> packed = pack(["你好", "Hi"])
>>> packed.codes.tolist(), packed.starts.tolist(), packed.lengths.tolist()
([20320, 22909, 72, 105], [0, 2], [2, 2])
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]
Positions = NDArray[np.int64]

ALL = 0x110000
SPACE = 32
#: Set in the folded value of a character of a script written without spaces between words.
UNSPACED = np.uint32(0x8000_0000)
#: Folded value of what cannot be folded alone: Hangul letters that join into syllables.
JOINS = np.uint32(0xFFFF_FFFF)

# Han and kana (punctuation of U+3000..U+303F is not a word), Thai, Lao, Tibetan, Burmese, Khmer.
_UNSPACED = (
    *((0x3041, 0x30FF), (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF)),
    *((0xF900, 0xFAFF), (0x20000, 0x323AF), (0x0E01, 0x0EFF), (0x0F00, 0x109F), (0x1780, 0x17FF)),
)
# Blocks whose characters fold to themselves: Han, Hangul syllables, surrogates, private use.
_PLAIN = ((0x3400, 0xD7FF), (0xD800, 0xF8FF), (0x1F000, 0x1F0FF), (0x20000, 0x2F7FF))
_ASSIGNED = 0x2FA20  # nothing beyond has a decomposition


@dataclass(frozen=True, slots=True)
class Packed:
    """Texts end to end: `codes` uint32 [characters], `starts` and `lengths` int64 [texts]."""

    codes: Codes
    starts: Positions
    lengths: Positions

    def owners(self) -> Positions:
        """Index of the text that each character belongs to; int64 [characters]."""
        return np.repeat(np.arange(len(self.lengths), dtype=np.int64), self.lengths)


def pack(texts: Sequence[str]) -> Packed:
    """All code points of `texts`, lone surrogates included."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
    return Packed(codes, np.cumsum(lengths) - lengths, lengths)


def chunks(texts: Sequence[str], most: int) -> Iterator[slice]:
    """Runs of texts that hold at most `most` characters together, or one text alone."""
    first = held = 0
    for k, text in enumerate(texts):
        if held and held + len(text) > most:
            yield slice(first, k)
            first, held = k, 0
        held += len(text)
    if first < len(texts):
        yield slice(first, len(texts))


def ranges(table: NDArray[Any], spans: Sequence[tuple[int, int]], value: int) -> None:
    """Write `value` at every code point of `spans`, ends included."""
    for first, last in spans:
        table[first : last + 1] = value


@cache
def folding() -> Codes:
    """Folded value of every code point; uint32 [0x110000].

    Compatibility forms (full-width letters, circled digits), case and accents are folded
    away, one character for one: a character that would become several stays itself. White
    space and the controls of ASCII become 32; combining marks, other controls and invisible
    characters become 0, which stands for nothing. Composed and decomposed spellings of a text so come out alike without
    composing anything, save for Hangul letters (`JOINS`).
    """
    table = np.arange(ALL, dtype=np.uint32)
    plain = np.zeros(_ASSIGNED, bool)
    ranges(plain, _PLAIN, True)
    ranges(plain, ((0xF900, 0xFAFF),), False)
    for code in np.flatnonzero(~plain).tolist():
        table[code] = _folded(chr(code))
    ranges(table, ((0xE0000, 0xE0FFF),), 0)  # tags and variation selectors
    ranges(table, ((0x1100, 0x11FF), (0xA960, 0xA97F), (0xD7B0, 0xD7FF)), int(JOINS))
    for first, last in _UNSPACED:
        part = table[first : last + 1]
        part[part > SPACE] |= UNSPACED
    table.flags.writeable = False
    return table


def _folded(character: str) -> int:
    if character.isspace() or (character.isascii() and unicodedata.category(character) == "Cc"):
        return SPACE
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cc", "Cf", "Me"):
        return 0
    if 0xFE00 <= ord(character) <= 0xFE0F:
        return 0
    parts = unicodedata.normalize("NFKD", character).lower()
    if len(parts) > 1:
        parts = "".join(c for c in unicodedata.normalize("NFD", parts) if not _is_mark(c))
    if len(parts) == 1:
        return SPACE if parts.isspace() else ord(parts)
    lower = character.lower()
    return ord(lower) if len(lower) == 1 else ord(character)


def _is_mark(character: str) -> bool:
    return unicodedata.combining(character) != 0
