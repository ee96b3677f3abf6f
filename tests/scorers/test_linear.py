"""The classifier finds harm segment by segment, however a text is cut, hidden or streamed."""

from __future__ import annotations

import base64
import codecs
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.core.records import Context, Score
from trueline.models.hashing import hash_pieces
from trueline.models.linear import Head, Ladder, LinearModel, load_linear, read_linear, save_linear
from trueline.scorers.base import Scorer
from trueline.scorers.linear import LOWEST_VALUE, LinearScorer
from trueline.text.normalize import normalize
from trueline.text.segments import segments

CONTEXT = Context()
WORD = "zorbleflix"
CALM = "The library opens at nine and the reading room is on the second floor of the house."
LADDER = Ladder(
    budgets=(0.1, 0.01, 0.001, 0.0),
    values=(0.1, 0.4, 0.7, 0.95),
    zh=(0.0, 1.0, 2.0, 4.0),
    en=(0.0, 1.0, 2.0, 4.0),
)
ORDINARY = (
    "Where can I buy a train ticket to Beijing?",
    "我想预订一张明天去上海的火车票。",
    "My bank card was declined at the shop, what should I do?",
    "快递员说包裹放在门口了，你下班记得拿。",
    "The patient was given two tablets of aspirin after the operation.",
    "How do I kill a process that does not respond in Linux?",
    "第一百二十条 当事人应当按照约定全面履行自己的义务。",
    "def add(a, b):\n    return a + b",
)


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> LinearScorer:
    """Knows one made-up word, and a calm sentence as harmless."""
    bad = hash_pieces([WORD]).slots.astype(np.int64)
    good = np.setdiff1d(hash_pieces([CALM]).slots.astype(np.int64), bad)
    kept = np.union1d(bad, good)
    weights = np.where(np.isin(kept, bad), 9.0, -1.0).astype(np.float32)[:, None]
    heads = (Head("made_up", "violence", "made_up", LADDER),)
    path: Path = tmp_path_factory.mktemp("model") / "model.bin"
    save_linear(path, heads, {"violence": {0.01: 0.01}}, kept, weights, np.zeros(1, np.float32), {})
    model: LinearModel = read_linear(path.read_bytes(), path.name)
    return LinearScorer(model)


@pytest.fixture(scope="module")
def bundled() -> LinearScorer:
    return LinearScorer()


def found(scorer: LinearScorer, text: str) -> list[Score]:
    return list(scorer.score(normalize(text), CONTEXT))


def test_it_keeps_the_scorer_contract(bundled: LinearScorer) -> None:
    assert isinstance(bundled, Scorer)
    assert bundled.name == "linear"
    assert bundled.reach == 0
    assert "violence" in bundled.categories


def test_a_known_word_is_found_with_its_segment(scorer: LinearScorer) -> None:
    text = f"{CALM} {WORD} {WORD}"

    scores = found(scorer, text)

    assert [(s.category, s.label, s.scorer) for s in scores] == [("violence", "made_up", "linear")]
    assert scores[0].value > 0.4
    (span,) = scores[0].spans
    assert WORD in text[span.start : span.end]
    assert "library" not in text[span.start : span.end]


def test_a_reason_names_the_head_and_never_quotes_the_text(scorer: LinearScorer) -> None:
    (score,) = found(scorer, WORD)

    assert score.reason == "classifier: made_up"


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_texts_stay_below_every_default_threshold(
    bundled: LinearScorer, text: str
) -> None:
    over = [
        (score.label, score.value)
        for score in found(bundled, text)
        if score.value >= bundled.threshold(score.category, score.label, 0.005)
    ]

    assert over == []


@pytest.mark.parametrize("text", ["", " ", "\n\n", "。", "\x00", "\ud800", "😀", "a" * 10])
def test_texts_with_nothing_to_read_score_nothing_high(bundled: LinearScorer, text: str) -> None:
    assert all(
        score.value < bundled.threshold(score.category, score.label, 0.005)
        for score in found(bundled, text)
    )


@settings(deadline=None)
@given(st.text(max_size=400))
def test_values_spans_and_labels_are_well_formed(text: str) -> None:
    bundled = LinearScorer()

    for score in bundled.score(normalize(text), CONTEXT):
        assert LOWEST_VALUE <= score.value <= 1
        assert score.category in bundled.categories
        assert len(score.spans) == 1
        assert 0 <= score.spans[0].start <= score.spans[0].end <= len(text)


sentences = st.lists(
    st.sampled_from([CALM, f"{WORD} {WORD} is here, they say.", "短句。", *ORDINARY]),
    min_size=1,
    max_size=8,
)


@settings(deadline=None)
@given(sentences, st.randoms())
def test_a_closed_segment_is_judged_the_same_whatever_follows(
    parts: list[str], chance: object
) -> None:
    bundled = LinearScorer()
    whole = " ".join(parts)
    cut = len(" ".join(parts[: max(1, len(parts) // 2)]))
    head = whole[:cut]
    closed = segments(head)[-1][0] if head else 0

    early = [s for s in bundled.score(normalize(head), CONTEXT) if s.spans[0].end <= closed]
    late = [s for s in bundled.score(normalize(whole), CONTEXT) if s.spans[0].end <= closed]

    assert early == late


def test_a_word_in_base64_is_found_in_the_encoded_run(scorer: LinearScorer) -> None:
    hidden = base64.b64encode(f"{WORD} {WORD} {WORD}".encode()).decode()
    text = f"{CALM} {hidden}"

    scores = [score for score in found(scorer, text) if "base64" in score.reason]

    assert scores
    span = scores[0].spans[0]
    assert text[span.start : span.end] == hidden


@pytest.mark.parametrize("turn", [lambda t: codecs.encode(t, "rot13"), lambda t: t[::-1]])
def test_a_turned_segment_is_read_the_other_way_too(scorer: LinearScorer, turn: object) -> None:
    assert callable(turn)
    text = str(turn(f"{WORD} {WORD}"))

    scores = found(scorer, text)

    assert scores
    assert scores[0].spans[0].start == 0
    assert scores[0].spans[0].end == len(text)


def test_disguised_letters_are_found_in_the_original(scorer: LinearScorer) -> None:
    text = "Ｚ０ＲＢＬＥＦＬＩＸ " * 3

    scores = found(scorer, text)

    assert scores
    assert scores[0].spans[0].end <= len(text)


def test_an_explanation_points_at_the_telling_word(scorer: LinearScorer) -> None:
    text = f"{CALM[:40]} {WORD} {CALM[40:60]}"

    evidence = scorer.explain(normalize(text), "violence")

    best = evidence[0]
    assert best.label == "made_up"
    assert best.weight > 0
    pointed = text[best.span.start : best.span.end]
    assert pointed.strip()
    assert pointed.strip() in f" {WORD} "
    assert len(pointed.strip()) >= len(WORD) // 2


@settings(deadline=None)
@given(st.text(max_size=200))
def test_an_explanation_stays_inside_the_text_and_is_ordered(text: str) -> None:
    bundled = LinearScorer()

    evidence = bundled.explain(normalize(text), "violence", limit=3)

    assert len(evidence) <= 3
    assert [e.weight for e in evidence] == sorted((e.weight for e in evidence), reverse=True)
    assert all(0 <= e.span.start <= e.span.end <= len(text) for e in evidence)


def test_a_category_without_a_head_has_no_explanation(bundled: LinearScorer) -> None:
    assert bundled.explain(normalize(CALM), "no such category") == ()


def test_the_default_budget_is_supported_for_every_head() -> None:
    model = load_linear()

    thresholds = [model.threshold(head.category, head.label, 0.005) for head in model.heads]

    assert all(0 < threshold <= 1 for threshold in thresholds)


def test_a_hostile_text_is_scored_in_bounded_memory(bundled: LinearScorer) -> None:
    scores = found(bundled, "a" * 50_000 + "中" * 50_000)

    assert all(LOWEST_VALUE <= score.value <= 1 for score in scores)
