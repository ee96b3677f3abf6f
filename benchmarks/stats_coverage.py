"""What the bounds, gates and alarms are worth: exact laws and seeded simulations.

    python benchmarks/stats_coverage.py
    python benchmarks/stats_coverage.py --part alarm         # one part alone

Writes `benchmarks/results/stats_coverage.json`. The gate, the review and the group intervals are
enumerated exactly; alarms, calibration and prediction-powered bounds are simulated with seeds.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import machine
import numpy as np
import scipy.stats

import trueline.stats.groups
from trueline.stats.alarm import AlarmRule, events_per_year, fewest_false_alarms
from trueline.stats.betting import mean_upper
from trueline.stats.bounds import clopper_pearson, clopper_pearson_upper, newcombe
from trueline.stats.gate_law import release_law
from trueline.stats.groups import GroupCount, demographic_parity_ratio, rate_difference
from trueline.stats.judge_error import KnownViolations, Review, reviewed_upper
from trueline.stats.plan import make_plan
from trueline.stats.prediction_powered import prediction_powered_upper
from trueline.stats.risk_control import calibrate_threshold, conformal_threshold

RESULTS = Path(__file__).parent / "results" / "stats_coverage.json"
YEAR = events_per_year(10_000)


def gate() -> dict[str, Any]:
    """Exact: how often a system at its limit is released, and how soon a good one is."""
    most = {0.001: 30_000, 0.005: 8_000, 0.01: 5_000, 0.02: 5_000, 0.05: 5_000}
    false = {str(e): release_law(e, e, most=n).probability for e, n in most.items()}
    laws = {str(rate): release_law(0.01, rate) for rate in (0.0, 0.001, 0.002, 0.005)}
    return {
        "false_release_at_the_limit": false,
        "limit_0.01": {
            rate: {
                "released": law.probability,
                "median": law.quantile(0.5),
                "90%": law.quantile(0.9),
            }
            for rate, law in laws.items()
        },
    }


def judge() -> list[dict[str, Any]]:
    """Exact, cell by cell: misses, width against full labels, labels spent."""
    rows = []
    designs = [(2000, 0.3, 200), (1000, 0.4, 200), (1000, 0.7, 0), (3000, 0.65, 0)]
    for n, share, known in designs:
        cells = [
            {"caught": t, "rate": p, **_review(t, p, n, share, known)}
            for t, p in itertools.product(
                (0.5, 0.65, 0.8, 0.9, 0.99), (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
            )
        ]
        rows.append(
            {
                "replies": n,
                "share_of_unflagged_reviewed": share,
                "known_violations": known,
                "most_missed": max(cell["missed"] for cell in cells),
                "widest": max(cell["times_full_labels"] for cell in cells),
                "mean_width": float(np.mean([cell["times_full_labels"] for cell in cells])),
                "labels_at_false_alarm_rate": {
                    str(f): round((f + (1 - f) * share) * n + known) for f in (0.0, 0.02, 0.1)
                },
                "cells": cells,
            }
        )
    return rows


def _review(t: float, p: float, n: int, share: float, known: int) -> dict[str, float]:
    full = sum(
        scipy.stats.binom.pmf(k, n, p) * clopper_pearson_upper(int(k), n) for k in _counts(n, p)
    )
    flagged, unflagged = p * t, p * (1 - t) * share
    found = _counts(n, flagged + unflagged)
    outer = scipy.stats.binom.pmf(found, n, flagged + unflagged)
    missed = mean = 0.0
    if known:
        every = KnownViolations(known, known)
        tops = [reviewed_upper(Review(n, int(k), 0, share), known=every) for k in found]
        base = reviewed_upper(Review(n, 0, 0, share), known=every)
        caught = [k for k in _counts(known, t) if k <= known]
        inner = scipy.stats.binom.pmf(caught, known, t)
        factors = [
            reviewed_upper(Review(n, 0, 0, share), known=KnownViolations(int(c), known)) / base
            for c in caught
        ]
        uppers, weights = np.minimum(1, np.outer(tops, factors)), np.outer(outer, inner)
        missed, mean = float(weights[uppers < p].sum()), float((weights * uppers).sum())
    else:
        for k, weight in zip(found, outer, strict=True):
            lows = np.arange(int(k) + 1)
            inner = scipy.stats.binom.pmf(lows, k, unflagged / (flagged + unflagged))
            for low, part in zip(lows, inner, strict=True):
                if weight * part > 1e-9:
                    upper = reviewed_upper(Review(n, int(k - low), int(low), share))
                    missed += weight * part * (upper < p)
                    mean += weight * part * upper
    return {"missed": missed, "times_full_labels": mean / full}


def _counts(n: int, p: float) -> np.ndarray:
    law = scipy.stats.binom(n, p)
    return np.arange(int(law.ppf(1e-6)), int(law.isf(1e-6)) + 1)


class Streams:
    """Many streams at once, from violation to violation."""

    def __init__(self, rule: AlarmRule, count: int, seed: int) -> None:
        self.rule, self.random = rule, np.random.default_rng(seed)
        factors = np.array(rule.factors)
        self.violation, self.clean = factors[:, 0], factors[:, 1]
        self.sums, self.at = np.zeros((count, len(factors))), np.zeros(count)

    def step(self, rate: float, until: float = np.inf) -> np.ndarray:
        """On to the next violation, or to `until`."""
        gap = self.random.geometric(rate, self.at.size)
        there = self.at + gap <= until
        power = self.clean ** np.where(there, gap - 1, until - self.at)[:, None]
        rest = self.sums * power + self.clean * (1 - power) / (1 - self.clean)
        self.sums = np.where(there[:, None], (1 + rest) * self.violation, rest)
        self.at = np.where(there, self.at + gap, until)
        sounded = there & (self.sums @ self.rule.weights >= self.rule.mean_events)
        self.sums[sounded] = 0.0
        return sounded

    def pages(self, rate: float, events: float) -> np.ndarray:
        """False alarms of each stream."""
        found = np.zeros(self.at.size)
        while (self.at < events).any():
            found += self.step(rate, events)
        return found

    def delays(self, rate: float) -> np.ndarray:
        """Events from now to the first alarm."""
        first, start = np.full(self.at.size, np.inf), self.at.copy()
        while np.isinf(first).any():
            new = self.step(rate) & np.isinf(first)
            first[new] = (self.at - start)[new]
        return first


def alarm() -> dict[str, Any]:
    """Pages a year on healthy streams and events to find a jump from 0.5 % to 2 %."""
    rows = []
    for limit, mean_events in [
        (0.005, YEAR), (0.004, YEAR), (0.0035, YEAR), (0.003, YEAR), (0.005, 365_000), (0.005, 100_000),
    ]:  # fmt: skip
        rule = AlarmRule(limit, mean_events)
        row: dict[str, Any] = {"limit": limit, "mean_events": mean_events}
        for rate in sorted({limit, 0.004}):
            pages = Streams(rule, 400, seed=1).pages(rate, YEAR)
            row[f"pages_a_year_at_{rate}"] = round(float(pages.mean()), 3)
        for after in (0.01, 0.02, 0.04):
            streams = Streams(rule, 10_000, seed=2)
            streams.pages(0.005, 5000)
            delays = streams.delays(after)
            row[f"events_to_find_{after}"] = [int(np.quantile(delays, q)) for q in (0.5, 0.9)]
        rows.append(row)
    bound = {
        f"healthy {p}, to 0.02, within {n}, found {f}": fewest_false_alarms(p, 0.02, n, f) * YEAR
        for p, n, f in [
            (0.005, 500, 0.5),
            (0.004, 500, 0.5),
            (0.0035, 500, 0.5),
            (0.005, 1100, 0.9),
        ]
    }
    return {"rules": rows, "fewest_false_alarms_a_year_of_any_alarm": bound}


def calibration() -> dict[str, float]:
    """How often a threshold breaks a miss budget of 5 %: tested against conformal."""
    law, grid, runs = scipy.stats.beta(4, 2), np.linspace(0, 1, 201), 4000
    risks: dict[str, list[float]] = {"learn_then_test": [], "conformal": []}
    for scores in law.rvs((runs, 300), random_state=np.random.default_rng(3)):
        tested = calibrate_threshold(scores, grid.tolist(), 0.05)
        misses = (scores[:, None] < grid[::-1]).astype(float)
        conformal = conformal_threshold(misses, grid[::-1].tolist(), 0.05)
        risks["learn_then_test"].append(law.cdf(tested.threshold) if tested else 0.0)
        risks["conformal"].append(law.cdf(conformal))
    shares = {f"{k}_broken": float(np.mean(np.array(v) > 0.05)) for k, v in risks.items()}
    return shares | {f"{k}_mean_miss_rate": float(np.mean(v)) for k, v in risks.items()}


def groups() -> list[dict[str, Any]]:
    """Exact: the least coverage over rates 0.1 % to 99.9 %, ours and Newcombe's."""
    trueline.stats.groups.clopper_pearson = cache(clopper_pearson)  # type: ignore[assignment,attr-defined]
    rates = np.concatenate([[0.001, 0.005], np.arange(0.01, 1, 0.02), [0.995, 0.999]])
    rows = []
    for n_a, n_b in [(10, 10), (10, 50), (20, 20), (30, 30), (50, 50), (15, 300)]:
        pairs = itertools.product(range(n_a + 1), range(n_b + 1))
        edges = []
        for k, m in pairs:
            a, b = GroupCount("a", k, n_a), GroupCount("b", m, n_b)
            difference, ratio = rate_difference(a, b), demographic_parity_ratio([a, b])
            plain = newcombe(k, n_a, m, n_b)
            edges.append([(difference.low, difference.high), (ratio.low, ratio.high), plain])
        table, least = np.array(edges), np.ones(3)
        laws = [[scipy.stats.binom.pmf(np.arange(n + 1), n, p) for p in rates] for n in (n_a, n_b)]
        for (i, p), (j, q) in itertools.product(enumerate(rates), enumerate(rates)):
            truth = np.array([p - q, min(p, q) / max(p, q), p - q])
            inside = (table[:, :, 0] <= truth + 1e-12) & (truth - 1e-12 <= table[:, :, 1])
            least = np.minimum(least, np.outer(laws[0][i], laws[1][j]).ravel() @ inside)
        names = ("rate_difference", "demographic_parity_ratio", "newcombe")
        rows.append(
            {"n": [n_a, n_b], **{name: float(c) for name, c in zip(names, least, strict=True)}}
        )
    return rows


def powered() -> list[dict[str, float]]:
    """Labels spent and the width reached, against labels drawn without regard to the judge."""
    rows = []
    for rate, caught, alarms, share in itertools.product(
        (0.01, 0.05), (0.5, 0.9, 0.99), (0.0, 0.02), (0.25, 0.5)
    ):
        random, n, runs = np.random.default_rng(4), 3000, 60
        wide, full, spent, missed = [], [], [], 0
        for _ in range(runs):
            truth = (random.random(n) < rate).astype(float)
            flags = (random.random(n) < np.where(truth == 1, caught, alarms)).astype(float)
            chosen = np.where(flags == 1, 1.0, share)
            seen = random.random(n) < chosen
            labels = [float(y) if s else None for y, s in zip(truth, seen, strict=True)]
            wide.append(prediction_powered_upper(flags, labels, chosen))
            full.append(mean_upper(truth))
            spent.append(seen.mean())
            missed += wide[-1] < rate
        rows.append(
            {
                "rate": rate, "caught": caught, "false_alarms": alarms, "share": share,
                "missed": missed / runs, "labels_spent": float(np.mean(spent)),
                "times_full_labels": float(np.mean(wide) / np.mean(full)),
            }
        )  # fmt: skip
    return rows


def plan() -> dict[str, float]:
    """Milliseconds to make a plan, the largest of many."""
    spent = {}
    for limit, rate in [
        (0.01, None),
        (0.01, 0.005),
        (0.001, 0.0005),
        (0.01, 0.0095),
    ]:
        begun = time.perf_counter()
        make_plan(limit, true_rate=rate, categories=31)
        spent[f"limit {limit}, true rate {rate}"] = 1000 * (time.perf_counter() - begun)
    return spent


PARTS: dict[str, Callable[[], Any]] = {
    "gate": gate, "judge": judge, "alarm": alarm, "calibration": calibration,
    "groups": groups, "prediction_powered": powered, "plan_milliseconds": plan,
}  # fmt: skip


def main() -> None:
    """Run the parts and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=PARTS, action="append")
    wanted = parser.parse_args().part or list(PARTS)
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    results["machine"] = machine.describe()
    for name in wanted:
        begun = time.perf_counter()
        results[name] = PARTS[name]()
        print(f"{name}: {time.perf_counter() - begun:.1f} s", flush=True)
        print(json.dumps(results[name], indent=1, default=float)[:6000], flush=True)
        RESULTS.write_text(json.dumps(results, indent=1, default=float) + "\n", "utf-8")


if __name__ == "__main__":
    main()
