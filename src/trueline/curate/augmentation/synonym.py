"""Put a word of the same meaning in the place of random words.

>>> synonyms_of("parcel")
('package',)
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from random import Random

from trueline.curate.augmentation.draft import Draft, Edit


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


def synonyms_of(word: str) -> tuple[str, ...]:
    """Words of the same meaning, capitalised as `word` is; empty when none is known."""
    found = _groups().get(word.lower(), ())
    if word.isupper() and len(word) > 1:
        return tuple(other.upper() for other in found)
    return tuple(other.capitalize() for other in found) if word[:1].isupper() else found


@cache
def _groups() -> dict[str, tuple[str, ...]]:
    folder = files("trueline.curate.augmentation").joinpath("data")
    found: dict[str, tuple[str, ...]] = {}
    for name in ("synonyms_en.txt", "synonyms_zh.txt"):
        for line in folder.joinpath(name).read_text("utf-8").splitlines():
            group = () if line.startswith("#") else line.split()
            for word in group:  # a word of several groups keeps the first, so no chains
                found.setdefault(word, tuple(other for other in group if other != word))
    return found
