"""How many replies people must look at, planned from the limit before anybody labels.

Every reply the judge flagged is looked at, and each other one with a probability that is just
high enough for RELEASE, if people confirm half of what was flagged and find nothing that the
judge missed: the claim must hold and the gate must say RELEASE.

    >>> plan = plan_shares(n=1000, flagged=4, faults=0, limit=0.01)
    >>> plan.reachable, plan.unflagged_share, plan.labels
    (True, 0.89, 891)
    >>> plan_shares(n=200, flagged=4, faults=0, limit=0.01).reachable
    False
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from trueline.assess.case.release_gate import GateReading, read_gate
from trueline.assess.claim import make_claim
from trueline.core.errors import InputError
from trueline.core.policy import Bilingual
from trueline.stats.gate import GateVerdict
from trueline.stats.judge_error import Review, reviewed_upper

_PLANNED = Bilingual(zh="计划中的复核", en="a review as planned")


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
        most: the most violations in all with which the gate says RELEASE, every reply labelled;
            -1: too few replies.
        prompts_more: prompts without a violation that the gate still needs; 0 when it says
            RELEASE.
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
    prompts_more: int
    if_missed: tuple[int | None, ...]

    @property
    def reachable(self) -> bool:
        """Whether it is RELEASE if people find what the plan reckons with."""
        return self.bound <= self.limit and not self.prompts_more

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


def gate_after(review: Review, limit: float, confidence: float) -> GateReading | None:
    """What the gate says once people found this; None for a limit no sample can show."""
    claim = make_claim(
        "violation_rate", "reviewed_rate_upper",
        {"n": review.n, "found_flagged": review.found_flagged,
         "found_unflagged": review.found_unflagged,
         "unflagged_share": review.unflagged_share, "flagged_share": review.flagged_share},
        confidence=confidence, limit=limit, population="planned", statement=_PLANNED,
    )  # fmt: skip
    return read_gate(claim)


def releases(review: Review, limit: float, confidence: float) -> bool:
    """Whether the claim holds and the gate says RELEASE once people found this."""
    if reviewed_upper(review, confidence) > limit:
        return False
    gate = gate_after(review, limit, confidence)
    return gate is not None and gate.verdict == GateVerdict.RELEASE.value


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
    clean = gate_after(Review(n, 0, 0, 1.0), limit, confidence)
    most = clean.absorbs if clean else -1
    seen = round(flagged_share * ((flagged + 1) // 2))
    confirmed = max(faults, min(faults + seen, most))

    def planned(share: float, missed: int = 0) -> Review:
        return Review(n, min(confirmed, n - missed), missed, share, flagged_share)

    def least(missed: int = 0) -> float | None:
        steps = (step / 100 for step in range(1, round(100 * flagged_share) + 1))
        return next((s for s in steps if releases(planned(s, missed), limit, confidence)), None)

    # Where no share is enough, everything is labelled.
    share = unflagged_share or least() or flagged_share
    gate = gate_after(planned(share), limit, confidence)
    rest = n - flagged - faults
    needed = (least(missed) if missed <= rest else None for missed in range(3))
    return SharePlan(
        n=n, flagged=flagged, faults=faults, flagged_share=flagged_share, unflagged_share=share,
        limit=limit, confidence=confidence, confirmed=confirmed,
        bound=reviewed_upper(planned(share), confidence), most=most,
        prompts_more=gate.prompts_more if gate else 0,
        if_missed=tuple(
            None if one is None else math.ceil(round(flagged_share * flagged + one * rest, 6))
            for one in needed
        ),
    )  # fmt: skip
