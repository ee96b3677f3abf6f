"""Stand-ins for personal values: same format, right check digits, ranges nobody was given.

A surrogate is a function of the key and the value alone, so one value keeps one surrogate in
every document, batch and run, and two parties with the same key agree. Without the key it
cannot be followed back. A value that already is a surrogate stays as it is.

| label | surrogate | why nobody has it |
|---|---|---|
| cn_mobile | 154… | segment 154 is unassigned (numbering plan of 2017 and later notices) |
| cn_landline | area code kept, number begins with 1 | subscriber numbers begin with 2 to 8 |
| cn_resident_id | born 1800 to 1849, right check character | the numbers exist since 1984 |
| bank_card | 9999…, right Luhn digit | ISO/IEC 7812: 9 and a country code; 999 is no country |
| cn_uscc | region 83, right check character | 83 is for residence permits, not organisations |
| cn_plate | office letter I | GA 36 leaves out I |
| cn_passport | EI… | I and O are not in the series |
| us_ssn | 666-… | SSA never assigns area 666 |
| us_phone | …-555-01xx | NANPA keeps 555-0100 to 0199 for fiction |
| uk_nino | QQ… | HMRC: Q is never a first letter |
| iban | check digits 99, 00 or 01 | ISO 13616 gives 02 to 98; these satisfy MOD 97 all the same |
| ip_address | 240.0.0.0/4; 2001:db8::/32 | RFC 1112 reserves the one, RFC 3849 documents the other |
| mac_address | fe:00:5e:… | locally administered: no maker's |
| email | …@example.com, .net, .org | RFC 2606 |
| person_name | 张甲乙; Robin Alderquill | placeholder characters; made-up family names |

us_phone has 100 numbers an area code, so distinct numbers may meet in one surrogate. The other
kinds (birth dates, addresses, accounts, coordinates, other passports, permits and phones) have
no range that is free for sure: they get the keyed hash instead.

    >>> surrogate(b"key", "cn_mobile", "138-0013-8000")[:3], surrogate(b"key", "us_ssn", "375-62-7300")[:4]
    ('154', '666-')
    >>> surrogate(b"key", "cn_mobile", "+86 13800138000")[4:] == (
    ...     surrogate(b"key", "cn_mobile", "138-0013-8000").replace("-", ""))
    True
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable

from trueline.curate.surrogate_names import english_name, han_name, is_made_up
from trueline.scorers.checksums import iban_mod97, luhn, resident_id_check, uscc_check
from trueline.scorers.cn_regions import PLATE_PROVINCES

_NOT_ALNUM = re.compile(r"[^0-9A-Za-z]")
_NOT_DIGIT = re.compile(r"[^0-9]")
_SEPARATOR = re.compile(r"[ ·•・.\-()/–+]")
# Kinds that people write with and without separators.
_SPACED = frozenset(
    (
        "cn_landline",
        "cn_resident_id",
        "bank_card",
        "cn_uscc",
        "cn_plate",
        "cn_passport",
        "us_ssn",
        "us_phone",
        "intl_phone",
        "uk_nino",
        "iban",
        "passport",
        "cn_hk_macao_permit",
        "cn_taiwan_permit",
    )
)
_COUNTRY = re.compile(r"(?:\+|00)?\(?(?:\+|00)?86\)?[ \-]?(?=1)")
_EXTENSION = re.compile(r"(?:-|转| ?ext(?:ension)?\.? ?| ?x ?)[0-9]{1,6}$", re.IGNORECASE)
_AREA = re.compile(
    r"(?P<area>(?:(?:\+|00)86[ \-]?(?:\(0\))?0?|\(?0)(?:10|2[0-9]|[3-9][0-9]{2})\)?[ \-]{0,2})(?P<rest>.+)$"
)
_PROVINCES = (
    "11",
    "12",
    "13",
    "21",
    "31",
    "32",
    "33",
    "37",
    "41",
    "42",
    "43",
    "44",
    "50",
    "51",
    "61",
)
_MAIL = re.compile(r"t[a-z2-7]{12}@example\.(?:com|net|org)")
_LETTERS = "abcdefghijklmnop"
_MAIL_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_NAME = re.compile(r"[A-Za-z]")


class _Draws:
    """Numbers that depend on key, label and value only."""

    def __init__(self, key: bytes, label: str, value: str) -> None:
        digest = keyed_digest(key, label, value)
        self._left = int.from_bytes(digest + hashlib.sha256(digest).digest(), "big")

    def below(self, limit: int) -> int:
        """The next number, 0 to `limit` - 1."""
        self._left, number = divmod(self._left, limit)
        return number

    def digits(self, count: int) -> str:
        return "".join(str(self.below(10)) for _ in range(count))

    def pick(self, options: str) -> str:
        return options[self.below(len(options))]


def keyed_digest(key: bytes, label: str, value: str) -> bytes:
    """HMAC-SHA256 of a value's canonical form under its label."""
    message = f"{label}\0{canonical(label, value)}".encode("utf-8", "surrogatepass")
    return hmac.digest(key, message, "sha256")


def keyed_token(key: bytes, label: str, value: str) -> str:
    """`[LABEL:...]` with 16 letters (64 bits) of the keyed digest; no digit, so no number."""
    digest = keyed_digest(key, label, value)[:8]
    letters = "".join(_LETTERS[byte >> 4] + _LETTERS[byte & 15] for byte in digest)
    return f"[{label.upper()}:{letters}]"


def canonical(label: str, value: str) -> str:
    """What two spellings of one value share.

    >>> canonical("cn_mobile", "+86 138-0013-8000"), canonical("email", "A.B@X.org")
    ('13800138000', 'a.b@x.org')
    """
    if label == "cn_mobile":
        return _NOT_DIGIT.sub("", _COUNTRY.sub("", value, count=1))
    if label in _SPACED:
        return _SEPARATOR.sub("", value).upper()
    return " ".join(value.casefold().split())


def surrogate(key: bytes, label: str, value: str) -> str:
    """The stand-in of a value; a keyed token for kinds without a free range."""
    make = _MAKERS.get(label)
    made = make(_Draws(key, label, value), value) if make else None
    return keyed_token(key, label, value) if made is None else made


def _filled(value: str, characters: str) -> str | None:
    """`value` with its letters and digits replaced in order; None when the numbers differ."""
    places = [n for n, c in enumerate(value) if c.isascii() and c.isalnum()]
    if len(places) != len(characters):
        return None
    result = list(value)
    for place, character in zip(places, characters, strict=True):
        result[place] = character
    return "".join(result)


def _cn_mobile(draws: _Draws, value: str) -> str | None:
    country = _COUNTRY.match(value)
    head = country.group() if country else ""
    number = value[len(head) :]
    if len(_NOT_DIGIT.sub("", number)) != 11:
        return None
    if number.startswith("154"):
        return value
    made = _filled(number, "154" + draws.digits(8))
    return None if made is None else head + made


def _cn_landline(draws: _Draws, value: str) -> str | None:
    bare = _EXTENSION.sub("", value)
    match = _AREA.match(bare)
    if match is None:
        return None
    rest = match["rest"]
    if rest[0] == "1":
        return value
    made = _filled(rest, "1" + draws.digits(len(_NOT_DIGIT.sub("", rest)) - 1))
    return None if made is None else match["area"] + made + value[len(bare) :]


def _cn_resident_id(draws: _Draws, value: str) -> str | None:
    number = _NOT_ALNUM.sub("", value)
    if len(number) != 18:
        return None
    if number[6:8] == "18" and number[8:10] < "50":
        return value
    province = _PROVINCES[draws.below(len(_PROVINCES))]
    birth = f"{1800 + draws.below(50)}{1 + draws.below(12):02d}{1 + draws.below(28):02d}"
    body = province + f"{1 + draws.below(20):02d}{1 + draws.below(30):02d}" + birth
    body += draws.digits(3)
    return _filled(value, body + resident_id_check(body))


def _bank_card(draws: _Draws, value: str) -> str | None:
    number = _NOT_DIGIT.sub("", value)
    if number.startswith("9999"):
        return value
    body = "9999" + draws.digits(len(number) - 5)
    return _filled(value, next(body + d for d in "0123456789" if luhn(body + d)))


def _cn_uscc(draws: _Draws, value: str) -> str | None:
    code = value.upper()
    if code[2:4] == "83":
        return value
    body = f"9183{draws.digits(4)}{draws.digits(9)}"
    return _filled(value, body + uscc_check(body))


def _cn_plate(draws: _Draws, value: str) -> str | None:
    if value[1:2].upper() == "I":
        return value
    body = [draws.pick("ABCDEFGHJKLMNPQRSTUVWXYZ") if c.isalpha() and c.isascii() else
            draws.pick("0123456789") if c.isdigit() else c for c in value[2:]]  # fmt: skip
    return draws.pick(PLATE_PROVINCES) + "I" + "".join(body)


def _cn_passport(draws: _Draws, value: str) -> str | None:
    if value[:2].upper() == "EI":
        return value
    return "EI" + draws.digits(7) if len(value) == 9 else None


def _us_ssn(draws: _Draws, value: str) -> str | None:
    if value.startswith("666"):
        return value
    return _filled(value, f"666{1 + draws.below(98):02d}{1 + draws.below(9998):04d}")


def _us_phone(draws: _Draws, value: str) -> str | None:
    bare = _EXTENSION.sub("", value) if len(_NOT_DIGIT.sub("", value)) > 11 else value
    digits = _NOT_DIGIT.sub("", bare)
    if len(digits) not in (10, 11):
        return None
    head, local = digits[:-10], digits[-10:]
    if local[3:8] == "55501":
        return bare
    area = f"{2 + draws.below(8)}{draws.below(9)}{draws.below(10)}"
    return _filled(bare, f"{head}{area}55501{draws.digits(2)}")


def _uk_nino(draws: _Draws, value: str) -> str | None:
    if value.startswith("QQ"):
        return value
    return _filled(value, "QQ" + draws.digits(6) + draws.pick("ABCD"))


def _iban(draws: _Draws, value: str) -> str | None:
    code = _NOT_ALNUM.sub("", value).upper()
    if code[2:4] in ("99", "00", "01"):
        return value
    while True:  # three bodies in 97 have such check digits
        body = draws.digits(len(code) - 4)
        for check in ("99", "00", "01"):
            if iban_mod97(code[:2] + check + body):
                return _filled(value, code[:2] + check + body)
        draws = _Draws(b"", "iban", body)


def _ip_address(draws: _Draws, value: str) -> str | None:
    if ":" in value:
        if value.lower().startswith("2001:db8:"):
            return value
        return "2001:db8:" + ":".join(f"{4096 + draws.below(61440):x}" for _ in range(6))
    if 240 <= int(value.partition(".")[0]) <= 254:
        return value
    return f"{240 + draws.below(15)}.{draws.below(256)}.{draws.below(256)}.{draws.below(256)}"


def _mac_address(draws: _Draws, value: str) -> str | None:
    gap = value[2]
    if value.lower().replace("-", ":").startswith("fe:00:5e:"):
        return value
    return gap.join(("fe", "00", "5e", *(f"{draws.below(256):02x}" for _ in range(3))))


def _email(draws: _Draws, value: str) -> str | None:
    if _MAIL.fullmatch(value):
        return value
    local = "".join(draws.pick(_MAIL_LETTERS) for _ in range(12))
    return f"t{local}@example.{('com', 'net', 'org')[draws.below(3)]}"


def _person_name(draws: _Draws, value: str) -> str | None:
    if is_made_up(value):
        return value
    return english_name(draws.below) if _NAME.match(value) else han_name(draws.below)


_MAKERS: dict[str, Callable[[_Draws, str], str | None]] = {
    "cn_mobile": _cn_mobile,
    "cn_landline": _cn_landline,
    "cn_resident_id": _cn_resident_id,
    "bank_card": _bank_card,
    "cn_uscc": _cn_uscc,
    "cn_plate": _cn_plate,
    "cn_passport": _cn_passport,
    "us_ssn": _us_ssn,
    "us_phone": _us_phone,
    "uk_nino": _uk_nino,
    "iban": _iban,
    "ip_address": _ip_address,
    "mac_address": _mac_address,
    "email": _email,
    "person_name": _person_name,
}
