"""Bounds on a share, from `found` of `n` looked at; exact unless they say otherwise.

    >>> round(clopper_pearson_upper(0, 299), 6)
    0.009969
    >>> round(wilson(3, 1000).high, 6), hypergeometric_upper(3, 1000, 2000)
    (0.008783, 12)

Every bound speaks of the population the sample was drawn from at random, and of no other.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

from trueline.stats.beta import beta_quantile


class Interval(NamedTuple):
    """From `low` to `high`, both included."""

    low: float
    high: float


def clopper_pearson_upper(violations: int, n: int, confidence: float = 0.95) -> float:
    """One-sided upper bound on a binomial share; holds at least at `confidence`.

    Without any observation the bound is 1.

    Raises:
        ValueError: counts or confidence that make no sense.

    Reference: Clopper & Pearson (1934), Biometrika 26(4), 404-413.
    """
    _check(violations, n, confidence)
    return 1.0 if violations == n else beta_quantile(confidence, violations + 1, n - violations)


def clopper_pearson_lower(violations: int, n: int, confidence: float = 0.95) -> float:
    """One-sided lower bound on a binomial share; 0 without any observation."""
    _check(violations, n, confidence)
    return 0.0 if violations == 0 else beta_quantile(1 - confidence, violations, n - violations + 1)


def clopper_pearson(violations: int, n: int, confidence: float = 0.95) -> Interval:
    """Two-sided interval; each side may be wrong with half of 1 - `confidence`."""
    _check(violations, n, confidence)
    side = (1 + confidence) / 2
    return Interval(
        clopper_pearson_lower(violations, n, side), clopper_pearson_upper(violations, n, side)
    )


def wilson(found: int, n: int, confidence: float = 0.95) -> Interval:
    """Score interval: near its confidence on average, not at least; for comparisons.

    Reference: Wilson (1927), JASA 22(158), 209-212.
    """
    _check(found, n, confidence)
    if n == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = found / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(
        0.0 if found == 0 else max(0.0, middle - half),
        1.0 if found == n else min(1.0, middle + half),
    )


def hypergeometric_upper(found: int, n: int, population: int, confidence: float = 0.95) -> int:
    """Upper bound on how many of a finite population have what `found` of `n` drawn have.

    The largest count under which so few would be drawn with probability above 1 - confidence;
    drawn without replacement. Tighter than Clopper-Pearson when the sample is a fair part.

    Raises:
        ValueError: more drawn than there are, or counts that make no sense.

    Reference: Buonaccorsi (1987), The American Statistician 41(3), 215-218.
    """
    _check(found, n, confidence)
    if n > population:
        raise ValueError(f"cannot draw {n} of a population of {population}")
    low, high = found, population - (n - found)
    while low < high:
        count = (low + high + 1) // 2
        if _hypergeometric_cdf(found, n, count, population) > 1 - confidence:
            low = count
        else:
            high = count - 1
    return low


def newcombe(found_a: int, n_a: int, found_b: int, n_b: int, confidence: float = 0.95) -> Interval:
    """Interval for the difference of two shares, a minus b, from independent samples.

    Reference: Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.
    """
    first, second = wilson(found_a, n_a, confidence), wilson(found_b, n_b, confidence)
    if not n_a or not n_b:
        return Interval(-1.0, 1.0)
    a, b = found_a / n_a, found_b / n_b
    down = math.hypot(a - first.low, second.high - b)
    up = math.hypot(first.high - a, b - second.low)
    return Interval(max(-1.0, a - b - down), min(1.0, a - b + up))


def mover_ratio(
    found_a: int, n_a: int, found_b: int, n_b: int, confidence: float = 0.95
) -> Interval:
    """Interval for the ratio of two shares, a over b, from their Wilson intervals.

    Infinite above when b's interval touches 0.

    Reference: Donner & Zou (2012), Statistical Methods in Medical Research 21(4), 347-359.
    """
    first, second = wilson(found_a, n_a, confidence), wilson(found_b, n_b, confidence)
    if not n_a or not n_b:
        return Interval(0.0, math.inf)
    a, b = found_a / n_a, found_b / n_b

    def parts(own: float, other: float) -> tuple[float, float, float]:
        """The root, and the factors of one end of each interval."""
        top, bottom = own * (2 * a - own), other * (2 * b - other)
        return math.sqrt(max(0.0, (a * b) ** 2 - top * bottom)), top, bottom

    # The lower end in the form without a difference, so that a share of b below half of its upper
    # end (few found) divides by nothing near 0.
    root, top, _ = parts(first.low, second.high)
    low = top / (a * b + root) if found_a else 0.0
    root, _, bottom = parts(first.high, second.low)
    return Interval(low, (a * b + root) / bottom if bottom > 0 else math.inf)


def _hypergeometric_cdf(found: int, n: int, count: int, population: int) -> float:
    """P(at most `found` of `n` drawn) when `count` of the population have it."""
    least = max(0, n - (population - count))
    if found < least:
        return 0.0
    most = min(found, count)
    log_all = _log_choose(population, n)
    logs = [
        _log_choose(count, k) + _log_choose(population - count, n - k) - log_all
        for k in range(least, most + 1)
    ]
    return min(1.0, math.fsum(map(math.exp, logs)))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _check(found: int, n: int, confidence: float) -> None:
    if not 0 <= found <= n:
        raise ValueError(f"need 0 <= found <= n, got {found} of {n}")
    if not 0 < confidence < 1:
        raise ValueError(f"need 0 < confidence < 1, got {confidence}")
