"""Check digits of cards, identity numbers, company codes and bank accounts.

    >>> luhn("4111111111111111"), iban_mod97("GB82WEST12345698765432")
    (True, True)
    >>> resident_id_check("11010519491231002") + uscc_check("91350100M000100Y4")
    'X3'

References: ISO/IEC 7812-1 annex B (Luhn), GB 11643-1999 (ISO 7064 MOD 11-2), GB 32100-2015
(MOD 31-3), ISO 13616 (MOD 97-10).
"""

from __future__ import annotations

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_CHECKS = "10X98765432"
# GB 32100 leaves out I, O, S, V and Z.
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_VALUES = {character: value for value, character in enumerate(USCC_ALPHABET)}
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def luhn(digits: str) -> bool:
    """True when the last of the ASCII `digits` is the Luhn check digit of the others."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = ord(digit) - 48
        total += _DOUBLED[value] if index % 2 else value
    return total % 10 == 0


def resident_id_check(body: str) -> str:
    """Check character (0-9 or X) of the first 17 digits of a resident identity number."""
    total = sum(w * (ord(d) - 48) for w, d in zip(_RESIDENT_WEIGHTS, body, strict=True))
    return _RESIDENT_CHECKS[total % 11]


def uscc_check(body: str) -> str:
    """Check character of the first 17 characters of a unified social credit code.

    Raises:
        KeyError: when a character is outside the alphabet of GB 32100.
    """
    total = sum(w * _USCC_VALUES[c] for w, c in zip(_USCC_WEIGHTS, body, strict=True))
    return USCC_ALPHABET[(31 - total % 31) % 31]


def iban_mod97(iban: str) -> bool:
    """True when the upper-case alphanumeric `iban` leaves 1 modulo 97, as ISO 13616 asks."""
    digits = "".join(str(int(c, 36)) for c in iban[4:] + iban[:4])
    return int(digits) % 97 == 1
