"""Join characters written as their parts side by side (拆字).

    >>> join_parts("氵殳有问题，是个广发牛勿").text
    '没有问题，是个废物'

Parts that are also ordinary Chinese (广发, 女子) are joined only beside other parts, or where
the neighbouring character goes with the whole and not with the parts.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from trueline.text import tables
from trueline.text.offsets import Step, rewrite


class Part(NamedTuple):
    """What some parts stand for, and how sure that is (see `recipes/text_tables`).

    `mark` is empty for sure parts, `~` for parts that might be Chinese, `?` for parts that
    are. The latter two need a character of `before` or `after` beside them.
    """

    character: str
    mark: str
    before: str
    after: str
    rank: int  # where places overlap, lower ranks win


class _Known(NamedTuple):
    automaton: AhoCorasick
    parts: list[Part]


@cache
def _known() -> _Known:
    spelled: list[str] = []
    parts: list[Part] = []
    for line in tables.split_characters():
        spelling, character, *around = line.split(" ")
        before, after = around or ("", "")
        mark = spelling[0] if spelling[0] in "~?" else ""
        spelling = spelling.removeprefix(mark)
        rank = 10 * ("", "~", "?").index(mark) - len(spelling)
        spelled.append(spelling)
        parts.append(Part(character, mark, before, after, rank))
    return _Known(AhoCorasick(spelled), parts)


def join_parts(text: str) -> Step:
    """Write each character given in parts as itself."""
    automaton, parts = _known()
    try:
        found = automaton.find_matches_as_indexes(text, overlapping=True)
    except UnicodeEncodeError:  # a lone surrogate: only in texts that were not cleaned
        return Step(text)
    if not found:
        return Step(text)
    changes = _changes(text, found, parts)
    return rewrite(text, changes, ("split_characters",))


def _changes(
    text: str, found: list[tuple[int, int, int]], parts: list[Part]
) -> list[tuple[int, int, str]]:
    """Places to join: sure ones, and others that have support on one side."""
    found.sort(key=lambda place: parts[place[0]].rank)
    taken = bytearray(len(text))
    kept: dict[int, tuple[int, Part]] = {}
    ends: dict[int, Part] = {}
    for which, start, end in found:
        if 1 not in taken[start:end]:
            taken[start:end] = b"\1" * (end - start)
            part = parts[which]
            kept[start] = end, part
            ends[end] = part
    changes: list[tuple[int, int, str]] = []
    for start, (end, part) in kept.items():
        if part.mark and not _goes_with(text, start, end, part):
            following = kept.get(end)
            if not _supports(part, ends.get(start)) and not (
                following is not None and _supports(part, following[1])
            ):
                continue
        changes.append((start, end, part.character))
    changes.sort()
    return changes


def _goes_with(text: str, start: int, end: int, part: Part) -> bool:
    return (start > 0 and text[start - 1] in part.before) or (
        end < len(text) and text[end] in part.after
    )


def _supports(part: Part, beside: Part | None) -> bool:
    """Parts beside parts: hardly chance, unless both are ordinary Chinese."""
    return beside is not None and (part.mark, beside.mark) != ("?", "?")
