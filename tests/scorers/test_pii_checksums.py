"""Check digits against published examples and their defining property."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.scorers.checksums import iban_mod97, luhn, resident_id_check, uscc_check

DIGITS = st.text("0123456789", min_size=8, max_size=18)


@pytest.mark.parametrize(
    "card", ["4111111111111111", "5555555555554444", "378282246310005", "6200000000000005"]
)
def test_published_test_cards_pass_luhn(card: str) -> None:
    assert luhn(card)


@settings(deadline=None)
@given(DIGITS, st.integers(0, 17), st.integers(1, 9))
def test_luhn_notices_every_single_wrong_digit(body: str, place: int, shift: int) -> None:
    card = next(body + d for d in "0123456789" if luhn(body + d))
    place %= len(card)
    wrong = str((int(card[place]) + shift) % 10)

    assert not luhn(card[:place] + wrong + card[place + 1 :])


def test_the_example_of_the_resident_id_standard_has_its_check_character() -> None:
    assert resident_id_check("11010519491231002") == "X"
    assert resident_id_check("44052418800101001") == "4"


def test_the_example_of_the_credit_code_standard_has_its_check_character() -> None:
    assert uscc_check("91350100M000100Y4") == "3"


@pytest.mark.parametrize(
    "iban", ["GB82WEST12345698765432", "DE89370400440532013000", "FR1420041010050500013M02606"]
)
def test_registry_examples_of_ibans_leave_one(iban: str) -> None:
    assert iban_mod97(iban)
    assert not iban_mod97(iban[:-1] + ("1" if iban[-1] != "1" else "2"))
