"""The judge beside its own errors: what it says alone, and what people's labels make of it."""

from __future__ import annotations

from dataclasses import dataclass

from trueline.assess.case.facts import Facts
from trueline.assess.formulas import FORMULAS


@dataclass(frozen=True, slots=True)
class JudgeCard:
    """Bounds on the violation rate, raw and corrected.

    `raw_upper` believes the judge; -1 when its own count is not known. `corrected_upper` is the
    bound with its errors inside; -1 before any review. `measures` are the claims
    about its errors (`judge.*`).
    """

    graders: tuple[str, ...]
    reviewed: bool
    flagged: int
    n: int
    raw_upper: float
    corrected_upper: float
    reviewed_flagged_share: float
    reviewed_unflagged_share: float
    found_by_people: int
    measures: tuple[str, ...]


def judge_card(facts: Facts) -> JudgeCard | None:
    """The card; None when no violation rate was measured."""
    main = facts.main
    if main is None:
        return None
    claim = main.claim
    settings = facts.evidence_of(main).get("settings", {})
    n = int(claim.inputs.get("n", 0))
    flagged = int(claim.inputs.get("found", settings.get("judge_flagged", -1)))
    raw = claim.upper
    people = claim.formula == "reviewed_rate_upper"
    if people:
        flagged = _flagged(facts, flagged)
        raw = -1.0
        if 0 <= flagged <= n:
            raw = FORMULAS["rate_upper"]({"found": flagged, "n": n}, claim.confidence).upper
    return JudgeCard(
        graders=tuple(sorted(facts.graders)),
        reviewed=facts.reviewed,
        flagged=flagged,
        n=n,
        raw_upper=raw,
        corrected_upper=claim.upper if facts.reviewed else -1.0,
        reviewed_flagged_share=float(claim.inputs.get("flagged_share", 1.0)) if people else 0.0,
        reviewed_unflagged_share=float(claim.inputs["unflagged_share"]) if people else 0.0,
        found_by_people=main.counts[0] if people and main.counts else -1,
        measures=tuple(entry.id for entry in facts.measured if entry.id.startswith("judge.")),
    )


def _flagged(facts: Facts, stated: int) -> int:
    """The judge's own count after a review: a claim of its own, or the evidence's settings."""
    raw = facts.by_id.get("judge.violation_rate") or facts.by_id.get("violation_rate_judge")
    if raw is not None and raw.counts is not None:
        return raw.counts[0]
    return stated
