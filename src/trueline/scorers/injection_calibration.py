"""Thresholds of the injection scorer for an error budget, from measured false positives.

`injection_calibration.json` is written by `recipes/injection/calibrate.py`: for each category,
how many harmless texts scored at or above each threshold of a grid.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

# Values between two steps of the grid come from two weak families or more.
FLOOR, CEILING = 0.5, 0.99


def calibrated_threshold(category: str, label: str, max_false_positive_rate: float) -> float:
    """The lowest threshold of the grid, 0.5 or higher, that keeps within the budget.

    The rate held against the budget is an upper 90 % confidence limit, so that a small sample
    cannot promise a small rate. Labels share the threshold of their category. When no
    threshold of the grid keeps the budget, the answer is 0.99.
    """
    for threshold, rate in _table().get(category, ()):
        if threshold >= FLOOR and rate <= max_false_positive_rate:
            return threshold
    return CEILING


@cache
def _table() -> dict[str, tuple[tuple[float, float], ...]]:
    source = files("trueline.scorers").joinpath("injection_calibration.json")
    data: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return {
        category: tuple((row["threshold"], row["upper_rate"]) for row in rows)
        for category, rows in data["categories"].items()
    }
