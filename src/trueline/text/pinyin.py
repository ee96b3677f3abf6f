"""Read a text by sound: Chinese characters as syllables, Latin letters as they are.

    >>> pinyin_of("沙比"), pinyin_of("Sha bi!")
    ('shabi', 'shabi')

The commonest reading of a character stands for it, in the text as in the words that are
looked for, so that both agree whatever the context would make of it.
"""

from __future__ import annotations

from functools import cache
from operator import itemgetter

from trueline.text import tables
from trueline.text.offsets import Deferred, Edits, Offsets, Step

_PLANE = 0x10000


def sound(text: str) -> Step:
    """The syllables of a folded text, one after the other, without tones.

    ü is written v, also in Latin letters after l and n (`lue` is `lve`). Everything that is
    neither a Chinese character nor a Latin letter is left out.
    """
    heard = "".join(_syllables(text))
    if "ue" in heard:
        heard = heard.replace("lue", "lve").replace("nue", "nve")
    return Step(heard, Deferred(lambda: _places(text)))


def pinyin_of(text: str) -> str:
    """How a word or phrase sounds; compare it with the pinyin view of a text."""
    return sound(text.lower()).text


@cache
def _by_code() -> list[str]:
    """Syllable of each code unit of UTF-16; nothing for surrogates and for most."""
    syllables = [""] * _PLANE
    for character, syllable in tables.syllables().items():
        syllables[ord(character)] = syllable
    for letter in "abcdefghijklmnopqrstuvwxyz":
        syllables[ord(letter)] = letter
    return syllables


def _syllables(text: str) -> tuple[str, ...]:
    """One entry for each UTF-16 code unit of the text."""
    codes = memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")
    if len(codes) < 2:
        return (_by_code()[codes[0]],) if codes else ()
    syllables: tuple[str, ...] = itemgetter(*codes)(_by_code())
    return syllables


def _places(text: str) -> Offsets:
    by_code = _by_code()
    edits = Edits()
    at = 0
    for k, character in enumerate(text):
        code = ord(character)
        size = len(by_code[code]) if code < _PLANE else 0
        if size != 1:
            edits.add(k, k + 1, at, at + size)
        at += size
    return edits
