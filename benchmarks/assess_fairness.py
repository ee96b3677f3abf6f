"""Do fairness intervals hold for groups of 10 to 50? Every method on the same cells.

    python benchmarks/assess_fairness.py                 # fairlearn's part needs fairlearn 0.15

Writes `benchmarks/results/assess_fairness.json`. Coverage of the demographic parity difference
and ratio of two groups is enumerated exactly over all outcomes: for the intervals Trueline states,
for Newcombe and MOVER, and for the percentile bootstrap with endlessly many resamples. Fairlearn's
own bootstrap runs on seeded samples of some cells beside them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import machine
import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from trueline.assess.formulas import FORMULAS
from trueline.stats.bounds import mover_ratio, newcombe

RESULTS = Path(__file__).parent / "results" / "assess_fairness.json"
CONFIDENCE = 0.95
SIZES = (10, 20, 30, 50)
RATES = (0.02, 0.05, 0.1, 0.3, 0.5, 0.8, 0.95)
#: Cells that fairlearn is run on, and how often.
PEER_CELLS = ((20, 20, 0.05, 0.1), (10, 50, 0.1, 0.3), (30, 30, 0.3, 0.5))
SAMPLES, RESAMPLES = 40, 60
SLACK = 1e-9

Array = NDArray[np.float64]
#: Lower and upper ends for every outcome (a, b) of two groups.
Ends = tuple[Array, Array]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-peer", action="store_true", help="leave fairlearn out")
    started = time.perf_counter()
    report: dict[str, Any] = {"machine": machine.describe(), "confidence": CONFIDENCE}
    for metric in ("difference", "ratio"):
        report[metric] = exact(metric)
    if not parser.parse_args().no_peer:
        report["fairlearn"] = {"version": version("fairlearn"), "cells": peer()}
    report["seconds"] = round(time.perf_counter() - started, 1)
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    show(report)


def exact(metric: str) -> dict[str, Any]:
    """Coverage and width by method; cells with equal rates apart.

    Where the rates are equal the true value lies at the end of its range, and a bootstrap of the
    size of the gap all but never reaches it.
    """
    found: dict[tuple[str, str], list[tuple[float, float, Any]]] = {}
    for n_a, n_b in itertools.combinations_with_replacement(SIZES, 2):
        ends = {name: make(metric, n_a, n_b) for name, make in METHODS.items()}
        for p_a, p_b in itertools.product(RATES, RATES):
            weight = np.outer(
                binom.pmf(np.arange(n_a + 1), n_a, p_a), binom.pmf(np.arange(n_b + 1), n_b, p_b)
            )
            truth = true_value(metric, p_a, p_b)
            for name, (low, high) in ends.items():
                covered = float(weight[(low - SLACK <= truth) & (truth <= high + SLACK)].sum())
                part = "equal_rates" if p_a == p_b else "unequal_rates"
                width = float((weight * (high - low)).sum())
                cell = {"n": [n_a, n_b], "rates": [p_a, p_b]}
                found.setdefault((part, name), []).append((covered, width, cell))
    report: dict[str, Any] = {}
    for (part, name), values in found.items():
        coverages = [covered for covered, _, _ in values]
        report.setdefault(name, {})[part] = {
            "cells": len(values),
            "least_coverage": round(min(coverages), 4),
            "worst_cell": min(values, key=lambda value: value[0])[2],
            "mean_coverage": round(float(np.mean(coverages)), 4),
            "share_of_cells_below_95": round(float(np.mean([c < 0.95 for c in coverages])), 4),
            "mean_width": round(float(np.mean([width for _, width, _ in values])), 4),
        }
    return report


def true_value(metric: str, p_a: float, p_b: float) -> float:
    return abs(p_a - p_b) if metric == "difference" else min(p_a, p_b) / max(p_a, p_b)


def stated(metric: str, n_a: int, n_b: int) -> Ends:
    """What a claim of Trueline says."""
    formula = FORMULAS[f"parity_{metric}"]

    def ends(a: int, b: int) -> tuple[float, float]:
        result = formula({"groups": [["a", a, n_a], ["b", b, n_b]]}, CONFIDENCE)
        return result.lower, result.upper

    return over_outcomes(ends, n_a, n_b)


def approximate(metric: str, n_a: int, n_b: int) -> Ends:
    """Newcombe's difference and MOVER's ratio, folded to the size of the gap."""

    def ends(a: int, b: int) -> tuple[float, float]:
        if metric == "difference":
            low, high = newcombe(a, n_a, b, n_b, CONFIDENCE)
            return max(0.0, low, -high), max(abs(low), abs(high))
        low, high = mover_ratio(a, n_a, b, n_b, CONFIDENCE)
        back = 1 / low if low else np.inf, 1 / high if high else np.inf
        folded = min(low, back[1]), min(1.0, high, back[0]) if not low <= 1 <= high else 1.0
        return folded[0], folded[1]

    return over_outcomes(ends, n_a, n_b)


def bootstrap(metric: str, n_a: int, n_b: int) -> Ends:
    """Percentiles of the metric under resampling, without the noise of a finite number."""
    x, y = np.arange(n_a + 1) / n_a, np.arange(n_b + 1) / n_b
    if metric == "difference":
        values = np.abs(x[:, None] - y[None, :])
    else:
        top = np.maximum(x[:, None], y[None, :])
        least = np.minimum(x[:, None], y[None, :])
        values = np.divide(least, top, out=np.ones_like(top), where=top > 0)
    order = np.argsort(values, axis=None)
    sorted_values = values.ravel()[order]
    tail = (1 - CONFIDENCE) / 2

    def ends(a: int, b: int) -> tuple[float, float]:
        weight = np.outer(
            binom.pmf(np.arange(n_a + 1), n_a, a / n_a), binom.pmf(np.arange(n_b + 1), n_b, b / n_b)
        )
        mass = np.cumsum(weight.ravel()[order])
        low, high = np.searchsorted(mass, [tail, 1 - tail])
        last = len(sorted_values) - 1
        return float(sorted_values[min(low, last)]), float(sorted_values[min(high, last)])

    return over_outcomes(ends, n_a, n_b)


def over_outcomes(ends: Callable[[int, int], tuple[float, float]], n_a: int, n_b: int) -> Ends:
    table = np.array([[ends(a, b) for b in range(n_b + 1)] for a in range(n_a + 1)])
    return table[..., 0], table[..., 1]


METHODS: dict[str, Callable[[str, int, int], Ends]] = {
    "trueline": stated,
    "newcombe_or_mover": approximate,
    "percentile_bootstrap": bootstrap,
}


def peer() -> list[dict[str, Any]]:
    """Fairlearn's MetricFrame with its bootstrap, and Trueline on the same samples."""
    from fairlearn.metrics import MetricFrame, selection_rate

    rows: list[dict[str, Any]] = []
    for n_a, n_b, p_a, p_b in PEER_CELLS:
        random = np.random.default_rng(11)
        truth = abs(p_a - p_b)
        groups = ["a"] * n_a + ["b"] * n_b
        found = {"fairlearn": 0, "trueline": 0}
        for _ in range(SAMPLES):
            told = [*(random.random(n_a) < p_a), *(random.random(n_b) < p_b)]
            frame = MetricFrame(
                metrics=selection_rate, y_true=told, y_pred=told, sensitive_features=groups,
                n_boot=RESAMPLES, ci_quantiles=[0.025, 0.975],
                random_state=int(random.integers(1 << 30)),
            )  # fmt: skip
            low, high = frame.difference_ci()
            found["fairlearn"] += bool(low - SLACK <= truth <= high + SLACK)
            a, b = int(sum(told[:n_a])), int(sum(told[n_a:]))
            own = FORMULAS["parity_difference"](
                {"groups": [["a", a, n_a], ["b", b, n_b]]}, CONFIDENCE
            )
            found["trueline"] += own.lower - SLACK <= truth <= own.upper + SLACK
        rows.append({
            "n": [n_a, n_b], "rates": [p_a, p_b], "samples": SAMPLES, "resamples": RESAMPLES,
            **{f"{name}_coverage": float(count / SAMPLES) for name, count in found.items()},
        })  # fmt: skip
    return rows


def show(report: dict[str, Any]) -> None:
    for metric in ("difference", "ratio"):
        for name, parts in report[metric].items():
            for part, row in parts.items():
                print(f"{metric:<11}{name:<21}{part:<14}least {row['least_coverage']:.4f}  mean "
                      f"{row['mean_coverage']:.4f}  below 95 %: "
                      f"{row['share_of_cells_below_95']:.1%} of {row['cells']}  width "
                      f"{row['mean_width']:.3f}")  # fmt: skip
    for cell in report.get("fairlearn", {}).get("cells", []):
        print(f"n {cell['n']} rates {cell['rates']}: fairlearn {cell['fairlearn_coverage']:.2f}, "
              f"trueline {cell['trueline_coverage']:.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
