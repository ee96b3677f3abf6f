"""Recall, precision and CPU time of the PII scorer on generated Chinese and English text.

    python benchmarks/pii.py                      # table; raw results in results/pii.json
    python benchmarks/pii.py --json               # the same numbers, one JSON object
    BENCH_ENVS=~/envs python benchmarks/pii.py    # beside Presidio, when ~/envs/presidio exists
    python benchmarks/pii.py --annotated spans.jsonl.gz --benign chat.jsonl.gz

The set is generated from a seed: valid values glued to Han characters, in running English and
in mixed text, and hard negatives (prices, dates, order numbers, hashes, values whose check
digit is wrong); see pii_samples.py. A finding counts when its span and label are exact;
Presidio's need only the exact span, any label. Presidio runs its English pattern recognisers on
a blank tokenizer, as no model is downloaded.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import os
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from machine import describe
from pii_samples import Item, negatives, ordinary, positives

Finder = Callable[[str], list[tuple[int, int, str]]]

HERE = Path(__file__).parent
# Kinds whose values carry their own evidence; the others are told by the words beside them.
STRUCTURED = (
    *("cn_resident_id", "bank_card", "cn_mobile", "email", "cn_passport", "cn_plate", "cn_uscc"),
    *("iban", "us_ssn", "us_phone", "ip_address"),
)


# -- tools ----------------------------------------------------------------------------------


def load_trueline(secrets: bool = False) -> Finder:
    """The PII scorer at the default error budget; with `secrets`, the secret scorer too."""
    from trueline.core.records import Context
    from trueline.scorers.pii import PiiScorer
    from trueline.scorers.secrets import SecretScorer
    from trueline.text.normalize import normalize

    scorers = (PiiScorer(), SecretScorer()) if secrets else (PiiScorer(),)
    context = Context()

    def find(text: str) -> list[tuple[int, int, str]]:
        ready = normalize(text)
        return [
            (span.start, span.end, span.label)
            for scorer in scorers
            for score in scorer.score(ready, context)
            if score.value >= scorer.threshold(score.category, score.label, 0.005)
            for span in score.spans
        ]

    return find


def load_presidio(least: float) -> Finder:
    """Presidio's pattern recognisers, English, with every finding of at least `least`."""
    import logging

    import spacy  # type: ignore[import-not-found]
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry  # type: ignore[import-not-found]
    from presidio_analyzer.nlp_engine import SpacyNlpEngine  # type: ignore[import-not-found]

    logging.disable(logging.CRITICAL)

    class Blank(SpacyNlpEngine):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(models=[{"lang_code": "en", "model_name": "blank"}])
            self.nlp = {"en": spacy.blank("en")}

        def load(self) -> None:
            pass

        def is_loaded(self) -> bool:
            return True

    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    registry.recognizers = [r for r in registry.recognizers if "Spacy" not in type(r).__name__]
    engine = AnalyzerEngine(nlp_engine=Blank(), registry=registry, supported_languages=["en"])
    skipped = {"URL", "DATE_TIME"}

    def find(text: str) -> list[tuple[int, int, str]]:
        return [
            (r.start, r.end, r.entity_type)
            for r in engine.analyze(text=text, language="en", score_threshold=least)
            if r.entity_type not in skipped
        ]

    return find


def measure(find: Finder, texts: Sequence[str], timed: Sequence[str]) -> Item:
    """Findings of every text, and CPU milliseconds of the timed ones, normalisation included."""
    found = [find(text) for text in texts]
    for text in timed[:20]:
        find(text)
    spent: list[float] = []
    for text in timed:
        started = time.process_time_ns()
        find(text)
        spent.append((time.process_time_ns() - started) / 1e6)
    spent.sort()
    return {
        "found": found,
        "cpu_ms_p50": round(spent[len(spent) // 2], 4),
        "cpu_ms_p95": round(spent[int(len(spent) * 0.95)], 4),
    }


def measure_scorers(timed: Sequence[str]) -> Item:
    """CPU milliseconds of the PII and secret scorers alone, on texts already normalised."""
    from trueline.core.records import Context
    from trueline.scorers.pii import PiiScorer
    from trueline.scorers.secrets import SecretScorer
    from trueline.text.normalize import normalize

    context = Context()
    result: Item = {}
    both: list[float] = [0.0] * len(timed)
    for scorer in (PiiScorer(), SecretScorer()):
        spent: list[float] = []
        for index, text in enumerate(timed):
            best = math.inf
            for _ in range(3):
                ready = normalize(text)
                _ = ready.clean, ready.decoded
                started = time.process_time_ns()
                scorer.score(ready, context)
                best = min(best, (time.process_time_ns() - started) / 1e6)
            spent.append(best)
            both[index] += best
        result[scorer.name] = round(sorted(spent)[len(spent) // 2], 4)
    result["both"] = round(sorted(both)[len(both) // 2], 4)
    return result


def measure_peer(python: Path, texts: Sequence[str], timed: Sequence[str], least: float) -> Item:
    reply = subprocess.run(
        [str(python), str(Path(__file__).resolve()), "--peer", str(least)],
        input=json.dumps({"texts": list(texts), "timed": list(timed)}),
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )
    result: Item = json.loads(reply.stdout.splitlines()[-1])
    return result


# -- numbers --------------------------------------------------------------------------------


def clopper_pearson(hits: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Exact binomial interval, by bisection of the binomial tails."""
    if not trials:
        return 0.0, 1.0
    tail = (1 - confidence) / 2

    def at_least(k: int, p: float) -> float:
        if k <= 0 or p >= 1:
            return 1.0
        if p <= 0:
            return 0.0
        log = math.lgamma(trials + 1)
        return min(
            1.0,
            math.fsum(
                math.exp(
                    log
                    - math.lgamma(j + 1)
                    - math.lgamma(trials - j + 1)
                    + j * math.log(p)
                    + (trials - j) * math.log1p(-p)
                )
                for j in range(k, trials + 1)
            ),
        )

    def solve(reached: Callable[[float], bool]) -> float:
        low, high = 0.0, 1.0
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (low, middle) if reached(middle) else (middle, high)
        return (low + high) / 2

    lower = solve(lambda p: at_least(hits, p) >= tail) if hits else 0.0
    upper = solve(lambda p: 1 - at_least(hits + 1, p) <= tail) if hits < trials else 1.0
    return lower, upper


def rate(hits: int, trials: int) -> Item:
    low, high = clopper_pearson(hits, trials)
    return {
        "hits": hits,
        "trials": trials,
        "rate": round(hits / trials, 4) if trials else None,
        "interval_95": [round(low, 4), round(high, 4)],
    }


def evaluate(items: Sequence[Item], found: Sequence[Sequence[Sequence[Any]]], labels: bool) -> Item:
    """Recall by label and language, precision by label, false alarms by kind of negative."""
    planted: Counter[tuple[str, str]] = Counter()
    hit: Counter[tuple[str, str]] = Counter()
    said: Counter[str] = Counter()
    right: Counter[str] = Counter()
    alarms: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for item, findings in zip(items, found, strict=True):
        wanted = [tuple(span) for span in item["spans"]]
        places = {span[:2] for span in wanted}
        got = {tuple(f) for f in findings}
        for span in wanted:
            planted[span[2], item["lang"]] += 1
            hit[span[2], item["lang"]] += (
                span in got if labels else any(f[:2] == span[:2] for f in got)
            )
        for finding in got:
            said[finding[2]] += 1
            right[finding[2]] += finding in wanted if labels else finding[:2] in places
        if not wanted:
            alarms[item["kind"]][0] += bool(got)
            alarms[item["kind"]][1] += 1
    names = sorted({label for label, _ in planted})
    languages = sorted({lang for _, lang in planted})
    return {
        "recall": {
            label: {
                "all": rate(
                    sum(hit[label, lang] for lang in languages),
                    sum(planted[label, lang] for lang in languages),
                ),
                **{
                    lang: rate(hit[label, lang], planted[label, lang])
                    for lang in languages
                    if planted[label, lang]
                },
            }
            for label in names
        },
        "precision": {label: rate(right[label], said[label]) for label in sorted(said)},
        "structured_zh_recall": rate(
            sum(hit[label, "zh"] for label in STRUCTURED),
            sum(planted[label, "zh"] for label in STRUCTURED),
        ),
        "precision_all": rate(sum(right.values()), sum(said.values())),
        "structured_precision": rate(
            sum(right[label] for label in STRUCTURED), sum(said[label] for label in STRUCTURED)
        )
        if labels
        else None,
        "false_alarms": rate(
            sum(a for a, _ in alarms.values()), sum(n for _, n in alarms.values())
        ),
        "false_alarms_by_kind": {kind: f"{a}/{n}" for kind, (a, n) in sorted(alarms.items()) if a},
    }


def lines(path: Path) -> Iterator[Item]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def annotated(find: Finder, path: Path) -> Item:
    """Recall by the file's own labels: exact spans, and spans that touch."""
    total: Counter[str] = Counter()
    exact: Counter[str] = Counter()
    touched: Counter[str] = Counter()
    for item in lines(path):
        got = find(item["text"])
        for start, end, label in item["raw"]["spans"]:
            total[label] += 1
            exact[label] += any((s, e) == (start, end) for s, e, _ in got)
            touched[label] += any(s < end and start < e for s, e, _ in got)
    return {
        label: {"exact": rate(exact[label], n), "touched": rate(touched[label], n)}
        for label, n in total.most_common()
    }


def benign(find: Finder, path: Path) -> Item:
    """Share of lines with any finding, at the thresholds of the default error budget."""
    flagged: Counter[str] = Counter()
    count = hits = 0
    for item in lines(path):
        got = {label for _, _, label in find(item["text"])}
        count += 1
        hits += bool(got)
        flagged.update(got)
    return {**rate(hits, count), "labels": dict(flagged)}


def interval(value: Item) -> str:
    if value["rate"] is None:
        return "-"
    low, high = value["interval_95"]
    return f"{value['rate']:.3f} [{low:.3f}, {high:.3f}]"


def table(result: Item) -> str:
    ours = result["tools"]["trueline"]
    peer = result["tools"].get("presidio")
    head = "| label | planted | recall zh | recall en | recall mixed | precision |"
    rule = "|---|---:|---|---|---|---|"
    if peer:
        head += " Presidio recall zh | Presidio recall en |"
        rule += "---|---|"
    rows = [head, rule]
    for label, recall in ours["recall"].items():
        cells = [label, str(recall["all"]["trials"])]
        cells += [interval(recall[x]) if x in recall else "." for x in ("zh", "en", "mixed")]
        cells.append(interval(ours["precision"].get(label, rate(0, 0))))
        if peer:
            theirs = peer["recall"][label]
            cells += [interval(theirs[x]) if x in theirs else "." for x in ("zh", "en")]
        rows.append("| " + " | ".join(cells) + " |")
    rows.append("")
    for name, tool in result["tools"].items():
        rows.append(
            f"{name}: structured zh recall {interval(tool['structured_zh_recall'])}; precision of "
            f"all findings {interval(tool['precision_all'])}; hard negatives flagged "
            f"{interval(tool['false_alarms'])}; CPU p50 {tool['cpu_ms_p50']} ms, p95 "
            f"{tool['cpu_ms_p95']} ms on 350 characters"
        )
    rows.append(f"scorers alone, CPU ms p50: {json.dumps(result['scorers_alone_cpu_ms_p50'])}")
    for name in ("annotated", "benign"):
        for path, numbers in result[name].items():
            rows.append(f"{name} {path}: {json.dumps(numbers, ensure_ascii=False)}")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--items", type=int, default=4500, help="planted values (default 4500)")
    parser.add_argument("--negatives", type=int, default=4400, help="hard negatives (default 4400)")
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument(
        "--annotated", type=Path, nargs="*", default=[], help="JSONL with raw.spans"
    )
    parser.add_argument("--benign", type=Path, nargs="*", default=[], help="JSONL without PII")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "pii.json")
    parser.add_argument("--peer", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()

    if options.peer is not None:
        task = json.load(sys.stdin)
        print(json.dumps(measure(load_presidio(options.peer), task["texts"], task["timed"])))
        return

    rng = random.Random(options.seed)
    items = [*positives(rng, options.items), *negatives(rng, options.negatives)]
    texts, timed = [item["text"] for item in items], ordinary(300)
    find, both = load_trueline(), load_trueline(secrets=True)
    runs = {"trueline": measure(find, texts, timed)}
    peer = Path(os.environ.get("BENCH_ENVS", "/nonexistent")) / "presidio" / "bin" / "python"
    if peer.exists():
        runs["presidio"] = measure_peer(peer, texts, timed, 0.0)
        runs["presidio_least_0.5"] = measure_peer(peer, texts, timed, 0.5)
    result: Item = {
        "machine": describe(),
        "seed": options.seed,
        "items": options.items,
        "negatives": options.negatives,
        "scorers_alone_cpu_ms_p50": measure_scorers(timed),
        "tools": {
            name: {
                **evaluate(items, run["found"], labels=name == "trueline"),
                "cpu_ms_p50": run["cpu_ms_p50"],
                "cpu_ms_p95": run["cpu_ms_p95"],
            }
            for name, run in runs.items()
        },
        "annotated": {path.name: annotated(both, path) for path in options.annotated},
        "benign": {path.name: benign(both, path) for path in options.benign},
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(
        json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    print(json.dumps(result, ensure_ascii=False) if options.json else table(result))


if __name__ == "__main__":
    main()
