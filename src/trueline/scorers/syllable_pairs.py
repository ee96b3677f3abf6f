"""Which sounds are rare enough to be searched for: pairs of syllables in ordinary Chinese.

A word written in pinyin or with homophones is found by its sound. That only works for words
whose sound ordinary text seldom makes by chance. The table holds, for each pair of toneless
syllables, whether ordinary text has it; `recipes/lexicon/syllable_pairs.py` counts them.
"""

from __future__ import annotations

import base64
import zlib
from functools import cache
from importlib.resources import files
from itertools import pairwise

from trueline.text.pinyin import pinyin_of

MIN_SYLLABLES = 2
SURE_SYLLABLES = 3  # words of three syllables seldom have a homophone


def is_rare_in_pinyin(word: str) -> bool:
    """True for three syllables or more, and for two that make a pair that ordinary text lacks.

    Args:
        word: squeezed text; characters that are not Han split it and count for nothing.
    """
    sounds = syllables(word)
    if len(sounds) < MIN_SYLLABLES or "" in sounds:
        return False
    if len(sounds) >= SURE_SYLLABLES:
        return True
    common = common_pairs()
    return any(pair not in common for pair in pairwise(sounds))


def syllables(word: str) -> list[str]:
    """Toneless syllable of each character; the empty string where there is none."""
    return [pinyin_of(character) for character in word]


@cache
def common_pairs() -> frozenset[tuple[str, str]]:
    """Pairs of syllables that ordinary Chinese text has."""
    source = files("trueline.scorers").joinpath("lexicon_data", "syllable_pairs.b85")
    packed = "".join(source.read_text(encoding="ascii").split())
    return frozenset(decode_pairs(packed))


def encode_pairs(pairs: frozenset[tuple[str, str]]) -> str:
    """The text of the table: syllables, then one bit for each ordered pair."""
    names = sorted({name for pair in pairs for name in pair})
    index = {name: i for i, name in enumerate(names)}
    bits = bytearray((len(names) ** 2 + 7) // 8)
    for first, second in pairs:
        place = index[first] * len(names) + index[second]
        bits[place // 8] |= 1 << place % 8
    data = " ".join(names).encode() + b"\n" + bytes(bits)
    packed = base64.b85encode(zlib.compress(data, 9)).decode()
    return "\n".join(packed[i : i + 96] for i in range(0, len(packed), 96)) + "\n"


def decode_pairs(packed: str) -> list[tuple[str, str]]:
    """The inverse of `encode_pairs`, line ends already removed."""
    head, _, bits = zlib.decompress(base64.b85decode(packed)).partition(b"\n")
    names = head.decode().split()
    count = len(names)
    return [
        (names[place // count], names[place % count])
        for place in range(count * count)
        if bits[place // 8] >> place % 8 & 1
    ]
