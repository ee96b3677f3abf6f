"""Delete random words, with the space that would be left double."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from trueline.curate.augmentation.draft import Draft, Edit


def delete(draft: Draft, random: Random) -> Sequence[Edit]:
    """Delete words drawn at the draft's rate; never all that may go."""
    if len(draft.free) < 2:
        return []
    runs: list[tuple[int, int]] = []
    for at in draft.chosen(random)[: len(draft.free) - 1]:
        start, end = draft.tokens[at].start, draft.tokens[at].end
        if runs and draft.text[runs[-1][1] : start] in ("", " "):
            start = runs.pop()[0]
        runs.append((start, end))
    return [_with_a_space(draft.text, start, end) for start, end in runs]


def _with_a_space(text: str, start: int, end: int) -> Edit:
    follows = text[end : end + 1]
    if start == 0 or text[start - 1].isspace():
        if follows == " ":
            end += 1
        elif start and not follows.isalnum():
            start -= 1  # before a mark or the end, the space in front would be left over
    return Edit(start, end, "")
