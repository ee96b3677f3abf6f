"""Two outcomes on each pair: did changing one thing change what happens?

>>> pairs = PairCount(only_a=9, only_b=1, n=100)
>>> round(mcnemar(pairs), 4), pairs.difference
(0.0215, 0.08)
>>> low, high = paired_difference(pairs)
>>> round(low, 3), round(high, 3)
(-0.025, 0.175)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from trueline.stats.bounds import Interval, clopper_pearson


@dataclass(frozen=True, slots=True)
class PairCount:
    """Of `n` pairs: those where only the first, and only the second, has the outcome.

    Raises:
        ValueError: more than there are.
    """

    only_a: int
    only_b: int
    n: int

    def __post_init__(self) -> None:
        if min(self.only_a, self.only_b) < 0 or self.only_a + self.only_b > self.n:
            raise ValueError(
                f"need 0 <= only_a, only_b and only_a + only_b <= n, got {self.only_a}, "
                f"{self.only_b} of {self.n}"
            )

    @property
    def difference(self) -> float:
        """Share with the outcome in a minus share in b; NaN without pairs."""
        return (self.only_a - self.only_b) / self.n if self.n else math.nan


def mcnemar(pairs: PairCount) -> float:
    """Exact two-sided p-value that neither side has the outcome more often.

    Reference: McNemar (1947), Psychometrika 12, 153-157; the binomial form.
    """
    differ = pairs.only_a + pairs.only_b
    fewer = min(pairs.only_a, pairs.only_b)
    tail = sum(math.comb(differ, k) for k in range(fewer + 1))
    return min(1.0, float(2 * tail / 2**differ))


def paired_difference(pairs: PairCount, confidence: float = 0.95) -> Interval:
    """Interval for the difference of two shares measured on the same pairs.

    The exact intervals of both discordant shares, each at half the error, hold together
    whatever ties them (Bonferroni): it covers at least `confidence` for every number of pairs.
    """
    if not pairs.n:
        return Interval(-1.0, 1.0)
    each = 1 - (1 - confidence) / 2
    a = clopper_pearson(pairs.only_a, pairs.n, each)
    b = clopper_pearson(pairs.only_b, pairs.n, each)
    return Interval(max(-1.0, a.low - b.high), min(1.0, a.high - b.low))


def paired_gap(pairs: PairCount, confidence: float = 0.95) -> Interval:
    """Interval for the size of that difference, whichever side is ahead."""
    low, high = paired_difference(pairs, confidence)
    return Interval(max(0.0, low, -high), max(abs(low), abs(high)))
