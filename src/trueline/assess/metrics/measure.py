"""Measure a file of predictions and leave `metrics.json`."""

from __future__ import annotations

from pathlib import Path

from trueline.assess.evidence import Evidence, file_sha256
from trueline.assess.metrics.classes import measure_classes
from trueline.assess.metrics.found import Found
from trueline.assess.metrics.predictions import Prediction, Task, read_predictions
from trueline.assess.metrics.sets import measure_entities, measure_label_sets
from trueline.assess.metrics.writing import measure_language_model, measure_translations
from trueline.core.policy import Bilingual

NAME = "metrics"
TITLE = Bilingual(zh="预测质量", en="Quality of predictions")
_TASK_NAMES: dict[Task, Bilingual] = {
    "classify": Bilingual(zh="单标签分类", en="one label a row"),
    "multi-label": Bilingual(zh="多标签分类", en="several labels a row"),
    "tag": Bilingual(zh="序列标注", en="tags of words"),
    "translate": Bilingual(zh="翻译", en="translation"),
    "lm": Bilingual(zh="语言模型", en="language model"),
}


def measure(
    path: Path,
    task: Task,
    *,
    truth: Path | None = None,
    truth_field: str = "",
    language: str = "en",
    confidence: float = 0.95,
    seed: int = 0,
) -> Evidence:
    """Everything that can be measured on a file of predictions.

    Args:
        path: see `predictions.read_predictions`.
        task: what was predicted.
        truth: a file with the truth, where it does not stand beside the predictions.
        truth_field: its field.
        language: of translations.
        confidence: of every interval.
        seed: of resampling, which translations need.

    Raises:
        InputError: files that cannot be used; the message names line and field.
        MissingExtraError: translations without sacrebleu.
    """
    rows = read_predictions(path, task, truth, truth_field)
    found = _found(rows, task, language, confidence, seed)
    found.notes.insert(
        0,
        Bilingual(
            zh=f"{_TASK_NAMES[task].zh}，{len(rows)} 行。区间的置信度为 {100 * confidence:g}%；"
            "除非另有说明，比例的区间是精确的（Clopper–Pearson），"
            "并以这些行是所述总体的随机样本为前提。",
            en=f"{_TASK_NAMES[task].en.capitalize()}, {len(rows)} rows. Intervals hold at "
            f"{100 * confidence:g} %; those of rates are exact (Clopper-Pearson) unless they say "
            "otherwise, for rows that are a random sample of the population meant.",
        ),
    )
    inputs = {path.name: file_sha256(path)}
    if truth is not None:
        inputs[truth.name] = file_sha256(truth)
    return Evidence(
        name=NAME, title=TITLE, claims=found.claims, tables=found.tables, figures=found.figures,
        notes=found.notes, inputs=inputs,
        settings={"task": task, "rows": len(rows), "confidence": confidence, "seed": seed,
                  "language": language},
    )  # fmt: skip


def _found(
    rows: list[Prediction], task: Task, language: str, confidence: float, seed: int
) -> Found:
    if task == "classify":
        return measure_classes(rows, confidence)
    if task == "multi-label":
        return measure_label_sets(rows, confidence)
    if task == "tag":
        return measure_entities(rows, confidence)
    if task == "translate":
        return measure_translations(rows, language, confidence, seed)
    return measure_language_model(rows, confidence)
