"""Put a mask in the place of random words."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from trueline.curate.augmentation.draft import Draft, Edit


def mask(draft: Draft, random: Random) -> Sequence[Edit]:
    """Replace words drawn at the draft's rate by its mask."""
    return [
        Edit(draft.tokens[at].start, draft.tokens[at].end, draft.mask)
        for at in draft.chosen(random)
    ]
