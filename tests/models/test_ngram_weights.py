"""The compiled logits and those of numpy are the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.core.native import native_library
from trueline.models.hashing import MAX_PIECES, hash_pieces
from trueline.models.ngram_weights import NgramWeights

ODD = "a1９ xX@.-\t\u3000\x1c\x85\u2028中文，é\ud800\U0001f600"
FLOORS = [0.25, -1.0, *[1.0] * 11]
pieces = st.lists(
    st.one_of(st.text(max_size=50), st.text(alphabet=ODD, max_size=60)), min_size=1, max_size=8
)


def weights_for(texts: list[str]) -> NgramWeights:
    """Random weights for two thirds of the n-grams of some texts."""
    slots = np.unique(hash_pieces(texts).slots.astype(np.int64))
    rng = np.random.default_rng(5)
    kept = slots[rng.random(slots.size) < 0.67]
    kept = kept if kept.size else slots[:1]
    weights = rng.integers(-127, 128, (kept.size, 13)).astype(np.int8)
    scales, bias = rng.random((2, 13), np.float32)
    return NgramWeights(kept, weights, scales, bias)


def in_numpy(weights: NgramWeights) -> NgramWeights:
    weights._native = None
    return weights


@pytest.mark.skipif(native_library() is None, reason="installed without a C compiler")
@settings(deadline=None, max_examples=300)
@given(pieces)
def test_the_compiled_logits_equal_those_of_numpy(texts: list[str]) -> None:
    weights = weights_for(texts)

    compiled, hits = weights.logits(texts), weights.hits(texts, FLOORS)
    plain, plain_hits = in_numpy(weights).logits(texts), weights.hits(texts, FLOORS)

    assert [part.tolist() for part in compiled] == [part.tolist() for part in plain]
    assert hits == plain_hits


@pytest.mark.parametrize("native", [True, False])
def test_any_number_of_pieces_of_any_length_is_scored(native: bool) -> None:
    texts = ["", "word " * 5000, *[f"piece {n}" for n in range(MAX_PIECES + 3)]]
    weights = weights_for(texts[:1000])
    alone = [weights.logits([text])[0][0].tolist() for text in texts[:3]]

    logits, known = (weights if native else in_numpy(weights)).logits(texts)

    assert logits.shape == (len(texts), 13)
    assert known.shape == (len(texts),)
    assert logits[:3].tolist() == alone


@pytest.mark.parametrize("native", [True, False])
def test_no_pieces_have_no_logits(native: bool) -> None:
    weights = weights_for(["a"])

    logits, known = (weights if native else in_numpy(weights)).logits([])

    assert (logits.shape, known.shape) == ((0, 13), (0,))
