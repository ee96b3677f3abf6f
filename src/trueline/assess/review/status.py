"""How far a review is and what it says, for a terminal or as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from trueline.assess.claim import Claim
from trueline.assess.review.evidence import (
    agreement_claim,
    alpha_claim,
    corrected,
    judge_false_alarms,
    judge_raw,
    judge_sensitivity,
    kappa_claim,
    told,
)
from trueline.assess.review.labels import CaseReview, ReviewCounts
from trueline.assess.review.measures import Agreement, agreement, labels_by_person, unsure
from trueline.assess.review.share_plan import SharePlan
from trueline.assess.review.words import say, share
from trueline.stats.gate import clean_prompts_needed


@dataclass(frozen=True, slots=True)
class ReviewStatus:
    """What `trueline review status` says; `claims` by what they are about."""

    counts: ReviewCounts
    agreed: Agreement
    unsure: int
    labellers: Mapping[str, int]
    corrected: Claim
    claims: Mapping[str, Claim]

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--json`."""
        open_ones = self.counts.open_flagged + self.counts.open_unflagged
        return {
            **asdict(self.counts), "labelled": self.counts.labelled, "open": open_ones,
            "unsure": self.unsure, "disputed": self.agreed.disputed,
            "labellers": dict(self.labellers),
            "corrected": _numbers(self.corrected),
            **{name: _numbers(claim) for name, claim in self.claims.items()},
        }  # fmt: skip


def status_of(review: CaseReview) -> ReviewStatus:
    """Everything that is known now."""
    counts, agreed = review.counts(), agreement(review)
    claims = {"judge_believed": judge_raw(review)}
    if counts.found_flagged + counts.found_unflagged:
        claims["sensitivity"] = judge_sensitivity(review, counts)
    if counts.ok_flagged + counts.ok_unflagged:
        claims["false_alarm_rate"] = judge_false_alarms(review, counts)
    if agreed.n:
        claims["agreement"] = agreement_claim(review, agreed)
        claims["cohen_kappa"] = kappa_claim(review, agreed)
        claims["krippendorff_alpha"] = alpha_claim(review, agreed)
    return ReviewStatus(
        counts, agreed, unsure(review), labels_by_person(review), corrected(review), claims
    )


def as_text(status: ReviewStatus, language: str) -> str:
    """The status for a terminal."""
    counts, claims = status.counts, status.claims
    open_ones = counts.open_flagged + counts.open_unflagged
    people = ", ".join(f"{name} {count}" for name, count in status.labellers.items())
    lines = [
        say("status.drawn", language, drawn=counts.drawn, n=counts.n),
        say(
            "status.labelled", language, labelled=counts.labelled, open=open_ones,
            unsure=status.unsure, disputed=status.agreed.disputed, faults=counts.faults,
        ),
        say("status.people", language, people=people or say("none", language)),
    ]  # fmt: skip
    if status.agreed.n:
        pair = " / ".join(status.agreed.pair)
        lines += [
            say("status.agreement", language, agreed=status.agreed.agreed, n=status.agreed.n,
                value=told(claims["agreement"])),
            say("status.kappa", language, value=told(claims["cohen_kappa"], False), pair=pair),
            say("status.alpha", language, value=told(claims["krippendorff_alpha"], False)),
        ]  # fmt: skip
    else:
        lines.append(say("status.no_agreement", language))
    for name, key in (("sensitivity", "sensitivity"), ("false_alarm_rate", "false_alarms")):
        if name in claims:
            lines.append(say(f"status.{key}", language, value=told(claims[name])))
    claim = status.corrected
    lines += [
        "",
        say("status.raw", language, value=share(claims["judge_believed"].upper)),
        say(
            "status.corrected", language, value=share(claim.upper), limit=share(claim.limit or 0),
            confidence=share(claim.confidence), outcome=say(f"outcome.{claim.outcome}", language),
        ),
    ]  # fmt: skip
    if open_ones:
        lines.append(say("status.open_note", language))
    return "\n".join(lines)


def plan_as_text(plan: SharePlan, reviewers: int, language: str) -> str:
    """What a draw takes and what it buys, before it is made."""
    limit, confidence = share(plan.limit), share(plan.confidence)
    values = {
        "limit": limit, "confidence": confidence, "bound": share(plan.bound),
        "confirmed": plan.confirmed, "most": plan.most,
    }  # fmt: skip
    lines = [
        say("plan.head", language, n=plan.n, flagged=plan.flagged, faults=plan.faults),
        say("plan.draw", language, high=share(plan.flagged_share),
            low=share(plan.unflagged_share), labels=plan.labels, all=plan.n - plan.faults),
    ]  # fmt: skip
    if reviewers > 1:
        total = reviewers * plan.labels
        lines.append(say("plan.reviewers", language, reviewers=reviewers, total=total))
    if plan.reachable:
        lines.append(say("plan.reached", language, **values))
    elif plan.most < 0 and 0 < plan.limit < 1:
        needed = clean_prompts_needed(plan.limit, plan.confidence)
        lines.append(say("plan.unreachable_n", language, limit=limit, needed=needed))
    else:
        lines.append(say("plan.unreachable", language, **values))
    if plan.prompts_more:
        everything = plan.unflagged_share == 1
        key = "plan.gate_everything" if everything else "plan.gate"
        lines.append(say(key, language, prompts=plan.prompts_more))
    for missed, labels in enumerate(plan.if_missed):
        if missed and plan.reachable:
            key = "plan.missed" if labels is not None else "plan.missed_never"
            lines.append(say(key, language, missed=missed, labels=labels))
            if labels is None:
                break
    return "\n".join(lines)


def _numbers(claim: Claim) -> dict[str, Any]:
    estimate = None if math.isnan(claim.estimate) else claim.estimate
    shown: dict[str, Any] = {"estimate": estimate, "lower": claim.lower, "upper": claim.upper}
    if claim.limit is not None:
        shown |= {"limit": claim.limit, "outcome": claim.outcome}
    return shown
