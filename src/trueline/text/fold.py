"""Fold a clean text for searching: case, script variants, spelling tricks; then squeeze it.

>>> [step.text for step in fold("這是Fuuuun，1 k1nd 0f 木莫型")][-1]
'这是fun，1 kind of 模型'
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from ahocorasick_rs import AhoCorasick

from trueline.text import tables
from trueline.text.emoji import read_emoji
from trueline.text.leet import unleet
from trueline.text.offsets import Deferred, Edits, Offsets, Step, rewrite
from trueline.text.parts import join_parts

_NOT_WORD = re.compile(r"[\W_]+")
_ANY_NOT_WORD = re.compile(r"[\W_]")
_ASCII_NOT_WORD = dict.fromkeys(code for code in range(128) if not chr(code).isalnum())
_COMMON_MARKS = tuple(",。 !?、\"\n:()-.;'")
_TRIPLES = AhoCorasick([letter * 3 for letter in "abcdefghijklmnopqrstuvwxyz"])
_REPEATED = re.compile(r"([a-z])\1{2,}")
_KEPT_REPEATS = {"www", "xxx", "iii"}


def fold(text: str) -> list[Step]:
    """The steps from a clean text to its folded reading."""
    steps = [Step(lower(text))]
    if not text.isascii():
        steps.append(simplify(steps[-1].text))
        steps.append(join_parts(steps[-1].text))
        steps.append(read_emoji(steps[-1].text))
    steps.append(unleet(steps[-1].text))
    steps.append(shorten(steps[-1].text))
    return steps


def lower(text: str) -> str:
    """Lower case, character for character."""
    small = text.lower()
    if len(small) == len(text):
        return small
    return "".join(low if len(low := c.lower()) == 1 else c for c in text)


@cache
def _traditional() -> re.Pattern[str]:
    return re.compile(f"[{''.join(tables.simplified())}]")


def simplify(text: str) -> Step:
    """Traditional characters as simplified ones, character for character."""
    pattern = _traditional()
    if pattern.search(text) is None:
        return Step(text)
    table = tables.simplified()
    return Step(pattern.sub(lambda match: table[match[0]], text), None, ("traditional",))


def shorten(text: str, length: int = 1) -> Step:
    """Letters repeated three times or more, as `length` of them; www, xxx and iii stay."""
    try:
        if not _TRIPLES.find_matches_as_indexes(text):
            return Step(text)
    except UnicodeEncodeError:  # a lone surrogate: only in texts that were not cleaned
        if _REPEATED.search(text) is None:
            return Step(text)
    return rewrite(text, _repeats(text, length), ("repeated_letters",))


def _repeats(text: str, length: int) -> Iterator[tuple[int, int, str]]:
    for match in _REPEATED.finditer(text):
        start, end = match.span()
        alone = not text[start - 1 : start].isalnum() and not text[end : end + 1].isalnum()
        if not (alone and match[0] in _KEPT_REPEATS):
            yield start, end, match[1] * length


def squeeze(text: str) -> Step:
    """Letters and digits only."""
    if text.isascii():
        squeezed = text.translate(_ASCII_NOT_WORD)
    else:
        squeezed = text
        for mark in _COMMON_MARKS:
            if mark in squeezed:
                squeezed = squeezed.replace(mark, "")
        if _ANY_NOT_WORD.search(squeezed) is not None:
            squeezed = _NOT_WORD.sub("", squeezed)
    if len(squeezed) == len(text):
        return Step(text)
    return Step(squeezed, Deferred(lambda: _gaps(text)))


def _gaps(text: str) -> Offsets:
    edits = Edits()
    gone = 0
    for match in _NOT_WORD.finditer(text):
        start, end = match.span()
        edits.add(start, end, start - gone, start - gone)
        gone += end - start
    return edits
