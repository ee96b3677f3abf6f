"""Where a batch's words announce a name, a birth date, an account or the address of a home.

A pass with the scorer's automaton would cost more than all the rest of the search. The first
three characters of the announcing words, as bits of a character's class, find the few places
where one may begin; the word itself is compared there.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache

import numpy as np
import numpy.typing as npt

from trueline.curate.pii_tables import (
    FIRST,
    LETTER,
    NUMERAL,
    SECOND,
    SHORT_WORDS,
    SPACE,
    THIRD,
    UNIT,
    WORD_MASK,
    UInt32Array,
)
from trueline.scorers.cn_address import addresses
from trueline.scorers.cn_regions import DISTRICTS, PREFECTURES, PROVINCES
from trueline.scorers.cues import Cue, Cues
from trueline.scorers.findings import Finding
from trueline.scorers.person_fact import CUE_WORDS
from trueline.scorers.pii import HOME_WORDS

_REGION, _HOME = "region", "home"
_PLACES = Cues({_REGION: (*PROVINCES, *PREFECTURES, *DISTRICTS), _HOME: HOME_WORDS})
# What stands before a house number (`trueline.scorers.cn_address`): a road, a region, a word.
_ROAD = re.compile(r"[路街道巷弄里村镇乡庄园苑区城府湾庭]|胡同|大厦|公寓|广场")
_LOWER = np.uint32(0x20)  # makes a capital small; what else it changes is compared later
_ROLL, _MIX = np.uint32(0x01000193), np.uint32(0x9E3779B1)  # FNV-1a, the golden ratio
_BEFORE_UNIT = 64  # 48 characters of road and 10 of number, and a few


class Announcements:
    """Announcing words of a joined text.

    Args:
        points: its code points.
        classes: what each of them may begin (`trueline.curate.pii_tables`).
        text: the same as a string.
    """

    def __init__(self, points: UInt32Array, classes: UInt32Array, text: str) -> None:
        self._points = points
        self._classes = classes
        self._text = text

    def cues(self) -> list[Cue]:
        """Every announcing word (not of places), in order of start, the longer first."""
        classes = self._classes
        hits = classes[:-2] >> FIRST
        hits &= classes[1:-1] >> SECOND
        hits &= classes[2:] >> THIRD
        hits &= WORD_MASK
        places = np.flatnonzero(hits != 0)
        # A Latin word must start there: "flat" is not "lat".
        glued = classes[places] & classes[places - 1] & LETTER
        short = hits[places] & SHORT_WORDS
        known = _starts()[_start_key(*(self._points[places + n] for n in range(3)))]
        found: list[Cue] = []
        text, (by_start, longest) = self._text, _words()
        for place in places[(glued == 0) & (known | (short != 0))].tolist():
            words = by_start.get(text[place : place + 2].lower())
            if words:
                head = text[place : place + longest].lower()
                found += [
                    Cue(name, place, place + len(word))
                    for word, name in words
                    if head.startswith(word)
                ]
        return found

    def home_numbers(self) -> list[int]:
        """Offsets after numbers, at 号, 栋 and the like, that may end the address of a home."""
        classes, text = self._classes, self._text
        at = np.flatnonzero((classes & UNIT) != 0)
        before, second = classes[at - 1], classes[at - 2]
        close = (before & NUMERAL) | ((before & SPACE) * (second & NUMERAL))
        return [place for place in at[close != 0].tolist() if _may_be_home(text, place)]

    def addresses(self, text: str) -> list[Finding]:
        """Addresses of homes in one document that holds a digit."""
        cues = _PLACES.find(text)
        regions = [cue.start for cue in cues if cue.name == _REGION]
        homes = [cue.end for cue in cues if cue.name == _HOME]
        return addresses(text, regions, homes) if regions or homes else []


def _may_be_home(text: str, unit: int) -> bool:
    lead = text[max(0, unit - _BEFORE_UNIT) : unit]
    return _ROAD.search(lead) is not None and bool(_PLACES.find(lead))


@cache
def _starts() -> npt.NDArray[np.bool_]:
    """Which keys the first three characters of some announcing word have."""
    table = np.zeros(0x10000, np.bool_)
    for word in (word for words in CUE_WORDS.values() for word in words if len(word) > 2):
        table[_start_key(*(np.array([ord(c)], np.uint32) for c in word[:3]))] = True
    return table


def _start_key(first: UInt32Array, second: UInt32Array, third: UInt32Array) -> UInt32Array:
    """A number below 2**16 of three characters, the same for both cases of Latin letters."""
    key = (first | _LOWER) * _ROLL
    key += second | _LOWER
    key *= _ROLL
    key += third | _LOWER
    key *= _MIX
    return key >> np.uint32(16)


@cache
def _words() -> tuple[dict[str, list[tuple[str, str]]], int]:
    """Words and their names by their first two characters, and the longest word's length."""
    by_start: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, words in CUE_WORDS.items():
        for word in words:
            by_start[word[:2]].append((word, name))
    for listed in by_start.values():
        listed.sort(key=lambda pair: -len(pair[0]))
    return dict(by_start), max(len(word) for words in CUE_WORDS.values() for word in words)
