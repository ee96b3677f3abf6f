"""Topics from a few examples: found in kindred texts, absent elsewhere, the same in a stream."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.core.policy_file import parse_policy
from trueline.core.records import Context, Score
from trueline.scorers.base import Scorer
from trueline.scorers.topic import TopicScorer
from trueline.scorers.topic_background import background, decode, encode
from trueline.scorers.topic_features import BUCKETS, features, vector
from trueline.scorers.topic_model import fit_topic
from trueline.text.normalize import normalize
from trueline.text.segments import segments

POLICY = """
schema: trueline.policy/1
name: test
categories: {violence: {action: block}}
topics:
  gardening:
    zh: 园艺
    en: gardening
    action: flag
    examples:
      - How often should I water tomato seedlings in a greenhouse?
      - Which fertilizer is best for roses in spring?
      - My tomato plants have yellow leaves, what soil do they need?
      - When do I prune roses and plant seedlings in the garden?
      - 番茄幼苗多久浇一次水？
      - 春天给月季施什么肥料好？
      - 花园里的土壤太酸，番茄叶子发黄怎么办？
    counter_examples:
      - Where can I buy tomato soup?
"""


@cache
def scorer() -> TopicScorer:
    return TopicScorer(parse_policy(POLICY))


def scores(text: str) -> list[Score]:
    cut = scorer().threshold("gardening", "", 0.005)
    return [s for s in scorer().score(normalize(text), Context()) if s.value >= cut]


def test_it_keeps_the_contract_of_a_scorer() -> None:
    assert isinstance(scorer(), Scorer)
    assert scorer().categories == ("gardening",)
    assert scorer().reach == 0


@pytest.mark.parametrize(
    "text",
    [
        "What fertilizer do tomato seedlings need in the garden?",
        "Should I water the roses in the greenhouse every day?",
        "番茄叶子发黄，需要施什么肥料？",
    ],
)
def test_a_new_text_of_the_topic_is_found(text: str) -> None:
    [score] = scores(text)

    assert score.category == "gardening"
    assert (score.spans[0].start, score.spans[0].end) == (0, len(text))


@pytest.mark.parametrize(
    "text",
    [
        "The quarterly report is due on Friday, please send me the draft.",
        "How do I reset the password of my account?",
        "Where can I buy tomato soup?",
        "明天下午三点开会，请准备好材料。",
        "我的快递什么时候能到？",
        "ok",
        "",
    ],
)
def test_a_text_outside_the_topic_is_not(text: str) -> None:
    assert scores(text) == []


def test_only_the_segment_that_shows_the_topic_is_marked() -> None:
    filler = "The meeting of the finance committee was moved to Thursday because of the holiday. "
    topic = "Which fertilizer do the tomato seedlings in the greenhouse need in spring, please? "
    text = filler * 3 + topic + filler * 3

    [score] = scores(text)

    assert text[score.spans[0].start : score.spans[0].end].strip() == topic.strip()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 400))
def test_closed_segments_score_the_same_whatever_follows(cut: int) -> None:
    text = (
        "How often do I water tomato seedlings in the greenhouse in spring, every day or so? " * 5
    )
    closed = [end for _, end in segments(normalize(text[:cut]).folded.text)][:-1]
    limit = closed[-1] if closed else 0

    early = [s for s in scorer().score(normalize(text[:cut]), Context()) if s.spans[0].end <= limit]
    whole = [s for s in scorer().score(normalize(text), Context()) if s.spans[0].end <= limit]

    assert early == whole


def test_a_smaller_budget_never_lowers_the_threshold() -> None:
    cuts = [scorer().threshold("gardening", "", rate) for rate in (0.05, 0.01, 0.005, 0.001, 0.0)]

    assert cuts == sorted(cuts)
    assert cuts[0] >= 0.5
    assert cuts[-1] <= 1.0
    assert scorer().threshold("no_such_topic", "", 0.01) == 0.5


def test_examples_that_share_words_find_each_other_and_unrelated_ones_do_not() -> None:
    kindred = [
        f"water the tomato seedlings in the {place}" for place in ("greenhouse", "garden", "yard")
    ]
    strangers = ["zebra crossing", "algebraic topology", "the price of copper"]

    related = fit_topic(kindred, [], background())
    unrelated = fit_topic(strangers, [], background())

    assert related.recall == 1.0
    assert unrelated.recall < 0.5
    assert 0.0 <= scorer().recall_of_examples("gardening") <= 1.0


def test_leaving_one_out_equals_learning_without_it() -> None:
    from trueline.scorers import topic_model

    generator = np.random.default_rng(7)
    positive = generator.normal(0.4, 1.0, (5, 12))
    negative = generator.normal(-0.4, 1.0, (40, 12))
    negative[5:30] = 0.0  # rows that share nothing with the examples
    *_, left_out = topic_model._ridge(positive, negative, 0)

    rows = np.vstack([positive[1:], negative])
    weight = np.r_[np.full(4, 40 / 5), np.ones(40)]
    gram = rows @ rows.T + 1.0 + np.diag(topic_model.RIDGE * 4.0 / weight)
    dual = np.linalg.solve(gram, np.r_[np.ones(4), -np.ones(40)])
    expected = (rows @ positive[0] + 1.0) @ dual

    assert left_out[0] == pytest.approx(expected)


def test_features_do_not_depend_on_order_or_separators() -> None:
    assert features("garden, tomato") == features("tomato garden")
    assert features("") == set()
    assert features("番茄") != features("茄番")


def test_a_vector_has_length_one() -> None:
    buckets, weights = vector("water the tomato", background().rarity)

    assert len(buckets) == len(weights)
    assert float(weights @ weights) == pytest.approx(1.0)


@given(
    st.lists(
        st.lists(st.integers(0, BUCKETS - 1), min_size=1, max_size=8, unique=True),
        min_size=1,
        max_size=6,
    )
)
def test_a_background_survives_encoding(rows: list[list[int]]) -> None:
    rarity = np.linspace(0.0, 12.0, BUCKETS)

    read = decode(encode(rarity, rows))

    assert read.rows == len(rows)
    assert [read.buckets[read.row == i].tolist() for i in range(len(rows))] == rows
    assert float(np.abs(read.rarity - rarity).max()) <= 1 / 32


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_text_breaks_the_scorer(text: str) -> None:
    for score in scorer().score(normalize(text), Context()):
        assert 0 <= score.value <= 1
        assert 0 <= score.spans[0].start <= score.spans[0].end <= len(text)
