"""The safety case: how long it takes to build, to open in a browser and to verify; how large.

    python benchmarks/assess_case.py           # a made-up large case
    python benchmarks/assess_case.py CASE      # a case of yours

The made-up case has every category of the policy `cn-genai` in both languages, twelve attacks,
and six files of evidence with tables and drawings. Writes `benchmarks/results/assess_case.json`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machine

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.assess.case.case_folders import SVG, rate, text, write_examples, write_plan

from trueline.assess.case.build import build_case
from trueline.assess.case.gate import gate
from trueline.assess.case.verify import verify
from trueline.assess.evidence import Evidence, Figure, Table
from trueline.core.policy_file import policy_from_template

REPEATS = 5
RESULTS = Path(__file__).parent / "results" / "assess_case.json"


def make_case(folder: Path) -> Path:
    """A large case, as a full assessment leaves it."""
    policy = policy_from_template("cn-genai")
    write_plan(folder, policy)
    write_examples(folder, "text " * 60, 5)
    claims = [rate("violation_rate", 2, 5000)]
    for at, name in enumerate(policy.categories):
        claims += [rate(f"violation_rate.{name}", at % 3, 300 + at, required=False)]
        claims += [
            rate(f"violation_rate.{name}.{lang}", at % 3, 150 + at, required=False)
            for lang in ("zh", "en")
        ]
    claims += [rate(f"over_refusal.{lang}", 4, 500, 0.05) for lang in ("zh", "en")]
    claims += [
        rate(f"attack_success_rate.a{at}", at, 500, 0.05, required=False) for at in range(12)
    ]
    columns = [text(name) for name in ("category", "language", "found", "n", "share")]
    rows = [[f"category {at}", "zh", at, 300 + at, at / 300] for at in range(120)]
    for at, name in enumerate(
        ("suites", "fairness", "robustness", "leakage", "explanation", "metrics")
    ):
        Evidence(
            name=name, title=text(name), claims=claims if at == 0 else [rate(f"{name}.x", 1, 90)],
            tables=[Table(text("table"), columns, rows)] * 3,
            figures=[Figure(text("figure"), SVG.replace("13", str(10 + i))) for i in range(6)],
            settings={"graders": ["reference"]},
        ).write(folder)  # fmt: skip
    return folder


def timed(work: object) -> float:
    """Median seconds of a call."""
    took = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()  # type: ignore[operator]
        took.append(time.perf_counter() - started)
    return statistics.median(took)


def open_seconds(page: Path) -> float | None:
    """Median time from navigation to the end of loading, by the browser's own clock."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        return None
    from tests.console.browser import start_chromium

    with tempfile.TemporaryDirectory() as profile:
        browser = start_chromium(program, driver, Path(profile))
        took = []
        for _ in range(REPEATS):
            browser.get("about:blank")
            browser.get(page.as_uri())
            took.append(
                browser.execute_script(
                    "return performance.getEntriesByType('navigation')[0].loadEventEnd"
                )
            )
        browser.quit()
    return statistics.median(took) / 1000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("case", nargs="?", type=Path)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as made:
        case = chosen.case or make_case(Path(made) / "case")
        results = {"machine": machine.describe(), "build_seconds": timed(lambda: build_case(case))}
        results["build_without_pdf_seconds"] = timed(lambda: build_case(case, pdf=False))
        found = verify(case / "case.html", case)
        assert found.holds, found.fault
        program = "from trueline.cli.verify import verify; verify()"
        command = [sys.executable, "-c", program, str(case / "case.html")]
        results |= {
            "claims": found.claims,
            "page_bytes": (case / "case.html").stat().st_size,
            "pdf_bytes": (case / "case.pdf").stat().st_size,
            "verify_seconds": timed(lambda: verify(case / "case.html", case)),
            "verify_command_seconds": timed(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)),
            "gate_seconds": timed(lambda: gate(case)),
            "open_seconds": open_seconds(case / "case.html"),
        }  # fmt: skip
    print(json.dumps(results, indent=1))
    if chosen.case is None:
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
