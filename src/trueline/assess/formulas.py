"""The formulas a claim may name: counts in, estimate and interval out.

Each takes the claim's `inputs` and its confidence. One-sided formulas hold at the confidence on
the side the claim quotes, so both ends are one-sided bounds.

>>> FORMULAS["rate_upper"]({"found": 0, "n": 300}, 0.95).upper < 0.01
True
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from trueline.stats import (
    agreement,
    betting,
    bounds,
    calibration,
    folds,
    groups,
    judge_error,
    judge_rates,
    multiplicity,
    paired,
    roc,
    unfinished_review,
)


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
    `open_flagged` and `open_unflagged`, 0 if not given, were drawn and have no final label: the
    upper bound is the worst that could become of them (`stats.unfinished_review`), the estimate
    counts them as violations, the lower bound leaves them out.
    """
    open_flagged = int(inputs.get("open_flagged", 0))
    open_unflagged = int(inputs.get("open_unflagged", 0))
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
    upper = unfinished_review.unfinished_upper(
        review, open_flagged, open_unflagged, confidence, known
    )
    weighted = (review.found_flagged + open_flagged) / review.flagged_share
    if review.unflagged_share:
        weighted += (review.found_unflagged + open_unflagged) / review.unflagged_share
    lower = bounds.clopper_pearson_lower(review.found, review.n, confidence)
    return Result(min(1.0, weighted / review.n) if review.n else 0.0, lower, upper)


def judge_rate(inputs: Mapping[str, Any], confidence: float) -> Result:
    """The share a judge flags of the violations, or of the harmless (`stats.judge_rates`)."""
    rate = judge_rates.share_flagged(
        int(inputs["flagged"]), int(inputs["unflagged"]), float(inputs["flagged_share"]),
        float(inputs["unflagged_share"]), confidence,
    )  # fmt: skip
    return Result(*rate)


def cohen_kappa(inputs: Mapping[str, Any], confidence: float) -> Result:
    """Agreement of two people beyond chance, from their `table` (`stats.agreement`)."""
    interval = agreement.cohen_kappa_interval(inputs["table"], confidence)
    return Result(agreement.cohen_kappa(inputs["table"]), interval.low, interval.high)


def krippendorff_alpha(inputs: Mapping[str, Any], confidence: float) -> Result:
    """Agreement of several people beyond chance, from label counts by item (`units`)."""
    interval = agreement.krippendorff_alpha_interval(inputs["units"], confidence)
    return Result(agreement.krippendorff_alpha(inputs["units"]), interval.low, interval.high)


def anytime_rate_upper(inputs: Mapping[str, Any], confidence: float) -> Result:
    """`found` of `n`; one-sided bounds that hold however often one looked (`stats.betting`)."""
    found, n = int(inputs["found"]), int(inputs["n"])
    return Result(
        found / n if n else 0.0,
        betting.rate_lower(found, n, confidence),
        betting.rate_upper(found, n, confidence),
    )


def paired_difference(inputs: Mapping[str, Any], confidence: float) -> Result:
    """The share of a minus that of b on the same `n`; `only_a` and `only_b` tell them apart."""
    pairs = paired.PairCount(int(inputs["only_a"]), int(inputs["only_b"]), int(inputs["n"]))
    ends = paired.paired_difference(pairs, confidence)
    return Result(pairs.difference if pairs.n else 0.0, ends.low, ends.high)


def rate_interval(inputs: Mapping[str, Any], confidence: float) -> Result:
    """`found` of `n`; exact two-sided interval."""
    found, n = int(inputs["found"]), int(inputs["n"])
    interval = bounds.clopper_pearson(found, n, confidence)
    return Result(found / n if n else 0.0, interval.low, interval.high)


def rate_difference(inputs: Mapping[str, Any], confidence: float) -> Result:
    """`found_a`/`n_a` minus `found_b`/`n_b`; exact intervals that hold together."""
    metric = groups.rate_difference(*_two_groups(inputs), confidence)
    return Result(metric.value, metric.low, metric.high)


def rate_ratio(inputs: Mapping[str, Any], confidence: float) -> Result:
    """`found_a`/`n_a` over `found_b`/`n_b`; exact intervals that hold together."""
    metric = groups.rate_ratio(*_two_groups(inputs), confidence)
    return Result(metric.value, metric.low, metric.high)


def f1_interval(inputs: Mapping[str, Any], confidence: float) -> Result:
    """F1 of `tp`, `fp`, `fn`: a rising function of tp / (tp + fp + fn), whose interval is exact."""
    tp, union = int(inputs["tp"]), int(inputs["tp"]) + int(inputs["fp"]) + int(inputs["fn"])
    ends = bounds.clopper_pearson(tp, union, confidence)
    share = tp / union if union else 0.0
    return Result(*(2 * x / (1 + x) for x in (share, ends.low, ends.high)))


def mean_of_rates(inputs: Mapping[str, Any], confidence: float) -> Result:
    """Plain mean of `rates`, each [found, n], while all their exact intervals hold together."""
    each = multiplicity.shared_confidence(confidence, max(1, len(inputs["rates"])))
    return _mean([rate_interval({"found": found, "n": n}, each) for found, n in inputs["rates"]])


def mean_of_f1(inputs: Mapping[str, Any], confidence: float) -> Result:
    """Plain mean of the F1 of `counts`, each [tp, fp, fn]; see `f1_interval`."""
    each = multiplicity.shared_confidence(confidence, max(1, len(inputs["counts"])))
    return _mean(
        [f1_interval({"tp": tp, "fp": fp, "fn": fn}, each) for tp, fp, fn in inputs["counts"]]
    )


def roc_auc(inputs: Mapping[str, Any], confidence: float) -> Result:
    """Area under the ROC curve; `half_wins` counts 2 for a pair in order and 1 for a tie."""
    positives, negatives = int(inputs["positives"]), int(inputs["negatives"])
    area = int(inputs["half_wins"]) / (2 * positives * negatives)
    return Result(area, *roc.auc_interval(area, positives, negatives, confidence))


def average_precision(inputs: Mapping[str, Any], confidence: float) -> Result:
    """Average precision as computed from the scores, with an interval by the positives."""
    value, positives = float(inputs["average_precision"]), int(inputs["positives"])
    return Result(value, *roc.average_precision_interval(value, positives, confidence))


def exposure(inputs: Mapping[str, Any], confidence: float) -> Result:
    """Exposure in bits of a secret out of `space` that `better` of `n` candidates rank before.

    log2(space) - log2(rank), Carlini et al. (2019), arXiv:1802.08232. When all other secrets
    were tried the rank is known; otherwise the exact interval for the share of better ones
    bounds it, and the estimate is what the sample alone can show, log2((n + 1) / (better + 1)).
    """
    better, n, space = int(inputs["better"]), int(inputs["n"]), int(inputs["space"])
    if n >= space - 1:
        known = math.log2(space) - math.log2(better + 1)
        return Result(known, known, known)
    share = bounds.clopper_pearson(better, n, confidence)
    lower, upper = (
        math.log2(space) - math.log2(1 + edge * (space - 1)) for edge in (share.high, share.low)
    )
    return Result(math.log2((n + 1) / (better + 1)), lower, upper)


def calibration_error(inputs: Mapping[str, Any], confidence: float) -> Result:
    """ECE of `bins`, each [mean probability, happened, n]."""
    bins = [calibration.ReliabilityBin(float(s), int(k), int(n)) for s, k, n in inputs["bins"]]
    return Result(*calibration.expected_calibration_error(bins, confidence))


def mean_of_folds(inputs: Mapping[str, Any], confidence: float) -> Result:
    """Mean of `values` over cross-validation folds (Nadeau & Bengio 2003)."""
    summary = folds.cross_validation([float(x) for x in inputs["values"]], confidence)
    return Result(summary.mean, summary.low, summary.high)


def parity_ratio(inputs: Mapping[str, Any], confidence: float) -> Result:
    """Smallest over largest selection rate of `groups` (law: disparate impact)."""
    return _metric(groups.demographic_parity_ratio(_large(inputs, "groups"), confidence))


def parity_difference(inputs: Mapping[str, Any], confidence: float) -> Result:
    """Largest minus smallest selection rate of `groups`."""
    return _metric(groups.demographic_parity_difference(_large(inputs, "groups"), confidence))


def odds_difference(inputs: Mapping[str, Any], confidence: float) -> Result:
    """The larger gap of true-positive and of false-positive rates between groups."""
    return _metric(
        groups.equalized_odds_difference(
            _large(inputs, "true_positives"), _large(inputs, "false_positives"), confidence
        )
    )


def paired_gap(inputs: Mapping[str, Any], confidence: float) -> Result:
    """How far apart the shares of two sides of `n` pairs are, whichever is ahead.

    Fewer pairs than `min_group_size` tell nothing.
    """
    pairs = paired.PairCount(int(inputs["only_a"]), int(inputs["only_b"]), int(inputs["n"]))
    value = abs(pairs.difference) if pairs.n else 0.0
    if pairs.n < int(inputs.get("min_group_size", 0)):
        return Result(value, 0.0, 1.0)
    return Result(value, *paired.paired_gap(pairs, confidence))


def _mean(results: Sequence[Result]) -> Result:
    n = len(results)
    if not n:
        return Result(0.0, 0.0, 1.0)
    return Result(*(sum(column) / n for column in zip(*results, strict=True)))


def _large(inputs: Mapping[str, Any], name: str) -> list[groups.GroupCount]:
    """The groups; one below `min_group_size` tells nothing: it may have any rate."""
    least = int(inputs.get("min_group_size", 0))
    return [
        groups.GroupCount(str(group), *((int(found), int(n)) if int(n) >= least else (0, 0)))
        for group, found, n in inputs[name]
    ]


def _metric(metric: groups.GroupMetric) -> Result:
    value = 0.0 if math.isnan(metric.value) else metric.value
    return Result(value, metric.low, metric.high)


def _two_groups(inputs: Mapping[str, Any]) -> tuple[groups.GroupCount, groups.GroupCount]:
    return (
        groups.GroupCount(str(inputs.get("a", "a")), int(inputs["found_a"]), int(inputs["n_a"])),
        groups.GroupCount(str(inputs.get("b", "b")), int(inputs["found_b"]), int(inputs["n_b"])),
    )


FORMULAS: Mapping[str, Formula] = {
    "rate_upper": rate_upper,
    "reviewed_rate_upper": reviewed_rate_upper,
    "judge_rate": judge_rate,
    "cohen_kappa": cohen_kappa,
    "krippendorff_alpha": krippendorff_alpha,
    "rate_interval": rate_interval,
    "rate_difference": rate_difference,
    "rate_ratio": rate_ratio,
    "f1_interval": f1_interval,
    "mean_of_rates": mean_of_rates,
    "mean_of_f1": mean_of_f1,
    "roc_auc": roc_auc,
    "exposure": exposure,
    "average_precision": average_precision,
    "calibration_error": calibration_error,
    "mean_of_folds": mean_of_folds,
    "parity_ratio": parity_ratio,
    "parity_difference": parity_difference,
    "odds_difference": odds_difference,
    "paired_gap": paired_gap,
    "paired_difference": paired_difference,
    "anytime_rate_upper": anytime_rate_upper,
}
