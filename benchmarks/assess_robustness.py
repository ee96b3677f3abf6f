"""Attack the bundled guard as a classifier, by words and characters, in Chinese and English.

    python benchmarks/assess_robustness.py [--texts 200] [--searched 60]

Writes `benchmarks/results/assess_robustness.json`. The texts are prompts of the bundled suites,
written by this project; attacked are those that the Judge of the policy `default` flags, so that a
turned label is an evasion; and the same with the bundled classifier alone, without the other
scorers.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from random import Random
from typing import Any

import machine

from trueline.assess.robustness.classifier import FLAGGED, judge_classifier, told
from trueline.assess.robustness.evidence import robustness_evidence
from trueline.assess.robustness.measure import Settings, measure_robustness
from trueline.assess.suite_file import read_suite
from trueline.assess.text_rows import TextRow
from trueline.core.policy_file import policy_from_template
from trueline.judge import Judge
from trueline.scorers.linear import LinearScorer

RESULTS = Path(__file__).parent / "results" / "assess_robustness.json"
SUITES = Path(__file__).parents[1] / "src" / "trueline" / "assess" / "suites"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=200, help="flagged texts of each language")
    parser.add_argument("--searched", type=int, default=60, help="texts searched for each attack")
    arguments = parser.parse_args()
    policy = policy_from_template("default")
    judges = {
        "judge": Judge.from_policy(policy),
        "classifier_alone": Judge(policy, [LinearScorer()]),
    }
    report: dict[str, Any] = {"machine": machine.describe(), "policy": policy.hash}
    settings = Settings(searched=arguments.searched)
    for name, judge in judges.items():
        started = time.perf_counter()
        classifier = judge_classifier(judge)
        rows = [
            row
            for language in ("zh", "en")
            for row in flagged(language, classifier, arguments.texts)
        ]
        found = measure_robustness(classifier, rows, settings)
        evidence = robustness_evidence(found, settings, policy.robustness, Path(__file__), name)
        tables = {table.title.en: table.rows for table in evidence.tables}
        report[name] = {
            "texts": len(rows),
            "claims": {
                claim.id: [claim.inputs["found"], claim.inputs["n"], round(claim.estimate, 4),
                           round(claim.lower, 4), round(claim.upper, 4), claim.outcome]
                for claim in evidence.claims
            },
            "tables": tables,
            "seconds": round(time.perf_counter() - started, 1),
        }  # fmt: skip
        for table, lines in tables.items():
            print(name, table)
            for line in lines:
                print("  ", *line)
    RESULTS.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def flagged(language: str, classifier: Any, most: int) -> list[TextRow]:
    """Prompts that the classifier flags as they stand, drawn at random."""
    items = [
        item for path in sorted((SUITES / language).glob("*.jsonl")) for item in read_suite(path)
    ]
    Random(0).shuffle(items)
    rows: list[TextRow] = []
    for item in items:
        if told(classifier([item.prompt])[0]) == FLAGGED:
            rows.append(TextRow(item.prompt, item.id))
            if len(rows) == most:
                break
    return rows


if __name__ == "__main__":
    main()
