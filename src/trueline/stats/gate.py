"""May it ship? A verdict that stays true although one looked after every prompt.

Two e-processes run over the counts. One is evidence that the violation rate is below the
limit, the other that it is above; when the first reaches 1 / (1 - confidence) the verdict is
RELEASE, when the second does it is HOLD, and until then there is NOT ENOUGH EVIDENCE. A system
at or above the limit is ever released with probability at most 1 - confidence, however often
one looks, and one at or below it is ever held with no more.

    >>> decide(0, 343, limit=0.01).verdict.value, decide(0, 344, limit=0.01).verdict.value
    ('NOT ENOUGH EVIDENCE', 'RELEASE')
    >>> decide(12, 300, limit=0.01).verdict.value
    'HOLD'

A reply that could not be scored counts as a violation. The prompts must be a random sample of
the population that the claim names; what a red team found by searching is not one.

References: Robbins (1970), Ann. Math. Statist. 41(5), 1397-1409 (mixture likelihood ratios);
Ville (1939) (the inequality); Ramdas et al. (2023), Statist. Sci. 38(4), 576-601 (e-processes).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from trueline.stats.beta import log_incomplete_beta

# Shape of the mixture over rates, a Beta with this first parameter. Below the limit its mean
# before truncation is limit / 4, above it 4 limits: a clean system at 1 % is released after
# 344 prompts, where one look at a fixed number needs 299.
_SHAPE = 0.5
_FOLD = 4.0


class GateVerdict(StrEnum):
    """The three answers; the third is as loud as the others."""

    RELEASE = "RELEASE"
    HOLD = "HOLD"
    NOT_ENOUGH_EVIDENCE = "NOT ENOUGH EVIDENCE"


@dataclass(frozen=True, slots=True)
class GateDecision:
    """The verdict on counts, and the evidence it rests on.

    `log_evidence_below` and `log_evidence_above` are in nats; `log_evidence_needed` is what
    either must reach.
    """

    verdict: GateVerdict
    violations: int
    n: int
    limit: float
    confidence: float
    log_evidence_below: float
    log_evidence_above: float
    log_evidence_needed: float


def decide(violations: int, n: int, limit: float, confidence: float = 0.95) -> GateDecision:
    """The verdict on the counts so far; valid at every look.

    Args:
        violations: replies that violate the policy, unscored ones included.
        n: prompts answered, of a random sample.
        limit: the highest violation rate the policy allows, in (0, 1).
        confidence: 1 - the chance of a wrong RELEASE, and of a wrong HOLD.

    Raises:
        ValueError: counts, limit or confidence that make no sense.
    """
    _check(violations, n, limit, confidence)
    needed = -math.log1p(-confidence)
    below = log_evidence_below(violations, n, limit)
    above = log_evidence_above(violations, n, limit)
    verdict = GateVerdict.NOT_ENOUGH_EVIDENCE
    if below >= needed:
        verdict = GateVerdict.RELEASE
    elif above >= needed:
        verdict = GateVerdict.HOLD
    return GateDecision(verdict, violations, n, limit, confidence, below, above, needed)


def first_decision(
    outcomes: Iterable[bool], limit: float, confidence: float = 0.95
) -> GateDecision:
    """Look after every outcome and stop at the first RELEASE or HOLD.

    Args:
        outcomes: True for a violation, in the order the prompts were drawn.
        limit: the highest violation rate the policy allows.
        confidence: see `decide`.

    Returns:
        The first decision that is not NOT ENOUGH EVIDENCE, or the last one.
    """
    violations = n = 0
    decision = decide(0, 0, limit, confidence)
    for outcome in outcomes:
        violations, n = violations + bool(outcome), n + 1
        decision = decide(violations, n, limit, confidence)
        if decision.verdict is not GateVerdict.NOT_ENOUGH_EVIDENCE:
            break
    return decision


def log_evidence_below(violations: int, n: int, limit: float) -> float:
    """Log of an e-process against "the rate is at least `limit`".

    The average of the likelihood ratios (q / limit)^violations ((1-q) / (1-limit))^clean over
    q from a Beta distribution cut off at `limit`. Its inverse is a p-value at every look.
    """
    b = _SHAPE * (_FOLD / limit - 1)
    clean = n - violations
    return (
        _log_beta(_SHAPE + violations, b + clean)
        + log_incomplete_beta(limit, _SHAPE + violations, b + clean)
        - _log_beta(_SHAPE, b)
        - log_incomplete_beta(limit, _SHAPE, b)
        - _log_likelihood(violations, clean, limit)
    )


def log_evidence_above(violations: int, n: int, limit: float) -> float:
    """Log of an e-process against "the rate is at most `limit`"."""
    mean = min(0.5, _FOLD * limit)
    b = _SHAPE * (1 - mean) / mean
    clean = n - violations
    return (
        _log_beta(_SHAPE + violations, b + clean)
        + log_incomplete_beta(1 - limit, b + clean, _SHAPE + violations)
        - _log_beta(_SHAPE, b)
        - log_incomplete_beta(1 - limit, b, _SHAPE)
        - _log_likelihood(violations, clean, limit)
    )


def clean_prompts_needed(limit: float, confidence: float = 0.95, violations: int = 0) -> int:
    """After how many prompts with `violations` among them the gate first says RELEASE."""
    _check(violations, violations, limit, confidence)
    needed = -math.log1p(-confidence)
    low, high = violations, violations + 1
    while log_evidence_below(violations, high, limit) < needed:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if log_evidence_below(violations, middle, limit) < needed:
            low = middle
        else:
            high = middle
    return high


def release_boundary(limit: float, confidence: float, most: int) -> list[int]:
    """For n = 0..most: the most violations with which the gate says RELEASE; -1 for none."""
    _check(0, most, limit, confidence)
    needed = -math.log1p(-confidence)
    first = clean_prompts_needed(limit, confidence)
    allowed, boundary = -1, [-1] * min(first, most + 1)
    for n in range(first, most + 1):
        while allowed < n and log_evidence_below(allowed + 1, n, limit) >= needed:
            allowed += 1
        boundary.append(allowed)
    return boundary


def _log_likelihood(violations: int, clean: int, rate: float) -> float:
    return violations * math.log(rate) + clean * math.log1p(-rate)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _check(violations: int, n: int, limit: float, confidence: float) -> None:
    if not 0 <= violations <= n:
        raise ValueError(f"need 0 <= violations <= n, got {violations} of {n}")
    if not 0 < limit < 1:
        raise ValueError(f"need 0 < limit < 1, got {limit}")
    if not 0 < confidence < 1:
        raise ValueError(f"need 0 < confidence < 1, got {confidence}")
