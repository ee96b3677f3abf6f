"""The bound of a review that is not finished: the worst of all the ways it could end.

A reply that was drawn and not labelled, that a reviewer was unsure about, or that two reviewers
disagree on is *open*. The bound is the highest that any outcome of the open ones would give, so
it holds whenever and for whatever reason the reviewers stop: the finished review is one of those
outcomes, and its own bound holds.

    >>> from trueline.stats.judge_error import Review, reviewed_upper
    >>> done = Review(n=2000, found_flagged=4, found_unflagged=0, unflagged_share=0.3)
    >>> round(reviewed_upper(done), 4)
    0.0126
    >>> round(unfinished_upper(done, open_flagged=0, open_unflagged=1), 4)
    0.0155

Counting the open ones as violations is not enough by itself: more violations among the flagged
make the judge look better, and now and then that lowers the bound.
"""

from __future__ import annotations

from dataclasses import replace

from trueline.stats.bounds import clopper_pearson_upper
from trueline.stats.judge_error import (
    RATE_SHARE,
    KnownViolations,
    Review,
    caught_lower,
    reviewed_upper,
)

# Up to so many outcomes are tried one by one; of more, each stretch is bounded as a whole.
_STRETCHES = 48


def unfinished_upper(
    review: Review,
    open_flagged: int,
    open_unflagged: int,
    confidence: float = 0.95,
    known: KnownViolations | None = None,
) -> float:
    """Upper bound on the true violation rate, whatever becomes of the open replies.

    Args:
        review: counts of the labelled replies.
        open_flagged: drawn, flagged by the judge, without a final label.
        open_unflagged: drawn, not flagged, without a final label.
        confidence: of the whole bound.
        known: as in `reviewed_upper`.

    Raises:
        ValueError: more open replies than there are.
    """
    if min(open_flagged, open_unflagged) < 0:
        raise ValueError(f"need open counts >= 0, got {open_flagged} and {open_unflagged}")
    # More violations among the unflagged raise the rate and lower what the judge catches.
    worst = replace(review, found_unflagged=review.found_unflagged + open_unflagged)
    first, last = worst.found_flagged, worst.found_flagged + open_flagged
    if review.flagged_share == review.unflagged_share:
        return reviewed_upper(replace(worst, found_flagged=last), confidence, known)
    width = max(1, -(-(last - first + 1) // _STRETCHES))
    return max(
        _upper(worst, low, min(low + width - 1, last), confidence, known)
        for low in range(first, last + 1, width)
    )


def _upper(
    review: Review, least: int, most: int, confidence: float, known: KnownViolations | None
) -> float:
    """At least the bound of every review with `least` to `most` violations among the flagged."""
    if least == most:
        return reviewed_upper(replace(review, found_flagged=least), confidence, known)
    error = 1 - confidence
    found = most + review.found_unflagged
    rate = clopper_pearson_upper(found, review.n, 1 - RATE_SHARE * error)
    fewest = replace(review, found_flagged=least)
    caught = caught_lower(fewest, 1 - (1 - RATE_SHARE) * error, known)
    reviewed = review.flagged_share * caught + review.unflagged_share * (1 - caught)
    return min(1.0, rate / reviewed) if reviewed else 1.0
