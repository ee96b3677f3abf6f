"""Figures of merit as pure functions: classes, entities, perplexity, translation.

>>> classification(["a", "b", "b"], ["a", "b", "a"], ["a", "b"])["accuracy"]
0.6666666666666666
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple


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


class Entity(NamedTuple):
    """A span of tokens, end excluded, and what it is."""

    start: int
    end: int
    label: str


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


def entities(tags: Sequence[str]) -> list[Entity]:
    """Entities of BIO tags; an `I-` that goes on nothing of its label begins an entity.

    This is the reading of the CoNLL-2000 script (Tjong Kim Sang & Buchholz 2000).

    >>> entities(["B-PER", "I-PER", "O", "I-LOC"])
    [Entity(start=0, end=2, label='PER'), Entity(start=3, end=4, label='LOC')]
    """
    found: list[Entity] = []
    start, label = 0, ""
    for index, tag in enumerate([*tags, "O"]):
        mark, _, name = tag.partition("-")
        goes_on = mark == "I" and name == label
        if label and not goes_on:
            found.append(Entity(start, index, label))
            label = ""
        if mark in ("B", "I") and not goes_on:
            start, label = index, name
    return found


def entity_scores(
    truth: Sequence[Sequence[str]], found: Sequence[Sequence[str]]
) -> tuple[dict[str, float], dict[str, Counts]]:
    """Micro precision, recall and F1 over entities, and counts by label."""
    tp: dict[str, int] = {}
    fp: dict[str, int] = {}
    fn: dict[str, int] = {}
    for right, told in zip(truth, found, strict=True):
        a, b = set(entities(right)), set(entities(told))
        for table, group in ((tp, a & b), (fp, b - a), (fn, a - b)):
            for entity in group:
                table[entity.label] = table.get(entity.label, 0) + 1
    by_label = {
        label: Counts(tp.get(label, 0), fp.get(label, 0), fn.get(label, 0))
        for label in sorted({*tp, *fp, *fn})
    }
    total = Counts(sum(tp.values()), sum(fp.values()), sum(fn.values()))
    values = {
        "entity_precision": total.precision,
        "entity_recall": total.recall,
        "entity_f1": total.f1,
    }
    return values, by_label


def perplexity(loss: float) -> float:
    """exp(loss in nats per token); infinite when that is beyond a float."""
    return math.exp(loss) if loss < 700 else math.inf


def bleu(told: Sequence[str], right: Sequence[str], language: str) -> dict[str, float]:
    """BLEU and chrF of sacrebleu, 0 to 100; Chinese is split by its `zh` tokenizer.

    Reference: Post (2018), A Call for Clarity in Reporting BLEU Scores.
    """
    import sacrebleu

    score: Any = sacrebleu.corpus_bleu(
        list(told), [list(right)], tokenize="zh" if language == "zh" else "13a"
    )
    return {"bleu": score.score, "chrf": sacrebleu.corpus_chrf(list(told), [list(right)]).score}
