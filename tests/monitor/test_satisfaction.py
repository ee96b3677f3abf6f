from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.monitor.traffic import BEGIN, exchange, write

from trueline.monitor.satisfaction import (
    breakdown,
    net_promoter_score,
    read_remarks,
    satisfaction,
    trend,
)
from trueline.store.events import EventStore
from trueline.store.feedback import Feedback, add_feedback

END = BEGIN + timedelta(hours=2)


def say(store: EventStore, exchange_id: str, kind: str, value: float | None, **fields: str) -> None:
    minute = int(fields.pop("minute", "0"))
    add_feedback(
        store,
        Feedback(
            exchange_id=exchange_id,
            kind=kind,  # type: ignore[arg-type]
            value=value,
            time=BEGIN + timedelta(minutes=minute),
            **fields,
        ),
    ).result(60)


@pytest.mark.parametrize(
    ("values", "scale", "counts"),
    [
        ([9, 10, 8, 7, 6, 0], 10, (2, 2, 2)),
        ([4, 5, 3, 2, 1], 5, (2, 1, 2)),
    ],
)
def test_promoters_and_detractors_are_those_of_the_scale(
    values: list[float], scale: int, counts: tuple[int, int, int]
) -> None:
    score = net_promoter_score(values, scale=scale)  # type: ignore[arg-type]

    assert (score.promoters, score.passives, score.detractors) == counts
    assert score.nps == 0.0


def test_nobody_answering_is_told_as_such() -> None:
    score = net_promoter_score([], scale=5)

    assert (score.n, score.nps, score.low, score.high) == (0, None, -100.0, 100.0)


@given(st.lists(st.integers(0, 10), min_size=1, max_size=60))
def test_the_interval_holds_the_score_and_stays_on_the_scale(values: list[int]) -> None:
    score = net_promoter_score([float(v) for v in values], scale=10)

    assert score.nps is not None
    assert -100 <= score.low <= score.nps <= score.high <= 100


def test_the_interval_covers_the_true_score() -> None:
    random = np.random.default_rng(7)
    shares = [0.5, 0.3, 0.2]
    covered = 0
    for _ in range(200):
        values = random.choice([5.0, 3.0, 1.0], size=80, p=shares)
        score = net_promoter_score(list(values), scale=5)
        covered += score.low <= 100 * (shares[0] - shares[2]) <= score.high

    assert covered >= 190


def test_who_answers_twice_is_heard_with_the_last_answer(store: EventStore) -> None:
    one = exchange(1)
    write(store, [one])
    say(store, one.id, "rating", 1, key_id="a", minute="1")
    say(store, one.id, "rating", 5, key_id="a", minute="2")
    say(store, one.id, "rating", 4, key_id="b", minute="3")

    found = satisfaction(read_remarks(store, BEGIN, END), BEGIN, END)

    assert found.ratings == {1: 0, 2: 0, 3: 0, 4: 1, 5: 1}
    assert found.rating.nps == 100.0


def test_remarks_are_counted_by_kind_reason_and_stratum(store: EventStore) -> None:
    zh, en = exchange(1, language="zh"), exchange(2, language="en")
    write(store, [zh, en])
    say(store, zh.id, "rating", 2, minute="10")
    say(store, en.id, "rating", 5, minute="70")
    say(store, en.id, "nps", 9)
    say(store, en.id, "thumbs", -1)
    say(store, en.id, "report", None, reason="harmful")
    say(store, zh.id, "report", None, reason="harmful")
    say(store, zh.id, "correction", None, text="better")

    remarks = read_remarks(store, BEGIN, END)
    found = satisfaction(remarks, BEGIN, END)

    assert (found.thumbs_up, found.thumbs_down, found.corrections) == (0, 1, 1)
    assert found.reasons == {"harmful": 2}
    assert found.recommendation.promoters == 1
    assert {name: score.nps for name, score in breakdown(remarks, "language").items()} == {
        "en": 100.0,
        "zh": -100.0,
    }
    assert [point.score.nps for point in trend(remarks, BEGIN, END, points=3)] == [
        -100.0,
        100.0,
        None,
    ]
