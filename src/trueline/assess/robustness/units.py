"""What an attack may change: the words of a text, Chinese ones by the bundled word list.

    >>> [unit.text for unit in units("Buy it now, 立即购买手机了")]
    ['Buy', 'it', 'now', '立即', '购买', '手机', '了']

A Chinese character that starts no known word is a unit of its own; spaces, marks and digits
are none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from trueline.text.synonyms import known_words

_LATIN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ɏ]+(?:['’][A-Za-z]+)*")
_UNIT = re.compile(_LATIN.pattern + "|[\u3400-\u4dbf\u4e00-\u9fff]")
_LONGEST = 4


@dataclass(frozen=True, slots=True)
class Unit:
    """Characters `[start, end)` of a text, and whether they are Chinese."""

    start: int
    end: int
    text: str
    chinese: bool


def units(text: str) -> list[Unit]:
    """The units of a text in order; takes time linear in its length."""
    found: list[Unit] = []
    done = 0
    for match in _UNIT.finditer(text):
        if match.start() < done:
            continue
        start, end = match.span()
        chinese = text[start] >= "\u3400"
        if chinese:
            end = start + _word_length(text, start)
        found.append(Unit(start, end, text[start:end], chinese))
        done = end
    return found


def replaced(text: str, places: Sequence[Unit], changes: dict[int, str]) -> str:
    """The text with some units given new text; `changes` is by position in `places`."""
    pieces: list[str] = []
    done = 0
    for position in sorted(changes):
        unit = places[position]
        pieces += [text[done : unit.start], changes[position]]
        done = unit.end
    return "".join([*pieces, text[done:]])


def _word_length(text: str, start: int) -> int:
    for length in range(_LONGEST, 1, -1):
        if text[start : start + length] in _chinese_words():
            return length
    return 1


@cache
def _chinese_words() -> frozenset[str]:
    return frozenset(word for word in known_words() if not word.isascii() and len(word) > 1)
