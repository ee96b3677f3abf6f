"""Insert a synonym of a random word beside it, or the mask where no synonym is known."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from trueline.curate.augmentation.draft import Draft, Edit
from trueline.curate.words.segment import HAN
from trueline.text.synonyms import synonyms_of


def insert(draft: Draft, random: Random) -> Sequence[Edit]:
    """Insert words behind free words drawn at the draft's rate."""
    known = [at for at in draft.free if synonyms_of(draft.tokens[at].text)]
    edits: list[Edit] = []
    for at in draft.chosen(random, known or None):
        token = draft.tokens[at]
        choices = synonyms_of(token.text.lower())
        word = random.choice(choices) if choices else draft.mask
        space = "" if HAN.search(token.text) else " "
        edits.append(Edit(token.end, token.end, space + word))
    return edits
