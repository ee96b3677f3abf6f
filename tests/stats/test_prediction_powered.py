"""Prediction-powered bounds: right whatever the predictions are worth, and cheaper when good."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats  # type: ignore[import-untyped]
from numpy.typing import NDArray

from trueline.stats.betting import mean_upper
from trueline.stats.prediction_powered import (
    prediction_powered_interval,
    prediction_powered_mean,
    prediction_powered_upper,
)


class Sample:
    """Violations at 3 %, a judge that flags, labels on all it flagged and a share of the rest."""

    def __init__(self, seed: int, n: int, caught: float, alarms: float, share: float) -> None:
        random = np.random.default_rng(seed)
        self.truth = (random.random(n) < 0.03).astype(float)
        self.flags = (random.random(n) < np.where(self.truth == 1, caught, alarms)).astype(float)
        self.chosen: NDArray[np.float64] = np.where(self.flags == 1, 1.0, share)
        self.labelled = random.random(n) < self.chosen

    @property
    def labels(self) -> list[float | None]:
        pairs = zip(self.truth, self.labelled, strict=True)
        return [float(label) if known else None for label, known in pairs]


@pytest.mark.parametrize(("caught", "alarms"), [(0.9, 0.01), (0.5, 0.1), (0.0, 0.5)])
def test_the_bound_covers_the_mean_however_bad_the_predictions(
    caught: float, alarms: float
) -> None:
    missed = 0
    for seed in range(150):
        sample = Sample(seed, 800, caught, alarms, share=0.4)
        missed += prediction_powered_upper(sample.flags, sample.labels, sample.chosen) < 0.03

    assert missed <= scipy.stats.binom.ppf(0.999, 150, 0.05)


def test_labels_on_what_was_flagged_go_further_than_labels_drawn_blindly() -> None:
    ratios, spent = [], []
    for seed in range(30):
        sample = Sample(seed, 4000, caught=0.9, alarms=0.01, share=0.25)
        powered = prediction_powered_upper(sample.flags, sample.labels, sample.chosen)
        blind = mean_upper(sample.truth[: int(sample.labelled.sum())])
        ratios.append(powered / blind)
        spent.append(sample.labelled.mean())

    assert np.mean(ratios) < 1
    assert np.mean(spent) < 0.3


def test_labels_on_everything_give_the_bound_on_the_labels() -> None:
    labels = [0.0, 1.0, 0.0, 0.0, 0.5] * 30

    found = prediction_powered_upper([0.3] * 150, labels, 1.0)

    assert found == pytest.approx(mean_upper(labels), abs=1e-6)


def test_the_point_estimate_is_unbiased() -> None:
    means = []
    for seed in range(400):
        sample = Sample(seed, 500, caught=0.7, alarms=0.2, share=0.3)
        means.append(prediction_powered_mean(sample.flags, sample.labels, sample.chosen))

    assert np.mean(means) == pytest.approx(0.03, abs=float(4 * np.std(means) / 20))


def test_an_interval_holds_the_truth_and_its_order_does_not_matter() -> None:
    sample = Sample(3, 1500, caught=0.8, alarms=0.02, share=0.5)
    order = np.argsort(sample.flags, kind="stable")
    labels = sample.labels

    found = prediction_powered_interval(sample.flags, labels, sample.chosen)
    again = prediction_powered_interval(
        sample.flags[order], [labels[i] for i in order], sample.chosen[order]
    )

    assert found.low < 0.03 < found.high
    assert again == pytest.approx(found, abs=1e-7)


def test_a_rarer_choice_that_no_case_met_widens_the_bound() -> None:
    sample = Sample(5, 1000, caught=0.8, alarms=0.02, share=0.5)

    met = prediction_powered_upper(sample.flags, sample.labels, sample.chosen)
    same = prediction_powered_upper(sample.flags, sample.labels, sample.chosen, least_chosen=0.5)
    rarer = prediction_powered_upper(sample.flags, sample.labels, sample.chosen, least_chosen=0.05)

    assert met == pytest.approx(same, abs=1e-3)
    assert rarer > 1.5 * met


def test_samples_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="need one label or None for each of 2 predictions"):
        prediction_powered_upper([0, 1], [0.0], 0.5)
    with pytest.raises(ValueError, match="labels must lie from 0 to 1"):
        prediction_powered_upper([0, 1], [2.0, None], 0.5)
    with pytest.raises(ValueError, match="predictions must lie from 0 to 1"):
        prediction_powered_upper([0, -1], [0.0, None], 0.5)
    with pytest.raises(ValueError, match="chosen must lie above 0 and at most at 1"):
        prediction_powered_upper([0, 1], [0.0, None], [0.5, 0.0])
    with pytest.raises(ValueError, match="need 0 < least_chosen <= 1, got 0"):
        prediction_powered_upper([0, 1], [0.0, None], 0.5, least_chosen=0)
    with pytest.raises(ValueError, match="a case that was chosen for certain has no label"):
        prediction_powered_upper([0, 1], [0.0, None], 1.0)
