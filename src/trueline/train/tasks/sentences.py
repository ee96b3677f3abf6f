"""Split running text into sentences, Chinese and English, in one pass."""

from __future__ import annotations

import re

# An end mark with closing quotes; a full stop must have a space or the end behind it.
_END = re.compile(r"[。！？!?…]+[”’」』\"')）]*|\.(?=\s|$)|\n+")


def sentences(text: str) -> list[str]:
    """Sentences and lines of a text, end marks included, blank ones left out.

    >>> sentences("你好。It is 3.5 m. Good")
    ['你好。', 'It is 3.5 m.', 'Good']
    """
    found: list[str] = []
    start = 0
    for match in _END.finditer(text):
        found.append(text[start : match.end()].strip())
        start = match.end()
    found.append(text[start:].strip())
    return [part for part in found if part]
