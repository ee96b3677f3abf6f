"""How well scores put positives above negatives: ROC curve, its area, average precision.

>>> ranking = Ranking.of([0.9, 0.8, 0.3, 0.1], [True, False, True, False])
>>> ranking.auc, round(ranking.average_precision, 4)
(0.75, 0.8333)
>>> low, high = auc_interval(1.0, 50, 50)
>>> round(low, 3), high
(0.929, 1.0)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from trueline.stats.bounds import Interval


class RocPoint(NamedTuple):
    """Shares found at `score >= threshold`."""

    threshold: float
    false_positive_rate: float
    true_positive_rate: float
    precision: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """What scores say of positives and negatives.

    Args:
        positives: how many there are.
        negatives: how many there are.
        auc: probability that a positive scores above a negative, a tie counting half; NaN
            without one of each.
        average_precision: mean precision over recall steps; NaN without a positive.
        curve: from no item found to all, one point for each distinct score.
    """

    positives: int
    negatives: int
    auc: float
    average_precision: float
    curve: Sequence[RocPoint]

    @classmethod
    def of(cls, scores: ArrayLike, truth: ArrayLike) -> Ranking:
        """Rank the items by score.

        Args:
            scores: float [n], higher for more likely positive.
            truth: bool [n].

        Raises:
            ValueError: lengths that differ or a score that is not a number.

        Reference: Fawcett (2006), Pattern Recognition Letters 27(8), 861-874.
        """
        values = np.asarray(scores, dtype=np.float64)
        right = np.asarray(truth, dtype=bool)
        if values.ndim != 1 or values.shape != right.shape:
            raise ValueError(f"need two lists of one length, got {values.shape} and {right.shape}")
        if bool(np.isnan(values).any()):
            raise ValueError("a score is not a number")
        order = np.argsort(-values, kind="stable")
        values, right = values[order], right[order]
        ends = np.flatnonzero(np.append(np.diff(values) != 0, True)) if values.size else order
        found = np.cumsum(right)[ends] if values.size else np.zeros(0)
        false = ends + 1 - found
        positives, negatives = int(right.sum()), int((~right).sum())
        steps = np.diff(found, prepend=0)
        precision = found / (found + false)
        auc = average = math.nan
        if positives and negatives:
            # A step up of `steps` positives passes over the negatives that score lower, and
            # half of those that score the same.
            lower = negatives - false + np.diff(false, prepend=0) / 2
            auc = float((steps * lower).sum() / (positives * negatives))
        if positives:
            average = float((steps * precision).sum() / positives)
        curve = [RocPoint(math.inf, 0.0, 0.0, 1.0)]
        curve += [
            RocPoint(
                float(values[end]),
                float(f) / negatives if negatives else 0.0,
                float(t) / positives if positives else 0.0,
                float(p),
            )
            for end, f, t, p in zip(ends, false, found, precision, strict=True)
        ]
        return cls(positives, negatives, auc, average, curve)

    def rate_at(self, false_positive_rate: float) -> float:
        """Highest true-positive rate at a false-positive rate of at most this."""
        return max(
            p.true_positive_rate for p in self.curve if p.false_positive_rate <= false_positive_rate
        )


def auc_interval(auc: float, positives: int, negatives: int, confidence: float = 0.95) -> Interval:
    """Interval for the area under the ROC curve that holds for every distribution of scores.

    The area is a two-sample U-statistic with a kernel in [0, 1]: an average of averages of
    min(positives, negatives) independent terms, so the Chernoff bound of that many coin tosses
    applies. Unlike DeLong's interval it does not vanish at an area of 1; it is about 1.4 times
    as wide in between.

    Reference: Hoeffding (1963), JASA 58, 13-30, theorem 1 and section 5b.
    """
    return _chernoff(auc, min(positives, negatives), confidence)


def average_precision_interval(
    average_precision: float, positives: int, confidence: float = 0.95
) -> Interval:
    """Interval for average precision, as wide as for a rate among the positives alone.

    Average precision is a mean over positives of the precision at each; the interval treats
    those as independent, which they are not quite, and makes up for it with Chernoff's bound:
    in simulations with 20 positives or more it covers at least 95 %.
    """
    return _chernoff(average_precision, positives, confidence)


def _chernoff(share: float, n: int, confidence: float) -> Interval:
    """Every mean m with n KL(share || m) <= log(2 / (1 - confidence))."""
    if not 0 < confidence < 1:
        raise ValueError(f"need 0 < confidence < 1, got {confidence}")
    if n < 1 or math.isnan(share):
        return Interval(0.0, 1.0)
    allowed = math.log(2 / (1 - confidence)) / n

    def edge(inside: float, outside: float) -> float:
        if _divergence(share, outside) <= allowed:
            return outside
        for _ in range(60):
            middle = (inside + outside) / 2
            if _divergence(share, middle) <= allowed:
                inside = middle
            else:
                outside = middle
        return outside

    return Interval(edge(share, 0.0), edge(share, 1.0))


def _divergence(a: float, b: float) -> float:
    """Kullback-Leibler divergence of coins with these probabilities, in nats."""
    total = 0.0
    for p, q in ((a, b), (1 - a, 1 - b)):
        if p > 0:
            total += p * math.log(p / q) if q > 0 else math.inf
    return total
