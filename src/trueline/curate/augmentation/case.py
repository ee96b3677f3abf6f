"""Change the case of random Latin words; Chinese words have none and stay."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from trueline.curate.augmentation.draft import Draft, Edit


def case(draft: Draft, random: Random) -> Sequence[Edit]:
    """Write words drawn at the draft's rate in another case."""
    cased = [at for at in draft.free if _others(draft.tokens[at].text)]
    if not cased:
        return []
    edits: list[Edit] = []
    for at in draft.chosen(random, cased):
        token = draft.tokens[at]
        edits.append(Edit(token.start, token.end, random.choice(_others(token.text))))
    return edits


def _others(word: str) -> list[str]:
    forms = dict.fromkeys((word.lower(), word.upper(), word.capitalize()))
    return [form for form in forms if form != word and len(form) == len(word)]
