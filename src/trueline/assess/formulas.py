"""The formulas a claim may name: counts in, estimate and interval out.

Each takes the claim's `inputs` and its confidence. One-sided formulas hold at the confidence on
the side the claim quotes, so both ends are one-sided bounds.

>>> FORMULAS["rate_upper"]({"found": 0, "n": 300}, 0.95).upper < 0.01
True
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from trueline.stats import bounds, groups, judge_error


class Result(NamedTuple):
    """An estimate and the interval around it."""

    estimate: float
    lower: float
    upper: float


Formula = Callable[[Mapping[str, Any], float], Result]


def rate_upper(inputs: Mapping[str, Any], confidence: float) -> Result:
    """`found` of `n`; exact one-sided bounds (Clopper & Pearson 1934)."""
    found, n = int(inputs["found"]), int(inputs["n"])
    return Result(
        found / n if n else 0.0,
        bounds.clopper_pearson_lower(found, n, confidence),
        bounds.clopper_pearson_upper(found, n, confidence),
    )


def reviewed_rate_upper(inputs: Mapping[str, Any], confidence: float) -> Result:
    """The true rate behind an imperfect judge, from people's labels (`stats.judge_error`).

    `n` graded, `found_flagged`, `found_unflagged` violations met by people, who reviewed the
    shares `flagged_share` and `unflagged_share`; `known_caught` of `known_n` if given.
    """
    review = judge_error.Review(
        n=int(inputs["n"]),
        found_flagged=int(inputs["found_flagged"]),
        found_unflagged=int(inputs["found_unflagged"]),
        unflagged_share=float(inputs["unflagged_share"]),
        flagged_share=float(inputs.get("flagged_share", 1.0)),
    )
    known = None
    if "known_n" in inputs:
        known = judge_error.KnownViolations(int(inputs["known_caught"]), int(inputs["known_n"]))
    upper = judge_error.reviewed_upper(review, confidence, known)
    weighted = review.found_flagged / review.flagged_share
    if review.unflagged_share:
        weighted += review.found_unflagged / review.unflagged_share
    lower = bounds.clopper_pearson_lower(review.found, review.n, confidence)
    return Result(min(1.0, weighted / review.n) if review.n else 0.0, lower, upper)


def rate_interval(inputs: Mapping[str, Any], confidence: float) -> Result:
    """`found` of `n`; exact two-sided interval."""
    found, n = int(inputs["found"]), int(inputs["n"])
    interval = bounds.clopper_pearson(found, n, confidence)
    return Result(found / n if n else 0.0, interval.low, interval.high)


def rate_difference(inputs: Mapping[str, Any], confidence: float) -> Result:
    """`found_a`/`n_a` minus `found_b`/`n_b` (Newcombe 1998, method 10)."""
    metric = groups.rate_difference(*_two_groups(inputs), confidence)
    return Result(metric.value, metric.low, metric.high)


def rate_ratio(inputs: Mapping[str, Any], confidence: float) -> Result:
    """`found_a`/`n_a` over `found_b`/`n_b` (MOVER, Donner & Zou 2012)."""
    metric = groups.rate_ratio(*_two_groups(inputs), confidence)
    return Result(metric.value, metric.low, metric.high)


def _two_groups(inputs: Mapping[str, Any]) -> tuple[groups.GroupCount, groups.GroupCount]:
    return (
        groups.GroupCount(str(inputs.get("a", "a")), int(inputs["found_a"]), int(inputs["n_a"])),
        groups.GroupCount(str(inputs.get("b", "b")), int(inputs["found_b"]), int(inputs["n_b"])),
    )


FORMULAS: Mapping[str, Formula] = {
    "rate_upper": rate_upper,
    "reviewed_rate_upper": reviewed_rate_upper,
    "rate_interval": rate_interval,
    "rate_difference": rate_difference,
    "rate_ratio": rate_ratio,
}
