"""Several labels or entities a row: counts over rows whose parts depend on one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trueline.assess.evidence import Figure, Table
from trueline.assess.figures import Bar, bars
from trueline.assess.metrics.found import COUNT, ESTIMATE, LABEL, LOWER, UPPER, Found, rounded
from trueline.assess.metrics.predictions import Prediction
from trueline.core.policy import Bilingual
from trueline.stats.bounds import Interval, clopper_pearson
from trueline.stats.classification import Counts
from trueline.stats.entities import entities
from trueline.stats.folds import clustered_ratio

#: Fewer rows than this make the interval over rows too poor to show.
LEAST_ROWS = 10

#: What is true and what was told of one row: labels, or entities with their places.
Pair = tuple[set[Any], set[Any]]


def measure_label_sets(rows: Sequence[Prediction], confidence: float = 0.95) -> Found:
    """Multi-label rows: exact matches, Hamming loss, and precision, recall, F1."""
    found = Found()
    pairs: list[Pair] = [(set(row.truth), set(row.labels)) for row in rows]
    labels = sorted({label for pair in pairs for part in pair for label in part})
    found.show(
        "metrics.exact_match", "rate_interval",
        {"found": sum(a == b for a, b in pairs), "n": len(pairs)}, confidence,
        zh="全部标签都对的行的比例", en="share of rows whose labels are all right",
    )  # fmt: skip
    wrong = sum(len(a ^ b) for a, b in pairs)
    found.tables.append(
        Table(
            Bilingual(zh="汉明损失", en="Hamming loss"),
            [Bilingual(zh="错误的判断", en="wrong decisions"), COUNT, ESTIMATE],
            [[wrong, len(pairs) * len(labels), *rounded(wrong / max(1, len(pairs) * len(labels)))]],
        )
    )
    _overlap(found, pairs, "metrics", confidence, Bilingual(zh="标签", en="labels"))
    return found


def measure_entities(rows: Sequence[Prediction], confidence: float = 0.95) -> Found:
    """BIO tags: entities found whole, and the share of tags told right."""
    found = Found()
    pairs: list[Pair] = [(set(entities(row.truth)), set(entities(row.tags))) for row in rows]
    found.show(
        "metrics.entity.exact_rows", "rate_interval",
        {"found": sum(a == b for a, b in pairs), "n": len(pairs)}, confidence,
        zh="实体全部正确的行的比例", en="share of rows whose entities are all right",
    )  # fmt: skip
    _overlap(found, pairs, "metrics.entity", confidence, Bilingual(zh="实体", en="entities"))
    words = sum(len(row.tags) for row in rows)
    right = sum(a == b for row in rows for a, b in zip(row.truth, row.tags, strict=True))
    spread = clustered_ratio(
        [sum(a == b for a, b in zip(row.truth, row.tags, strict=True)) for row in rows],
        [len(row.tags) for row in rows],
        confidence,
    )
    if words:
        found.tables.append(
            Table(
                Bilingual(zh="逐词标注正确的比例", en="Share of tags told right"),
                [COUNT, ESTIMATE, LOWER, UPPER],
                [[words, *rounded(right / words, max(0.0, spread.low), min(1.0, spread.high))]],
            )
        )
    return found


def _overlap(
    found: Found,
    pairs: Sequence[Pair],
    prefix: str,
    confidence: float,
    what: Bilingual,
) -> None:
    """Precision, recall and F1 over all rows together (micro) and by label."""
    rows = [Counts(len(a & b), len(b - a), len(a - b)) for a, b in pairs]
    total = Counts(sum(c.tp for c in rows), sum(c.fp for c in rows), sum(c.fn for c in rows))
    names = (
        ("precision", "精确率", "precision"),
        ("recall", "召回率", "recall"),
        ("f1", "F1", "F1"),
    )
    table: list[list[str | float]] = []
    for name, _, _ in names:
        low, high = _interval(rows, total, name, confidence)
        table.append([name, *rounded(getattr(total, name), low, high)])
    found.tables.append(
        Table(
            Bilingual(zh=f"{what.zh}的微平均指标", en=f"Micro metrics over {what.en}"),
            [Bilingual(zh="指标", en="metric"), ESTIMATE, LOWER, UPPER],
            table,
        )
    )
    found.note(
        zh=f"微平均区间取两种区间中较宽的端点：假定各{what.zh}相互独立的精确区间，"
        f"和以 {len(rows)} 行为单位的聚类区间（近似）。",
        en=f"Micro intervals take the wider end of two: the exact one, for {what.en} independent "
        f"of one another, and one with the {len(rows)} rows as units (approximate).",
    )
    if len(rows) < LEAST_ROWS:
        found.note(
            zh=f"只有 {len(rows)} 行，少于 {LEAST_ROWS} 行：微平均区间为 0 到 1。",
            en=f"{len(rows)} rows are fewer than {LEAST_ROWS}: micro intervals run from 0 to 1.",
        )
    _by_label(found, pairs, prefix, confidence)


def _interval(rows: Sequence[Counts], total: Counts, name: str, confidence: float) -> Interval:
    """The wider of the exact interval over items and the clustered one over rows."""
    if len(rows) < LEAST_ROWS:
        return Interval(0.0, 1.0)
    below = {
        "precision": [c.tp + c.fp for c in rows],
        "recall": [c.tp + c.fn for c in rows],
        "f1": [c.tp + c.fp + c.fn for c in rows],
    }[name]
    exact = clopper_pearson(total.tp, sum(below), confidence)
    spread = clustered_ratio([c.tp for c in rows], below, confidence)
    low, high = max(0.0, min(exact.low, spread.low)), min(1.0, max(exact.high, spread.high))
    # F1 is a rising function of the share of tp in the union (Jaccard).
    return (
        Interval(2 * low / (1 + low), 2 * high / (1 + high))
        if name == "f1"
        else Interval(low, high)
    )


def _by_label(
    found: Found,
    pairs: Sequence[Pair],
    prefix: str,
    confidence: float,
) -> None:
    counts: dict[str, list[int]] = {}
    for a, b in pairs:
        for place, group in enumerate((a & b, b - a, a - b)):
            for thing in group:
                label = thing if isinstance(thing, str) else str(getattr(thing, "label", thing))
                counts.setdefault(label, [0, 0, 0])[place] += 1
    table: list[list[str | float]] = []
    drawn: list[Bar] = []
    for label, (tp, fp, fn) in sorted(counts.items()):
        f1 = found.show(
            f"{prefix}.f1.{label}", "f1_interval", {"tp": tp, "fp": fp, "fn": fn}, confidence,
            zh=f"“{label}”的 F1", en=f"F1 of “{label}”",
        )  # fmt: skip
        c = Counts(tp, fp, fn)
        table.append([
            label, tp + fn, *rounded(c.precision, c.recall, f1.estimate, f1.lower, f1.upper),
        ])  # fmt: skip
        drawn.append(Bar(label, f1.estimate, f1.lower, f1.upper, note=f"n = {tp + fn}"))
    if counts:
        found.show(
            f"{prefix}.macro_f1", "mean_of_f1", {"counts": sorted(counts.values())}, confidence,
            zh="F1 的宏平均", en="macro F1",
        )  # fmt: skip
    title = Bilingual(zh="各标签的精确率、召回率与 F1", en="Precision, recall and F1 by label")
    found.tables.append(
        Table(
            title,
            [LABEL, COUNT, Bilingual(zh="精确率", en="precision"),
             Bilingual(zh="召回率", en="recall"), Bilingual(zh="F1", en="F1"),
             Bilingual(zh="F1 下限", en="F1 lower"), Bilingual(zh="F1 上限", en="F1 upper")],
            table,
        )
    )  # fmt: skip
    if drawn:
        found.figures.append(Figure(title, bars(drawn[:24], title=title, domain=(0, 1))))
