"""Exchange the places of two random words."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from trueline.curate.augmentation.draft import Draft, Edit


def swap(draft: Draft, random: Random) -> Sequence[Edit]:
    """Exchange pairs of different free words that stand within one clause."""
    free = set(draft.free)
    edits: dict[int, Edit] = {}
    for at in draft.chosen(random):
        partners = [other for other in _clause(draft, at) if other in free and other not in edits]
        partners = [o for o in partners if draft.tokens[o].text != draft.tokens[at].text]
        if at in edits or not partners:
            continue
        one, other = draft.tokens[at], draft.tokens[partner := random.choice(partners)]
        edits[at] = Edit(one.start, one.end, other.text)
        edits[partner] = Edit(other.start, other.end, one.text)
    return [edits[at] for at in sorted(edits)]


def _clause(draft: Draft, at: int) -> range:
    """Token positions around `at` up to the next punctuation mark, at most 8 to each side."""
    low = high = at
    while low > 0 and at - low < 8 and draft.tokens[low - 1].is_word:
        low -= 1
    while high + 1 < len(draft.tokens) and high - at < 8 and draft.tokens[high + 1].is_word:
        high += 1
    return range(low, high + 1)
