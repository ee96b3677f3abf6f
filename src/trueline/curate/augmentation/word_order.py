"""Shuffle a few neighbouring words."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from trueline.curate.augmentation.draft import Draft, Edit

WINDOW = 4  # words that change places among themselves


def word_order(draft: Draft, random: Random) -> Sequence[Edit]:
    """Shuffle one window of up to four neighbouring free words of one clause."""
    windows = [window for window in _windows(draft) if len(_texts(draft, window)) > 1]
    if not windows:
        return []
    window = random.choice(windows)
    before = [draft.tokens[at].text for at in window]
    after = before.copy()
    while after == before:  # ends: the window holds two different words
        random.shuffle(after)
    pairs = zip(window, before, after, strict=True)
    return [
        Edit(draft.tokens[at].start, draft.tokens[at].end, new)
        for at, old, new in pairs
        if old != new
    ]


def _windows(draft: Draft) -> list[range]:
    free = set(draft.free)
    found: list[range] = []
    for start in draft.free:
        end = start
        while end in free and end - start < WINDOW:
            end += 1
        if end - start > 1:
            found.append(range(start, end))
    return found


def _texts(draft: Draft, window: range) -> set[str]:
    return {draft.tokens[at].text for at in window}
