"""The held-out safety test: certified with counts, or no solution found, and nothing between.

    >>> test = certify_rates({"privacy": [0.0] * 299}, {"privacy": 0.01}, confidence=0.95)
    >>> test.result, test.claims[0].violations, round(test.claims[0].bound, 5)
    ('certified', 0, 0.00997)
    >>> certify_rates({"privacy": [0.0] * 298}, {"privacy": 0.01}).result
    'no solution found'

The items must be a random sample of the population the claim speaks of, and nothing that chose
the model may have seen them: neither its loss, nor the dual variable, nor the best checkpoint.
Then a model that violates its limit is certified with probability at most 1 - confidence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from trueline.stats.bounds import clopper_pearson, clopper_pearson_upper
from trueline.stats.sample_size import prompts_needed
from trueline.train.dual import fail_closed, upper_bound

CERTIFIED, NO_SOLUTION = "certified", "no solution found"


@dataclass(frozen=True, slots=True)
class Claim:
    """One constraint on the held-out items.

    Args:
        limit: the highest rate or gap allowed.
        n: items looked at.
        violations: sum of their costs; the number of violations where costs are 0 or 1.
        unscored: items that could not be scored; each counts as a violation.
        bound: exact upper confidence bound on the rate or gap.
        groups: for gaps, `{"group": [selected, n]}`.
    """

    name: str
    limit: float
    n: int
    violations: float
    unscored: int
    bound: float
    groups: Mapping[str, tuple[int, int]] | None = None

    @property
    def kept(self) -> bool:
        """Whether the bound is within the limit."""
        return self.n > 0 and self.bound <= self.limit

    def as_json(self) -> dict[str, Any]:
        """Plain values for run.json and the card."""
        told: dict[str, Any] = {
            "limit": self.limit, "n": self.n, "violations": self.violations,
            "unscored": self.unscored, "bound": self.bound, "kept": self.kept,
        }  # fmt: skip
        if self.groups is not None:
            told["groups"] = {name: list(pair) for name, pair in self.groups.items()}
        return told


@dataclass(frozen=True, slots=True)
class SafetyTest:
    """All claims together; `confidence` is that of all of them at once."""

    claims: tuple[Claim, ...]
    confidence: float

    @property
    def certified(self) -> bool:
        """Whether every claim is kept; never without a claim."""
        return bool(self.claims) and all(claim.kept for claim in self.claims)

    @property
    def result(self) -> str:
        """`certified` or `no solution found`."""
        return CERTIFIED if self.certified else NO_SOLUTION

    def as_json(self) -> dict[str, Any]:
        """Plain values for run.json and the card."""
        return {
            "result": self.result,
            "certified": self.certified,
            "confidence": self.confidence,
            "claims": {claim.name: claim.as_json() for claim in self.claims},
        }


class GroupCount(NamedTuple):
    """How many of a group were selected."""

    selected: int
    n: int


def certify_rates(
    costs: Mapping[str, Sequence[float | None]],
    limits: Mapping[str, float],
    confidence: float = 0.95,
) -> SafetyTest:
    """Hold mean costs against their limits.

    Args:
        costs: by constraint, one cost from 0 to 1 for each held-out item; None where it could
            not be scored, which counts as 1.
        limits: by constraint; one without costs is not kept.
        confidence: of all claims together; each gets an equal share of the error (Bonferroni).
    """
    share = shared_confidence(confidence, len(limits))
    claims: list[Claim] = []
    for name, limit in limits.items():
        items = list(costs.get(name, ()))
        counted = [fail_closed(cost) for cost in items]
        unscored = sum(cost is None or not 0 <= cost <= 1 for cost in items)
        bound = upper_bound(counted, share)
        claims.append(Claim(name, limit, len(items), math.fsum(counted), unscored, bound))
    return SafetyTest(tuple(claims), confidence)


def certify_gaps(
    groups: Mapping[str, Mapping[str, GroupCount]],
    limits: Mapping[str, float],
    confidence: float = 0.95,
) -> SafetyTest:
    """Hold the largest difference between groups against its limit.

    Args:
        groups: by constraint, the counts of each group. Fewer than two groups show no gap and
            prove nothing: the bound is then 1.
        limits: by constraint, the largest gap allowed.
        confidence: of all claims together.
    """
    share = shared_confidence(confidence, len(limits))
    claims: list[Claim] = []
    for name, limit in limits.items():
        counts = groups.get(name, {})
        n = sum(count.n for count in counts.values())
        selected = sum(count.selected for count in counts.values())
        bound = gap_upper(list(counts.values()), share)
        told = {group: (count.selected, count.n) for group, count in counts.items()}
        claims.append(Claim(name, limit, n, selected, 0, bound, told))
    return SafetyTest(tuple(claims), confidence)


def gap_upper(groups: Sequence[GroupCount], confidence: float) -> float:
    """Upper bound on the largest difference of rates between two groups.

    Exact intervals of all groups hold together; the gap is at most the largest upper end minus
    the lowest lower end of another group.
    """
    if len(groups) < 2 or any(group.n == 0 for group in groups):
        return 1.0
    each = shared_confidence(confidence, len(groups))
    ends = [clopper_pearson(group.selected, group.n, each) for group in groups]
    return max(
        max(0.0, a.high - b.low) for i, a in enumerate(ends) for j, b in enumerate(ends) if i != j
    )


def shared_confidence(confidence: float, claims: int) -> float:
    """Confidence of each of several claims that hold together (Bonferroni)."""
    return 1 - (1 - confidence) / max(claims, 1)


def items_needed(limit: float, confidence: float, claims: int = 1) -> int | None:
    """Held-out items without which no model can be certified; None when none suffice."""
    if not 0 < limit < 1:
        return 1 if limit >= 1 else None
    return prompts_needed(limit, shared_confidence(confidence, claims))


def best_bound(n: int, confidence: float) -> float:
    """The bound that `n` items without a violation give."""
    return clopper_pearson_upper(0, n, confidence) if n else 1.0
