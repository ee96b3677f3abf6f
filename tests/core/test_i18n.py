"""Which of the two languages a reader wants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.core.i18n import LANGUAGES, known_language, pick, preferred


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr, de;q=0.9", "en"),
        ("en;q=0.2, zh-Hant-TW;q=0.7", "zh"),
        ("en;q=0, zh;q=0.1", "zh"),
        ("zh;q=bad, en;q=0.1", "en"),
        ("", "en"),
        ("*", "en"),
    ],
)
def test_the_language_asked_for_first_wins(header: str, language: str) -> None:
    assert preferred(header) == language


@given(st.text())
def test_any_header_gives_one_of_the_two(header: str) -> None:
    assert preferred(header) in LANGUAGES


@pytest.mark.parametrize(
    ("name", "language"),
    [("zh_CN", "zh"), ("EN-us", "en"), ("zhx", None), ("", None), (None, None)],
)
def test_a_language_is_known_by_its_primary_name(name: str | None, language: str | None) -> None:
    assert known_language(name) == language


def test_a_text_is_picked_and_english_stands_in() -> None:
    assert pick({"zh": "拦截", "en": "block"}, "zh") == "拦截"
    assert pick({"zh": "拦截", "en": "block"}, "fr") == "block"
    assert pick({"zh": "拦截"}, "en") == "拦截"
    assert pick({}, "en") == ""
