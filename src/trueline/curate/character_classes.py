"""What kind of character each code point is, as a table for whole batches.

>>> [Kind(k).name for k in kinds().take([ord(c) for c in "的字eR1。#"]).tolist()]
['HAN_FUNCTION', 'HAN', 'VOWEL', 'CONSONANT', 'DIGIT', 'PUNCTUATION', 'SYMBOL']
"""

from __future__ import annotations

import unicodedata
from enum import IntEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from trueline.curate.codepoints import ALL, ranges


class Kind(IntEnum):
    """Kinds of characters that languages and quality are told by."""

    SYMBOL = 0  # also what is unassigned or private
    SPACE = 1
    NEWLINE = 2
    HAN = 3
    HAN_FUNCTION = 4
    KANA = 5
    HANGUL = 6
    VOWEL = 7  # of the Latin letters a-z; y counts
    CONSONANT = 8
    ACCENTED = 9  # Latin letters beyond a-z
    OTHER_LETTER = 10
    DIGIT = 11
    PUNCTUATION = 12
    LATIN_1_SIGN = 13  # U+0080..U+00BF and × ÷: what misread UTF-8 is full of
    BROKEN = 14  # NUL, other controls, U+FFFD, lone surrogates
    INVISIBLE = 15


KINDS = len(Kind)

# The commonest characters of modern and classical Chinese that carry grammar, pronouns, numbers
# and directions: every running text has many of them, lists of product words hardly any.
FUNCTION_HAN = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里"
    "用道行所然家种事成方多么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日"
    "者意无力它与长把十三二两此已使情明性全又关点将高由问很最并应外间被利等或新己话合其再向及门身口儿见几"
    "各条第位次本若曰则乃皆亦矣焉乎兮故何谁孰岂且夫盖吾汝尔彼莫未非即既遂于诸令使谓知相春风月山水花云江"
    "不無為與來時後這們個說對會過還沒麼從將個兩關開問間門見長東馬於國學經當應點樣實現發"
)
_VOWELS = "aeiouyAEIOUY"
_PUNCTUATION = (
    "!\"'(),-.:;?[]/%&"
    "\u2010\u2011\u2012\u2013\u2014\u2015\u2018\u2019\u201c\u201d\u2026\u2022\u00b7\u30fb"
    "、。〃〈〉《》「」『』【】〔〕〖〗！＂％＆＇（），－．／：；？［］｛｝～￥"
)


@cache
def kinds() -> NDArray[np.uint8]:
    """Kind of every code point; uint8 [0x110000]."""
    table = np.zeros(ALL, np.uint8)
    for code in range(0x3130):
        table[code] = _kind(chr(code))
    for code in (*range(0xA4D0, 0xAC00), *range(0xFB00, 0x10000), *range(0x10000, 0x11000)):
        table[code] = _kind(chr(code))
    ranges(table, ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF)), Kind.HAN)
    ranges(table, ((0x20000, 0x323AF),), Kind.HAN)
    ranges(table, ((0x1100, 0x11FF), (0x3130, 0x318F), (0xAC00, 0xD7A3)), Kind.HANGUL)
    ranges(
        table, ((0x3041, 0x3096), (0x30A1, 0x30FA), (0x31F0, 0x31FF), (0xFF66, 0xFF9F)), Kind.KANA
    )
    ranges(table, ((0xA000, 0xA4CF), (0x11000, 0x1CFFF), (0x1E900, 0x1EEFF)), Kind.OTHER_LETTER)
    ranges(table, ((0xD800, 0xDFFF),), Kind.BROKEN)
    ranges(table, ((0xFF21, 0xFF3A), (0xFF41, 0xFF5A)), Kind.CONSONANT)
    ranges(table, ((0xFF10, 0xFF19),), Kind.DIGIT)
    ranges(table, ((0xFE00, 0xFE0F), (0xE0000, 0xE0FFF)), Kind.INVISIBLE)
    for character in FUNCTION_HAN:
        table[ord(character)] = Kind.HAN_FUNCTION
    for character in _PUNCTUATION:
        table[ord(character)] = Kind.PUNCTUATION
    for character in _VOWELS:
        table[[ord(character), ord(character) + 0xFEE0]] = Kind.VOWEL
    table.flags.writeable = False
    return table


def _kind(character: str) -> Kind:
    code = ord(character)
    category = unicodedata.category(character)
    if character in "\n\r\u2028\u2029":
        return Kind.NEWLINE
    if character.isspace() and code not in (0x85, 0x1C, 0x1D, 0x1E, 0x1F):
        return Kind.SPACE
    if category == "Cc" or code == 0xFFFD:
        return Kind.LATIN_1_SIGN if code >= 0x80 and code != 0xFFFD else Kind.BROKEN
    if category == "Cf":
        return Kind.INVISIBLE
    if character.isascii() and character.isalpha():
        return Kind.CONSONANT
    if 0xA0 < code < 0xC0 or code in (0xD7, 0xF7):
        return Kind.LATIN_1_SIGN
    if category[0] in "LM":
        return Kind.ACCENTED if code < 0x250 or 0x1E00 <= code < 0x1F00 else Kind.OTHER_LETTER
    if category[0] == "N":
        return Kind.DIGIT
    return Kind.SYMBOL
