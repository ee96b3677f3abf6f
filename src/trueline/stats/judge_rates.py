"""What a review says of the judge: how much it catches, and how often it raises a false alarm.

Each flagged reply was reviewed with one probability and each other one with another. Given how
many of the reviewed ones people called violations, the number among them that was flagged is
binomial, so an exact interval for that share becomes one for the judge's sensitivity; likewise
the harmless ones give its false-alarm rate.

    >>> caught = share_flagged(flagged=16, unflagged=1, flagged_share=1.0, unflagged_share=0.3)
    >>> round(caught.estimate, 3), round(caught.low, 3), round(caught.high, 3)
    (0.828, 0.427, 0.995)

References: Clopper & Pearson (1934), Biometrika 26(4), 404-413; Horvitz & Thompson (1952), JASA
47(260), 663-685 (weights of unlike inclusion probabilities).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from trueline.stats.bounds import clopper_pearson


class JudgeRate(NamedTuple):
    """An estimate and its two-sided interval; the estimate is NaN without observations."""

    estimate: float
    low: float
    high: float


def share_flagged(
    flagged: int,
    unflagged: int,
    flagged_share: float,
    unflagged_share: float,
    confidence: float = 0.95,
) -> JudgeRate:
    """The share that the judge flags, among all replies of the kind that was counted.

    Args:
        flagged: reviewed, flagged, and of the kind (violations: sensitivity; harmless: false
            alarms).
        unflagged: reviewed, not flagged, and of the kind.
        flagged_share: probability with which a flagged reply was to be reviewed.
        unflagged_share: the same for one that was not flagged; above 0.
        confidence: of the interval.

    Raises:
        ValueError: shares outside (0, 1].
    """
    if not (0 < flagged_share <= 1 and 0 < unflagged_share <= 1):
        raise ValueError(f"need shares in (0, 1], got {flagged_share} and {unflagged_share}")
    total = flagged + unflagged
    interval = clopper_pearson(flagged, total, confidence)

    def weighed(share: float) -> float:
        one, other = share / flagged_share, (1 - share) / unflagged_share
        return one / (one + other)

    estimate = weighed(flagged / total) if total else math.nan
    return JudgeRate(estimate, weighed(interval.low), weighed(interval.high))
