"""Code points to what they may begin: one table look-up a character for the whole PII search.

    >>> classes = classes_of(plain_points("a９@"))
    >>> [bool(c & DIGIT) for c in classes], [bool(c & AT) for c in classes]
    ([False, True, False], [False, False, True])

The classes are those of the plain reading, in which full-width letters and digits are ASCII.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
import numpy.typing as npt

from trueline.scorers.cn_regions import PLATE_PROVINCES
from trueline.scorers.person_fact import CUE_WORDS
from trueline.text.characters import TWINS

UInt32Array = npt.NDArray[np.uint32]

DIGIT, LETTER, HEX, BETWEEN, AT, COLON, HYPHEN, PROVINCE, UNIT, NUMERAL, SPACE = (
    np.uint32(1 << bit) for bit in range(11)
)
#: What may stand between two digits of a number, as in `trueline.scorers.pii`.
_BETWEEN = " -./()–·"
_UNITS = "号弄栋幢座组"  # stands after the number of a house
_NUMERALS = "0123456789一二三四五六七八九十百"
# Seven groups of announcing words; a character has one bit a group for each of the first
# three places it may have in a word.
WORD_GROUPS = 7
FIRST, SECOND, THIRD = (np.uint32(11 + WORD_GROUPS * place) for place in range(3))
WORD_MASK = np.uint32((1 << WORD_GROUPS) - 1)
#: The groups of words of two characters.
SHORT_WORDS = np.uint32(0b11)
_TABLE = 0x10000


def plain_points(text: str) -> UInt32Array:
    """Code points of the plain reading: as many, full-width and fancy marks as ASCII."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
    if text.isascii():
        return points
    if int(points.max(initial=0)) < _TABLE:
        return _plain().take(points)
    return np.where(points < _TABLE, _plain().take(points, mode="clip"), points)


def classes_of(points: UInt32Array) -> UInt32Array:
    """What each code point is or may begin."""
    return _classes().take(points, mode="clip")  # nothing beyond the first plane counts


@cache
def _plain() -> UInt32Array:
    plain = np.arange(_TABLE, dtype=np.uint32)
    plain[0xFF01:0xFF5F] = np.arange(0x21, 0x7F, dtype=np.uint32)
    for fancy, simple in TWINS:
        plain[ord(fancy)] = ord(simple)
    return plain


@cache
def _classes() -> UInt32Array:
    classes = np.zeros(_TABLE, np.uint32)
    _mark(classes, "0123456789", DIGIT | HEX)
    _mark(classes, "abcdefABCDEF", HEX)
    _mark(classes, (chr(c) for c in (*range(65, 91), *range(97, 123))), LETTER)
    _mark(classes, _BETWEEN, BETWEEN)
    _mark(classes, PLATE_PROVINCES, PROVINCE)
    _mark(classes, _UNITS, UNIT)
    _mark(classes, _NUMERALS, NUMERAL)
    for character, bit in (("@", AT), (":", COLON), ("-", HYPHEN), (" ", SPACE)):
        _mark(classes, character, bit)
    for word in (word for words in CUE_WORDS.values() for word in words):
        group = np.uint32(1 << _group(word))
        for place, shift in enumerate((FIRST, SECOND, THIRD)):
            if place < len(word):
                _mark(classes, (word[place], word[place].upper()), group << shift)
            else:  # a word of two characters: any may follow
                classes |= group << shift
    return classes


def _group(word: str) -> int:
    """Words of two characters apart, for anything may follow; the others by their start."""
    if len(word) == 2:
        return 0 if word.isascii() else 1
    if not word[0].isascii():
        return 2
    return 3 + ("imtdw".find(word[0]) >= 0) * 2 + (word[1] in "aeiou")


def _mark(classes: UInt32Array, characters: Iterable[str], bits: np.uint32) -> None:
    for character in characters:
        classes[ord(character)] |= bits
