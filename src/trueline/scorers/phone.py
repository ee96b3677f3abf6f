"""Find phone numbers outside mainland China: North American and international ones.

    >>> phones("call (415) 555-0132 now", 0, 19)[0]
    Finding(start=5, end=19, label='us_phone', value=0.9)

References: ITU-T E.164 and its list of country codes; the North American numbering plan.
"""

from __future__ import annotations

import re

from trueline.scorers.cn_regions import AREA_CODES
from trueline.scorers.findings import CONTEXT, FORMAT, Finding
from trueline.scorers.pii_context import (
    ORDER_WORDS,
    PHONE_WORDS,
    announced,
    is_money,
    left_is_free,
    right_is_free,
)

US = "us_phone"
INTERNATIONAL = "intl_phone"
# ITU-T E.164: codes of one, two and three digits in use.
_COUNTRY_CODE = re.compile(
    r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
    r"|2(?:1[1-368]|[2-6][0-9]|9[0178])|3(?:5[0-9]|7[0-8]|8[0-35-79])|42[0-3]"
    r"|5(?:0[0-9]|9[0-9])|6(?:7[02-9]|8[0-35-9]|9[0-2])|8(?:00|08|5[02356]|70|78|8[0-368])"
    r"|9(?:6[0-8]|7[0-7]|79|9[2-68])"
)
_E164 = re.compile(r"\+[1-9](?:[ \-.(/]{0,2}\)?[ \-]?[0-9]){6,14}(?![0-9])")
_NANP = re.compile(
    r"(?<![0-9])(?:\+?1(?P<lead>[ \-.]?))?(?:\([2-9][0-9]{2}\)(?P<paren>[ \-]?)|[2-9][0-9]{2}"
    r"(?P<gap>[ \-.]?))[2-9][0-9]{2}(?P<second>[ \-.]?)[0-9]{4}"
    r"(?![0-9])"
)
# Written forms that stand without words: Japan 090-1234-5678, France 01.84.17.61.18.
_NATIONAL = re.compile(
    r"(?<![0-9])(?:0[5789]0-[0-9]{4}-[0-9]{4}|0[1-9](?P<f>[. ])[0-9]{2}(?:(?P=f)[0-9]{2}){3})"
    r"(?![0-9])"
)
_ANY = re.compile(r"(?<![0-9])\(?[0-9](?:[ \-.()/]{0,3}[0-9]){6,14}(?![0-9])")
_EXTENSION = re.compile(r" ?(?:x|ext\.?|extension) ?[0-9]{1,6}(?![0-9A-Za-z])", re.IGNORECASE)
_DATE = re.compile(
    r"(?:1[89]|20)[0-9]{2}[\-./ ]?[01]?[0-9][\-./ ]?[0-3]?[0-9](?![0-9])"
    r"|[0-3]?[0-9][\-./][0-3]?[0-9][\-./](?:1[89]|20)[0-9]{2}(?![0-9])"
)
_HOTLINE = re.compile(r"\(?(?:400|800|95[0-9]{3})[ \-)]")
_CHINA = re.compile(rf"86(?:1[3-9][0-9]{{9}}|0?{AREA_CODES}[1-9][0-9]{{6,7}})")
_NOT_DIGIT = re.compile(r"[^0-9]")


def phones(text: str, start: int, end: int) -> list[Finding]:
    """Phone numbers within `[start, end)`, which holds a cluster of digits and separators."""
    found: list[Finding] = []
    if "+" in text[start:end]:
        found += [f for m in _E164.finditer(text, start, end) if (f := _e164(text, m))]
    found += [f for m in _NANP.finditer(text, start, end) if (f := _nanp(text, m))]
    for match in _NATIONAL.finditer(text, start, end):
        if _is_free(text, *match.span()):
            found.append(Finding(match.start(), match.end(), INTERNATIONAL, FORMAT))
    found += [f for m in _ANY.finditer(text, start, end) if (f := _announced(text, m))]
    return found


def _e164(text: str, match: re.Match[str]) -> Finding | None:
    start, end = match.start(), _with_extension(text, match.end())
    digits = _NOT_DIGIT.sub("", match.group())
    if not (_COUNTRY_CODE.match(digits) and 8 <= len(digits) <= 15):
        return None
    if digits.startswith("86") and not _CHINA.fullmatch(digits):
        return None
    if start and (text[start - 1].isascii() and text[start - 1].isalnum()):
        return None  # 1+4471..., a sum
    if not right_is_free(text, end):
        return None
    return Finding(start, end, US if digits[0] == "1" else INTERNATIONAL, FORMAT)


def _nanp(text: str, match: re.Match[str]) -> Finding | None:
    start, end = match.start(), _with_extension(text, match.end())
    if text[start] == "(" and ")" not in text[start:end]:
        return None
    if not _is_free(text, start, end) or _HOTLINE.match(text, start, end):
        return None
    gap = match["paren"] if match["paren"] is not None else match["gap"]
    marked = match["paren"] is not None or (gap in ("-", ".") and match["second"] == gap)
    if marked or text[start] == "+":
        return Finding(start, end, US, FORMAT)
    if announced(text, start, PHONE_WORDS):
        return Finding(start, end, US, CONTEXT)
    return None


def _announced(text: str, match: re.Match[str]) -> Finding | None:
    """Any 7 to 15 digits that the words directly before call a phone number."""
    start, end = match.start(), _with_extension(text, match.end())
    if not announced(text, start, PHONE_WORDS) or not _is_free(text, start, end):
        return None
    if text[start] == "1" and match.group().isdigit() and end - start >= 10:
        return None  # a mobile with a digit too few or too many
    if _DATE.match(text, start, end) or _HOTLINE.match(text, start, end):
        return None
    return Finding(start, end, INTERNATIONAL, CONTEXT)


def _with_extension(text: str, end: int) -> int:
    extension = _EXTENSION.match(text, end)
    return extension.end() if extension else end


def _is_free(text: str, start: int, end: int) -> bool:
    return (
        left_is_free(text, start)
        and right_is_free(text, end)
        and not is_money(text, start)
        and not announced(text, start, ORDER_WORDS)
    )
