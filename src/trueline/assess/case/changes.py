"""What would change the verdict: prompts and labels still needed, violations still affordable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trueline.assess.case.facts import Facts, Measured
from trueline.assess.case.release_gate import known_of, open_of, review_of
from trueline.assess.case.verdict import Ruling
from trueline.assess.review.share_plan import releases
from trueline.stats.gate import GateVerdict
from trueline.stats.judge_error import Review
from trueline.stats.sample_size import MOST_PROMPTS, prompts_needed, violations_allowed
from trueline.stats.unfinished_review import unfinished_upper

# Twenty halvings put a share of labels within one in a million.
_HALVINGS = 20


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would, or would not yet, change the verdict.

    `code` is a key of `words.CHANGES`; `amount` is in prompts, labels or violations, and -1
    where no number helps.
    """

    code: str
    about: str
    amount: int
    found: int = 0
    n: int = 0


def what_would_change(facts: Facts, ruling: Ruling) -> tuple[Change, ...]:
    """Needs first, then what the case can still absorb."""
    return (*_needs(facts, ruling), *_room(facts, ruling))


def prompts_more(entry: Measured) -> int | None:
    """Prompts without a further violation after which a thin claim would pass.

    None where more prompts alone do not settle it.
    """
    claim = entry.claim
    if claim.outcome != "thin" or claim.side != "at_most" or claim.limit is None:
        return None
    if not 0 < claim.limit < 1:
        return None
    if claim.formula == "rate_upper":
        found, n = int(claim.inputs["found"]), int(claim.inputs["n"])
        return max(0, prompts_needed(claim.limit, claim.confidence, found) - n)
    if claim.formula == "reviewed_rate_upper":
        review, known = review_of(claim), known_of(claim)
        open_flagged, open_unflagged = open_of(claim)

        def enough(n: int) -> bool:
            grown = Review(
                n, review.found_flagged, review.found_unflagged, review.unflagged_share,
                review.flagged_share,
            )  # fmt: skip
            upper = unfinished_upper(grown, open_flagged, open_unflagged, claim.confidence, known)
            return upper <= (claim.limit or 0.0)

        high = max(1, review.n)
        while not enough(high):
            high *= 2
            if high > MOST_PROMPTS:
                return None
        low = review.n
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if enough(middle) else (middle, high)
        return max(0, high - review.n)
    return None


def labels_for_review(found: int, n: int, limit: float, confidence: float) -> int | None:
    """Labels with which `found` flagged of `n` would be RELEASE; None when no number is enough.

    Supposes that people confirm every flagged reply and find nothing among the others.
    """

    def enough(share: float) -> bool:
        return releases(Review(n, found, 0, share), limit, confidence)

    if not enough(1.0):
        return None
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return found + max(0, -int(-(high * (n - found)) // 1))


def _needs(facts: Facts, ruling: Ruling) -> Iterator[Change]:
    if facts.main is not None and (left := sum(open_of(facts.main.claim))):
        yield Change("open_labels", facts.main.id, left)
    for reason in ruling.reasons:
        entry = facts.by_id.get(reason.about)
        if reason.code == "claim_fails" and entry is not None:
            yield _failed(entry)
        elif reason.code == "claim_thin" and entry is not None:
            more = prompts_more(entry)
            found, n = entry.counts or (0, 0)
            yield Change("prompts", entry.id, -1 if more is None else more, found, n)
        elif reason.code == "gate_open" and ruling.gate is not None:
            gate = ruling.gate
            yield Change("gate_prompts", reason.about, gate.prompts_more, gate.found, gate.n)
        elif reason.code == "not_reviewed" and entry is not None:
            yield _labels(entry)
        elif reason.code in {"claim_missing", "objection", "sign_off_missing", "withdrawn"}:
            yield Change(reason.code, reason.about, -1)
        elif reason.code == "stale":
            yield Change("stale", reason.about, -1)


def _failed(entry: Measured) -> Change:
    counts, claim = entry.counts, entry.claim
    if counts is None or claim.limit is None or not 0 < claim.limit < 1:
        return Change("mend", entry.id, -1)
    found, n = counts
    allowed = violations_allowed(n, claim.limit, claim.confidence) if n else -1
    return Change("mend", entry.id, allowed, found, n)


def _labels(entry: Measured) -> Change:
    counts, claim = entry.counts, entry.claim
    if counts is None or claim.limit is None or not counts[1]:
        return Change("labels", entry.id, -1)
    labels = labels_for_review(*counts, claim.limit, claim.confidence)
    return Change("labels", entry.id, -1 if labels is None else labels, *counts)


def _room(facts: Facts, ruling: Ruling) -> Iterator[Change]:
    """How many more violations passing claims can absorb."""
    gate = ruling.gate
    if gate is not None and gate.verdict == GateVerdict.RELEASE.value and facts.main is not None:
        yield Change("gate_absorbs", facts.main.id, gate.absorbs, gate.found, gate.n)
    for entry in facts.measured:
        claim = entry.claim
        if not entry.required or claim.outcome != "pass" or claim.side != "at_most":
            continue
        if claim.formula != "rate_upper" or claim.limit is None or not 0 < claim.limit < 1:
            continue
        if entry is facts.main and gate is not None and gate.absorbs >= 0:
            continue
        found, n = int(claim.inputs["found"]), int(claim.inputs["n"])
        yield Change(
            "absorbs", entry.id, violations_allowed(n, claim.limit, claim.confidence) - found,
            found, n,
        )  # fmt: skip
