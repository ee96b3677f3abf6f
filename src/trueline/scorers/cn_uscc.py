"""Find unified social credit codes (统一社会信用代码) of companies and other organisations.

    >>> usccs("税号91350100M000100Y43已开票", 0, 23)
    [Finding(start=2, end=20, label='cn_uscc', value=1.0)]

Reference: GB 32100-2015: registering department, kind, six digits of region, nine characters
of organisation code, one check character.
"""

from __future__ import annotations

import re

from trueline.scorers.checksums import uscc_check
from trueline.scorers.cn_regions import PROVINCE_CODES
from trueline.scorers.findings import CHECKSUM, Finding
from trueline.scorers.pii_context import CARD_WORDS, announced

LABEL = "cn_uscc"
_USCC = re.compile(
    r"(?<![0-9A-Za-z])[1-9ANYany][1-59][0-9]{6}[0-9A-HJ-NPQRTUWXYa-hj-npqrtuwxy]{10}"
    r"(?![0-9A-Za-z])"
)


def usccs(text: str, start: int, end: int) -> list[Finding]:
    """Codes that begin in `[start, end)`."""
    found: list[Finding] = []
    for match in _USCC.finditer(text, start, end + 20):
        if match.start() >= end:
            break
        code = match.group().upper()
        # 10 and 99 stand for organisations registered with the State itself.
        known = code[2:4] in PROVINCE_CODES or code[2:4] in ("10", "99")
        if not known or uscc_check(code[:17]) != code[17]:
            continue
        if not (code.isdigit() and announced(text, match.start(), CARD_WORDS)):
            found.append(Finding(match.start(), match.end(), LABEL, CHECKSUM))
    return found
