"""Measure the shipped file on the test split, and what happens with unknown sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from calibration import BUDGETS, PRIOR, Harmless, rungs
from corpus import Corpus
from features import pieces_of
from scipy.stats import beta, rankdata
from solver import Settings
from sources import HEADS
from training import Table, text_logits, train

from trueline.core.i18n import Language
from trueline.models.linear import LinearModel
from trueline.text.language import language_of

# The default policy's budget for each category.
DEFAULT_BUDGET = 0.005
# What a head of a category with several heads gets of it, about.
HEAD_BUDGET = 0.003
SMALLEST_REPORTED = 15
# Smaller values are not reported by the scorer.
LOWEST_VALUE = 0.05
CHUNK = 512


def split_report(corpus: Corpus, model: LinearModel) -> dict[str, Any]:
    """Test split: heads by source and language, harmless sources, calibration error."""
    rows = [n for n, split in enumerate(corpus.splits) if split == "test"]
    values = text_values(model, [corpus.texts[n] for n in rows])
    targets = corpus.targets[rows]
    source = np.array([corpus.sources[n] for n in rows])
    language = np.array([corpus.languages[n] for n in rows])
    stratum = np.array([corpus.strata[n] for n in rows])
    thresholds = np.array(
        [model.threshold(head.category, head.label, DEFAULT_BUDGET) for head in model.heads]
    )
    hits = values >= thresholds
    heads: list[dict[str, Any]] = []
    for number, head in enumerate(model.heads):
        for name in sorted(set(source)):
            for tongue in ("zh", "en"):
                ours = (source == name) & (language == tongue)
                yes = ours & (targets[:, number] == 1)
                no = ours & (targets[:, number] == 0)
                if yes.sum() < SMALLEST_REPORTED:
                    continue
                calm = (targets[:, number] == 0) & (language == tongue)
                heads.append(
                    {
                        "head": head.name,
                        "source": str(name),
                        "language": tongue,
                        "recall": rate(hits[yes, number]),
                        "false_positives": rate(hits[no, number]) if no.any() else None,
                        "auc": area(values[yes, number], values[calm, number]),
                    }
                )
    harmless = [
        {
            "source": str(name),
            "stratum": str(stratum[source == name][0]),
            "language": tongue,
            "false_positives": rate(hits[chosen].any(axis=1)),
        }
        for name in sorted(set(source[stratum != ""]))
        for tongue in ("zh", "en")
        if (chosen := (source == name) & (language == tongue) & (stratum != "")).sum() >= 10
    ]
    overall = [
        _overall(head.name, number, tongue, values, hits, targets, language)
        for number, head in enumerate(model.heads)
        for tongue in ("zh", "en")
    ]
    groups = [
        {
            "language": tongue,
            "stratum": kind,
            "false_positives": rate(hits[chosen].any(axis=1)),
        }
        for tongue in ("zh", "en")
        for kind in ("ordinary", "hard")
        if (chosen := (language == tongue) & (stratum == kind)).any()
    ]
    return {
        "thresholds": {
            head.name: float(t) for head, t in zip(model.heads, thresholds, strict=True)
        },
        "heads": overall,
        "sources": heads,
        "harmless": harmless,
        "groups": groups,
    }


def left_out_report(
    corpus: Corpus, table: Table, settings: Settings, left_out: frozenset[str]
) -> dict[str, Any]:
    """Train without some sources, set thresholds without them, and score them."""
    model = train(table, settings, left_out)
    rows = np.flatnonzero(~table.in_train)
    logits, texts = text_logits(table, model, rows)
    source = np.array(corpus.sources)[texts]
    language = np.array(corpus.languages)[texts]
    stratum = np.array(corpus.strata)[texts]
    targets = corpus.targets[texts]
    in_calibrate = np.array(corpus.splits)[texts] == "calibrate"
    out = np.isin(source, sorted(left_out))
    groups = [
        Harmless(
            kind, tongue, logits[~out & in_calibrate & (language == tongue) & (stratum == kind)]
        )
        for tongue in ("zh", "en")
        for kind in ("ordinary", "hard")
    ]
    heads, unknown = [], []
    for tongue in ("zh", "en"):
        known = ~out & (language == tongue) & in_calibrate
        steps = [
            _at_budget(groups, tongue, head, logits[known & (targets[:, head] == 1), head])
            for head in range(len(HEADS))
        ]
        ours = out & (language == tongue)
        for name in sorted(set(source[ours])):
            chosen = ours & (source == name)
            for head, head_name in enumerate(HEADS):
                yes = chosen & (targets[:, head] == 1)
                if yes.sum() >= SMALLEST_REPORTED:
                    heads.append(
                        {
                            "head": head_name,
                            "source": str(name),
                            "language": tongue,
                            "recall": rate(logits[yes, head] >= steps[head]),
                        }
                    )
            calm = chosen & (stratum != "")
            if calm.sum() >= SMALLEST_REPORTED:
                unknown.append(
                    {
                        "source": str(name),
                        "language": tongue,
                        "false_positives": rate((logits[calm] >= steps).any(axis=1)),
                    }
                )
    return {"left_out": sorted(left_out), "heads": heads, "harmless": unknown}


def text_values(model: LinearModel, texts: Sequence[str]) -> npt.NDArray[np.float64]:
    """Highest value of each head over the pieces of each text, float [texts, heads]."""
    values = np.zeros((len(texts), len(model.heads)))
    for first in range(0, len(texts), CHUNK):
        cut = [pieces_of(text) for text in texts[first : first + CHUNK]]
        logits, _ = model.logits([piece for pieces in cut for piece in pieces])
        row = 0
        for number, pieces in enumerate(cut, start=first):
            for piece in pieces:
                language: Language = "zh" if language_of(piece) == "zh" else "en"
                for n, head in enumerate(model.heads):
                    value = head.ladder.value(float(logits[row, n]), language)
                    values[number, n] = max(values[number, n], value)
                row += 1
    return values


def rate(hits: Any) -> dict[str, float]:
    """Share of hits with its exact two-sided 95 % interval."""
    count, rows = int(np.sum(hits)), len(hits)
    low = 0.0 if count == 0 else float(beta.ppf(0.025, count, rows - count + 1))
    high = 1.0 if count == rows else float(beta.ppf(0.975, count + 1, rows - count))
    share = count / rows if rows else 0.0
    return {
        "hits": count,
        "rows": rows,
        "rate": round(share, 4),
        "low": round(low, 4),
        "high": round(high, 4),
    }


def area(yes: Any, no: Any) -> float | None:
    """Area under the ROC curve."""
    if not len(yes) or not len(no):
        return None
    ranks = rankdata(np.concatenate([yes, no]))[: len(yes)]
    return round(float((ranks.sum() - len(yes) * (len(yes) + 1) / 2) / (len(yes) * len(no))), 4)


def calibration_error(values: Any, yes: Any, no: Any, bins: int = 10) -> float | None:
    """Expected calibration error where one text in `1 / PRIOR` is harmful, over reported texts."""
    if yes.sum() < SMALLEST_REPORTED or not no.any():
        return None
    weight = PRIOR * yes / yes.sum() + (1 - PRIOR) * no / no.sum()
    weight = weight * (values >= LOWEST_VALUE)
    weight = weight / max(float(weight.sum()), 1e-12)
    place = np.minimum((values * bins).astype(int), bins - 1)
    error = 0.0
    for n in range(bins):
        inside = place == n
        mass = float(weight[inside].sum())
        if mass:
            mean = float((weight * values)[inside].sum()) / mass
            share = float((weight * yes)[inside].sum()) / mass
            error += mass * abs(mean - share)
    return round(error, 4)


def _overall(
    name: str, number: int, tongue: str, values: Any, hits: Any, targets: Any, language: Any
) -> dict[str, Any]:
    yes = (targets[:, number] == 1) & (language == tongue)
    no = (targets[:, number] == 0) & (language == tongue)
    return {
        "head": name,
        "language": tongue,
        "recall": rate(hits[yes, number]),
        "false_positives": rate(hits[no, number]),
        "auc": area(values[yes, number], values[no, number]) if yes.any() else None,
        "calibration_error": calibration_error(values[:, number], yes, no),
    }


def _at_budget(groups: Sequence[Harmless], tongue: Any, head: int, harmful: Any) -> float:
    """Logit of the rung that heads of the default policy typically get."""
    steps = rungs(groups, tongue, head, harmful)
    return steps[BUDGETS.index(HEAD_BUDGET)]
