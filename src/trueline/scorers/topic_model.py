"""A topic learnt from a few examples against ordinary text, in milliseconds.

Ridge regression in the space of the examples' own features: examples count +1, counter
examples and ordinary segments -1, with both sides weighing the same. Where to cut is found
from ordinary segments that took no part, and from each example judged by the others.

Reference: Rifkin, Yeo & Poggio (2003), Regularized least-squares classification.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trueline.scorers.topic_background import Background
from trueline.scorers.topic_features import BUCKETS, Vector, vector

RIDGE = 0.3
# Share of ordinary segments that the middle of the scale (0.5) lets through by mistake.
MIDDLE_RATE = 0.005
# How far the middle moves from there towards the median example: near topics look alike to
# word counts. Chosen on recipes/topic/measure.py: F1 at 10 % prevalence.
LEAN = 0.35
# Width of the scale: scores this far above the middle read 0.88.
SPREAD = 0.1

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TopicModel:
    """Weights by bucket, the middle of the scale and what ordinary segments score."""

    weights: Floats
    bias: float
    middle: float
    ordinary: Floats  # ascending values of ordinary segments, 0 to 1
    recall: float  # share of examples that the other examples find

    def value(self, example: Vector) -> float:
        """How much of the topic, 0 to 1; 0.5 is the middle of the scale."""
        buckets, weights = example
        raw = float(self.weights[buckets] @ weights) + self.bias
        return float(_scale(np.array(raw), self.middle))

    def threshold(self, max_false_positive_rate: float) -> float:
        """Value that at most this share of ordinary segments reaches; 0.5 at least."""
        allowed = int(max_false_positive_rate * len(self.ordinary))
        highest = float(self.ordinary[len(self.ordinary) - 1 - allowed])
        return min(max(0.5, float(np.nextafter(highest, 1.0))), 1.0)


def fit_topic(
    examples: Sequence[str], counter_examples: Sequence[str], background: Background
) -> TopicModel:
    """Learn a topic.

    Args:
        examples: folded texts of the topic, 3 to 10.
        counter_examples: folded texts near the topic but outside it.
        background: ordinary text; every third row teaches, the others calibrate.
    """
    inside = [vector(text, background.rarity) for text in examples]
    outside = [vector(text, background.rarity) for text in counter_examples]
    columns = np.unique(np.concatenate([buckets for buckets, _ in (*inside, *outside)]))
    ordinary = background.dense(columns)
    teaches = np.arange(len(ordinary)) % 3 == 0
    teach, check = ordinary[teaches], ordinary[~teaches]
    positive = _dense(inside, columns)
    negative = np.vstack([_dense(outside, columns), teach])
    weights, bias, left_out = _ridge(positive, negative, len(outside))
    rate_cut = float(np.quantile(check @ weights + bias, 1 - MIDDLE_RATE))
    middle = rate_cut + LEAN * max(0.0, float(np.median(left_out)) - rate_cut)
    full = np.zeros(BUCKETS)
    full[columns] = weights
    return TopicModel(
        weights=full,
        bias=bias,
        middle=middle,
        ordinary=np.sort(_scale(check @ weights + bias, middle)),
        recall=float(np.mean(left_out >= middle)),
    )


def _ridge(positive: Floats, negative: Floats, counters: int) -> tuple[Floats, float, Floats]:
    """Weights, bias, and the score of each example under the model of all the others.

    The first `counters` rows of `negative` weigh as much as the examples do. Leaving one out
    needs no second solution: its residual is its dual weight over the inverse's diagonal.
    """
    count = len(positive)
    ordinary = len(negative) - counters
    # Ordinary rows that share no feature with the examples are all alike: one stands for them.
    shared = np.count_nonzero(negative, axis=1)
    empty = (shared == 0) & (np.arange(len(negative)) >= counters)
    rows = np.vstack([positive, negative[~empty], np.zeros((1, positive.shape[1]))])
    weight = np.ones(len(rows))
    weight[: count + counters] = ordinary / count
    weight[-1] = max(int(empty.sum()), 1e-9)
    gram = rows @ rows.T + 1.0  # the 1 carries the bias
    gram[np.diag_indices_from(gram)] += RIDGE * (ordinary / 10) / weight
    target = np.where(np.arange(len(rows)) < count, 1.0, -1.0)
    inverse = np.linalg.inv(gram)
    dual = inverse @ target
    left_out = target[:count] - dual[:count] / np.diag(inverse)[:count]
    return rows.T @ dual, float(dual.sum()), left_out


def _dense(vectors: Sequence[Vector], columns: NDArray[np.int64]) -> Floats:
    table = np.zeros((len(vectors), len(columns)))
    for row, (buckets, weights) in enumerate(vectors):
        table[row, np.searchsorted(columns, buckets)] = weights
    return table


def _scale(raw: Floats, middle: float) -> Floats:
    return np.asarray(1 / (1 + np.exp(-(raw - middle) * 2 / SPREAD)), dtype=np.float64)
