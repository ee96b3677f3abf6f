"""Metrics of prediction files against scikit-learn, seqeval and sacrebleu."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trueline.assess.claim import Claim
from trueline.assess.evidence import Evidence, read_evidence
from trueline.assess.metrics.measure import measure
from trueline.assess.metrics.predictions import Task

LABELS = ("体育", "财经", "science")


def write(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def measured(
    tmp_path: Path, rows: Sequence[dict[str, Any]], task: Task, **options: Any
) -> Evidence:
    return measure(write(tmp_path / "told.jsonl", rows), task, **options)


def claims(evidence: Evidence) -> dict[str, Claim]:
    return {claim.id: claim for claim in evidence.claims}


def table(evidence: Evidence, title: str) -> Sequence[Sequence[Any]]:
    return next(t.rows for t in evidence.tables if t.title.en == title)


@pytest.fixture
def classified() -> list[dict[str, Any]]:
    random = np.random.default_rng(0)
    rows: list[dict[str, Any]] = []
    for number in range(240):
        truth = int(random.choice(3, p=[0.5, 0.3, 0.2]))
        scores = random.dirichlet([4.0 if k == truth else 1.0 for k in range(3)])
        rows.append({
            "truth": LABELS[truth], "label": LABELS[int(scores.argmax())], "fold": number % 4,
            "scores": {label: round(float(p), 6) for label, p in zip(LABELS, scores, strict=True)},
        })  # fmt: skip
    return rows


def test_figures_of_classes_equal_scikit_learn(
    tmp_path: Path, classified: list[dict[str, Any]]
) -> None:
    oracle = pytest.importorskip("sklearn.metrics")
    truth, told = [r["truth"] for r in classified], [r["label"] for r in classified]

    evidence = measured(tmp_path, classified, "classify")

    found = claims(evidence)
    labels = sorted(LABELS)
    precision, recall, f1, _ = oracle.precision_recall_fscore_support(truth, told, labels=labels)
    for index, label in enumerate(labels):
        assert found[f"metrics.precision.{label}"].estimate == pytest.approx(precision[index])
        assert found[f"metrics.recall.{label}"].estimate == pytest.approx(recall[index])
        assert found[f"metrics.f1.{label}"].estimate == pytest.approx(f1[index])
        scores = [r["scores"][label] for r in classified]
        one = [t == label for t in truth]
        assert found[f"metrics.roc_auc.{label}"].estimate == pytest.approx(
            oracle.roc_auc_score(one, scores)
        )
        assert found[f"metrics.average_precision.{label}"].estimate == pytest.approx(
            oracle.average_precision_score(one, scores), abs=1e-8
        )
    assert found["metrics.accuracy"].estimate == pytest.approx(oracle.accuracy_score(truth, told))
    macro = oracle.precision_recall_fscore_support(truth, told, average="macro")
    assert found["metrics.macro_precision"].estimate == pytest.approx(macro[0])
    assert found["metrics.macro_recall"].estimate == pytest.approx(macro[1])
    assert found["metrics.macro_f1"].estimate == pytest.approx(macro[2])
    weighted = oracle.precision_recall_fscore_support(truth, told, average="weighted")
    assert table(evidence, "Averages weighted by support")[0] == pytest.approx(
        [round(x, 4) for x in weighted[:3]]
    )
    matrix = oracle.confusion_matrix(truth, told, labels=labels)
    drawn = table(evidence, "Confusion matrix (rows: true label, columns: label told)")
    assert [row[1:] for row in drawn] == matrix.tolist()


def test_every_number_is_computed_again_from_the_written_file(
    tmp_path: Path, classified: list[dict[str, Any]]
) -> None:
    evidence = measured(tmp_path, classified, "classify")

    again = read_evidence(evidence.write(tmp_path / "case"))

    assert len(again.claims) == 4 + 3 * 3 + 1 + 2 * 3 + 1
    for claim in again.claims:
        assert claim.recomputed() == claim
        assert claim.lower <= claim.estimate <= claim.upper
        assert (claim.outcome, claim.required) == ("shown", False)
    assert len(again.figures) == 4


def test_calibration_of_a_boaster_excludes_zero(tmp_path: Path) -> None:
    rows = [
        {"truth": "a" if k % 10 < 6 else "b", "label": "a", "scores": {"a": 0.95, "b": 0.05}}
        for k in range(300)
    ]

    error = claims(measured(tmp_path, rows, "classify"))["metrics.calibration_error"]

    assert error.estimate == pytest.approx(0.35)
    assert error.lower > 0.28


def test_few_positives_have_no_average_precision(tmp_path: Path) -> None:
    rows = [
        {
            "truth": "b" if k < 5 else "a",
            "label": "a",
            "scores": {"a": 0.5 + k / 200, "b": 0.5 - k / 200},
        }
        for k in range(60)
    ]

    evidence = measured(tmp_path, rows, "classify")

    assert "metrics.average_precision.b" not in claims(evidence)
    assert "“b” has 5 positives, fewer than 20: no average precision is given." in {
        note.en for note in evidence.notes
    }


def test_label_sets_equal_scikit_learn(tmp_path: Path) -> None:
    oracle = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(1)
    truth = random.random((80, 3)) < 0.4
    told = truth ^ (random.random((80, 3)) < 0.15)

    def names(bits: Any) -> list[str]:
        return [label for label, bit in zip("abc", bits, strict=True) if bit]

    rows = [{"truth": names(t), "labels": names(p)} for t, p in zip(truth, told, strict=True)]

    evidence = measured(tmp_path, rows, "multi-label")

    found = claims(evidence)
    micro = oracle.precision_recall_fscore_support(truth, told, average="micro")
    shown = table(evidence, "Micro metrics over labels")
    assert [row[1] for row in shown] == pytest.approx([round(float(x), 4) for x in micro[:3]])
    assert all(row[2] <= row[1] <= row[3] for row in shown)
    assert found["metrics.exact_match"].estimate == oracle.accuracy_score(truth, told)
    assert found["metrics.macro_f1"].estimate == pytest.approx(
        oracle.f1_score(truth, told, average="macro")
    )
    assert table(evidence, "Hamming loss")[0][2] == round(oracle.hamming_loss(truth, told), 4)


def test_entities_equal_seqeval(tmp_path: Path) -> None:
    oracle = pytest.importorskip("seqeval.metrics")
    random = np.random.default_rng(2)
    choices = ["O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    truth = [random.choice(choices, 8).tolist() for _ in range(40)]
    told = [
        [tag if random.random() < 0.7 else str(random.choice(choices)) for tag in row]
        for row in truth
    ]

    evidence = measured(
        tmp_path, [{"truth": a, "tags": b} for a, b in zip(truth, told, strict=True)], "tag"
    )

    shown = table(evidence, "Micro metrics over entities")
    assert [row[1] for row in shown] == [
        round(float(score(truth, told)), 4)
        for score in (oracle.precision_score, oracle.recall_score, oracle.f1_score)
    ]
    assert claims(evidence)["metrics.entity.macro_f1"].estimate == pytest.approx(
        oracle.f1_score(truth, told, average="macro")
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_translations_equal_sacrebleu(tmp_path: Path, language: str) -> None:
    oracle = pytest.importorskip("sacrebleu")
    if language == "zh":
        right = [f"第{k}批货物今天从上海运到北京" for k in range(60)]
        told = [text.replace("今天", "昨天") if k % 3 else text for k, text in enumerate(right)]
    else:
        right = [f"Parcel {k} was sent from the north today." for k in range(60)]
        told = [text.replace("today", "now") if k % 3 else text for k, text in enumerate(right)]
    rows = [{"truth": a, "text": b} for a, b in zip(right, told, strict=True)]

    evidence = measured(tmp_path, rows, "translate", language=language)

    bleu, chrf = table(evidence, "Translation quality (0 to 100)")
    tokenizer = "zh" if language == "zh" else "13a"
    assert bleu[1] == round(oracle.corpus_bleu(told, [right], tokenize=tokenizer).score, 4)
    assert chrf[1] == round(oracle.corpus_chrf(told, [right]).score, 4)
    assert bleu[2] < bleu[1] < bleu[3]
    assert f"tok:{tokenizer}" in bleu[4]
    assert claims(evidence)["metrics.exact_match"].estimate == pytest.approx(1 / 3)


def test_perplexity_is_over_tokens_and_not_over_rows(tmp_path: Path) -> None:
    rows = [{"nll": math.log(10) * n, "tokens": n} for n in (1, 50)]
    rows.append({"nll": math.log(1000) * 9, "tokens": 9})

    evidence = measured(tmp_path, rows, "lm")

    shown = table(evidence, "Perplexity")[0]
    assert shown[0] == 60
    assert shown[3] == pytest.approx(10 ** ((51 + 27) / 60), rel=1e-4)


def test_the_truth_may_stand_in_the_file_that_was_predicted_from(tmp_path: Path) -> None:
    told = write(tmp_path / "told.jsonl", [{"label": "a"}, {"label": "b"}])
    rows = write(
        tmp_path / "rows.jsonl", [{"text": "x", "label": "a"}, {"text": "y", "label": "a"}]
    )

    evidence = measure(told, "classify", truth=rows)

    assert claims(evidence)["metrics.accuracy"].estimate == 0.5
    assert set(evidence.inputs) == {"told.jsonl", "rows.jsonl"}
