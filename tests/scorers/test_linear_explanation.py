"""The classifier's logit taken apart: nothing is left over, and every part has its place."""

from __future__ import annotations

import base64
import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.core.records import Context
from trueline.models.hashing import padded
from trueline.models.linear import load_linear
from trueline.scorers.linear import LinearScorer
from trueline.scorers.linear_explanation import SegmentExplanation, explain_segments
from trueline.text.normalize import normalize

RUDE = "You are a stupid, useless idiot and nobody likes you at all."
texts = st.one_of(
    st.text(max_size=80),
    st.lists(
        st.sampled_from(["idiot", "你这个", "kill", "13800138000", "a@b.com", " ", "\u3000", "，",
                         "WORD", "x" * 9, "123456x", "\ud800"]),
        max_size=12,
    ).map("".join),
)  # fmt: skip


def explained(text: str, label: str = "toxicity") -> list[SegmentExplanation]:
    return explain_segments(LinearScorer(), normalize(text), label)


@given(piece=texts, head=st.integers(0, len(load_linear().heads) - 1))
def test_the_steps_add_up_to_the_logit_bit_for_bit(piece: str, head: int) -> None:
    model = load_linear()

    weights = model.piece_weights(piece, head)

    logits, _ = model.logits([piece])
    assert weights.logit == float(logits[0, head])
    assert weights.total * weights.unit + float(weights.bias) == pytest.approx(
        weights.logit, abs=1e-4
    )


@given(text=texts)
def test_ngrams_and_characters_leave_nothing_over(text: str) -> None:
    for found in explained(text):
        assert found.logit == found.model_logit
        assert found.bias + found.raised + found.lowered == pytest.approx(found.logit, abs=1e-4)
        assert found.bias + sum(found.characters) == pytest.approx(found.logit, abs=1e-4)
        assert len(found.characters) == max(found.span.end - found.span.start, 1)
        for ngram in found.ngrams:
            assert ngram.weight == ngram.steps * found.unit
            for span in ngram.spans:
                assert found.span.start <= span.start <= span.end <= found.span.end


def test_a_word_stands_where_it_was_written_however_it_was_disguised() -> None:
    text = "You are a stupid ｉｄｉ\u200bｏｔ and nobody likes you."

    ngrams = {ngram.text: ngram for ngram in explained(text)[0].ngrams}

    (span,) = ngrams["idiot"].spans
    assert text[span.start : span.end] == "ｉｄｉ\u200bｏｔ"


def test_an_ngram_met_twice_counts_once_and_has_both_places() -> None:
    once, twice = explained("you idiot")[0], explained("you idiot idiot")[0]

    first = next(ngram for ngram in once.ngrams if ngram.text == "idiot")
    second = next(ngram for ngram in twice.ngrams if ngram.text == "idiot")
    assert first.steps == second.steps
    assert (len(first.spans), len(second.spans)) == (1, 2)


@pytest.mark.parametrize(
    ("hidden", "reading"),
    [
        (base64.b64encode(RUDE.encode()).decode(), "base64"),
        (codecs.encode(RUDE, "rot13"), "rot13"),
    ],
)
def test_a_hidden_text_is_explained_as_it_was_read(hidden: str, reading: str) -> None:
    scorer, text = LinearScorer(), normalize(hidden)
    score = max(scorer.score(text, Context()), key=lambda s: s.value)

    found = explain_segments(scorer, text, score.label, score.spans[0])

    best = next(one for one in found if one.value == score.value)
    assert best.reading == reading
    assert best.logit == best.model_logit
    assert "idiot" in {ngram.text.strip() for ngram in best.ngrams}


def test_reversed_letters_stand_where_they_were_written() -> None:
    found = next(one for one in explained(RUDE[::-1]) if one.reading == "reversed")

    ngram = next(ngram for ngram in found.ngrams if ngram.text == "idiot")
    (span,) = ngram.spans
    assert RUDE[::-1][span.start : span.end] == "toidi"


def test_an_unknown_label_and_an_empty_text_have_no_explanation() -> None:
    assert explained("idiot", "no such head") == []
    assert explained("") == []


def test_values_left_out_of_the_hash_have_no_part() -> None:
    text = "you idiot, write to ann.lee@example.com"
    found = explained(text)[0]

    assert padded(text) == " you idiot, write to "
    at = text.index("ann") - found.span.start
    assert found.characters[at + 2 : at + 10] == (0.0,) * 8


@given(value=st.floats(0.001, 1.2))
def test_the_logit_at_a_value_is_the_first_that_reaches_it(value: float) -> None:
    for head in load_linear().heads:
        for language in ("zh", "en"):
            needed = head.ladder.logit_at(value, language)
            if needed == float("inf"):
                assert value > head.ladder.values[-1]
                continue
            assert head.ladder.value(needed + 1e-6, language) >= value - 1e-6
            assert head.ladder.value(needed - 1e-3, language) < value
