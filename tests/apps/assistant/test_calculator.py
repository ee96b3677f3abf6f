"""Sums and conversions: exact, bounded, and never an exception."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.apps.assistant.calculator import calculate, convert, show


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2+2", "4"),
        ("What is 12 times 7?", "84"),
        ("calculate 2 + 3 * 4", "14"),
        ("(2 + 3) * 4 =", "20"),
        ("10 / 4", "2.5"),
        ("10 / 3", "3.3333"),
        ("2^10", "1024"),
        ("-3 + 5", "2"),
        ("0.1 + 0.2", "0.3"),
        ("20% of 150", "30"),
        ("17 % 5", "2"),
        ("1,000 + 1", "1001"),
        ("3加5乘以2等于几", "13"),
        ("请帮我算一下 100 除以 8", "12.5"),
        ("（1+2）×3＝", None),
        ("（1+2）×3等于多少？", "9"),
        ("150的20%是多少", "30"),
        ("1 / 0", None),
        ("9^9^9", None),
        ("(((1", None),
        ("1 +", None),
        ("hello", None),
        ("2024", None),
        ("", None),
    ],
)
def test_a_sum_has_the_value_a_person_expects(text: str, value: str | None) -> None:
    assert calculate(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10 km in miles", "6.2137 mi"),
        ("5 miles to km", "8.0467 km"),
        ("100 公斤是多少磅", "220.4623 lb"),
        ("2 斤等于多少公斤", "1 kg"),
        ("100 celsius in fahrenheit", "212 °F"),
        ("98.6 f to c", "37 °C"),
        ("37 摄氏度是多少华氏度", "98.6 °F"),
        ("10 km in kg", None),
        ("how many km", None),
    ],
)
def test_a_quantity_is_converted(text: str, value: str | None) -> None:
    assert convert(text) == value


@given(a=st.integers(-999, 999), b=st.integers(-999, 999), c=st.integers(1, 999))
def test_sums_agree_with_exact_arithmetic(a: int, b: int, c: int) -> None:
    assert calculate(f"{a} + {b} * ({c} - {a}) / {c}") == show(Fraction(b * (c - a), c) + a)


@given(st.text(alphabet="0123456789+-*/^()%. x加减乘除的等于几?", max_size=300))
def test_no_text_brings_it_down(text: str) -> None:
    calculate(text)
    convert(text)


@pytest.mark.parametrize("text", ["-" * 100_000, "(" * 100_000, "9" * 100_000, "=?" * 100_000])
def test_long_texts_are_no_sums(text: str) -> None:
    assert calculate(text) is None
