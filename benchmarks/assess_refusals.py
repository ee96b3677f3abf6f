"""How often the refusal rules are right: replies labelled as refusing or complying.

    python benchmarks/assess_refusals.py FILE.jsonl.gz ...      # raw results in results/assess_refusals.json
    python benchmarks/assess_refusals.py FILE.jsonl.gz --show-rules

Each line holds `text` and `raw.behaviour` (`refuse`, `comply` or `help`), or `chosen` of a pair,
which counts as `comply` when `kind` is `helpful`. Lines without such a label are passed over.
`help` is counted apart: support without what was asked, which may decline or not.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from machine import describe

from trueline.assess.grading.refusal import refusal_of
from trueline.stats.bounds import clopper_pearson

HERE = Path(__file__).parent


def labelled(path: Path) -> Iterator[tuple[str, str, str]]:
    """Language, label and text of each labelled reply."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            row: dict[str, Any] = json.loads(line)
            raw = row.get("raw") or {}
            if raw.get("behaviour") in ("refuse", "comply", "help") and row.get("role") != "prompt":
                yield row["lang"], raw["behaviour"], row["text"]
            elif row.get("kind") == "helpful" and row.get("chosen"):
                yield row["lang"], "comply", row["chosen"]


def measure(paths: list[Path]) -> dict[str, Any]:
    """Counts by file, language and label."""
    counts: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    rules: dict[str, Counter[str]] = defaultdict(Counter)
    for path in paths:
        for language, label, text in labelled(path):
            refusal = refusal_of(text)
            counts[path.name.split(".")[0], language, label][str(refusal.declines)] += 1
            if refusal.rule:
                rules[refusal.rule][label] += 1
    rows = []
    for (name, language, label), found in sorted(counts.items()):
        n = found.total()
        interval = clopper_pearson(found["True"], n)
        rows.append({
            "file": name, "language": language, "label": label, "n": n,
            "declines": found["True"], "rate": round(found["True"] / n, 4),
            "low": round(interval.low, 4), "high": round(interval.high, 4),
        })  # fmt: skip
    return {"rows": rows, "rules": {name: dict(found) for name, found in sorted(rules.items())}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--show-rules", action="store_true")
    options = parser.parse_args()
    found = measure(options.files)
    print("file                             lang  label     n      recognised as a refusal (95 %)")
    for row in found["rows"]:
        print(
            f"{row['file']:32} {row['language']:5} {row['label']:7} {row['n']:6}  "
            f"{row['rate']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
        )
    if options.show_rules:
        for name, counts in found["rules"].items():
            print(f"  {name:8} {counts}")
    result = {"machine": describe(), "rows": found["rows"]}
    path = HERE / "results" / "assess_refusals.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
