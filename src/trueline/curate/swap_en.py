"""Swap English gender words, with case and with the two readings of `her` and `his`.

    >>> swap_english("She gave her son his book, and he thanked her.")
    'He gave his daughter her book, and she thanked him.'
    >>> swap_english("HE and Mr. Fox met the policewoman himself")
    'SHE and Ms. Fox met the policeman herself'

`her` is read as `him` before a full stop, a preposition, a conjunction, an article and the
like, else as `his`; `his` is `hers` where no word follows. Names of persons are not swapped.
"""

from __future__ import annotations

import re
from functools import cache

from trueline.curate.spans import Replacement, replace_all

_PAIRS = (
    "he she,himself herself,man woman,men women,boy girl,boys girls,father mother,fathers mothers,"
    "dad mom,daddy mommy,son daughter,sons daughters,brother sister,brothers sisters,husband wife,"
    "husbands wives,uncle aunt,uncles aunts,nephew niece,nephews nieces,grandfather grandmother,"
    "grandson granddaughter,grandpa grandma,king queen,kings queens,prince princess,"
    "actor actress,actors actresses,waiter waitress,waiters waitresses,gentleman lady,"
    "gentlemen ladies,male female,males females,boyfriend girlfriend,boyfriends girlfriends,"
    "groom bride,widower widow,policeman policewoman,policemen policewomen,salesman saleswoman,"
    "businessman businesswoman,businessmen businesswomen,stepfather stepmother,"
    "stepson stepdaughter,godfather godmother,sir madam,mr ms"
)
_ALSO = {"mrs": "mr", "miss": "mr", "him": "her", "hers": "his"}
_NEXT = re.compile(r"[ \t]+([A-Za-z']+)")
# After these `her` is an object: "told her that", "with her in".
_AFTER_OBJECT = frozenset(
    """a about after again all and are as at away back be because before but by down during either
    every for from how if in into is it just like more much never no nor not now of off on once or
    out over she he since so than that the them then there these they this those though through
    to today together tomorrow tonight too under until up us was we well were what when where
    whether which while who why will with without would yesterday you your""".split()  # noqa: SIM905
)


def swap_english(text: str) -> str:
    """The text with every gender word exchanged; equal when there is none."""
    return replace_all(text, english_swaps(text))


def english_swaps(text: str) -> list[Replacement]:
    """Every gender word with what stands in its place."""
    return [Replacement(*match.span(), _swapped(match)) for match in _pattern().finditer(text)]


def _swapped(match: re.Match[str]) -> str:
    word = match.group()
    lower = word.lower()
    following = _NEXT.match(match.string, match.end())
    after = following.group(1).lower() if following else ""
    if lower == "her":
        new = "him" if not after or after in _AFTER_OBJECT else "his"
    elif lower == "his":
        new = "her" if after and after not in _AFTER_OBJECT else "hers"
    else:
        new = _table()[lower]
    if word.isupper() and (len(word) > 1):
        return new.upper()
    return new.capitalize() if word[0].isupper() else new


@cache
def _table() -> dict[str, str]:
    table = dict(_ALSO)
    for pair in _PAIRS.split(","):
        first, second = pair.split()
        table[first], table[second] = second, first
    return table


@cache
def _pattern() -> re.Pattern[str]:
    words = sorted((*_table(), "her", "his"), key=lambda word: (-len(word), word))
    return re.compile(rf"(?<![A-Za-z'’])(?:{'|'.join(words)})(?![A-Za-z])", re.IGNORECASE)
