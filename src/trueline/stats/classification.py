"""How well labels are told: counts, precision, recall, F1, the confusion matrix.

>>> classification(["a", "b", "b"], ["a", "b", "a"], ["a", "b"])["accuracy"]
0.6666666666666666
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Counts(NamedTuple):
    """True positives, false positives, false negatives."""

    tp: int
    fp: int
    fn: int

    @property
    def precision(self) -> float:
        """Share of what was found that is right; 0 when nothing was found."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else 0.0

    @property
    def recall(self) -> float:
        """Share of what is there that was found; 0 when nothing is there."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both; 0 when both are 0."""
        below = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / below if below else 0.0


def classification(
    truth: Sequence[str], found: Sequence[str], labels: Sequence[str]
) -> dict[str, float]:
    """Accuracy, and precision, recall and F1 as a plain mean over labels that occur in either."""
    counts = label_counts(truth, found, labels)
    right = sum(a == b for a, b in zip(truth, found, strict=True))
    return {
        "accuracy": right / len(truth) if truth else 0.0,
        **macro([c for c in counts.values() if c.tp + c.fp + c.fn]),
    }


def label_counts(
    truth: Sequence[str], found: Sequence[str], labels: Sequence[str]
) -> dict[str, Counts]:
    """Counts of each label."""
    index = {label: number for number, label in enumerate(labels)}
    tp, fp, fn = ([0] * len(labels) for _ in range(3))
    for right, told in zip(truth, found, strict=True):
        if right == told:
            tp[index[right]] += 1
        else:
            fn[index[right]] += 1
            fp[index[told]] += 1
    return {label: Counts(tp[i], fp[i], fn[i]) for label, i in index.items()}


def macro(counts: Sequence[Counts]) -> dict[str, float]:
    """Plain means over labels."""
    n = len(counts) or 1
    return {
        "precision": sum(c.precision for c in counts) / n,
        "recall": sum(c.recall for c in counts) / n,
        "macro_f1": sum(c.f1 for c in counts) / n,
    }


def micro_f1(counts: Iterable[Counts]) -> float:
    """F1 of the summed counts."""
    all_counts = list(counts)
    return (
        Counts(*(sum(column) for column in zip(*all_counts, strict=True))).f1 if all_counts else 0.0
    )


def confusion(truth: Sequence[str], found: Sequence[str], labels: Sequence[str]) -> list[list[int]]:
    """[true label][label told]: how often; rows and columns as in `labels`."""
    index = {label: number for number, label in enumerate(labels)}
    table = [[0] * len(labels) for _ in labels]
    for right, told in zip(truth, found, strict=True):
        table[index[right]][index[told]] += 1
    return table
