"""The hash turns a piece into the set of its n-grams, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.models.hashing import (
    MAX_ORDER,
    MAX_PIECES,
    SLOT_COUNT,
    hash_ngrams,
    hash_pieces,
    padded,
)

pieces = st.lists(st.text(max_size=40), min_size=1, max_size=6)


@settings(deadline=None)
@given(pieces)
def test_pieces_hashed_together_equal_pieces_hashed_alone(texts: list[str]) -> None:
    together = hash_pieces(texts)

    for number, text in enumerate(texts):
        start = together.starts[number]
        ours = together.slots[start : start + together.counts[number]]
        assert ours.tolist() == hash_pieces([text]).slots.tolist()


@settings(deadline=None)
@given(st.text(max_size=60))
def test_the_slots_of_a_piece_are_those_of_its_distinct_ngrams(text: str) -> None:
    grams = hash_ngrams(text)
    whole = padded(text)
    digits_read_alike = "".join("0" if "0" <= c <= "9" else c for c in whole)

    spelled = {
        (order, digits_read_alike[begin : begin + order])
        for begin, order in zip(grams.begins.tolist(), grams.orders.tolist(), strict=True)
    }
    by_spelling = {
        digits_read_alike[begin : begin + order]: slot
        for begin, order, slot in zip(
            grams.begins.tolist(), grams.orders.tolist(), grams.slots.tolist(), strict=True
        )
    }

    assert hash_pieces([text]).slots.tolist() == sorted(set(grams.slots.tolist()))
    assert len(spelled) == len(by_spelling)
    assert len(grams.slots) == sum(max(0, len(whole) - n + 1) for n in range(1, MAX_ORDER + 1))


@pytest.mark.parametrize(
    ("piece", "read"),
    [
        ("mail ann@example.org please", " mail please "),
        ("id 11010519491231002x ok", " id 1101 ok "),
        ("号码13800138000谢谢", " 号码1380 谢谢 "),
        ("in 2026 we met @ noon", " in 2026 we met @ noon "),
    ],
)
def test_values_of_a_person_are_left_out(piece: str, read: str) -> None:
    assert padded(piece) == read


def test_different_ngrams_rarely_share_a_slot() -> None:
    words = [f"{a}{b}{c}" for a in "abcdefghij" for b in "klmnopqrst" for c in "uvwxyz一二三四"]

    slots = {
        tuple(hash_ngrams(word).slots[hash_ngrams(word).orders == 3].tolist()) for word in words
    }

    assert len(slots) == len(words)


def test_slots_spread_evenly() -> None:
    rng = np.random.default_rng(3)
    texts = ["".join(map(chr, rng.integers(0x4E00, 0x9FA5, 200))) for _ in range(200)]

    slots = hash_pieces(texts).slots
    buckets = np.bincount(slots.astype(np.int64) * 64 // SLOT_COUNT, minlength=64)

    assert buckets.min() > 0.9 * buckets.mean()
    assert buckets.max() < 1.1 * buckets.mean()


@pytest.mark.parametrize(
    ("one", "other"),
    [("call 12 now", "call 98 now"), ("a  b\n c", " a b c "), ("１", "１")],
)
def test_digits_and_white_space_are_read_alike(one: str, other: str) -> None:
    assert hash_pieces([one]).slots.tolist() == hash_pieces([other]).slots.tolist()


def test_letter_order_matters() -> None:
    assert hash_pieces(["ab"]).slots.tolist() != hash_pieces(["ba"]).slots.tolist()


@pytest.mark.parametrize("text", ["", " ", "\ud800", "\x00", "😀" * 3])
def test_odd_texts_have_slots_too(text: str) -> None:
    assert hash_pieces([text]).counts.tolist()[0] >= 1


def test_no_pieces_give_no_slots() -> None:
    assert hash_pieces([]).slots.size == 0


def test_too_many_pieces_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 1024 pieces at once, got 1025"):
        hash_pieces([""] * (MAX_PIECES + 1))
