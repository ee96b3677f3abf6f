"""Find documents whose numbers start with letters: passports, permits, IBAN, NINO.

    >>> coded_documents("护照号E46100330，转账到GB82WEST12345698765432")[1]
    Finding(start=16, end=38, label='iban', value=1.0)

References: ISO 13616 and the SWIFT IBAN registry (lengths); HMRC manual NIM39110 (NINO
prefixes); National Immigration Administration of China (series E, EA-EZ, G, D, P, S of
passports; C and W, H and M, L and T of travel permits); ICAO Doc 9303 (nine characters).
"""

from __future__ import annotations

import re

from trueline.scorers.checksums import iban_mod97
from trueline.scorers.findings import CHECKSUM, CONTEXT, FORMAT, Finding
from trueline.scorers.pii_context import (
    ORDER_WORDS,
    PASSPORT_WORDS,
    PERMIT_WORDS,
    announced,
)

# One or two letters, then two digits. The look-behind stands after the first letter so that
# the engine can skip to letters.
_START = re.compile(r"[A-Za-z](?<![0-9A-Za-z][A-Za-z])[A-Za-z]? ?[0-9]{2}")
_IBAN = re.compile(r"[A-Za-z]{2}[0-9]{2}(?: ?[A-Za-z0-9]){11,30}")
_NINO = re.compile(
    r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?P<gap>[ \-]?)[0-9]{2}(?P=gap)"
    r"[0-9]{2}(?P=gap)[0-9]{2}(?P=gap)[A-D](?![0-9A-Za-z])"
)
_CN_PASSPORT = re.compile(
    r"(?:[Ee](?:[0-9]{8}|[A-HJ-NP-Za-hj-np-z][0-9]{7})|[Gg][0-9]{8}|[DdSsPp][Ee]?[0-9]{7,8}"
    r"|[Mm][Aa][0-9]{7}|[KkHh][A-Za-z]?[0-9]{8}|[Kk][A-Za-z]?[0-9]{7})(?![0-9A-Za-z])"
)
# Readable on its own: the two series in use since 2012 carry eight digits after E or G.
_CN_PASSPORT_ALONE = re.compile(r"E[A-HJ-NP-Z0-9][0-9]{7}|G[0-9]{8}")
_PASSPORT = re.compile(r"[A-Za-z]{1,2} ?[0-9]{6,8}(?![0-9A-Za-z])")
_HK_MACAO = re.compile(
    r"(?:[CcWw](?:[0-9]{8}|[A-HJ-NP-Za-hj-np-z][0-9]{7})|[HhMm](?:[0-9]{10}|[0-9]{8}))"
    r"(?![0-9A-Za-z])"
)
_TAIWAN = re.compile(r"[LlTt][0-9]{8}(?![0-9A-Za-z])")
_IBAN_LENGTHS = {
    country: int(length)
    for length, countries in {
        "15": "NO",
        "16": "BE",
        "18": "DK FO FI GL NL SD FK",
        "19": "MK SI",
        "20": "AT BA EE KZ LT LU XK MN",
        "21": "CH HR LI LV",
        "22": "BG BH CR DE GB GE IE ME RS VA",
        "23": "AE GI IL IQ TL OM SO",
        "24": "AD CZ ES MD PK RO SA SE SK TN VG",
        "25": "LY PT ST",
        "26": "IS TR",
        "27": "BI DJ FR GR IT MC MR SM",
        "28": "AL AZ BY CY DO GT HU LB PL SV NI",
        "29": "BR EG PS QA UA",
        "30": "JO KW MU YE",
        "31": "MT SC",
        "32": "LC",
        "33": "RU",
    }.items()
    for country in countries.split()
}
_ALNUM = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def coded_documents(text: str) -> list[Finding]:
    """Every document number of the text that starts with one or two letters."""
    found: list[Finding] = []
    for match in _START.finditer(text):
        start = match.start()
        finding = _iban(text, start) or _nino(text, start) or _travel_document(text, start)
        if finding:
            found.append(finding)
    return found


def _iban(text: str, start: int) -> Finding | None:
    length = _IBAN_LENGTHS.get(text[start : start + 2].upper())
    match = _IBAN.match(text, start) if length else None
    if match is None or length is None:
        return None
    kept = 0
    end = start
    while kept < length and end < match.end():
        kept += text[end] != " "
        end += 1
    if kept < length or text[end : end + 1] in _ALNUM:
        return None
    if iban_mod97(text[start:end].replace(" ", "").upper()):
        return Finding(start, end, "iban", CHECKSUM)
    return None


def _nino(text: str, start: int) -> Finding | None:
    match = _NINO.match(text, start)
    return Finding(start, match.end(), "uk_nino", FORMAT) if match else None


def _travel_document(text: str, start: int) -> Finding | None:
    if announced(text, start, ORDER_WORDS):
        return None
    if match := _HK_MACAO.match(text, start):
        if announced(text, start, PERMIT_WORDS):
            return Finding(start, match.end(), "cn_hk_macao_permit", FORMAT)
    elif (match := _TAIWAN.match(text, start)) and announced(text, start, PERMIT_WORDS):
        return Finding(start, match.end(), "cn_taiwan_permit", FORMAT)
    if match := _CN_PASSPORT.match(text, start):
        if announced(text, start, PASSPORT_WORDS):
            return Finding(start, match.end(), "cn_passport", FORMAT)
        if _CN_PASSPORT_ALONE.match(text, start):
            return Finding(start, match.end(), "cn_passport", CONTEXT)
    if (match := _PASSPORT.match(text, start)) and announced(text, start, PASSPORT_WORDS):
        return Finding(start, match.end(), "passport", CONTEXT)
    return None
