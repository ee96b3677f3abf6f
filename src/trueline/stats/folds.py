"""Means over folds and over clustered rows, with intervals that admit the dependence.

>>> summary = cross_validation([0.81, 0.84, 0.79, 0.83, 0.80])
>>> round(summary.mean, 3), round(summary.low, 3), round(summary.high, 3)
(0.814, 0.775, 0.853)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

import numpy as np
from numpy.typing import ArrayLike

from trueline.stats.beta import beta_quantile
from trueline.stats.bounds import Interval


@dataclass(frozen=True, slots=True)
class FoldSummary:
    """Mean over folds and the interval around it; NaN ends with a single fold."""

    folds: int
    mean: float
    spread: float
    low: float
    high: float


def cross_validation(
    values: Sequence[float], confidence: float = 0.95, test_share: float | None = None
) -> FoldSummary:
    """The mean of a metric over k folds with the corrected resampled t interval.

    Folds share most of their training rows, so the plain standard error is too small (no
    unbiased one exists: Bengio & Grandvalet 2004); its square is multiplied by
    1 + k test / train.

    Args:
        values: the metric on each fold.
        confidence: approximate, as for every interval over a few folds.
        test_share: rows of a test fold over rows trained on; 1 / (k - 1) by default.

    Raises:
        ValueError: no fold.

    Reference: Nadeau & Bengio (2003), Machine Learning 52, 239-281.
    """
    k = len(values)
    if not k:
        raise ValueError("need at least one fold")
    mean = fmean(values)
    if k == 1:
        return FoldSummary(1, mean, math.nan, math.nan, math.nan)
    share = 1 / (k - 1) if test_share is None else test_share
    spread = stdev(values)
    half = t_quantile((1 + confidence) / 2, k - 1) * spread * math.sqrt(1 / k + share)
    return FoldSummary(k, mean, spread, mean - half, mean + half)


def clustered_ratio(above: ArrayLike, below: ArrayLike, confidence: float = 0.95) -> Interval:
    """Interval for sum(above) / sum(below) when terms of one row depend on one another.

    Linearised, with rows as the units and Student's t: approximate, good from about 30 rows.
    Infinite with fewer than two rows or nothing below.

    Args:
        above: float [rows].
        below: float [rows].
        confidence: about.

    Reference: Cochran (1977), Sampling Techniques, 3rd ed., section 6.3; Miller (2024),
    arXiv:2411.00640 (clusters in evaluations).
    """
    top, bottom = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    rows, total = top.size, float(bottom.sum())
    if rows < 2 or total <= 0:
        return Interval(-math.inf, math.inf)
    ratio = float(top.sum()) / total
    left = top - ratio * bottom
    error = math.sqrt(rows / (rows - 1) * float(left @ left)) / total
    half = t_quantile((1 + confidence) / 2, rows - 1) * error
    return Interval(ratio - half, ratio + half)


def t_quantile(p: float, degrees: int) -> float:
    """The x with P(T <= x) = p of Student's t, through the Beta distribution.

    Reference: Abramowitz & Stegun (1964), 26.7.1 and 26.5.27.
    """
    if p < 0.5:
        return -t_quantile(1 - p, degrees)
    x = beta_quantile(2 * (1 - p), degrees / 2, 0.5)
    return math.sqrt(degrees * (1 - x) / x)
