"""Find United States social security numbers.

    >>> ssns("我的SSN是375-62-7300谢谢", 0, 20)
    [Finding(start=6, end=17, label='us_ssn', value=0.9)]

References: SSA, randomization of 2011 (areas 000, 666 and 900-999 stay unassigned).
"""

from __future__ import annotations

import re

from trueline.scorers.findings import CONTEXT, FORMAT, Finding
from trueline.scorers.pii_context import (
    ORDER_WORDS,
    SSN_WORDS,
    announced,
    left_is_free,
    right_is_free,
)

LABEL = "us_ssn"
_SSN = re.compile(
    r"(?<![0-9])(?!000|666|9)[0-9]{3}(?P<gap>[\- .]?)(?!00)[0-9]{2}(?P=gap)(?!0000)[0-9]{4}"
    r"(?![0-9])"
)


def ssns(text: str, start: int, end: int) -> list[Finding]:
    """Numbers within `[start, end)`; without hyphens only beside their name."""
    found: list[Finding] = []
    for match in _SSN.finditer(text, start, end):
        at, stop = match.span()
        if not (left_is_free(text, at) and right_is_free(text, stop)):
            continue
        if announced(text, at, ORDER_WORDS):
            continue
        if match["gap"] == "-":
            found.append(Finding(at, stop, LABEL, FORMAT))
        elif announced(text, at, SSN_WORDS):
            found.append(Finding(at, stop, LABEL, CONTEXT))
    return found
