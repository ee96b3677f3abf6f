"""Cut a normalised text into windows the encoder reads in one go; a text scores as its highest window.

A window is made of the pieces that the bundled linear classifier reads, so that it ends where a
sentence ends, and so that all windows but the last stay the same whatever follows them.
"""

from __future__ import annotations

import re

from trueline.text.normalize import normalize
from trueline.text.segments import segments

#: Tokens of a window, about: a Han character is one token of this tokenizer, and so are 3.4 other
#: characters. The encoder reads 128 with both marks.
ROOM = 112.0
HAN, OTHER = 1.0, 0.3
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def windows(text: str) -> list[str]:
    """Windows of the folded reading of a text; at least one.

    >>> windows("Good   Morning")
    ['good   morning']
    """
    folded = normalize(text).folded.text
    found: list[str] = []
    current, weight = "", 0.0
    for start, end in segments(folded):
        for piece in _pieces(folded[start:end]):
            size = cost(piece)
            if current and weight + size > ROOM:
                found.append(current)
                current, weight = "", 0.0
            current, weight = current + piece, weight + size
    return [*found, current] if current or not found else found


def cost(text: str) -> float:
    """About how many tokens a text is."""
    han = len(_HAN.findall(text))
    return HAN * han + OTHER * (len(text) - han)


def _pieces(segment: str) -> list[str]:
    """A segment, halved until it fits."""
    if cost(segment) <= ROOM:
        return [segment]
    half = len(segment) // 2
    return [*_pieces(segment[:half]), *_pieces(segment[half:])]
