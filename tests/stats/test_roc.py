"""Rankings against scikit-learn, and their intervals by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.stats.bounds import clopper_pearson
from trueline.stats.roc import Ranking, auc_interval, average_precision_interval

ITEMS = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=60).filter(
    lambda items: len({truth for _, truth in items}) == 2
)


@given(ITEMS)
def test_area_curve_and_average_precision_equal_scikit_learn(items: list[tuple[int, bool]]) -> None:
    oracle = pytest.importorskip("sklearn.metrics")
    scores, truth = [s / 6 for s, _ in items], [t for _, t in items]

    ranking = Ranking.of(scores, truth)

    assert ranking.auc == pytest.approx(oracle.roc_auc_score(truth, scores))
    assert ranking.average_precision == pytest.approx(oracle.average_precision_score(truth, scores))
    false, true, _ = oracle.roc_curve(truth, scores, drop_intermediate=False)
    assert [p.false_positive_rate for p in ranking.curve] == pytest.approx(false.tolist())
    assert [p.true_positive_rate for p in ranking.curve] == pytest.approx(true.tolist())


@given(ITEMS)
def test_turning_scores_around_turns_the_area_around(items: list[tuple[int, bool]]) -> None:
    scores, truth = [float(s) for s, _ in items], [t for _, t in items]

    forward, backward = Ranking.of(scores, truth), Ranking.of([-s for s in scores], truth)

    assert forward.auc + backward.auc == pytest.approx(1.0)


def test_without_one_of_each_there_is_no_area() -> None:
    ranking = Ranking.of([0.3, 0.6], [True, True])

    assert math.isnan(ranking.auc)
    assert ranking.average_precision == 1.0
    assert auc_interval(ranking.auc, 2, 0) == (0.0, 1.0)


def test_rate_at_reads_the_curve_at_or_before_the_false_positive_rate() -> None:
    scores, truth = [0.9, 0.8, 0.7, 0.6, 0.5], [True, False, True, True, False]

    ranking = Ranking.of(scores, truth)

    assert ranking.rate_at(0.49) == pytest.approx(1 / 3)
    assert ranking.rate_at(0.5) == 1.0


def test_a_perfect_area_has_the_lower_end_of_an_exact_rate() -> None:
    assert auc_interval(1.0, 40, 30).low == pytest.approx(clopper_pearson(30, 30).low)


@pytest.mark.parametrize(
    ("positives", "negatives", "shift"),
    [(10, 10, 1.0), (20, 100, 2.0), (100, 20, 0.5), (15, 15, 3.0), (50, 50, 0.0)],
)
def test_the_interval_of_the_area_covers(positives: int, negatives: int, shift: float) -> None:
    truth = 0.5 * (1 + math.erf(shift / 2))  # P(X > Y), two normals of variance 1
    random = np.random.default_rng(5)
    repeats, covered = 2000, 0

    for _ in range(repeats):
        above = random.normal(shift, 1, positives)[:, None]
        area = float((above > random.normal(0, 1, negatives)[None, :]).mean())
        low, high = auc_interval(area, positives, negatives)
        covered += low <= truth <= high

    assert covered / repeats >= 0.95


@pytest.mark.parametrize(
    ("positives", "negatives", "shift"),
    [(20, 20, 1.0), (20, 200, 2.0), (50, 50, 0.3), (40, 400, 1.0)],
)
def test_the_interval_of_average_precision_covers(
    positives: int, negatives: int, shift: float
) -> None:
    random = np.random.default_rng(7)

    def drawn(p: int, n: int) -> float:
        scores = np.concatenate([random.normal(shift, 1, p), random.normal(0, 1, n)])
        return Ranking.of(scores, np.arange(p + n) < p).average_precision

    truth = float(np.mean([drawn(200 * positives, 200 * negatives) for _ in range(5)]))
    values = [drawn(positives, negatives) for _ in range(600)]
    intervals = [average_precision_interval(value, positives) for value in values]

    assert np.mean([low <= truth <= high for low, high in intervals]) >= 0.95


def test_a_score_that_is_no_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="a score is not a number"):
        Ranking.of([0.1, math.nan], [True, False])
