"""The encoder against the bundled linear classifier, on the same texts and at equal false positives.

Three models are measured: `linear`, `encoder` and `both` (the mean of their rarities, see
`scoring.py`). Numbers are per head, source and language, then means over sources.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from corpus import unit_hash  # type: ignore[import-not-found]
from guard_rows import HARD, HEADS, Corpus
from scoring import LANGUAGES, Floats, Yardstick, average_precision, recall_at

MODELS = ("linear", "encoder", "both")
#: Harmful texts of a head and source below which no figure is given.
LEAST = 15
RATE = 0.01
#: Texts of one source at most: harmless calibration texts that the yardstick is made of, test
#: texts, and texts of one file of `eval_only`.
CALIBRATION_ROWS, TEST_ROWS, FOREIGN_ROWS = 200, 300, 800


def measured_rows(
    corpus: Corpus, left_out: frozenset[str] = frozenset()
) -> tuple[list[int], list[int]]:
    """Rows of the yardstick (harmless, calibration split) and rows that are measured.

    Those are of the test split; of sources left out of training, the calibration split counts too.
    """
    yardstick: list[int] = []
    measured: list[int] = []
    taken: Counter[tuple[str, str]] = Counter()
    for n in sorted(range(len(corpus)), key=lambda n: unit_hash("row", corpus.ids[n])):
        split, source = corpus.splits[n], corpus.sources[n]
        if source in left_out and split == "calibrate":
            split = "test"
        harmless = corpus.strata[n] != "" and source != HARD
        if split == "train" or (split == "calibrate" and not harmless):
            continue
        taken[split, source] += 1
        if taken[split, source] <= (CALIBRATION_ROWS if split == "calibrate" else TEST_ROWS):
            (yardstick if split == "calibrate" else measured).append(n)
    return yardstick, measured


def rarities(
    logits: Mapping[str, tuple[Floats, Floats]],
    yardstick_languages: npt.NDArray[Any],
    languages: npt.NDArray[Any],
) -> dict[str, npt.NDArray[np.float64]]:
    """Rarities of the measured texts by model; `logits` are (yardstick, measured) by model."""
    found = {
        name: Yardstick.of(known, yardstick_languages).rarity(told, languages)
        for name, (known, told) in logits.items()
    }
    found["both"] = (found["linear"] + found["encoder"]) / 2
    return found


def split_figures(
    corpus: Corpus,
    numbers: Sequence[int],
    rarity: Mapping[str, npt.NDArray[np.float64]],
    only: frozenset[str] | None = None,
) -> dict[str, Any]:
    """Figures by head, source and language, their means, and harmless files.

    Args:
        corpus: texts and labels.
        numbers: the measured rows.
        rarity: by model, float [rows, heads].
        only: sources that figures are given for; all when None.
    """
    targets = np.array([corpus.rows[n] for n in numbers])
    source = np.array([corpus.sources[n] for n in numbers])
    language = np.array([corpus.languages[n] for n in numbers])
    harmless = np.array([corpus.strata[n] != "" for n in numbers])
    hard = np.array([corpus.sources[n] == HARD for n in numbers])
    rows: list[dict[str, Any]] = []
    for head, name in enumerate(HEADS):
        for own in sorted(set(source) if only is None else only):
            for tongue in LANGUAGES:
                ours = (source == own) & (language == tongue)
                yes = ours & (targets[:, head] == 1)
                no = (targets[:, head] == 0) & (language == tongue) & ~hard
                if only is not None:
                    no &= ours | harmless
                if yes.sum() < LEAST:
                    continue
                calm = harmless & (language == tongue) & ~hard
                rows.append(
                    {
                        "head": name,
                        "source": str(own),
                        "language": tongue,
                        "harmful": int(yes.sum()),
                    }
                    | {
                        model: {
                            "auprc": _r(average_precision(told[yes, head], told[no, head])),
                            "recall": _r(recall_at(told[yes, head], told[calm, head], RATE)),
                        }
                        for model, told in rarity.items()
                    }
                )
    return {
        "false_positive_rate": RATE,
        "rows": rows,
        "means": means(rows),
        "means_by_language": {
            tongue: means([row for row in rows if row["language"] == tongue])
            for tongue in LANGUAGES
        },
        "means_by_head": {
            name: means([row for row in rows if row["head"] == name])
            for name in HEADS
            if any(row["head"] == name for row in rows)
        },
        "harmless": harmless_files(corpus, numbers, rarity),
    }


def harmless_files(
    corpus: Corpus, numbers: Sequence[int], rarity: Mapping[str, npt.NDArray[np.float64]]
) -> dict[str, Any]:
    """Share of each harmless file held up by any head, where that is RATE of all of them."""
    source = np.array([corpus.sources[n] for n in numbers])
    language = np.array([corpus.languages[n] for n in numbers])
    harmless = np.array([corpus.strata[n] != "" for n in numbers])
    ours = harmless & (source != HARD)
    found: dict[str, Any] = {}
    for model, told in rarity.items():
        highest = told.max(1)
        limits = {
            tongue: float(np.quantile(highest[ours & (language == tongue)], 1 - RATE))
            for tongue in LANGUAGES
        }
        limit = np.array([limits[tongue] for tongue in language])
        over = highest > limit
        files = {
            f"{name} {tongue}": _r(float(over[chosen].mean()))
            for name in sorted(set(source[harmless]))
            for tongue in LANGUAGES
            if (chosen := (source == name) & harmless & (language == tongue)).sum() >= 50
        }
        found[model] = {
            "files": files,
            "files_over_1_percent": sum(rate > RATE for rate in files.values()),
            "limits": {tongue: _r(value) for tongue, value in limits.items()},
        }
    return found


def foreign_texts(data: Path) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    """Rows of every file of `safety/eval_only`, thinned by hash."""
    for path in sorted((data / "safety" / "eval_only").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as handle:
            rows = [json.loads(line) for line in handle]
        rows = [row for row in rows if row["flagged"] in (0, 1) and row["text"].strip()]
        rows.sort(key=lambda row: unit_hash("foreign", row["text"]))
        yield path.name.removesuffix(".jsonl.gz"), rows[:FOREIGN_ROWS]


def foreign_figures(
    flagged: npt.NDArray[Any],
    language: npt.NDArray[Any],
    told: Mapping[str, npt.NDArray[np.float64]],
    calm: Mapping[str, npt.NDArray[np.float64]],
    calm_language: npt.NDArray[Any],
) -> list[dict[str, Any]]:
    """One file of unknown source: any head counts, by language.

    Args:
        flagged: 1 harmful, 0 not.
        language: of each text.
        told: highest rarity of each text, by model.
        calm: highest rarities of harmless test texts, by model; they set the threshold.
        calm_language: their languages.
    """
    rows: list[dict[str, Any]] = []
    for tongue in LANGUAGES:
        ours = language == tongue
        yes, no = ours & (flagged == 1), ours & (flagged == 0)
        if yes.sum() < LEAST and no.sum() < LEAST:
            continue
        row: dict[str, Any] = {
            "language": tongue, "harmful": int(yes.sum()), "harmless": int(no.sum())
        }  # fmt: skip
        for model, scores in told.items():
            known = calm[model][calm_language == tongue]
            limit = float(np.quantile(known, 1 - RATE))
            figures: dict[str, float] = {}
            if yes.sum() >= LEAST:
                figures["recall"] = _r(float((scores[yes] > limit).mean()))
                figures["auprc"] = _r(
                    average_precision(scores[yes], np.concatenate([known, scores[no]]))
                )
            if no.sum() >= LEAST:
                figures["false_positives"] = _r(float((scores[no] > limit).mean()))
            row[model] = figures
        rows.append(row)
    return rows


def means(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Mean over rows of each figure of each model, and how often the encoder is ahead."""
    if not rows:
        return {"rows": 0}
    found: dict[str, Any] = {"rows": len(rows)}
    for model in MODELS:
        found[model] = {
            name: _r(float(np.mean([row[model][name] for row in rows])))
            for name in ("auprc", "recall")
        }
    found["encoder_ahead"] = sum(r["encoder"]["auprc"] > r["linear"]["auprc"] for r in rows)
    found["both_ahead"] = sum(r["both"]["auprc"] > r["linear"]["auprc"] for r in rows)
    return found


def _r(value: float) -> float:
    return round(value, 4)
