"""The automaton of a word list: many patterns, one pass, word edges, excepted phrases.

>>> from trueline.scorers.lexicon_entries import Entry
>>> entry = Entry("art", "art", "", "topic", "word", 1.0, "")
>>> automaton = text_automaton([entry], ["art deco"], [])
>>> [hit.start for hit in automaton.search("party, art, art deco")]
[7]
"""

from __future__ import annotations

import codecs
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ahocorasick_rs import AhoCorasick

from trueline.scorers.lexicon_entries import REVERSED, ROT13, SPLIT, Entry
from trueline.text.normalize import NormalizedText
from trueline.text.pinyin import pinyin_of


@dataclass(frozen=True, slots=True)
class Hit:
    """Characters `[start, end)` of a view that hold an entry, and how they hide it."""

    start: int
    end: int
    entry: Entry
    disguise: str = ""


class Automaton:
    """Patterns with their entries; a pattern without entry guards what lies inside it."""

    def __init__(self, owners: dict[str, list[tuple[Entry | None, str]]]) -> None:
        patterns = list(owners)
        self._owners = [owners[pattern] for pattern in patterns]
        self._automaton = AhoCorasick(patterns, store_patterns=False) if patterns else None

    @property
    def is_empty(self) -> bool:
        return self._automaton is None

    def search(self, text: str) -> list[Hit]:
        """Hits that stand on word edges and outside guarded phrases."""
        return self._search(text, edges=True)

    def search_squeezed(self, text: str) -> list[Hit]:
        """Hits in a text without separators: edges are the caller's to check."""
        hits = self._search(text, edges=False)
        return [hit for hit in hits if not hit.disguise and SPLIT in hit.entry.disguises]

    def search_anywhere(self, text: str) -> list[Hit]:
        """Hits at any place outside guarded phrases."""
        return self._search(text, edges=False)

    def _search(self, text: str, *, edges: bool) -> list[Hit]:
        if self._automaton is None:
            return []
        matches = self._automaton.find_matches_as_indexes(text, overlapping=True)
        if not matches:
            return []
        hits: list[Hit] = []
        guards: list[tuple[int, int]] = []
        length = len(text)
        for index, start, end in matches:
            if edges and (
                (start > 0 and _joined(text[start - 1], text[start]))
                or (end < length and _joined(text[end - 1], text[end]))
            ):
                continue
            for entry, disguise in self._owners[index]:
                if entry is None:
                    guards.append((start, end))
                else:
                    hits.append(Hit(start, end, entry, disguise))
        return _outside(hits, guards) if hits and guards else hits


def text_automaton(
    entries: Iterable[Entry], exceptions: Iterable[str], allowed: Sequence[NormalizedText]
) -> Automaton:
    """For the folded, squeezed and decoded views: plain, joined, reversed and rot13 forms."""
    owners: defaultdict[str, list[tuple[Entry | None, str]]] = defaultdict(list)
    for entry in entries:
        owners[entry.folded].append((entry, ""))
        if entry.squeezed != entry.folded:
            owners[entry.squeezed].append((entry, ""))
        if REVERSED in entry.disguises:
            owners[entry.folded[::-1]].append((entry, "reversed"))
        if ROT13 in entry.disguises:
            owners[codecs.encode(entry.folded, "rot13")].append((entry, "rot13"))
    for phrase in exceptions:
        for form in {phrase, phrase.replace(" ", "")}:
            owners[form].append((None, ""))
    for text in allowed:
        for form in {text.folded.text.strip(), text.squeezed.text} - {""}:
            owners[form].append((None, ""))
    return Automaton(owners)


def pinyin_automaton(
    entries: Iterable[Entry], exceptions: Iterable[str], allowed: Sequence[NormalizedText]
) -> Automaton:
    """For the pinyin view: the entries whose sound is rare in ordinary text."""
    owners: defaultdict[str, list[tuple[Entry | None, str]]] = defaultdict(list)
    for entry in entries:
        if entry.pinyin:
            owners[entry.pinyin].append((entry, "pinyin"))
    if owners:
        sounds = [pinyin_of(phrase) for phrase in exceptions if not phrase.isascii()]
        for sound in {*sounds, *(text.pinyin.text for text in allowed)} - {""}:
            owners[sound].append((None, ""))
    return Automaton(owners)


def _outside(hits: list[Hit], guards: list[tuple[int, int]]) -> list[Hit]:
    """The hits that lie inside no guard; linear but for sorting."""
    guards.sort()
    starts = [start for start, _ in guards]
    furthest = list(accumulate((end for _, end in guards), max))
    kept: list[Hit] = []
    for hit in hits:
        before = bisect_right(starts, hit.start)
        if not before or furthest[before - 1] < hit.end:
            kept.append(hit)
    return kept


def _joined(left: str, right: str) -> bool:
    """True when both are ASCII letters: no word ends between them."""
    return left.isascii() and right.isascii() and left.isalpha() and right.isalpha()
