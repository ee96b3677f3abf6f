"""What an attack may change and how: units, spellings, random changes."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.assess.robustness.random_changes import noisy, randomly_rewritten
from trueline.assess.robustness.substitutions import (
    ATTACKS,
    MOST_VARIANTS,
    ZERO_WIDTH,
    common_characters,
    variants,
)
from trueline.assess.robustness.units import Unit, replaced, units
from trueline.text.normalize import normalize
from trueline.text.pinyin import pinyin_of

TEXT = st.text(st.sampled_from("abcXYZé 的手机立即购买0,。'\u200b𠮷"), max_size=40)


def chinese(text: str) -> Unit:
    return Unit(0, len(text), text, chinese=True)


def english(text: str) -> Unit:
    return Unit(0, len(text), text, chinese=False)


@given(TEXT)
def test_units_are_parts_of_the_text_in_order(text: str) -> None:
    found = units(text)

    assert [text[unit.start : unit.end] for unit in found] == [unit.text for unit in found]
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert replaced(text, found, {k: unit.text for k, unit in enumerate(found)}) == text


def test_chinese_is_split_by_known_words_and_never_by_spaces() -> None:
    assert [unit.text for unit in units("他立即购买了2部手机, don't wait")] == [
        "他", "立即", "购买", "了", "部", "手机", "don't", "wait",
    ]  # fmt: skip


@given(st.sampled_from(list(ATTACKS)), TEXT, st.integers(0, 5))
def test_a_way_to_write_a_unit_is_never_its_own(attack: str, text: str, seed: int) -> None:
    for unit in units(text):
        ways = variants(attack, unit, Random(seed))

        assert unit.text not in ways
        assert len(ways) == len(set(ways)) <= MOST_VARIANTS
        assert ways == variants(attack, unit, Random(seed))


def test_pinyin_reads_as_the_word_sounds() -> None:
    assert variants("pinyin", chinese("购买"), Random(0)) == ["goumai", "gm"]
    assert variants("pinyin", english("buy"), Random(0)) == []


def test_a_homophone_sounds_the_same_and_is_a_common_character() -> None:
    for way in variants("homophone", chinese("账"), Random(0)):
        assert pinyin_of(way) == pinyin_of("账")
        assert way in common_characters()
    assert variants("homophone", english("Their"), Random(0)) == ["There"]


def test_look_alikes_in_english_are_read_back_by_normalization() -> None:
    ways = variants("homoglyph", english("password"), Random(3))

    assert ways
    assert not any(way.isascii() for way in ways)
    assert {normalize(way).folded.text for way in ways} == {"password"}


def test_look_alikes_in_chinese_have_a_similar_shape_or_are_traditional() -> None:
    assert {"己", "巳"} <= set(variants("homoglyph", chinese("已"), Random(0)))
    assert "買" in variants("homoglyph", chinese("买"), Random(0))


def test_zero_width_characters_change_nothing_one_sees() -> None:
    for way in variants("zero_width", english("free"), Random(0)):
        assert "".join(c for c in way if c not in ZERO_WIDTH) == "free"


def test_swapping_keeps_first_and_last_letter_of_english_words() -> None:
    assert variants("swap", english("word"), Random(0)) == ["wrod"]
    assert variants("swap", english("the"), Random(0)) == []
    assert variants("swap", chinese("购买"), Random(0)) == ["买购"]


def test_a_typing_error_hits_a_neighbouring_key() -> None:
    ways = {way for seed in range(200) for way in variants("typo", english("aaa"), Random(seed))}

    assert {c for way in ways if len(way) == 3 for c in way} == set("aqwsz")


def test_a_chinese_typing_error_picks_a_near_sound() -> None:
    near = {
        pinyin_of(way)
        for seed in range(40)
        for way in variants("typo", chinese("张"), Random(seed))
    }

    assert near == {"zang", "zhan"}


def test_there_are_as_many_common_characters_as_the_standard_has() -> None:
    assert len(common_characters()) == 3755


@given(TEXT, st.sampled_from(list(ATTACKS)), st.integers(0, 3))
def test_random_changes_touch_about_their_share_of_units(text: str, attack: str, seed: int) -> None:
    changed = randomly_rewritten(text, attack, Random(seed), share=0.2)

    applicable = any(variants(attack, unit, Random(seed)) for unit in units(text))
    if changed is None:
        assert attack in ("homophone", "typo", "homoglyph") or not applicable
    else:
        assert changed != text


@given(TEXT)
def test_noise_without_a_rate_changes_nothing_and_spares_digits(text: str) -> None:
    assert noisy(text, 0.0, Random(1)) == text
    kept = [c for c in noisy(text, 1.0, Random(1)) if not c.isalpha()]
    assert kept == [c for c in text if not c.isalpha()]


@pytest.mark.parametrize("rate", [0.05, 0.3])
def test_noise_touches_its_share_of_characters(rate: float) -> None:
    text = "甲" * 4000

    touched = sum(a != b for a, b in zip(text, noisy(text, rate, Random(0)), strict=False))

    # A quarter is replaced; what is left out, doubled or swapped shows nothing among equals.
    assert touched == pytest.approx(4000 * rate / 4, rel=0.3)
