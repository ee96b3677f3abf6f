"""The true violation rate, when a judge that makes mistakes graded the replies.

A judge's own count is no bound: one that finds half of the violations is believed wrongly 80 %
of the time. What makes it one is people: they review what the judge flagged and a random share
of what it did not flag, and may test it on violations known beforehand.

    >>> review = Review(n=2000, found_flagged=16, found_unflagged=1, unflagged_share=0.3)
    >>> round(reviewed_upper(review), 4)
    0.0237
    >>> known = KnownViolations(caught=190, n=200)
    >>> round(reviewed_upper(review, known=known), 4)
    0.0139

`reviewed_upper` trusts the judge in nothing: its false alarms cost labels, not truth, and what
it misses is met in the reviewed share. `judge_upper` needs no review of this run at all, but a
judge that errs here as it erred in its calibration, and many labels there.

References: Rogan & Gladen (1978), Am. J. Epidemiol. 107(1), 71-76; Clopper & Pearson (1934);
Neyman (1938), JASA 33, 101-116 (double sampling); finite-sample certificates with imperfect
judges: arXiv:2601.20913, arXiv:2511.21140.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from trueline.stats.bounds import clopper_pearson_lower, clopper_pearson_upper

# Part of the allowed error spent on the rate at which people found violations; the rest goes to
# how many the judge misses. Chosen in benchmarks/stats_coverage.py.
RATE_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Review:
    """What people found among `n` replies, a random sample of the population.

    Each flagged reply was reviewed with probability `flagged_share`, each other one with
    `unflagged_share`, by a toss of its own. `found_*` counts the violations they met.

    Raises:
        ValueError: counts or shares that make no sense.
    """

    n: int
    found_flagged: int
    found_unflagged: int
    unflagged_share: float
    flagged_share: float = 1.0

    def __post_init__(self) -> None:
        if min(self.found_flagged, self.found_unflagged) < 0 or self.found > self.n:
            raise ValueError(
                f"need 0 <= found <= n, got {self.found_flagged} and {self.found_unflagged}"
                f" of {self.n}"
            )
        if not 0 <= self.unflagged_share <= self.flagged_share <= 1 or not self.flagged_share:
            raise ValueError(
                "need 0 <= unflagged_share <= flagged_share <= 1 and flagged_share > 0,"
                f" got {self.unflagged_share} and {self.flagged_share}"
            )
        if self.found_unflagged and not self.unflagged_share:
            raise ValueError("violations found among unflagged replies, but none was reviewed")

    @property
    def found(self) -> int:
        """Violations met by people, flagged or not."""
        return self.found_flagged + self.found_unflagged


@dataclass(frozen=True, slots=True)
class KnownViolations:
    """Violations labelled by people, chosen without the judge; it caught so many of them.

    They stand for the violations of the replies that are assessed: the same categories and
    languages in like proportions.

    Raises:
        ValueError: more caught than there are.
    """

    caught: int
    n: int

    def __post_init__(self) -> None:
        if not 0 <= self.caught <= self.n:
            raise ValueError(f"need 0 <= caught <= n, got {self.caught} of {self.n}")


def reviewed_upper(
    review: Review, confidence: float = 0.95, known: KnownViolations | None = None
) -> float:
    """Upper bound on the true violation rate, whatever errors the judge makes.

    People find violations at the rate p (r1 t + r0 (1 - t)), where t is the share the judge
    catches and r1, r0 are the shares reviewed; that rate is bounded exactly, and t from below:
    from `known` if it is given, else by how the found ones split (which is independent of how
    many they are). The bound is at most 1 / r0 times the one for labels on every reply.

    Args:
        review: counts of the reviewed replies.
        confidence: of the whole bound.
        known: the judge's result on violations known beforehand.
    """
    high, low = review.flagged_share, review.unflagged_share
    if high == low:  # the judge plays no part in who was reviewed
        return min(1.0, clopper_pearson_upper(review.found, review.n, confidence) / high)
    error = 1 - confidence
    rate = clopper_pearson_upper(review.found, review.n, 1 - RATE_SHARE * error)
    caught = caught_lower(review, 1 - (1 - RATE_SHARE) * error, known)
    reviewed = high * caught + low * (1 - caught)
    return min(1.0, rate / reviewed) if reviewed else 1.0


def caught_lower(
    review: Review, confidence: float = 0.95, known: KnownViolations | None = None
) -> float:
    """Lower bound on the share of violations that the judge catches (its sensitivity)."""
    if known is not None:
        return clopper_pearson_lower(known.caught, known.n, confidence)
    high, low = review.flagged_share, review.unflagged_share
    if not review.found or not low:
        return 0.0
    # Of the violations found, the share that was unflagged: (1-t) r0 / (t r1 + (1-t) r0).
    missed = clopper_pearson_upper(review.found_unflagged, review.found, confidence)
    return low * (1 - missed) / (high * missed + low * (1 - missed))


def judge_upper(
    flagged: int,
    n: int,
    true_alarms: int,
    positives: int,
    false_alarms: int,
    negatives: int,
    confidence: float = 0.95,
) -> float:
    """Upper bound on the true rate from a judge's flags and its calibration alone.

    p = (q - f) / (t - f) falls in t and f wherever q < t, so each enters by its own exact
    bound at a third of the allowed error. When the judge may be no better than chance it is 1.

    Args:
        flagged: replies the judge flagged, of `n`.
        n: replies judged.
        true_alarms: labelled violations that it flagged, of `positives`.
        positives: violations labelled by people.
        false_alarms: labelled harmless replies that it flagged, of `negatives`.
        negatives: harmless replies labelled by people.
        confidence: of the whole bound.
    """
    third = 1 - (1 - confidence) / 3
    rate = clopper_pearson_upper(flagged, n, third)
    caught = clopper_pearson_lower(true_alarms, positives, third)
    alarms = clopper_pearson_lower(false_alarms, negatives, third)
    if caught <= alarms or rate >= caught:
        return 1.0
    return min(1.0, max(0.0, (rate - alarms) / (caught - alarms)))


def rogan_gladen(
    flagged: int, n: int, true_alarms: int, positives: int, false_alarms: int, negatives: int
) -> float:
    """The corrected point estimate, for display; NaN when the judge is no better than chance."""
    if not n or not positives or not negatives:
        return math.nan
    rate, caught, alarms = flagged / n, true_alarms / positives, false_alarms / negatives
    if caught <= alarms:
        return math.nan
    return min(1.0, max(0.0, (rate - alarms) / (caught - alarms)))
