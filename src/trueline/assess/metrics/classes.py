"""One label a row: accuracy, precision, recall, F1, confusion, calibration, ranking, folds."""

from __future__ import annotations

from collections.abc import Sequence

from trueline.assess.evidence import Figure, Table
from trueline.assess.figures import Bar, Curve, Tone, bars, curves, heat_map
from trueline.assess.metrics.found import COUNT, ESTIMATE, LABEL, LOWER, UPPER, Found, rounded
from trueline.assess.metrics.predictions import Prediction
from trueline.core.policy import Bilingual
from trueline.stats import calibration, folds
from trueline.stats.bounds import clopper_pearson
from trueline.stats.classification import Counts, confusion, label_counts
from trueline.stats.multiplicity import shared_confidence
from trueline.stats.roc import Ranking

#: More labels than this make a confusion matrix that nobody can read; the table has them all.
MOST_DRAWN = 24
#: Average precision has an interval from this many positives on (see `stats.roc`).
LEAST_POSITIVES = 20


def measure_classes(rows: Sequence[Prediction], confidence: float = 0.95) -> Found:
    """Everything that can be said of single labels; scores and folds where the rows have them."""
    found = Found()
    truth, told = [str(row.truth) for row in rows], [row.label for row in rows]
    labels = sorted({*truth, *told})
    counts = label_counts(truth, told, labels)
    right = sum(c.tp for c in counts.values())
    found.show(
        "metrics.accuracy", "rate_interval", {"found": right, "n": len(rows)}, confidence,
        zh="预测正确的比例（与微平均 F1 相等）", en="share told right (equal to micro F1)",
    )  # fmt: skip
    _averages(found, counts, confidence)
    _by_label(found, counts, confidence)
    _confusion(found, truth, told, labels)
    scored = [row for row in rows if row.scores]
    if scored:
        _calibration(found, scored, confidence)
        _rankings(found, scored, labels, confidence)
        if len(scored) < len(rows):
            found.note(
                zh=f"{len(rows) - len(scored)} 行没有概率，校准与排序指标不含这些行。",
                en=f"{len(rows) - len(scored)} rows have no scores; calibration and ranking leave "
                "them out.",
            )
    _folds(found, rows, confidence)
    return found


def _averages(found: Found, counts: dict[str, Counts], confidence: float) -> None:
    there = {label: c for label, c in counts.items() if c.tp + c.fp + c.fn}
    recalls = [[c.tp, c.tp + c.fn] for c in there.values() if c.tp + c.fn]
    precisions = [[c.tp, c.tp + c.fp] for c in there.values() if c.tp + c.fp]
    found.show(
        "metrics.macro_recall", "mean_of_rates", {"rates": recalls}, confidence,
        zh="召回率的宏平均（出现在真值中的标签）", en="macro recall, over labels that are true somewhere",
    )  # fmt: skip
    found.show(
        "metrics.macro_precision", "mean_of_rates", {"rates": precisions}, confidence,
        zh="精确率的宏平均（被预测过的标签）", en="macro precision, over labels told somewhere",
    )  # fmt: skip
    found.show(
        "metrics.macro_f1", "mean_of_f1",
        {"counts": [[c.tp, c.fp, c.fn] for c in there.values()]}, confidence,
        zh="F1 的宏平均", en="macro F1",
    )  # fmt: skip
    support = sum(c.tp + c.fn for c in there.values())
    weighted = [
        sum(getattr(c, name) * (c.tp + c.fn) for c in there.values()) / support
        for name in ("precision", "recall", "f1")
    ]
    found.tables.append(
        Table(
            Bilingual(zh="按真实数量加权的平均", en="Averages weighted by support"),
            [Bilingual(zh="精确率", en="precision"), Bilingual(zh="召回率", en="recall"),
             Bilingual(zh="F1", en="F1")],
            [rounded(*weighted)],
        )
    )  # fmt: skip


def _by_label(found: Found, counts: dict[str, Counts], confidence: float) -> None:
    rows: list[list[str | float]] = []
    drawn: list[Bar] = []
    for label, c in counts.items():
        recall = found.show(
            f"metrics.recall.{label}", "rate_interval", {"found": c.tp, "n": c.tp + c.fn},
            confidence, zh=f"“{label}”的召回率", en=f"recall of “{label}”",
        )  # fmt: skip
        precision = found.show(
            f"metrics.precision.{label}", "rate_interval", {"found": c.tp, "n": c.tp + c.fp},
            confidence, zh=f"“{label}”的精确率", en=f"precision of “{label}”",
        )  # fmt: skip
        f1 = found.show(
            f"metrics.f1.{label}", "f1_interval", {"tp": c.tp, "fp": c.fp, "fn": c.fn},
            confidence, zh=f"“{label}”的 F1", en=f"F1 of “{label}”",
        )  # fmt: skip
        rows.append([
            label, c.tp + c.fn,
            *rounded(*(x for m in (precision, recall, f1) for x in (m.estimate, m.lower, m.upper))),
        ])  # fmt: skip
        drawn.append(Bar(label, f1.estimate, f1.lower, f1.upper, note=f"n = {c.tp + c.fn}"))
    names = (("精确率", "precision"), ("召回率", "recall"), ("F1", "F1"))
    columns = [LABEL, COUNT]
    for zh, en in names:
        columns += [Bilingual(zh=zh, en=en)]
        columns += [Bilingual(zh=f"{zh}{end.zh}", en=f"{en} {end.en}") for end in (LOWER, UPPER)]
    title = Bilingual(zh="各标签的精确率、召回率与 F1", en="Precision, recall and F1 by label")
    found.tables.append(Table(title, columns, rows))
    name = Bilingual(zh="各标签的 F1", en="F1 by label")
    found.figures.append(
        Figure(name, bars(drawn[:MOST_DRAWN], title=name, domain=(0, 1), unit="percent"))
    )


def _confusion(
    found: Found, truth: Sequence[str], told: Sequence[str], labels: Sequence[str]
) -> None:
    table = confusion(truth, told, labels)
    title = Bilingual(
        zh="混淆矩阵（行为真实标签，列为预测标签）",
        en="Confusion matrix (rows: true label, columns: label told)",
    )
    columns = [LABEL, *(Bilingual(zh=label, en=label) for label in labels)]
    found.tables.append(
        Table(title, columns, [[label, *row] for label, row in zip(labels, table, strict=True)])
    )
    if len(labels) > MOST_DRAWN:
        return
    found.figures.append(
        Figure(
            title,
            heat_map(
                table, title=title, rows=labels, columns=labels,
                row_axis=Bilingual(zh="真实标签", en="true label"),
                column_axis=Bilingual(zh="预测标签", en="label told"),
            ),
        )
    )  # fmt: skip


def _calibration(found: Found, rows: Sequence[Prediction], confidence: float) -> None:
    said = [min(1.0, row.scores.get(row.label, 0.0)) for row in rows]
    right = [row.label == row.truth for row in rows]
    bins = calibration.reliability(said, right)
    found.show(
        "metrics.calibration_error", "calibration_error",
        {"bins": [[round(b.said, 6), b.happened, b.n] for b in bins]}, confidence,
        zh="校准误差（ECE，10 个等宽区间）：把握程度与实际正确率的平均差距",
        en="calibration error (ECE, 10 bins of equal width): mean gap between confidence and "
        "accuracy",
    )  # fmt: skip
    score = calibration.brier_score(said, right, confidence)
    found.tables.append(
        Table(
            Bilingual(zh="Brier 分数（所报标签）", en="Brier score of the label told"),
            [ESTIMATE, LOWER, UPPER],
            [rounded(*score)],
        )
    )
    title = Bilingual(zh="可靠性曲线", en="Reliability curve")
    shown = [calibration.expected_calibration_error([b], confidence) for b in bins]
    rates = [_joint_rate(b.happened, b.n, confidence, len(bins)) for b in bins]
    found.tables.append(
        Table(
            title,
            [Bilingual(zh="平均概率", en="mean probability"), COUNT,
             Bilingual(zh="实际比例", en="observed share"), LOWER, UPPER,
             Bilingual(zh="差距", en="gap")],
            [
                [*rounded(b.said), b.n, *rounded(b.share, low, high, gap.value)]
                for b, (low, high), gap in zip(bins, rates, shown, strict=True)
            ],
        )
    )  # fmt: skip
    line = Curve(
        "", [(b.said, b.share) for b in bins],
        [(b.said, low, high) for b, (low, high) in zip(bins, rates, strict=True)], dots=True,
    )  # fmt: skip
    found.figures.append(
        Figure(
            title,
            curves(
                [line], title=title, diagonal=True, x_domain=(0, 1), x_unit="percent",
                x_axis=Bilingual(zh="所报概率", en="probability told"),
                y_axis=Bilingual(zh="实际正确的比例", en="share that was right"),
            ),
        )
    )  # fmt: skip


def _joint_rate(happened: int, n: int, confidence: float, together: int) -> tuple[float, float]:
    """The exact interval of a rate, one of `together` that hold at once."""
    return clopper_pearson(happened, n, shared_confidence(confidence, together))


def _rankings(
    found: Found, rows: Sequence[Prediction], labels: Sequence[str], confidence: float
) -> None:
    """ROC and average precision: of the second label of two, else of each label against all."""
    drawn: list[Curve] = []
    tones: tuple[Tone, ...] = ("plain", "second", "third", "fourth")
    ranked = labels[1:] if len(labels) == 2 else labels
    for label in ranked:
        ranking = Ranking.of(
            [row.scores.get(label, 0.0) for row in rows], [row.truth == label for row in rows]
        )
        if not ranking.positives or not ranking.negatives:
            continue
        counts = {"positives": ranking.positives, "negatives": ranking.negatives}
        wins = round(ranking.auc * 2 * ranking.positives * ranking.negatives)
        found.show(
            f"metrics.roc_auc.{label}", "roc_auc", {"half_wins": wins, **counts}, confidence,
            zh=f"“{label}”的 ROC 曲线下面积", en=f"area under the ROC curve of “{label}”",
        )  # fmt: skip
        if ranking.positives >= LEAST_POSITIVES:
            found.show(
                f"metrics.average_precision.{label}", "average_precision",
                {"average_precision": round(ranking.average_precision, 9),
                 "positives": ranking.positives},
                confidence, zh=f"“{label}”的平均精确率（AUPRC）",
                en=f"average precision (AUPRC) of “{label}”",
            )  # fmt: skip
        else:
            found.note(
                zh=f"“{label}”只有 {ranking.positives} 个正例，不足 {LEAST_POSITIVES} 个，"
                "不给平均精确率。",
                en=f"“{label}” has {ranking.positives} positives, fewer than {LEAST_POSITIVES}: no "
                "average precision is given.",
            )
        if len(drawn) < len(tones):
            points = [(p.false_positive_rate, p.true_positive_rate) for p in ranking.curve]
            drawn.append(Curve(label, _thinned(points), tone=tones[len(drawn)]))
    if drawn:
        title = Bilingual(zh="ROC 曲线", en="ROC curve")
        found.figures.append(
            Figure(
                title,
                curves(
                    drawn, title=title, diagonal=True, x_domain=(0, 1), x_unit="percent",
                    x_axis=Bilingual(zh="假阳性率", en="false-positive rate"),
                    y_axis=Bilingual(zh="真阳性率", en="true-positive rate"),
                ),
            )
        )  # fmt: skip


def _thinned(points: Sequence[tuple[float, float]], most: int = 200) -> list[tuple[float, float]]:
    stride = -(-len(points) // most)
    return [*points[::stride], points[-1]]


def _folds(found: Found, rows: Sequence[Prediction], confidence: float) -> None:
    by_fold: dict[str, list[Prediction]] = {}
    for row in rows:
        if row.fold:
            by_fold.setdefault(row.fold, []).append(row)
    if not by_fold:
        return
    values = [sum(r.label == r.truth for r in part) / len(part) for part in by_fold.values()]
    found.tables.append(
        Table(
            Bilingual(zh="各折的准确率", en="Accuracy by fold"),
            [Bilingual(zh="折", en="fold"), COUNT, Bilingual(zh="准确率", en="accuracy")],
            [
                [name, len(part), *rounded(value)]
                for (name, part), value in zip(by_fold.items(), values, strict=True)
            ],
        )
    )
    if len(values) < 2:
        found.note(
            zh="只有一折，交叉验证没有区间。", en="There is one fold only: no interval over folds."
        )
        return
    found.show(
        "metrics.cross_validation_accuracy", "mean_of_folds",
        {"values": [round(value, 9) for value in values]}, confidence,
        zh=f"{len(values)} 折交叉验证准确率的平均（Nadeau–Bengio 校正区间，近似）",
        en=f"mean accuracy over {len(values)} folds (corrected interval of Nadeau and Bengio, "
        "approximate)",
    )  # fmt: skip
    spread = folds.cross_validation(values, confidence).spread
    found.note(
        zh=f"各折之间的标准差为 {spread:.4f}；各折共用训练数据，因此区间比朴素标准误给出的更宽。",
        en=f"The standard deviation between folds is {spread:.4f}; folds share training rows, so "
        "the interval is wider than the plain standard error suggests.",
    )
