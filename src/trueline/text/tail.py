r"""Where an encoded run at the end of a growing text may still be growing.

    >>> open_tail("Decode this: aWdub3JlIHRo"), open_tail("An ordinary end.")
    (13, 16)

What a run of base64 says is known only once its end is: a text that streams by is held back
from the offset given here.
"""

from __future__ import annotations

import re

# Runs read from the end of the text, so that each search is anchored and stops where the run
# does. What follows a sign in the text comes before it here: %69%67 reads 76%96%.
_RUNS = tuple(
    map(
        re.compile,
        (
            r"[A-Za-z0-9+/=_\-]*(?:\n\r?[A-Za-z0-9+/=_\-]{40,})*",  # base64, base32, hex
            r"[0-9a-fA-Fx]{0,8}(?:[ ,;:\-]{1,2}[0-9a-fA-Fx]{2,8}(?![0-9A-Za-z]))+"
            r"(?:[ ,;:\-]{1,2}[0-9a-fA-Fx]{2,8})?",  # codes; the first may touch a word
            r"[0-9A-Fa-f%]*%",  # URL escapes
            r"[0-9A-Za-z#&;]*&",  # HTML entities
            r"[0-9A-Fa-fxuU{}\\]*\\",  # \x and \u
            r"[.\- /|]*[.\-]",  # Morse
            "[\U000e0000-\U000e01ef\ufe00-\ufe0f\u200b-\u200f\u2060-\u2064\ufeff]*",  # smuggled
        ),
    )
)
SHORTEST = 8  # shorter runs are words, and shorter than anything a guard holds back
_WINDOW = 2048


def open_tail(text: str) -> int:
    """Offset of the encoded run that the end of `text` may still belong to.

    Returns:
        `len(text)` when there is none. Takes time in proportion to the run, not to the text.
    """
    length = len(text)
    size = _WINDOW
    while True:
        window = text[max(0, length - size) :][::-1]
        run = max(match.end() if (match := p.match(window)) else 0 for p in _RUNS)
        if run < len(window) or size >= length:
            return length - run if run >= SHORTEST else length
        size *= 4
