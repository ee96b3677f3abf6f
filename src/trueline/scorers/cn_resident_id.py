"""Find mainland China resident identity numbers, 18 digits with a checksum and the old 15.

    >>> resident_ids("身份证号码11010519491231002X已提交", 0, 24)
    [Finding(start=5, end=23, label='cn_resident_id', value=1.0)]

Reference: GB 11643-1999: six digits of region, eight of birth date, three of sequence, one
check character.
"""

from __future__ import annotations

import re
from datetime import date

from trueline.scorers.checksums import resident_id_check
from trueline.scorers.cn_regions import PROVINCE_CODES
from trueline.scorers.findings import CHECKSUM, CONTEXT, Finding
from trueline.scorers.pii_context import ID_WORDS, ORDER_WORDS, announced, left_is_free

LABEL = "cn_resident_id"
# One separator at most between two digits: 110105 19491231 002X, 110105-1949-1231-002X.
_EIGHTEEN = re.compile(r"(?<![0-9])[1-9](?:[ \-]?[0-9]){16}[ \-]?[0-9Xx](?![0-9A-Za-z])")
_FIFTEEN = re.compile(r"(?<![0-9])[1-9][0-9]{14}(?![0-9A-Za-z])")
_SEPARATORS = str.maketrans("", "", " -")


def resident_ids(text: str, start: int, end: int) -> list[Finding]:
    """Identity numbers within `[start, end)`, which holds a cluster of digits."""
    found: list[Finding] = []
    match = _EIGHTEEN.search(text, start, end)
    while match:
        number = match.group().translate(_SEPARATORS)
        if is_resident_id(number) and left_is_free(text, match.start()):
            found.append(Finding(match.start(), match.end(), LABEL, CHECKSUM))
            match = _EIGHTEEN.search(text, match.end(), end)
        else:
            match = _EIGHTEEN.search(text, match.start() + 1, end)
    for match in _FIFTEEN.finditer(text, start, end):
        at = match.start()
        if (
            _is_fifteen(match.group())
            and announced(text, at, ID_WORDS)
            and not announced(text, at, ORDER_WORDS)
        ):
            found.append(Finding(at, match.end(), LABEL, CONTEXT))
    return found


def is_resident_id(number: str) -> bool:
    """True when the 18 characters have a known province, a real date and a right checksum."""
    return (
        number[:2] in PROVINCE_CODES
        and number[6:8] in ("18", "19", "20")
        and _is_date(number[6:10], number[10:12], number[12:14])
        and resident_id_check(number[:17]) == number[17].upper()
    )


def _is_fifteen(number: str) -> bool:
    """The form issued until 1999: no century, no check character."""
    return number[:2] in PROVINCE_CODES and _is_date(
        "19" + number[6:8], number[8:10], number[10:12]
    )


def _is_date(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True
