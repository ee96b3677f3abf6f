"""Measure what the default policy finds and what it holds up wrongly, source by source.

    python benchmarks/quality.py --data DIR [--rows 2000] [--out benchmarks/results/quality.json]

`DIR` holds `safety/` and `general/`. Two Judges run: `default` (every built-in scorer, default
policy) and `linear` (the bundled classifier alone, same policy). Rows of the training sources
are those of the classifier's test split (`recipes/linear_guard`), which trained and
calibrated nothing; `eval_only` files took no part at all. A text is *held up* when the
verdict's action is redact or stricter, and *flagged* when it is anything but allow. Intervals
are exact (Clopper-Pearson, 95 %).

Harmless means harmless in the eyes of the source: a comment without sexism may still be an
insult, so the false positives of such sources are upper bounds. The goal of at most 1 % is
for files whose every row is harmless.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machine import describe

sys.path.insert(0, str(Path(__file__).parents[1] / "recipes" / "linear_guard"))

from corpus import MAX_CHARACTERS, lines, path_of, read_corpus, unit_hash
from sources import SOURCES

from trueline.core.policy_file import policy_from_template
from trueline.core.records import Action
from trueline.judge import Judge
from trueline.scorers.linear import LinearScorer

GOAL = 0.01
EVAL_ONLY = (
    "benign_zh_belle",
    "bio_overrefusal_en",
    "chineseharm_half_a",
    "ethos_en",
    "s_eval_zh_en",
    "state_toxicn_train_zh",
    "telecom_fraud_zh",
    "tg_spam_zh",
    "toxigen_demonstrations_en",
    "xsafety_zh_en",
)
# Files whose every row is harmless; the goal of at most 1 % stands for each of them.
HARMLESS = (
    *(s.name for s in SOURCES if s.stratum and "benign" in s.name),
    "cvalues_responsibility_zh",
    "benign_zh_belle",
    "bio_overrefusal_en",
)
# Texts made to hold personal data: `pii.py` measures on those.
PERSONAL_DATA = ("pii_presidio_en", "pii_secrets_synthetic_zh_en")


@dataclass(frozen=True)
class Row:
    """One text: where it is from, its language, and whether its source calls it harmful."""

    group: str
    source: str
    language: str
    harmful: int
    text: str


def main() -> None:
    arguments = _arguments()
    policy = policy_from_template("default")
    judges = {"default": Judge.from_policy(policy), "linear": Judge(policy, [LinearScorer()])}
    rows = [*_test_split(arguments.data), *_eval_only(arguments.data, arguments.rows)]
    print(f"{len(rows):,} texts", file=sys.stderr)
    result: dict[str, Any] = {
        "machine": describe(),
        "policy": policy.hash,
        "goal": GOAL,
        "judges": {name: _measure(name, judge, rows) for name, judge in judges.items()},
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(
        json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    _print_tables(result)


def _test_split(data: Path) -> list[Row]:
    corpus = read_corpus(data)
    rows = []
    for number, split in enumerate(corpus.splits):
        targets = corpus.rows[number]
        if split != "test" or corpus.sources[number] in PERSONAL_DATA:
            continue
        rows.append(
            Row(
                "test split",
                corpus.sources[number],
                corpus.languages[number],
                1 if 1 in targets else 0,
                corpus.texts[number],
            )
        )
    return rows


def _eval_only(data: Path, most: int) -> list[Row]:
    rows = []
    for name in EVAL_ONLY:
        found = list(lines(path_of(data, f"safety/eval_only/{name}")))
        if len(found) > most:
            found.sort(key=lambda row: unit_hash("quality", str(row["id"])))
            found = found[:most]
        rows += [
            Row(
                "eval only",
                name,
                "zh" if row["lang"] == "zh" else "en",
                int(row["flagged"]),
                str(row["text"])[:MAX_CHARACTERS],
            )
            for row in found
            if row["flagged"] in (0, 1)
        ]
    return rows


def _measure(name: str, judge: Judge, rows: Sequence[Row]) -> dict[str, Any]:
    began = time.process_time()
    tally: defaultdict[tuple[str, str, str], list[tuple[int, bool, bool]]] = defaultdict(list)
    why: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for number, row in enumerate(rows, start=1):
        verdict = judge.judge(row.text)
        held, flagged = verdict.action >= Action.REDACT, verdict.action > Action.ALLOW
        tally[row.group, row.source, row.language].append((row.harmful, held, flagged))
        if flagged and not row.harmful:
            first = next(s for s in verdict.scores if s.action == verdict.action)
            why[row.source][f"{first.scorer}: {first.category}/{first.label}"] += 1
        if number % 5000 == 0:
            rate = number / (time.process_time() - began)
            left = (len(rows) - number) / rate
            print(f"  {name}: {number:,}, {rate:,.0f}/s, {left:.0f} s left", file=sys.stderr)
    sources = [
        {"group": group, "source": source, "language": language} | _figures(found)
        for (group, source, language), found in sorted(tally.items())
    ]
    by_language = []
    for group in ("test split", "eval only"):
        for language in ("zh", "en"):
            found = [
                hit
                for (g, _, tongue), hits in tally.items()
                if (g, tongue) == (group, language)
                for hit in hits
            ]
            by_language.append({"group": group, "language": language} | _figures(found))
    harmless = [
        {"source": source, "language": language, "goal_met": figures["held_up"]["rate"] <= GOAL}
        | {"held_up": figures["held_up"], "flagged": figures["flagged_harmless"]}
        | {"reasons": dict(sorted(why[source].items(), key=lambda item: -item[1])[:5])}
        for (_, source, language), found in sorted(tally.items())
        if source in HARMLESS and (figures := _figures(found))["held_up"]
    ]
    return {
        "cpu_seconds": round(time.process_time() - began, 1),
        "languages": by_language,
        "sources": sources,
        "harmless": harmless,
    }


def _figures(found: Iterable[tuple[int, bool, bool]]) -> dict[str, Any]:
    hits = list(found)
    yes = [held for harmful, held, _ in hits if harmful == 1]
    no = [held for harmful, held, _ in hits if harmful == 0]
    figures: dict[str, Any] = {
        "recall": rate(sum(yes), len(yes)) if yes else None,
        "flagged_harmful": rate(sum(f for h, _, f in hits if h == 1), len(yes)) if yes else None,
        "held_up": rate(sum(no), len(no)) if no else None,
        "flagged_harmless": rate(sum(f for h, _, f in hits if h == 0), len(no)) if no else None,
        "f1": None,
    }
    if yes and no:
        figures["f1"] = round(2 * sum(yes) / max(sum(yes) + sum(no) + len(yes), 1), 4)
    return figures


def rate(hits: int, rows: int) -> dict[str, float]:
    """A share with its exact two-sided 95 % interval, by bisection of the binomial tail."""

    def solve(count: int, target: float) -> float:
        low, high = 0.0, 1.0
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if _at_most(count, rows, middle) > target else (low, middle)
        return low

    return {
        "hits": hits,
        "rows": rows,
        "rate": round(hits / rows, 4),
        "low": round(solve(hits - 1, 0.975), 4) if hits else 0.0,
        "high": round(solve(hits, 0.025), 4) if hits < rows else 1.0,
    }


def _at_most(count: int, rows: int, share: float) -> float:
    """P(Binomial(rows, share) <= count)."""
    if share <= 0:
        return 1.0
    if share >= 1:
        return 0.0
    yes, no, most = math.log(share), math.log1p(-share), math.lgamma(rows + 1)
    return math.fsum(
        math.exp(most - math.lgamma(k + 1) - math.lgamma(rows - k + 1) + k * yes + (rows - k) * no)
        for k in range(count + 1)
    )


def _print_tables(result: dict[str, Any]) -> None:
    for name, figures in result["judges"].items():
        print(
            f"\n## {name}\n\n| group | source | language | recall: held up | recall: flagged "
            "or held up | harmless held up | F1 |"
        )
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for row in figures["sources"]:
            print(
                f"| {row['group']} | {row['source']} | {row['language']} | {_cell(row['recall'])} "
                f"| {_cell(row['flagged_harmful'])} | {_cell(row['held_up'])} | {row['f1'] if row['f1'] is not None else '-'} |"
            )
        for row in figures["languages"]:
            print(
                f"| {row['group']} | **all** | {row['language']} | {_cell(row['recall'])} "
                f"| {_cell(row['flagged_harmful'])} | {_cell(row['held_up'])} | {row['f1'] if row['f1'] is not None else '-'} |"
            )
        print(f"\n### {name}: harmless files, goal at most {GOAL:.0%} each\n")
        print("| source | language | held up | flagged | goal | most frequent reason |")
        print("| --- | --- | --- | --- | --- | --- |")
        for row in figures["harmless"]:
            reason = next(iter(row["reasons"]), "-")
            met = "met" if row["goal_met"] else "missed"
            print(
                f"| {row['source']} | {row['language']} | {_cell(row['held_up'])} "
                f"| {_cell(row['flagged'])} | {met} | {reason} |"
            )


def _cell(share: dict[str, float] | None) -> str:
    if share is None:
        return "-"
    return f"{share['rate']:.4f} ({share['low']:.4f}-{share['high']:.4f}), n={share['rows']:,.0f}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with safety/ and general/")
    parser.add_argument("--rows", type=int, default=2000, help="most rows of an eval_only file")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "quality.json"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
