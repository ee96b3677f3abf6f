"""Find vehicle plates of mainland China, those of new-energy vehicles included.

    >>> plates("车牌粤B·D12345停在地库")
    [Finding(start=2, end=11, label='cn_plate', value=0.9)]

Reference: GA 36-2018: province, letter of the office, five characters without I and O, or six
for new-energy vehicles (a letter D or F, in use A-K, in the first or the last place).
"""

from __future__ import annotations

import re

from trueline.scorers.cn_regions import PLATE_PROVINCES
from trueline.scorers.findings import FORMAT, Finding
from trueline.scorers.pii_context import PLATE_WORDS, announced

LABEL = "cn_plate"
_L = "A-HJ-NP-Za-hj-np-z"
_PLATE = re.compile(
    rf"[{PLATE_PROVINCES}][A-Za-z][ ·•・.\-]?(?:"
    rf"[A-HJKa-hjk][{_L}0-9][0-9]{{4}}|[0-9]{{5}}[A-HJKa-hjk]"
    rf"|[{_L}0-9]{{4}}[{_L}0-9挂学警港澳领试超])(?![0-9A-Za-z])"
)
_DIGITS = re.compile(r"[0-9]")


def plates(text: str) -> list[Finding]:
    """Every plate; one without any digit only beside a word for plates."""
    found: list[Finding] = []
    for match in _PLATE.finditer(text):
        start, end = match.span()
        body = text[start + 2 : end]
        if _DIGITS.search(body):
            # In capitals, or at least two digits: "京a1bcde" in running text is rather a code.
            plain = body.upper() == body or len(_DIGITS.findall(body)) >= 2
        else:
            plain = False
        if plain or announced(text, start, PLATE_WORDS):
            found.append(Finding(start, end, LABEL, FORMAT))
    return found
