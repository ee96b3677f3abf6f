"""The page of measurements names every benchmark, and its newest figures are those of the results."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
RESULTS = BENCHMARKS / "results"
LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])
# Scripts that others import, or that run beside a benchmark.
PARTS = {
    "corpus", "echo_upstream", "evasion_disguises", "latency_worker", "load_client", "machine",
    "pii_samples", "run_all", "curate_clean",
}  # fmt: skip


def page(language: str) -> str:
    return (ROOT / "docs" / language / "benchmarks.md").read_text("utf-8")


def section(language: str, script: str) -> str:
    """What the page says under the heading that names a script."""
    parts = re.split(r"^## ", page(language), flags=re.MULTILINE)
    return next(part for part in parts if f"benchmarks/{script}.py" in part.splitlines()[0])


def result(name: str) -> Any:
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))


def missing(text: str, figures: list[str]) -> list[str]:
    return [figure for figure in figures if figure not in text]


@LANGUAGES
def test_every_benchmark_is_on_the_page_and_every_script_named_is_there(language: str) -> None:
    named = set(re.findall(r"benchmarks/(\w+)\.py", page(language)))
    scripts = {path.stem for path in BENCHMARKS.glob("*.py")}

    assert sorted(scripts - named - PARTS) == []
    assert sorted(named - scripts) == []


def test_every_benchmark_is_run_by_run_all() -> None:
    text = (BENCHMARKS / "run_all.py").read_text("utf-8")
    # Training a language model takes a text that the caller names.
    scripts = {path.stem for path in BENCHMARKS.glob("*.py")} - PARTS - {"train_mlm"}

    assert [name for name in sorted(scripts) if f'"{name}' not in text] == []


@LANGUAGES
def test_the_figures_of_the_suites_are_those_of_the_results(language: str) -> None:
    gateway, inside = result("assess_suite")["gateway"], result("assess_suite")["guard_in_process"]
    by_id = {claim["id"]: claim for claim in gateway["claims"]}
    guarded = {claim["id"]: claim for claim in inside["claims"]}
    wanted = [f"{gateway['items']:,}", f"{gateway['kept_at_the_kill']:,}"]
    wanted += [f"{run['seconds']:.0f} " for run in (gateway, inside)]
    for name in ("violation_rate", "violation_rate.zh", "over_refusal.zh", "over_refusal.en"):
        claim = by_id[name]
        wanted += [f"{claim['inputs']['found']:,}", f"{claim['inputs']['n']:,}"]
        wanted += [f"{math.floor(1000 * claim['lower']) / 10:.1f}"]  # to the safe side
        wanted += [f"{math.ceil(1000 * claim['upper']) / 10:.1f} %"]
    wanted += [str(guarded["without_guard.violation_rate"]["inputs"]["found"])]

    assert missing(section(language, "assess_suite"), wanted) == []


@LANGUAGES
def test_the_figures_of_the_safety_case_are_those_of_the_results(language: str) -> None:
    found = result("assess_case")
    wanted = [f"{found['claims']}", f"{found['page_bytes'] / 1e6:.2f} MB"]
    wanted += [f"{found['open_seconds']:.2f} ", f"{found['verify_seconds']:.2f} "]
    wanted += [f"{found[f'{name}_seconds']:.1f}" for name in ("build", "gate", "verify_command")]

    assert missing(section(language, "assess_case"), wanted) == []


@LANGUAGES
def test_the_figures_of_the_fairness_intervals_are_those_of_the_results(language: str) -> None:
    found = result("assess_fairness")
    wanted = []
    for metric in ("difference", "ratio"):
        for method in found[metric].values():
            cells = method["unequal_rates"]
            wanted += [f"{100 * cells['least_coverage']:.1f} %", f"{cells['mean_width']:.2f}"]
            wanted += [f"{100 * cells['mean_coverage']:.1f} %"]

    assert missing(section(language, "assess_fairness"), wanted) == []


@LANGUAGES
def test_the_figures_of_the_refusal_rules_are_those_of_the_results(language: str) -> None:
    dash_free = section(language, "assess_refusals").replace("（", " (").replace("）", ")")
    rows = [row for row in result("assess_refusals")["rows"] if row["n"] > 1]
    wanted = [
        f"| {row['n']:,} | {100 * row['rate']:.{0 if row['rate'] == 1 else 1}f} %"
        f" ({100 * row['low']:.1f}–{100 * row['high']:.{0 if row['high'] == 1 else 1}f} %)"
        for row in rows
    ]

    assert missing(dash_free, wanted) == []


@LANGUAGES
def test_the_figures_of_rewritten_words_are_those_of_the_results(language: str) -> None:
    text = section(language, "assess_robustness")
    found = result("assess_robustness")
    wanted = [
        f"{100 * turned / n:.1f} % "
        for part in ("judge", "classifier_alone")
        for name, (turned, n, *_) in found[part]["claims"].items()
        if name.startswith("robustness.random.") and turned
    ]

    text = re.sub(r"(\d+) 条的 ([\d.]+ %)", r"\2 of \1", text)

    assert missing(text, [*wanted, str(found["judge"]["texts"])]) == []


@LANGUAGES
def test_the_figures_of_the_guard_by_source_are_those_of_the_results(language: str) -> None:
    found = result("assess_guard")
    wanted = [f"{found['rows']:,}", f"{found['seconds']:.0f} "]
    for part in ("zh", "en"):
        claims = {claim["id"]: claim for claim in found["by_language"][part]}
        caught, spared = claims["metrics.recall.harmful"], claims["metrics.recall.benign"]
        wanted += [f"{caught['inputs']['n']:,}", f"{spared['inputs']['n']:,}"]
        wanted += [f"{100 * caught[end]:.1f}" for end in ("estimate", "lower", "upper")]
        wanted += [f"{100 - 100 * spared[end]:.1f}" for end in ("estimate", "lower", "upper")]
    wanted += [
        f"{100 * claim['inputs']['found'] / claim['inputs']['n']:.1f} %"
        for claim in found["by_source"]
        if claim["id"].startswith(("guard.caught.", "guard.false_alarm."))
        if claim["inputs"]["n"] > 10 and claim["inputs"]["found"]
    ]

    wanted += [
        f"| {claim['estimate']:.2f} |"
        for claim in found["by_source"]
        if claim["id"].startswith("guard.roc_auc.")
    ]

    assert missing(section(language, "assess_guard"), wanted) == []


@LANGUAGES
def test_the_figures_of_the_tour_are_those_of_the_results(language: str) -> None:
    wanted = []
    for run in result("tour")["runs"]:
        trained = run["facts"]["train"]
        wanted += [f"{run['wall_seconds']:.0f} ", f"{run['cpu_seconds']:.0f} "]
        wanted += [f"{run['load_before']:.1f}", f"{run['peak_memory_mb']} MB"]
        wanted += [f" {trained['violations']} ", f"{100 * trained['bound']:.1f} %"]

    assert missing(section(language, "tour"), wanted) == []


@LANGUAGES
def test_the_figures_of_the_overview_page_are_those_of_the_results(language: str) -> None:
    found = result("console_overview")
    text = section(language, "console_overview").replace("、", ", ")
    wanted = [
        f"| {times['wall_ms']['median']:.0f}, {times['wall_ms']['p95']:.0f} "
        f"| {times['first_wall_ms']:.0f} | {times['cpu_ms']['median']:.0f} |"
        for times in found["pages"].values()
    ]
    wanted += [f"{found['peak_memory_mb']:.0f} MB", f"{found['load_average'][0]:.1f}"]

    assert missing(text, wanted) == []
