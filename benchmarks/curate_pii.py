"""Structured PII in a data set: recall, precision and MB per CPU second, beside Presidio.

    python benchmarks/curate_pii.py --corpus CORPUS                     # table and results/
    BENCH_ENVS=~/envs python benchmarks/curate_pii.py --corpus CORPUS   # beside Presidio

CORPUS holds clean-*.jsonl.gz ({"id", "text"}) and truth.jsonl.gz ({"id", "kind", "lang", "pii":
[[type, start, end], ...]}, decoys as `decoy:...`). Read are the documents with planted values
or decoys and as many without. A value is found when a finding of its kind covers it; a finding
that touches no planted value counts against precision. MB are UTF-8 text; CPU time is of this
process, without reading, and the best of three runs. Presidio runs its patterns without a
language model, with the regions US and CN and a recogniser for Chinese identity numbers added,
which it lacks; a blank tokenizer costs it nothing. Names need a model there and are not counted
for anyone.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Spans = list[tuple[str, int, int]]
# Planted kind -> names of a finding that count as it.
KINDS = {
    "CN_MOBILE": {"cn_mobile", "PHONE_NUMBER"},
    "US_PHONE": {"us_phone", "intl_phone", "PHONE_NUMBER"},
    "EMAIL": {"email", "EMAIL_ADDRESS"},
    "CN_ID": {"cn_resident_id", "CN_ID"},
    "BANK_CARD": {"bank_card", "CREDIT_CARD"},
    "IPV4": {"ip_address", "IP_ADDRESS"},
    "IPV6": {"ip_address", "IP_ADDRESS"},
    "US_SSN": {"us_ssn", "US_SSN"},
}
NAMES = {"ZH_NAME", "EN_NAME"}


def read_corpus(corpus: Path, limit: int) -> list[dict[str, Any]]:
    """Documents with their planted values, in the order of the shards."""
    truth: dict[str, dict[str, Any]] = {}
    with gzip.open(corpus / "truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            truth[row["id"]] = row
            if limit and len(truth) >= limit:
                break
    planted = [name for name, row in truth.items() if "pii" in row]
    others = [n for n, row in truth.items() if row["kind"] == "base" and "pii" not in row]
    wanted = {*planted, *others[: len(planted)]}
    documents: list[dict[str, Any]] = []
    for path in sorted(corpus.glob("clean-*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if row["id"] in wanted:
                    found = truth[row["id"]]
                    documents.append({
                        "text": row["text"], "lang": found["lang"], "pii": found.get("pii", []),
                    })  # fmt: skip
    return documents


def trueline_windows() -> Callable[[Sequence[dict[str, Any]]], list[Spans]]:
    """The `pii` step as a recipe runs it."""
    from trueline.curate.steps.pii import Finder

    finder = Finder()

    def find(documents: Sequence[dict[str, Any]]) -> list[Spans]:
        found: list[Spans] = []
        for start in range(0, len(documents), 256):
            batch = [document["text"] for document in documents[start : start + 256]]
            found += [[(s.label, s.start, s.end) for s in spans] for spans in finder.find(batch)]
        return found

    return find


def trueline_whole() -> Callable[[Sequence[dict[str, Any]]], list[Spans]]:
    """The same patterns over whole texts, every disguise undone, as a guard runs them."""
    from trueline.curate.steps.pii import Finder

    finder = Finder(disguised=True)

    def find(documents: Sequence[dict[str, Any]]) -> list[Spans]:
        texts = [document["text"] for document in documents]
        return [[(s.label, s.start, s.end) for s in spans] for spans in finder.find(texts)]

    return find


def presidio() -> Callable[[Sequence[dict[str, Any]]], list[Spans]]:
    """Presidio's patterns for both languages, without a model."""
    import logging

    from presidio_analyzer import (  # type: ignore[import-not-found]
        AnalyzerEngine,
        Pattern,
        PatternRecognizer,
        RecognizerRegistry,
    )
    from presidio_analyzer.nlp_engine import (  # type: ignore[import-not-found]
        NlpArtifacts,
        NlpEngine,
    )
    from presidio_analyzer.predefined_recognizers import (  # type: ignore[import-not-found]
        CreditCardRecognizer,
        EmailRecognizer,
        IpRecognizer,
        PhoneRecognizer,
        UsSsnRecognizer,
    )

    logging.disable(logging.CRITICAL)

    class Nothing(NlpEngine):  # type: ignore[misc]
        engine_name = "nothing"
        is_available = True

        def load(self) -> None:
            pass

        def is_loaded(self) -> bool:
            return True

        def process_text(self, text: str, language: str) -> Any:
            return NlpArtifacts([], [], [], [], self, language)

        def process_batch(self, texts: Any, language: str, **kwargs: Any) -> Any:
            for text in texts:
                yield text, self.process_text(text, language)

        def is_stopword(self, word: str, language: str) -> bool:
            return False

        def is_punct(self, word: str, language: str) -> bool:
            return False

        def get_supported_entities(self) -> list[str]:
            return []

        def get_supported_languages(self) -> list[str]:
            return ["en", "zh"]

    class ResidentId(PatternRecognizer):  # type: ignore[misc]
        def validate_result(self, pattern_text: str) -> bool:
            weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
            total = sum(int(d) * w for d, w in zip(pattern_text[:17], weights, strict=True))
            return "10X98765432"[total % 11] == pattern_text[17].upper()

    registry = RecognizerRegistry(supported_languages=["en", "zh"])
    for language in ("en", "zh"):
        for kind in (CreditCardRecognizer, EmailRecognizer, IpRecognizer, UsSsnRecognizer):
            registry.add_recognizer(kind(supported_language=language))
        registry.add_recognizer(
            PhoneRecognizer(supported_language=language, supported_regions=("US", "CN"))
        )
        pattern = Pattern("id", r"(?<!\d)[1-9]\d{5}(?:19|20)\d{9}[\dXx](?!\d)", 0.5)
        registry.add_recognizer(
            ResidentId("CN_ID", patterns=[pattern], supported_language=language)
        )
    engine = AnalyzerEngine(
        registry=registry, nlp_engine=Nothing(), supported_languages=["en", "zh"]
    )

    def find(documents: Sequence[dict[str, Any]]) -> list[Spans]:
        return [
            [
                (r.entity_type, r.start, r.end)
                for r in engine.analyze(
                    document["text"],
                    language="zh" if document["lang"] == "zh" else "en",
                    score_threshold=0.3,
                )
            ]
            for document in documents
        ]

    return find


TOOLS = {"trueline": trueline_windows, "trueline_whole": trueline_whole, "presidio": presidio}
RUNS = {"trueline": 5, "trueline_whole": 1, "presidio": 1}


def measure(tool: str, documents: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Quality and speed of one tool."""
    find = TOOLS[tool]()
    find(documents[:20])
    spent: list[float] = []
    found: list[Spans] = []
    for _ in range(RUNS[tool]):
        started = time.process_time()
        found = find(documents)
        spent.append(time.process_time() - started)
    megabytes = sum(len(document["text"].encode()) for document in documents) / 1e6
    return {
        "documents": len(documents),
        "megabytes": round(megabytes, 2),
        "mb_per_cpu_s": [round(megabytes / seconds, 2) for seconds in spent],
        **evaluate(documents, found),
    }


def evaluate(documents: Sequence[dict[str, Any]], found: Sequence[Spans]) -> dict[str, Any]:
    """Recall by kind and language, precision, and which decoys were taken for values."""
    planted: Counter[str] = Counter()
    covered: Counter[str] = Counter()
    decoys: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    wrong: Counter[str] = Counter()
    right = 0
    for document, spans in zip(documents, found, strict=True):
        for kind, start, end in document["pii"]:
            touching = [span for span in spans if span[1] < end and start < span[2]]
            if kind.startswith("decoy:"):
                decoys[kind[6:]][0] += bool(touching)
                decoys[kind[6:]][1] += 1
            elif kind not in NAMES:
                hit = any(s[0] in KINDS[kind] and s[1] <= start and end <= s[2] for s in touching)
                for key in (kind, f"language {document['lang']}", "all"):
                    planted[key] += 1
                    covered[key] += hit
        values = [row for row in document["pii"] if not row[0].startswith("decoy:")]
        for label, start, end in spans:
            if any(start < row[2] and row[1] < end for row in values):
                right += 1
            else:
                wrong[label] += 1
    return {
        "recall": {key: round(covered[key] / planted[key], 4) for key in sorted(planted)},
        "planted": dict(sorted(planted.items())),
        "precision": round(right / max(1, right + wrong.total()), 4),
        "false_findings": dict(wrong.most_common()),
        "decoys_hit": {name: f"{hit}/{count}" for name, (hit, count) in sorted(decoys.items())},
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=0, help="first documents only (default all)")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "curate_pii.json")
    parser.add_argument("--tool", choices=sorted(TOOLS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if options.tool:
        print(json.dumps(measure(options.tool, read_corpus(options.corpus, options.limit))))
        return
    sys.path.insert(0, str(HERE))
    from machine import describe

    result: dict[str, Any] = {"machine": describe(), "limit": options.limit, "tools": {}}
    peer = Path(os.environ.get("BENCH_ENVS", "/nonexistent")) / "presidio" / "bin" / "python"
    for tool in TOOLS:
        python = peer if tool == "presidio" else Path(sys.executable)
        if python.exists():
            command = [str(python), __file__, "--corpus", str(options.corpus), "--tool", tool]
            done = subprocess.run(
                [*command, "--limit", str(options.limit)],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            result["tools"][tool] = json.loads(done.stdout)
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(f"{'tool':<16}{'MB/CPU-s':>9}{'recall':>8}{'zh':>8}{'en':>8}{'precision':>11}")
    for tool, row in result["tools"].items():
        recall = row["recall"]
        print(
            f"{tool:<16}{max(row['mb_per_cpu_s']):>9.2f}{recall['all']:>8.4f}"
            f"{recall['language zh']:>8.4f}{recall['language en']:>8.4f}{row['precision']:>11.4f}"
        )


if __name__ == "__main__":
    main()
