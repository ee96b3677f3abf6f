"""Cut a text into pieces that stay the same whatever follows them.

>>> segments("short")
[(0, 5)]
"""

from __future__ import annotations

import re

# The bundled classifier reads pieces about as long as one or two sentences.
SHORTEST = 60
LONGEST = 240
_END = re.compile(r"[。！？!?\n]|\.\s")
_ROOM = 60  # a hard cut looks for a space this far back


def segments(text: str) -> list[tuple[int, int]]:
    """Half-open ranges that cover `text`.

    A piece ends with the first sentence end once it has 60 characters, and at 240 at the
    latest, at a space where there is one among the last 60. All pieces but the last are
    closed: they are the same for every text that begins with this one.
    """
    pieces: list[tuple[int, int]] = []
    start = 0
    length = len(text)
    while start < length:
        limit = start + LONGEST
        match = _END.search(text, start + SHORTEST - 1, min(limit, length))
        if match is not None:
            end = match.end()
        elif length >= limit:
            space = text.rfind(" ", limit - _ROOM, limit)
            end = space + 1 if space >= 0 else limit
        else:
            end = length
        pieces.append((start, end))
        start = end
    return pieces
