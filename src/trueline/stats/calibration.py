"""Do things said to be 80 % sure happen in 80 % of cases? Reliability, ECE, Brier score.

>>> bins = reliability([0.9] * 10 + [0.2] * 10, [True] * 9 + [False] + [True] * 2 + [False] * 8)
>>> [(b.n, round(b.said, 2), b.share) for b in bins]
[(10, 0.2, 0.2), (10, 0.9, 0.9)]
>>> round(expected_calibration_error(bins).value, 4), expected_calibration_error(bins).low
(0.0, 0.0)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from trueline.stats import betting
from trueline.stats.bounds import clopper_pearson
from trueline.stats.multiplicity import shared_confidence

BINS = 10


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Predictions of about one probability: `happened` of `n`, mean probability `said`."""

    said: float
    happened: int
    n: int

    @property
    def share(self) -> float:
        """How often it happened."""
        return self.happened / self.n


class Measured(NamedTuple):
    """A value on the data and the interval for the population."""

    value: float
    low: float
    high: float


def reliability(
    probabilities: ArrayLike, outcomes: ArrayLike, bins: int = BINS
) -> list[ReliabilityBin]:
    """Predictions in bins of equal width; empty bins are left out.

    Args:
        probabilities: float [n], each in [0, 1].
        outcomes: bool [n], whether it happened (or the label told was right).
        bins: how many of them [0, 1] is cut into; the last one includes 1.

    Raises:
        ValueError: a probability outside [0, 1], or lengths that differ.
    """
    said, happened = _checked(probabilities, outcomes)
    place = np.minimum((said * bins).astype(np.int64), bins - 1)
    found: list[ReliabilityBin] = []
    for index in range(bins):
        here = place == index
        if n := int(here.sum()):
            found.append(ReliabilityBin(float(said[here].mean()), int(happened[here].sum()), n))
    return found


def expected_calibration_error(
    bins: Sequence[ReliabilityBin], confidence: float = 0.95
) -> Measured:
    """Mean distance between what was said and what happened, weighted by the bins' sizes.

    The interval is every value the error could have while all bins' exact intervals hold
    together, so that a model without fault has 0 in it: the plain value is biased upwards.

    Reference: Naeini, Cooper & Hauskrecht (2015), AAAI 29 (ECE); Bröcker & Smith (2007),
    Weather and Forecasting 22(3), 651-661 (intervals on reliability diagrams).
    """
    n = sum(b.n for b in bins)
    if not n:
        return Measured(math.nan, 0.0, 1.0)
    each = shared_confidence(confidence, len(bins))
    value = low = high = 0.0
    for b in bins:
        rate = clopper_pearson(b.happened, b.n, each)
        weight = b.n / n
        value += weight * abs(b.said - b.share)
        low += weight * max(0.0, rate.low - b.said, b.said - rate.high)
        high += weight * max(rate.high - b.said, b.said - rate.low)
    return Measured(value, low, high)


def brier_score(
    probabilities: ArrayLike, outcomes: ArrayLike, confidence: float = 0.95
) -> Measured:
    """Mean squared distance between probability and outcome, 0 (best) to 1.

    The interval holds for every distribution (`stats.betting`).

    Reference: Brier (1950), Monthly Weather Review 78(1), 1-3.
    """
    said, happened = _checked(probabilities, outcomes)
    losses = (said - happened) ** 2
    interval = betting.mean_interval(losses, confidence)
    return Measured(float(losses.mean()) if losses.size else math.nan, *interval)


def _checked(probabilities: ArrayLike, outcomes: ArrayLike) -> tuple[betting.Array, betting.Array]:
    said = np.asarray(probabilities, dtype=np.float64)
    happened = np.asarray(outcomes, dtype=bool).astype(np.float64)
    if said.ndim != 1 or said.shape != happened.shape:
        raise ValueError(f"need two lists of one length, got {said.shape} and {happened.shape}")
    if not bool(np.all((said >= 0) & (said <= 1))):
        raise ValueError("probabilities must lie from 0 to 1")
    return said, happened
