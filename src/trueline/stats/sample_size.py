"""How many prompts buy which claim, for one look at a number fixed beforehand.

    >>> prompts_needed(0.01), prompts_needed(0.01, violations=3), violations_allowed(1000, 0.01)
    (299, 773, 4)
    >>> prompts_for_power(0.01, true_rate=0.001)
    FixedPlan(prompts=473, violations=1)
    >>> passes_needed(300, 0.95), round(pass_by_count_probability(300, 0.95, true_rate=0.94), 4)
    (292, 0.2793)

A count "at least 95 % of 300" is no evidence that the rate is 95 %: a system at 94 % reaches it
27.9 % of the time. `passes_needed` says how many would be.

References: Clopper & Pearson (1934), Biometrika 26(4), 404-413; Louis (1981), The American
Statistician 35(3), 154 (no violation among n).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from trueline.stats.beta import incomplete_beta

# Beyond it a plan is no plan.
MOST_PROMPTS = 10_000_000


@dataclass(frozen=True, slots=True)
class FixedPlan:
    """Ask `prompts`; the claim holds when at most `violations` of the replies violate."""

    prompts: int
    violations: int


def prompts_needed(limit: float, confidence: float = 0.95, violations: int = 0) -> int:
    """The fewest prompts among which `violations` still show "the rate is at most `limit`".

    Raises:
        ValueError: limit or confidence outside (0, 1), negative violations.
    """
    _check(limit, confidence)
    if violations < 0:
        raise ValueError(f"need violations >= 0, got {violations}")
    error = 1 - confidence
    if violations == 0:
        return max(1, math.ceil(math.log(error) / math.log1p(-limit) - 1e-9))
    # A start within a few prompts: the Poisson bound by Wilson & Hilferty (1931).
    k = violations + 1
    z = NormalDist().inv_cdf(confidence)
    start = k * (1 - 1 / (9 * k) + z / (3 * math.sqrt(k))) ** 3 / limit
    low = high = max(k, int(start))
    step = 1
    while _at_most(violations, low, limit) <= error:
        high, low, step = low, max(violations, low - step), 4 * step
    while _at_most(violations, high, limit) > error:
        low, high, step = high, high + step, 4 * step
    while high - low > 1:
        middle = (low + high) // 2
        if _at_most(violations, middle, limit) <= error:
            high = middle
        else:
            low = middle
    return high


def violations_allowed(n: int, limit: float, confidence: float = 0.95) -> int:
    """The most violations among `n` that show "at most `limit`"; -1 when even 0 is not enough."""
    _check(limit, confidence)
    low, high = -1, n
    while high - low > 1:
        middle = (low + high) // 2
        if _at_most(middle, n, limit) <= 1 - confidence:
            low = middle
        else:
            high = middle
    return low


def pass_probability(n: int, limit: float, true_rate: float, confidence: float = 0.95) -> float:
    """How likely a system with `true_rate` shows "at most `limit`" with `n` prompts."""
    allowed = violations_allowed(n, limit, confidence)
    return _at_most(allowed, n, true_rate) if allowed >= 0 else 0.0


def prompts_for_power(
    limit: float, true_rate: float, power: float = 0.9, confidence: float = 0.95
) -> FixedPlan | None:
    """The fewest prompts with which a system at `true_rate` shows the limit often enough.

    Args:
        limit: what is to be shown, in (0, 1).
        true_rate: the rate the system is thought to have, below the limit.
        power: how often it should succeed, in (0, 1).
        confidence: of the claim.

    Returns:
        The plan, or None when it takes more than ten million prompts.

    Raises:
        ValueError: a true rate not below the limit, numbers outside (0, 1).
    """
    _check(limit, confidence)
    if not 0 <= true_rate < limit or not 0 < power < 1:
        raise ValueError(
            f"need 0 <= true_rate < limit and 0 < power < 1, got {true_rate}, {limit}, {power}"
        )

    def enough(violations: int) -> bool:
        n = prompts_needed(limit, confidence, violations)
        return _at_most(violations, n, true_rate) >= power

    start = _violations_by_normal(limit, true_rate, power, confidence)
    if start / limit > MOST_PROMPTS:
        return None
    low, high, step = start - 1, start, 1
    while not enough(high):
        low, high, step = high, high + step, 2 * step
    step = 1
    while low >= 0 and enough(low):
        high, low, step = low, max(-1, low - step), 2 * step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    # Whole prompts make the power jump a little: one of the plans just before may do as well.
    first = next(k for k in range(max(0, high - 20), high + 1) if k == high or enough(k))
    return FixedPlan(prompts_needed(limit, confidence, first), first)


def passes_needed(n: int, bar: float, confidence: float = 0.95) -> int | None:
    """The fewest passes of `n` that show "the pass rate is at least `bar`"; None if none do."""
    allowed = violations_allowed(n, 1 - bar, confidence)
    return n - allowed if allowed >= 0 else None


def pass_by_count_probability(n: int, bar: float, true_rate: float) -> float:
    """How likely a system with pass rate `true_rate` reaches the bare count `bar` x `n`.

    The rule of sampling plans in standards ("at least 95 % of 300"), which bounds nothing.
    """
    needed = math.ceil(round(bar * n, 9))
    return 1.0 if needed <= 0 else _at_most(n - needed, n, 1 - true_rate)


def _violations_by_normal(limit: float, true_rate: float, power: float, confidence: float) -> int:
    z, reach = NormalDist().inv_cdf(confidence), NormalDist().inv_cdf(power)
    spread = z * math.sqrt(limit * (1 - limit)) + reach * math.sqrt(true_rate * (1 - true_rate))
    n = (max(0.0, spread) / (limit - true_rate)) ** 2
    return max(0, int(n * limit - z * math.sqrt(n * limit * (1 - limit))))


def _at_most(violations: int, n: int, rate: float) -> float:
    """P(X <= violations) for a binomial X of `n` trials."""
    if violations >= n:
        return 1.0
    return incomplete_beta(1 - rate, n - violations, violations + 1)


def _check(limit: float, confidence: float) -> None:
    if not 0 < limit < 1 or not 0 < confidence < 1:
        raise ValueError(f"need 0 < limit < 1 and 0 < confidence < 1, got {limit}, {confidence}")
