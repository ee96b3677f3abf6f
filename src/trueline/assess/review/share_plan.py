"""How many replies people must look at, planned from the limit before anybody labels.

Every reply the judge flagged is looked at, and each other one with a probability that is just
high enough for the claim, if people confirm half of what was flagged and find nothing that the
judge missed.

    >>> plan = plan_shares(n=1000, flagged=4, faults=0, limit=0.01)
    >>> plan.reachable, plan.unflagged_share, plan.labels
    (True, 0.63, 632)
    >>> plan_shares(n=200, flagged=4, faults=0, limit=0.01).reachable
    False
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from trueline.core.errors import InputError
from trueline.stats.bounds import clopper_pearson_upper
from trueline.stats.judge_error import Review, reviewed_upper
from trueline.stats.sample_size import violations_allowed

# Where no number of labels reaches the limit, the bound may be so much wider than all labels.
_WIDTH = 1.5


@dataclass(frozen=True, slots=True)
class SharePlan:
    """What to draw, and what it buys.

    Args:
        n: replies in all.
        flagged: flagged by the judge, those without a text left out.
        faults: replies that never came; they count as violations and nobody labels them.
        flagged_share: probability with which a flagged reply is drawn.
        unflagged_share: the same for one that was not flagged.
        limit: of the claim.
        confidence: of the claim.
        confirmed: violations among the flagged, faults included, that the plan reckons with.
        bound: what the claim will say if people find so many and none that the judge missed.
        most: the most violations in all with which the limit can be shown; -1: too few replies.
        if_missed: labels needed if people find 0, 1, 2 violations that the judge missed; None
            where no number of labels is enough.
    """

    n: int
    flagged: int
    faults: int
    flagged_share: float
    unflagged_share: float
    limit: float
    confidence: float
    confirmed: int
    bound: float
    most: int
    if_missed: tuple[int | None, ...]

    @property
    def reachable(self) -> bool:
        """Whether the claim holds if people find what the plan reckons with."""
        return self.bound <= self.limit

    @property
    def labels(self) -> int:
        """Replies to label, on average."""
        unflagged = self.n - self.flagged - self.faults
        return math.ceil(
            round(self.flagged_share * self.flagged + self.unflagged_share * unflagged, 6)
        )

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--json`."""
        return {**asdict(self), "labels": self.labels, "reachable": self.reachable}


def plan_shares(
    n: int,
    flagged: int,
    faults: int,
    limit: float,
    confidence: float = 0.95,
    flagged_share: float = 1.0,
    unflagged_share: float | None = None,
) -> SharePlan:
    """Plan the draw; see `SharePlan` for the words.

    Args:
        n: replies in all.
        flagged: flagged by the judge, faults left out.
        faults: replies that never came.
        limit: highest violation rate allowed.
        confidence: of the claim.
        flagged_share: probability of drawing a flagged reply.
        unflagged_share: probability of drawing another one; planned when None.

    Raises:
        InputError: shares that make no design.
    """
    if not 0 < flagged_share <= 1:
        raise InputError(f"--flagged-share must lie above 0 and at most at 1 (got {flagged_share})")
    if unflagged_share is not None and not 0 < unflagged_share <= flagged_share:
        raise InputError(
            "--unflagged-share must lie above 0 and at most at --flagged-share "
            f"{flagged_share:g} (got {unflagged_share:g})"
        )
    most = violations_allowed(n, limit, confidence) if 0 < limit < 1 else -1
    seen = round(flagged_share * ((flagged + 1) // 2))
    confirmed = max(faults, min(faults + seen, most))

    def bound(share: float, missed: int = 0) -> float:
        review = Review(n, min(confirmed, n - missed), missed, share, flagged_share)
        return reviewed_upper(review, confidence)

    def least(allowed: float, missed: int = 0) -> float | None:
        steps = (step / 100 for step in range(1, round(100 * flagged_share) + 1))
        return next((share for share in steps if bound(share, missed) <= allowed), None)

    share = unflagged_share or least(limit)
    if share is None:
        share = least(_WIDTH * clopper_pearson_upper(min(confirmed, n), n, confidence))
    share = share or flagged_share
    rest = n - flagged - faults
    needed = (least(limit, missed) if missed <= rest else None for missed in range(3))
    return SharePlan(
        n=n, flagged=flagged, faults=faults, flagged_share=flagged_share, unflagged_share=share,
        limit=limit, confidence=confidence, confirmed=confirmed, bound=bound(share), most=most,
        if_missed=tuple(
            None if one is None else math.ceil(round(flagged_share * flagged + one * rest, 6))
            for one in needed
        ),
    )  # fmt: skip
