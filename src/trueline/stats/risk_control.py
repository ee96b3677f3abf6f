"""Thresholds that keep a promise: learn-then-test for each, conformal control on average.

    >>> misses = [0, 0, 1, 2, 9, 30]                # of 300, from the strictest threshold on
    >>> thresholds = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    >>> learn_then_test([binomial_p_value(k, 300, 0.05) for k in misses], thresholds)
    0.4
    >>> print(conformal_threshold([[0.0, 0.0], [1.0, 0.0]], [0.6, 0.1], max_risk=0.1))
    None

`learn_then_test` holds the risk with the stated confidence, calibration by calibration.
`conformal_threshold` holds it only on average over calibrations: at a budget of 5 % some 42 %
of its thresholds break it. Both say None when no threshold can be promised; an end of the
grid would be a promise nobody made.

References: Angelopoulos, Bates, Candès, Jordan & Lei (2025), Ann. Appl. Stat. 19(2),
arXiv:2110.01052 (learn then test); Bates et al. (2021), J. ACM 68(6), arXiv:2101.02703
(Hoeffding-Bentkus); Angelopoulos, Bates, Fisch, Lei & Schuster (2024), ICLR, arXiv:2208.02814
(conformal risk control).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from trueline.stats.beta import incomplete_beta
from trueline.stats.bounds import clopper_pearson_upper


@dataclass(frozen=True, slots=True)
class CalibratedThreshold:
    """A threshold whose miss rate is at most `max_miss_rate`, at `confidence`.

    `missed` violations of `violations` score below it; `miss_rate_upper` bounds the rate by
    itself, as if it alone had been looked at.
    """

    threshold: float
    max_miss_rate: float
    confidence: float
    missed: int
    violations: int
    miss_rate_upper: float


def calibrate_threshold(
    violation_scores: ArrayLike,
    thresholds: Sequence[float],
    max_miss_rate: float,
    confidence: float = 0.95,
) -> CalibratedThreshold | None:
    """The highest threshold at which few enough violations pass, or None if none can be promised.

    A violation passes when its score is below the threshold. Thresholds are tried from the
    lowest (which stops most) up, and the first that fails its exact test ends the search, so
    that no correction for their number is needed.

    Args:
        violation_scores: scores of texts that people found to be violations, a random sample of
            the violations the promise speaks of.
        thresholds: candidates, chosen before looking at the scores.
        max_miss_rate: the miss budget, in (0, 1).
        confidence: how surely the budget holds.
    """
    scores = np.asarray(violation_scores, dtype=np.float64)
    if np.isnan(scores).any():
        raise ValueError("a score is missing (NaN); count it as 0 or leave the text to people")
    grid = sorted(thresholds)
    missed = [int((scores < threshold).sum()) for threshold in grid]
    p_values = [binomial_p_value(count, scores.size, max_miss_rate) for count in missed]
    chosen = learn_then_test(p_values, grid, 1 - confidence)
    if chosen is None:
        return None
    count = missed[grid.index(chosen)]
    upper = clopper_pearson_upper(count, scores.size, confidence)
    return CalibratedThreshold(chosen, max_miss_rate, confidence, count, int(scores.size), upper)


def learn_then_test(
    p_values: Sequence[float], thresholds: Sequence[float], error: float = 0.05
) -> float | None:
    """Fixed-sequence testing from the strictest threshold on.

    Args:
        p_values: one a threshold, for "its risk is above the budget".
        thresholds: in the same order, strictest first.
        error: allowed chance that the result breaks the budget.

    Returns:
        The last threshold before the first that could not be shown to keep the budget; None
        when the strictest already fails.
    """
    last = None
    for p_value, threshold in zip(p_values, thresholds, strict=True):
        if not p_value <= error:
            break
        last = threshold
    return last


def binomial_p_value(violations: int, n: int, max_risk: float) -> float:
    """Exact p-value of "the risk is above `max_risk`" for 0/1 losses: P(Bin(n, risk) <= k)."""
    if not 0 <= violations <= n or not 0 < max_risk < 1:
        raise ValueError(
            f"need 0 <= violations <= n and 0 < max_risk < 1, got {violations} of {n}, {max_risk}"
        )
    return 1.0 if violations == n else incomplete_beta(1 - max_risk, n - violations, violations + 1)


def hoeffding_bentkus_p_value(mean_loss: float, n: int, max_risk: float) -> float:
    """p-value of "the risk is above `max_risk`" for losses anywhere in [0, 1].

    Args:
        mean_loss: mean of the `n` losses.
        n: how many losses, at least 1.
        max_risk: the budget, in (0, 1).
    """
    if not 0 <= mean_loss <= 1 or n < 1:
        raise ValueError(f"need a mean in [0, 1] of n >= 1 losses, got {mean_loss} of {n}")
    # 100 x 0.07 is 7.000000000000001 in floats, and its ceiling 8: round before going up.
    total = math.ceil(round(n * mean_loss, 9))
    bentkus = math.e * binomial_p_value(total, n, max_risk)
    nearer = min(mean_loss, max_risk)
    return min(1.0, bentkus, math.exp(-n * _divergence(nearer, max_risk)))


def conformal_threshold(
    losses: ArrayLike, thresholds: Sequence[float], max_risk: float, largest_loss: float = 1.0
) -> float | None:
    """The riskiest threshold with expected loss at most `max_risk` on the next case.

    Args:
        losses: float [n, len(thresholds)], in each row not increasing: thresholds run from the
            riskiest to the strictest.
        thresholds: in that order.
        max_risk: the budget for the expected loss.
        largest_loss: no loss is above it.

    Returns:
        A threshold, or None when none can keep the budget.

    Raises:
        ValueError: losses that increase along a row, or of the wrong shape.
    """
    table = np.asarray(losses, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(thresholds):
        raise ValueError(f"need losses of shape (n, {len(thresholds)}), got {table.shape}")
    if (np.diff(table, axis=1) > 0).any():
        raise ValueError("losses must not increase from the riskiest threshold to the strictest")
    n = table.shape[0]
    # sum / (n+1), not n/(n+1) * mean: the same number without a rounding at the edge.
    bound = (table.sum(axis=0) + largest_loss) / (n + 1)
    kept = np.nonzero(bound <= max_risk)[0]
    return float(thresholds[int(kept[0])]) if kept.size else None


def _divergence(a: float, b: float) -> float:
    """Kullback-Leibler divergence of Bernoulli(a) from Bernoulli(b), in nats."""
    first = a * math.log(a / b) if a > 0 else 0.0
    second = (1 - a) * math.log((1 - a) / (1 - b)) if a < 1 else 0.0
    return first + second
