"""Letters of other scripts that pose as Latin ones.

    >>> unmask("\u0440assw\u043erd").text, unmask("Привет, а как дела").text
    ('password', 'Привет, а как дела')

A word counts as disguised when it mixes Latin letters with look-alikes, or when look-alikes
are all it has and the word before it is not plainly Russian or Greek.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from trueline.text import tables
from trueline.text.offsets import Step, rewrite

# Latin, Greek, Cyrillic, Armenian and the phonetic letters; other look-alikes join from the table.
_SCRIPTS = "A-Za-z\u0180-\u02af\u0370-\u03ff\u0400-\u052f\u0531-\u0587\u1d00-\u1d7f"
_LATIN = re.compile("[A-Za-z]")
_REACH = 24  # how far before a word its neighbour may stand


@cache
def _word() -> re.Pattern[str]:
    strong, _ = tables.homoglyphs()
    others = "".join(c for c in strong if ord(c) > 0x587)
    return re.compile(f"[{_SCRIPTS}{re.escape(others)}]+")


def unmask(text: str) -> Step:
    """Write look-alikes as the ASCII letters they pose as, character for character."""
    if text.isascii():
        return Step(text)
    return rewrite(text, _changes(text), ("look_alikes",))


def _changes(text: str) -> Iterator[tuple[int, int, str]]:
    strong, weak = tables.homoglyphs()
    genuine_until = -_REACH - 1  # end of the last word that is plainly another script
    for match in _word().finditer(text):
        word = match[0]
        if word.isascii():
            continue
        start = match.start()
        foreign = [c for c in word if not c.isascii()]
        opaque = any(c not in strong and c not in weak for c in foreign)
        if opaque:
            genuine_until = match.end()
            continue
        if _LATIN.search(word) is None:
            near = 0 <= start - genuine_until <= _REACH
            greek = len(word) == 1 and "\u0370" <= word <= "\u03ff"  # a symbol: α = 0.05
            if any(c in weak for c in foreign) or near or greek:
                genuine_until = match.end() if near or not greek else genuine_until
                continue
        plain = "".join(strong.get(c) or weak.get(c) or c for c in word)
        yield start, match.end(), plain
