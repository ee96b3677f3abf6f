"""Many cheap predictions and few labels: a mean that is right whatever the predictions are worth.

The mean of the labels is the mean of the predictions plus the mean of (label - prediction),
and only the second needs people. Each case counts with its prediction, and a labelled one also
with its error divided by the probability that it was chosen for labelling; the average of that
is bounded by betting, so the result holds for any sample size and after every look.

    >>> predictions = [0.0] * 980 + [1.0] * 20
    >>> labels = [0.0] * 490 + [None] * 490 + [1.0] * 16 + [0.0] * 4
    >>> chosen = [0.5] * 980 + [1.0] * 20        # every second zero, every one
    >>> round(prediction_powered_upper(predictions, labels, chosen), 4)
    0.0286

When violations are rare, spend labels on what was flagged: a sample drawn regardless of the
predictions gains nothing over labels alone.

References: Angelopoulos et al. (2023), Science 382, 669-674, arXiv:2301.09633
(prediction-powered inference); Zrnic & Candès (2024), ICML, arXiv:2403.03208 (choosing whom to
label); Waudby-Smith & Ramdas (2024), arXiv:2010.09686 (betting).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trueline.stats.betting import mean_lower, mean_upper
from trueline.stats.bounds import Interval

Array = NDArray[np.float64]


def prediction_powered_upper(
    predictions: ArrayLike,
    labels: Sequence[float | None],
    chosen: ArrayLike,
    confidence: float = 0.95,
    least_chosen: float | None = None,
) -> float:
    """Upper bound on the mean label of the population the cases were drawn from.

    Args:
        predictions: float [n] in [0, 1], one a case.
        labels: float [n] in [0, 1], None (or NaN) where nobody labelled.
        chosen: float [n] in (0, 1], or one number: with which probability the case was to be
            labelled, fixed before its label was seen. It may depend on the prediction.
        confidence: of the bound.
        least_chosen: the smallest probability of the design, when none of these cases happens
            to have it; the bound must allow for what it did not meet.

    Raises:
        ValueError: numbers outside their ranges, lengths that differ.
    """
    values, low, width = _corrected(predictions, labels, chosen, least_chosen)
    return min(1.0, max(0.0, low + width * mean_upper(values, confidence)))


def prediction_powered_lower(
    predictions: ArrayLike,
    labels: Sequence[float | None],
    chosen: ArrayLike,
    confidence: float = 0.95,
    least_chosen: float | None = None,
) -> float:
    """Lower bound on the mean label; see `prediction_powered_upper`."""
    values, low, width = _corrected(predictions, labels, chosen, least_chosen)
    return min(1.0, max(0.0, low + width * mean_lower(values, confidence)))


def prediction_powered_interval(
    predictions: ArrayLike,
    labels: Sequence[float | None],
    chosen: ArrayLike,
    confidence: float = 0.95,
    least_chosen: float | None = None,
) -> Interval:
    """Both bounds; each side may be wrong with half of 1 - `confidence`."""
    side = (1 + confidence) / 2
    return Interval(
        prediction_powered_lower(predictions, labels, chosen, side, least_chosen),
        prediction_powered_upper(predictions, labels, chosen, side, least_chosen),
    )


def prediction_powered_mean(
    predictions: ArrayLike, labels: Sequence[float | None], chosen: ArrayLike
) -> float:
    """The unbiased point estimate, for display; it can lie outside [0, 1]."""
    values, low, width = _corrected(predictions, labels, chosen)
    return float(low + width * values.mean()) if values.size else float("nan")


def _corrected(
    predictions: ArrayLike,
    labels: Sequence[float | None],
    chosen: ArrayLike,
    least_chosen: float | None = None,
) -> tuple[Array, float, float]:
    """Each case's corrected value scaled to [0, 1], with the range it was scaled from."""
    predicted = np.asarray(predictions, dtype=np.float64)
    label = np.array([np.nan if one is None else one for one in labels], dtype=np.float64)
    share = np.broadcast_to(np.asarray(chosen, dtype=np.float64), predicted.shape)
    if predicted.ndim != 1 or label.shape != predicted.shape:
        raise ValueError(f"need one label or None for each of {predicted.size} predictions")
    labelled = ~np.isnan(label)
    for name, numbers in (("predictions", predicted), ("labels", label[labelled])):
        if not bool(np.all((numbers >= 0) & (numbers <= 1))):
            raise ValueError(f"{name} must lie from 0 to 1")
    if not bool(np.all((share > 0) & (share <= 1))):
        raise ValueError("chosen must lie above 0 and at most at 1")
    if bool(np.any((share == 1) & ~labelled)):
        raise ValueError("a case that was chosen for certain has no label")
    error = np.where(labelled, np.nan_to_num(label) - predicted, 0.0)
    corrected = predicted + error / share
    # The extremes an allowed case could reach, from predictions and shares alone.
    low = float(np.min(np.minimum(predicted, predicted - predicted / share), initial=0.0))
    high = float(np.max(np.maximum(predicted, predicted + (1 - predicted) / share), initial=1.0))
    if least_chosen is not None:
        if not 0 < least_chosen <= 1:
            raise ValueError(f"need 0 < least_chosen <= 1, got {least_chosen}")
        low, high = min(low, 1 - 1 / least_chosen), max(high, 1 / least_chosen)
    width = high - low
    return np.clip((corrected - low) / width, 0.0, 1.0), low, width
