"""Words that can stand for one another in most contexts, Chinese and English.

>>> synonyms_of("parcel"), synonyms_of("Quick")[0]
(('package',), 'Fast')
"""

from __future__ import annotations

from functools import cache

from trueline.text import tables


def synonyms_of(word: str) -> tuple[str, ...]:
    """Words of the same meaning, capitalised as `word` is; empty when none is known."""
    found = _groups().get(word.lower(), ())
    if word.isupper() and len(word) > 1:
        return tuple(other.upper() for other in found)
    return tuple(other.capitalize() for other in found) if word[:1].isupper() else found


@cache
def known_words() -> frozenset[str]:
    """Every word that has a synonym, in lower case."""
    return frozenset(_groups())


@cache
def _groups() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for group in tables.synonym_groups():
        for word in group:  # a word of several groups keeps the first, so no chains
            found.setdefault(word, tuple(other for other in group if other != word))
    return found
