"""Tables of single Chinese characters: traditional to simplified, and pinyin."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import opencc
from pypinyin.constants import PINYIN_DICT

# U+4E00-U+9FA5 is the block of 1993 that ordinary text lives in; 〇 stands outside it.
HAN = [*range(0x4E00, 0x9FA6), 0x3007]
TONES = {
    tone: letter
    for letter, tones in {
        "a": "āáǎà", "e": "ēéěèê", "i": "īíǐì", "o": "ōóǒò", "u": "ūúǔù", "v": "ǖǘǚǜü",
        "n": "ńňǹ", "m": "ḿ",
    }.items()
    for tone in tones
}  # fmt: skip
# 乾 and 著 have two simplified forms; the commoner word decides.
KEEP = {"乾": "干", "著": "着", "瞭": "了", "藉": "借"}


def simplified_table() -> str:
    """Two lines: traditional characters, and below each its simplified form."""
    source = Path(opencc.__file__).parent / "dictionary" / "TSCharacters.txt"
    pairs: dict[str, str] = {}
    for line in source.read_text(encoding="utf-8").splitlines():
        traditional, _, forms = line.partition("\t")
        first = forms.split(" ")[0]
        if traditional == first or max(map(ord, traditional + first)) > 0xFFFF:
            continue  # beyond the basic plane: no ordinary text uses these
        pairs[traditional] = first
    pairs.update(KEEP)
    return "".join(pairs) + "\n" + "".join(pairs.values()) + "\n"


def pinyin_table() -> str:
    """One line for each syllable: the syllable without tone, a space, its characters.

    The commonest reading wins (pypinyin lists it first); ü is written v.
    """
    by_syllable: dict[str, list[str]] = defaultdict(list)
    for code in HAN:
        readings = PINYIN_DICT.get(code)
        if readings is None:
            continue
        first = readings.split(",")[0]
        by_syllable[toneless(first)].append(chr(code))
    return "".join(f"{s} {''.join(chars)}\n" for s, chars in sorted(by_syllable.items()))


def toneless(syllable: str) -> str:
    """`toneless("lüè") == "lve"`: tone marks dropped, ü written v."""
    plain = "".join(TONES.get(letter, letter) for letter in syllable)
    return "".join(letter for letter in plain if letter.isascii() and letter.isalpha())
