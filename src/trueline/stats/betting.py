"""Bounds on a mean in [0, 1] that hold after every look, by betting against each candidate.

A gambler who bets that the mean lies below m multiplies their capital by a fair factor at
every loss seen, so under m the capital seldom grows 20-fold; where it does, m is refuted. Here
32 gamblers bet fixed shares of what they can, and the capital is their average.

    >>> round(mean_upper([0.0] * 299), 6)          # Clopper-Pearson, one look: 0.009969
    0.012583
    >>> round(rate_upper(5, 1000), 4), rate_interval(0, 0)
    (0.0143, Interval(low=0.0, high=1.0))

Replies to one prompt are not independent: average them and pass one loss a prompt.

References: Waudby-Smith & Ramdas (2024), JRSS-B 86(1), 1-27, arXiv:2010.09686 (betting); Ville
(1939) and Robbins (1970), Ann. Math. Statist. 41(5), 1397-1409 (mixtures, valid at every look).
Their truncation of bets at one half is left out on purpose: with almost all losses 0 it makes
the bound twice as wide (0 of 299: 1.98 %).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trueline.stats.bounds import Interval

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

GAMBLERS = 32
# Shares of the largest possible bet. Downwards most stake nearly all, the best bet when losses
# are rare; upwards they spread over the sizes of a rise, 1.4 to 1, down to 2 in 100,000.
BETS_BELOW: Array = 1 - (1 - (np.arange(1, GAMBLERS + 1) - 0.5) / GAMBLERS) ** 2
BETS_ABOVE: Array = np.geomspace(2e-5, 0.999, GAMBLERS)
_SMALLEST = 1e-300
_HIGHEST = 1 - 1e-12
_TOLERANCE = 1e-9


def log_capital_below(losses: ArrayLike, mean: float) -> Array:
    """Log capital, after each loss, of gamblers who bet that the mean is below `mean`.

    Args:
        losses: float [n], each in [0, 1], in the order they came.
        mean: the candidate, in [0, 1).

    Returns:
        float64 [n]; exp of it is an e-process for "the mean is at least `mean`".
    """
    seen = _checked(losses)
    factors = 1 - (BETS_BELOW[:, None] / (1 - mean)) * (seen[None, :] - mean)
    return _log_average(np.cumsum(np.log(np.maximum(factors, _SMALLEST)), axis=1))


def log_capital_above(losses: ArrayLike, mean: float) -> Array:
    """Log capital, after each loss, of gamblers who bet that the mean is above `mean` > 0."""
    seen = _checked(losses)
    factors = 1 + BETS_ABOVE[:, None] * (seen[None, :] / mean - 1)
    return _log_average(np.cumsum(np.log(np.maximum(factors, _SMALLEST)), axis=1))


def mean_upper(losses: ArrayLike, confidence: float = 0.95, in_order: bool = False) -> float:
    """Upper bound on the mean of losses in [0, 1]; holds however often one looks.

    Args:
        losses: float [n], each in [0, 1]. Without one the bound is 1.
        confidence: of all looks together.
        in_order: the losses stand in the order they were drawn, so that the best of all earlier
            looks counts. Losses that were sorted or grouped since would make that bound wrong;
            without it their order does not matter.

    Raises:
        ValueError: a loss outside [0, 1] or not a number, or a confidence outside (0, 1).
    """
    seen, level = _checked(losses), _level(confidence)
    if not seen.size:
        return 1.0
    if not in_order:
        return _lowest_refuted(lambda mean: _final(seen, -BETS_BELOW / (1 - mean), mean) >= level)
    return _lowest_refuted(lambda mean: float(log_capital_below(seen, mean).max()) >= level)


def mean_lower(losses: ArrayLike, confidence: float = 0.95, in_order: bool = False) -> float:
    """Lower bound on the mean of losses in [0, 1]; see `mean_upper`."""
    seen, level = _checked(losses), _level(confidence)
    if not seen.size:
        return 0.0
    if not in_order:
        return _highest_refuted(lambda mean: _final(seen, BETS_ABOVE / mean, mean) >= level)
    return _highest_refuted(lambda mean: float(log_capital_above(seen, mean).max()) >= level)


def mean_interval(losses: ArrayLike, confidence: float = 0.95, in_order: bool = False) -> Interval:
    """Both bounds; each side may be wrong with half of 1 - `confidence`."""
    side = (1 + confidence) / 2
    return Interval(mean_lower(losses, side, in_order), mean_upper(losses, side, in_order))


def rate_upper(violations: int, n: int, confidence: float = 0.95) -> float:
    """Upper bound on a rate from counts alone, valid at every look.

    The capital of `mean_upper` depends on 0/1 outcomes only through their counts, so that a
    chart of a million events costs as much as one of ten.
    """
    level, clean = _level(confidence), _clean(violations, n)

    def refuted(rate: float) -> bool:
        capital = violations * np.log1p(-BETS_BELOW)
        capital = capital + clean * np.log1p(BETS_BELOW * rate / (1 - rate))
        return float(_log_average(capital)) >= level

    return _lowest_refuted(refuted) if n else 1.0


def rate_lower(violations: int, n: int, confidence: float = 0.95) -> float:
    """Lower bound on a rate from counts alone, valid at every look."""
    level, clean = _level(confidence), _clean(violations, n)

    def refuted(rate: float) -> bool:
        capital = violations * np.log1p(BETS_ABOVE * (1 / rate - 1))
        capital = capital + clean * np.log1p(-BETS_ABOVE)
        return float(_log_average(capital)) >= level

    return _highest_refuted(refuted) if violations else 0.0


def rate_interval(violations: int, n: int, confidence: float = 0.95) -> Interval:
    """Both bounds on a rate, for a band on a chart that is looked at every day."""
    side = (1 + confidence) / 2
    return Interval(rate_lower(violations, n, side), rate_upper(violations, n, side))


def rate_band(
    violations: Sequence[int], events: Sequence[int], confidence: float = 0.95
) -> list[Interval]:
    """The interval after each look, earlier ones kept: a band that only narrows.

    Args:
        violations: running totals, one a look.
        events: running totals of the same length.
        confidence: of all looks together.
    """
    band: list[Interval] = []
    low, high = 0.0, 1.0
    for here in rate_intervals(violations, events, confidence):
        low, high = max(low, here.low), min(high, here.high)
        band.append(Interval(low, high))
    return band


def rate_intervals(
    violations: Sequence[int], events: Sequence[int], confidence: float = 0.95
) -> list[Interval]:
    """`rate_interval` of many counts at once, some thirty times as fast for a chart.

    Args:
        violations: one for each rate.
        events: of the same length.
        confidence: of each interval on its own.
    """
    level = _level((1 + confidence) / 2)
    unbroken = [_clean(found, n) for found, n in zip(violations, events, strict=True)]
    if not unbroken:
        return []
    found, n = np.asarray(violations, np.float64), np.asarray(events, np.float64)
    clean = np.asarray(unbroken, np.float64)[:, None]
    below = found[:, None] * np.log1p(-BETS_BELOW)
    above = clean * np.log1p(-BETS_ABOVE)

    def refuted_below(rate: Array) -> Flags:
        odds = (rate / (1 - rate))[:, None]
        return _log_average((below + clean * np.log1p(BETS_BELOW * odds)).T) >= level

    def refuted_above(rate: Array) -> Flags:
        odds = (1 / rate - 1)[:, None]
        return _log_average((found[:, None] * np.log1p(BETS_ABOVE * odds) + above).T) >= level

    ends = np.zeros(n.size), np.full(n.size, _HIGHEST)
    _, high = _bisected(*ends, lambda rate: ~refuted_below(rate))
    high = np.where((n > 0) & refuted_below(ends[1]), high, 1.0)
    ends = np.full(n.size, _TOLERANCE), np.ones(n.size)
    low, _ = _bisected(*ends, refuted_above)
    low = np.where((found > 0) & refuted_above(ends[0]), low, 0.0)
    return [Interval(float(a), float(b)) for a, b in zip(low, high, strict=True)]


def _bisected(low: Array, high: Array, is_below: Callable[[Array], Flags]) -> tuple[Array, Array]:
    """Both ends of the last interval, for each entry; `is_below` moves its low end up."""
    while float((high - low).max()) > _TOLERANCE:
        middle = (low + high) / 2
        up = is_below(middle)
        low, high = np.where(up, middle, low), np.where(up, high, middle)
    return low, high


def _lowest_refuted(refuted: Callable[[float], bool]) -> float:
    """The least mean that is refuted; capital against a mean grows with the mean."""
    low, high = 0.0, _HIGHEST
    if not refuted(high):
        return 1.0
    while high - low > _TOLERANCE:
        middle = (low + high) / 2
        low, high = (low, middle) if refuted(middle) else (middle, high)
    return high


def _highest_refuted(refuted: Callable[[float], bool]) -> float:
    low, high = _TOLERANCE, 1.0
    if not refuted(low):
        return 0.0
    while high - low > _TOLERANCE:
        middle = (low + high) / 2
        low, high = (middle, high) if refuted(middle) else (low, middle)
    return low


def _final(losses: Array, bets: Array, mean: float) -> float:
    """Log capital after the last loss; the same in any order of the losses."""
    values, counts = np.unique(losses, return_counts=True)
    factors = 1 + bets[:, None] * (values[None, :] - mean)
    logs: Array = np.log(np.maximum(factors, _SMALLEST))
    return float(_log_average(logs @ counts.astype(np.float64)))


def _log_average(capital: Array) -> Array:
    top = capital.max(axis=0)
    average: Array = top + np.log(np.exp(capital - top).mean(axis=0))
    return average


def _checked(losses: ArrayLike) -> Array:
    seen = np.asarray(losses, dtype=np.float64)
    if seen.ndim != 1 or not bool(np.all((seen >= 0) & (seen <= 1))):
        raise ValueError("losses must be a list of numbers from 0 to 1")
    return seen


def _clean(violations: int, n: int) -> int:
    if not 0 <= violations <= n:
        raise ValueError(f"need 0 <= violations <= n, got {violations} of {n}")
    return n - violations


def _level(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"need 0 < confidence < 1, got {confidence}")
    return -math.log1p(-confidence)
