"""Measure the injection scorer: false positives by threshold, recall by source.

    python recipes/injection/calibrate.py DATA_FOLDER

Writes `src/trueline/scorers/injection_calibration.json`: for each category, how many harmless
texts scored at or above each threshold, with an upper 90 % confidence limit on the rate
(Clopper & Pearson, 1934). Recall by source goes to `recipes/injection/recall.json`; those
sources were read while the families were written, so they show fit, not generalisation.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from math import exp, lgamma, log
from pathlib import Path
from typing import Any

from trueline.core.records import Context, Role
from trueline.scorers import injection_calibration
from trueline.scorers.injection import InjectionScorer
from trueline.scorers.injection_families import INJECTION, LEAK
from trueline.text.normalize import normalize

GRID = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99)
CONFIDENCE = 0.9
TEXTS_PER_FILE = 4000
# Words of users, harmless: what the thresholds are calibrated on.
BENIGN = (
    "safety/train/benign_en_banking77",
    "safety/train/benign_en_clinc150",
    "safety/train/benign_en_instructions",
    "safety/train/benign_zh_crosswoz",
    "safety/train/benign_zh_instructions",
    "safety/train/benign_zh_kdconv",
    "safety/train/cvalues_responsibility_zh",
    "safety/train/cyberseceval_frr_benign",
    "safety/extra/chinese_safetyqa_benign_zh",
    "safety/extra/zh_hard_benign_synthetic",
    "safety/extra/injection_talk_benign_en",
)
# Harmless documents and tool results: reported, and part of the calibration.
DOCUMENTS = (
    "general/pretrain/en_docs",
    "general/pretrain/en_gov_articles",
    "general/pretrain/en_wiki_paragraphs",
    "general/pretrain/zh_docs",
    "general/pretrain/zh_laws",
    "general/pretrain/zh_wiki_paragraphs",
    "general/tasks/classification/shopping_reviews_zh.train",
    "safety/extra/injection_talk_benign_en",
)
ATTACKS: tuple[tuple[str, Role], ...] = (
    ("safety/train/giskard_injections", "prompt"),
    ("safety/train/cyberseceval_injection", "prompt"),
    ("safety/train/inthewild_jailbreaks_en", "prompt"),
    ("safety/train/gptfuzz_templates_en", "prompt"),
    ("safety/train/safety_prompts_sample_zh_en", "prompt"),
    ("safety/train/jailbench_zh", "prompt"),
    ("safety/extra/deepset_injections_en_de", "prompt"),
    ("safety/train/bipia_train_built", "tool_result"),
    ("safety/extra/agentdojo_llmail_indirect_en", "tool_result"),
    ("safety/extra/zh_injection_synthetic", "tool_result"),
)


def main(data: Path) -> None:
    scorer = InjectionScorer()
    counts: dict[str, Counter[float]] = {INJECTION: Counter(), LEAK: Counter()}
    total = 0
    sources: dict[str, dict[str, float]] = {}
    for name, role in [*((n, "prompt") for n in BENIGN), *((n, "document") for n in DOCUMENTS)]:
        values = [best(scorer, row["text"], role) for row in rows(data / f"{name}.jsonl.gz")]
        total += len(values)
        for value in values:
            for category in counts:
                reached = [step for step in GRID if value.get(category, 0.0) >= step]
                counts[category].update(reached)
        hits = sum(max(value.values(), default=0.0) >= GRID[0] for value in values)
        sources[f"{name} ({role})"] = {"texts": len(values), "rate": round(hits / len(values), 5)}
        print(f"false positives {name} ({role}): {hits} of {len(values)}")
    write_table(counts, total, sources)
    write_recall(scorer, data)


def write_table(
    counts: dict[str, Counter[float]], total: int, sources: dict[str, dict[str, float]]
) -> None:
    table = {
        category: [
            {
                "threshold": step,
                "false_positives": found[step],
                "upper_rate": round(upper_limit(found[step], total), 6),
            }
            for step in GRID
        ]
        for category, found in counts.items()
    }
    target = Path(injection_calibration.__file__).with_suffix(".json")
    result = {"texts": total, "confidence": CONFIDENCE, "categories": table, "sources": sources}
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def write_recall(scorer: InjectionScorer, data: Path) -> None:
    result: dict[str, Any] = {}
    for name, role in ATTACKS:
        tally: Counter[tuple[str, str, str]] = Counter()
        for row in rows(data / f"{name}.jsonl.gz", None):
            labels = row["labels"]
            attack = labels.get("prompt_injection", 0) == 1 or labels.get("jailbreak", 0) == 1
            if row["flagged"] == 1 and not attack:
                continue
            kind = "attack" if row["flagged"] == 1 else "harmless"
            highest = max(best(scorer, row["text"], role).values(), default=0.0)
            tally[kind, row["lang"], "texts"] += 1
            tally[kind, row["lang"], "found"] += highest >= GRID[0]
        for kind, language, _ in sorted(key for key in tally if key[2] == "texts"):
            texts, found = tally[kind, language, "texts"], tally[kind, language, "found"]
            key = f"{name} {language} {kind} ({role})"
            result[key] = {"texts": texts, "found": found, "rate": round(found / texts, 4)}
            print(f"{key}: {found} of {texts} ({found / texts:.3f})")
    target = Path(__file__).with_name("recall.json")
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def best(scorer: InjectionScorer, text: str, role: Any) -> dict[str, float]:
    """Highest value by category."""
    found: dict[str, float] = {}
    for score in scorer.score(normalize(text), Context(role=role)):
        found[score.category] = max(score.value, found.get(score.category, 0.0))
    return found


def rows(path: Path, limit: int | None = TEXTS_PER_FILE) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from islice(map(json.loads, lines), limit)


def upper_limit(hits: int, total: int) -> float:
    """One-sided Clopper-Pearson limit, by bisection on the binomial distribution."""
    low, high = hits / total, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if binomial_cdf(hits, total, middle) > 1 - CONFIDENCE:
            low = middle
        else:
            high = middle
    return high


def binomial_cdf(hits: int, total: int, rate: float) -> float:
    if rate >= 1:
        return 0.0
    terms = (
        lgamma(total + 1)
        - lgamma(k + 1)
        - lgamma(total - k + 1)
        + k * log(rate)
        + (total - k) * log(1 - rate)
        for k in range(hits + 1)
    )
    return sum(exp(term) for term in terms)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
