"""Find mainland China phone numbers: mobiles, Internet-of-Things SIMs and landlines.

    >>> cn_phones("请致电138-0013-8000或010-62345678", 0, 27)[0]
    Finding(start=3, end=16, label='cn_mobile', value=0.9)

Sources: the telecommunication network numbering plan (2017) of the Ministry of Industry and
Information Technology and the segments it assigned since (162, 165, 167, 170 and 171 to
resellers; 192 to broadcasting).
"""

from __future__ import annotations

import re

from trueline.scorers.cn_regions import AREA_CODES
from trueline.scorers.findings import CONTEXT, FORMAT, PUBLIC, Finding
from trueline.scorers.pii_context import (
    ORDER_WORDS,
    PHONE_WORDS,
    announced,
    is_money,
    left_is_free,
    right_is_free,
)

MOBILE = "cn_mobile"
LANDLINE = "cn_landline"
_COUNTRY = r"(?:\((?:\+|00)?86\)|(?:\+|00)?86)[ \-]?"
_MOBILE = re.compile(
    rf"(?<![0-9])(?P<country>{_COUNTRY})?(?P<number>1[3-9][0-9](?:[0-9]{{8}}"
    r"|(?P<a>[ \-.]{1,2})[0-9]{4}(?P=a)[0-9]{4}"  # 138 0013 8000
    r"|[0-9](?P<b>[ \-.])[0-9]{3}(?P=b)[0-9]{4}"  # 1380 013 8000
    r"|(?P<c>[ \-.])[0-9]{3}(?P=c)[0-9]{5}"  # 138 001 38000
    r"|(?P<d>[ \-.])[0-9]{8}|[0-9]{4}[ \-][0-9]{4}|[0-9]{2}[ \-][0-9]{3}[ \-][0-9]{3}))"
    r"(?![0-9])"
)
_ASSIGNED = re.compile(r"13|14[5-9]|15[0-35-9]|16[2567]|17[0-8]|18|19[0-35-9]")
_AMERICAN = re.compile(r"1[ \-.]?[2-9][0-9]{2}[ \-.]?[2-9]")
# SIMs of devices have 13 digits; only the words beside them tell them from a time stamp.
_DEVICE = re.compile(r"(?<![0-9])(?:14[0148][0-9]|1064[6-9])[0-9]{8,9}(?![0-9])")
_DEVICE_WORDS = re.compile(r"物联网|iot|m2m|卡号|sim", re.IGNORECASE)
# A landline is a shop's or a museum's more often than a person's, unless words say so.
_PERSONAL = re.compile(
    r"我的|我家|家里|家中|家庭|住宅|宅电|座机|固话|本人|联系人|联系方式|联系电话|收件|客户|my |home"
    r"|(?:call|ring|reach|text|phone|dial|contact|tel)[ :.]",
    re.IGNORECASE,
)
_LANDLINE = re.compile(
    rf"(?<![0-9])(?:(?:\+|00)86[ \-]?(?:\(0\))?0?|\(?0){AREA_CODES}(?P<gap>\)?[ \-]{{0,2}})"
    r"[1-9](?:[0-9]{6,7}|[0-9]{2,3}(?P<s>[ \-])[0-9]{4})"
    r"(?![0-9])"
)
_EXTENSION = re.compile(r"(?:-|转| ?ext\.? ?| ?x)[0-9]{1,6}(?![0-9A-Za-z])")


def cn_phones(text: str, start: int, end: int) -> list[Finding]:
    """Phone numbers within `[start, end)`, which holds a cluster of digits and separators."""
    found = [f for m in _MOBILE.finditer(text, start, end) if (f := _mobile(text, m))]
    for match in _DEVICE.finditer(text, start, end):
        at, stop = match.span()
        if (
            stop - at == 13
            and announced(text, at, _DEVICE_WORDS)
            and left_is_free(text, at)
            and right_is_free(text, stop)
        ):
            found.append(Finding(at, stop, MOBILE, CONTEXT))
    for match in _LANDLINE.finditer(text, start, end):
        at, stop = match.span()
        if extension := _EXTENSION.match(text, stop):
            stop = extension.end()
        if not (left_is_free(text, at) and right_is_free(text, stop)):
            continue
        if match["gap"] or match["s"] or text[at] in "+(":
            value = FORMAT if announced(text, at, _PERSONAL) else PUBLIC
            found.append(Finding(at, stop, LANDLINE, value))
        elif announced(text, at, PHONE_WORDS):
            found.append(Finding(at, stop, LANDLINE, CONTEXT))
    return found


def _mobile(text: str, match: re.Match[str]) -> Finding | None:
    start, end = match.span()
    if not (left_is_free(text, start) and right_is_free(text, end)) or is_money(text, start):
        return None
    if not match["country"]:
        if announced(text, start, ORDER_WORDS):
            return None
        if text[start - 1 : start] == "+" and _AMERICAN.match(match["number"]):
            return None  # +1 and ten digits
    if _ASSIGNED.match(match["number"]):
        return Finding(start, end, MOBILE, FORMAT)
    if match["country"] or announced(text, start, PHONE_WORDS):
        return Finding(start, end, MOBILE, CONTEXT)
    return None
