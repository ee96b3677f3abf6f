"""The gate on a claim: may it be released, however often somebody looked?

Counts by exact graders go to `stats.gate.decide` as they are. After a review the counts are
violations that people met, which happens to a violation with the probability r1 t + r0 (1 - t)
(see `stats.judge_error`); the gate then asks whether they come more rarely than the limit times
that share allows, with the share bounded from below at a tenth of the allowed error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from trueline.assess.claim import Claim
from trueline.stats.gate import GateVerdict, clean_prompts_needed, decide
from trueline.stats.judge_error import RATE_SHARE, KnownViolations, Review, caught_lower


@dataclass(frozen=True, slots=True)
class GateReading:
    """What the gate says on `found` of `n`.

    `limit` and `confidence` are those the counts are held against: the policy's, or after a
    review what is left of them. `absorbs` is how many more violations among the same number of
    prompts would still be RELEASE, -1 when it is not RELEASE. `prompts_more` is how many more
    prompts without a violation would make it RELEASE; 0 when it is.
    """

    verdict: str
    found: int
    n: int
    limit: float
    confidence: float
    absorbs: int
    prompts_more: int


def read_gate(claim: Claim) -> GateReading | None:
    """The gate on a claim of one rate; None where the claim is another number.

    A limit of 0 or 1 is no limit a sample can show: None too.
    """
    if claim.limit is None or not 0 < claim.limit < 1:
        return None
    if claim.formula == "rate_upper":
        found, n = int(claim.inputs["found"]), int(claim.inputs["n"])
        return _reading(found, n, claim.limit, claim.confidence)
    if claim.formula == "reviewed_rate_upper":
        return _reviewed(claim, claim.limit)
    return None


def _reviewed(claim: Claim, limit: float) -> GateReading:
    """Drawn replies without a final label are what is worst: violations, missed by the judge."""
    review = review_of(claim)
    open_flagged, open_unflagged = open_of(claim)
    worst = Review(
        review.n, review.found_flagged, review.found_unflagged + open_unflagged,
        review.unflagged_share, review.flagged_share,
    )  # fmt: skip
    share, confidence = _reviewed_share(worst, claim.confidence, known_of(claim))
    found = review.found + open_flagged + open_unflagged
    if share <= 0:
        verdict = GateVerdict.NOT_ENOUGH_EVIDENCE.value
        return GateReading(verdict, found, review.n, 0.0, confidence, -1, 0)
    reading = _reading(found, review.n, limit * share, confidence)
    if reading.verdict == GateVerdict.RELEASE.value:
        return reading
    # People find at most the violations there are, so what they found holds as it is.
    if decide(review.found, review.n, limit, claim.confidence).verdict is GateVerdict.HOLD:
        return replace(reading, verdict=GateVerdict.HOLD.value, prompts_more=0)
    if reading.verdict == GateVerdict.HOLD.value:
        return replace(reading, verdict=GateVerdict.NOT_ENOUGH_EVIDENCE.value)
    return reading


def review_of(claim: Claim) -> Review:
    """The counts of a `reviewed_rate_upper` claim."""
    inputs = claim.inputs
    return Review(
        n=int(inputs["n"]),
        found_flagged=int(inputs["found_flagged"]),
        found_unflagged=int(inputs["found_unflagged"]),
        unflagged_share=float(inputs["unflagged_share"]),
        flagged_share=float(inputs.get("flagged_share", 1.0)),
    )


def known_of(claim: Claim) -> KnownViolations | None:
    """The judge's result on violations known beforehand, if the claim has it."""
    inputs = claim.inputs
    if "known_n" not in inputs:
        return None
    return KnownViolations(int(inputs["known_caught"]), int(inputs["known_n"]))


def open_of(claim: Claim) -> tuple[int, int]:
    """Flagged and unflagged replies that were drawn and have no final label."""
    inputs = claim.inputs
    return int(inputs.get("open_flagged", 0)), int(inputs.get("open_unflagged", 0))


def _reviewed_share(
    review: Review, confidence: float, known: KnownViolations | None
) -> tuple[float, float]:
    high, low = review.flagged_share, review.unflagged_share
    if high == low:
        return high, confidence
    error = 1 - confidence
    caught = caught_lower(review, 1 - (1 - RATE_SHARE) * error, known)
    return high * caught + low * (1 - caught), 1 - RATE_SHARE * error


def _reading(found: int, n: int, limit: float, confidence: float) -> GateReading:
    verdict = decide(found, n, limit, confidence).verdict
    absorbs, more = -1, 0
    if verdict is GateVerdict.RELEASE:
        low, high = found, n + 1
        while high - low > 1:
            middle = (low + high) // 2
            if decide(middle, n, limit, confidence).verdict is GateVerdict.RELEASE:
                low = middle
            else:
                high = middle
        absorbs = low - found
    else:
        more = max(0, clean_prompts_needed(limit, confidence, found) - n)
    return GateReading(verdict.value, found, n, limit, confidence, absorbs, more)
