"""Find bank and credit card numbers by issuer range, length and the Luhn check digit.

    >>> bank_cards("卡号6222021234567890128有误", 0, 23)
    [Finding(start=2, end=21, label='bank_card', value=1.0)]

References: ISO/IEC 7812-1; issuer ranges as the networks publish them (UnionPay 62 and 81,
Visa 4, Mastercard 51-55 and 2221-2720, American Express 34 and 37, Discover 6011, 644-649 and
65, JCB 3528-3589, once 2131 and
1800, Diners 300-305, 36, 38 and 39, Maestro 50 and 56-69, Mir 2200-2204) and the older domestic ranges of Chinese banks (9558, 9559, 60, 69).
"""

from __future__ import annotations

import re

from trueline.scorers.checksums import luhn
from trueline.scorers.findings import CHECKSUM, Finding
from trueline.scorers.pii_context import (
    CARD_WORDS,
    ORDER_WORDS,
    announced,
    is_money,
    left_is_free,
    right_is_free,
)

LABEL = "bank_card"
_CARD = re.compile(
    r"(?<![0-9])(?:"
    r"[1-9][0-9]{3}(?P<four>[ \-.–]{1,2})[0-9]{4}(?P=four)[0-9]{4}(?P=four)[0-9]{1,4}"
    r"(?P<tail>(?P=four)[0-9]{1,3}(?![0-9]))?"
    r"|3[0-9]{3}(?P<amex>[ \-.–])[0-9]{6}(?P=amex)[0-9]{4,5}"
    r"|[1-9][0-9]{5}(?P<iin>[ \-])[0-9]{10,13}"
    r"|[1-9][0-9]{11,18})(?![0-9])"
)
_SEPARATORS = str.maketrans("", "", " -.–")
_ISSUER = re.compile(
    r"62|81|4|5[0-8]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720|20[0-4])|3[47]|35(?:2[89]|[3-8])"
    r"|30[0-5]|3[689]|6[0-9]|955[89]|2131|1800"
)
# Lengths that a random number seldom has together with an issuer range and a check digit.
_USUAL = {"3": (15, 16), "4": (16, 19), "5": (16,), "2": (16,), "6": (16, 17, 18, 19)}
_USUAL |= {"8": (16, 17, 18, 19), "9": (19,)}


def bank_cards(text: str, start: int, end: int) -> list[Finding]:
    """Card numbers within `[start, end)`, which holds a cluster of digits and separators."""
    found: list[Finding] = []
    match = _CARD.search(text, start, end)
    while match:
        at, stop = match.span()
        if not _is_card(text, at, stop):
            stop = match.start("tail")  # -1 when there is no tail
            if stop < 0 or not _is_card(text, at, stop):
                stop = -1
        if stop > 0:
            found.append(Finding(at, stop, LABEL, CHECKSUM))
        match = _CARD.search(text, stop if stop > 0 else at + 1, end)
    return found


def _is_card(text: str, start: int, end: int) -> bool:
    digits = text[start:end].translate(_SEPARATORS)
    if not luhn(digits) or len(set(digits)) < 2:
        return False
    if not _ISSUER.match(digits) and not announced(text, start, CARD_WORDS):
        return False
    if not (left_is_free(text, start) and right_is_free(text, end)) or is_money(text, start):
        return False
    if _continues(text, end) and not announced(text, start, CARD_WORDS):
        return False
    if len(digits) not in _USUAL.get(digits[0], ()):
        return announced(text, start, CARD_WORDS)
    return not announced(text, start, ORDER_WORDS)


def _continues(text: str, end: int) -> bool:
    """A further group of four follows, as in a long serial number."""
    return re.match(r"[ \-.–][0-9]{4}", text[end : end + 5]) is not None
