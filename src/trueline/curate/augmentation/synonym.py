"""Put a word of the same meaning in the place of random words."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from trueline.curate.augmentation.draft import Draft, Edit
from trueline.text.synonyms import synonyms_of


def synonym(draft: Draft, random: Random) -> Sequence[Edit]:
    """Replace words that the bundled lists know, in the case they were written in."""
    known = [at for at in draft.free if synonyms_of(draft.tokens[at].text)]
    if not known:
        return []
    edits: list[Edit] = []
    for at in draft.chosen(random, known):
        token = draft.tokens[at]
        edits.append(Edit(token.start, token.end, random.choice(synonyms_of(token.text))))
    return edits
