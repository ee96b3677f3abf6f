"""Segments: a cover of the text whose closed pieces never change."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from trueline.text.segments import LONGEST, SHORTEST, segments

TEXT = st.lists(
    st.sampled_from(["word ", "。", "字", ". ", "!", "\n", "x" * 70, "一二三四五", "3.14 "]),
    max_size=120,
).map("".join)


@given(TEXT)
def test_segments_cover_the_text_without_gap_or_overlap(text: str) -> None:
    pieces = segments(text)

    assert [text[a:b] for a, b in pieces] == [text[a:b] for a, b in pieces if a < b]
    assert "".join(text[a:b] for a, b in pieces) == text
    assert all(one[1] == other[0] for one, other in pairwise(pieces))


@given(TEXT)
def test_segments_have_bounded_length(text: str) -> None:
    pieces = segments(text)

    assert all(end - start <= LONGEST for start, end in pieces)
    assert all(end - start >= SHORTEST for start, end in pieces[:-1])


@given(TEXT, TEXT)
def test_closed_segments_stay_the_same_whatever_follows(text: str, more: str) -> None:
    closed = segments(text)[:-1]

    after = segments(text + more)

    assert after[: len(closed)] == closed


def test_a_sentence_end_closes_a_long_enough_piece() -> None:
    text = "字" * 59 + "。" + "后面"

    assert segments(text) == [(0, 60), (60, 62)]
    assert segments("短。短。短。") == [(0, 6)]


def test_a_decimal_point_ends_no_sentence() -> None:
    text = "a" * 70 + "3.14 and more"

    assert segments(text) == [(0, len(text))]


def test_a_hard_cut_prefers_a_space() -> None:
    text = "a" * 200 + " " + "b" * 100

    assert segments(text) == [(0, 201), (201, 301)]
    assert segments("a" * 300) == [(0, 240), (240, 300)]
    assert segments("") == []
