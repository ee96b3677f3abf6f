"""Near-duplicate removal on a planted corpus: speed, recall by similarity, precision, memory.

    python benchmarks/curate_near_duplicates.py --corpus DIR --docs 200000
    BENCH_ENVS=~/envs python benchmarks/curate_near_duplicates.py --corpus DIR --docs 20000

DIR holds `clean-*.jsonl.gz` (lines dealt out over the files in turn: `id`, `text`) and
`truth.jsonl.gz` (per document: `kind` base, exact, normdup, near, lowq or other; `orig`, the id of
what it was copied from; `jac`, the Jaccard similarity of the two on 5-character shingles of
Chinese or 5-word shingles of English; `lang`). Each tool is a process of its own and its CPU
seconds are those of the process, from opening the files to knowing which documents go. Peers
(rensa, datasketch) run where ~/envs/curate has them, on shingles made in Python, as their own
examples do. Raw results: results/curate_near_duplicates.json.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.metadata
import io
import json
import os
import re
import resource
import subprocess
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from machine import describe
from pii import interval, rate

HERE = Path(__file__).parent
THRESHOLD = 0.7
PERMUTATIONS = 128
PEERS = ("rensa", "datasketch")
_BATCH = 400_000  # characters

Item = dict[str, Any]


def lines(folder: Path, limit: int) -> Iterator[bytes]:
    paths = sorted(folder.glob("clean-*.jsonl.gz"))
    files = [io.BufferedReader(gzip.open(path, "rb"), 1 << 20) for path in paths]  # type: ignore[arg-type]  # noqa: SIM115
    for count in range(limit or sys.maxsize):
        line = files[count % len(files)].readline()
        if not line:
            return
        yield line


# -- tools: each returns the ids that go, the bytes of text read, and stages in CPU seconds -----


def trueline(folder: Path, limit: int) -> tuple[dict[str, str], Item]:
    import numpy as np
    import orjson

    from trueline.curate.batch import Batch
    from trueline.curate.steps.near_duplicates import SKETCH, NearDuplicates

    step = NearDuplicates()
    stages = {"sketch": 0.0, "decide": 0.0}
    ids: list[str] = []
    rows: list[Any] = []
    batch_ids: list[str] = []
    texts: list[str] = []
    held = 0

    def flush() -> None:
        started = time.process_time()
        rows.append(step.measure(Batch(batch_ids, texts)).columns[SKETCH])
        stages["sketch"] += time.process_time() - started
        ids.extend(batch_ids)
        batch_ids.clear()
        texts.clear()

    for line in lines(folder, limit):
        document = orjson.loads(line)
        batch_ids.append(document["id"])
        texts.append(document["text"])
        held += len(document["text"])
        if held > _BATCH:
            flush()
            held = 0
    flush()
    started = time.process_time()
    table = np.empty((len(ids), len(rows[0][0])), np.uint8)
    at = 0
    while rows:
        part = rows.pop(0)
        joined = np.frombuffer(b"".join(part), np.uint8)
        table[at : at + len(part)] = joined.reshape(len(part), -1)
        at += len(part)
    decided = step.decide(ids, {SKETCH: table})
    stages["decide"] = time.process_time() - started
    return {ids[row]: drop.partner for row, drop in decided.drops.items()}, stages


_SPACE = re.compile(r"\s+")


def shingles(text: str) -> set[str]:
    text = _SPACE.sub(" ", unicodedata.normalize("NFKC", text.replace("\ufeff", "")).lower())
    text = text.strip()
    head = text[:400]
    if sum("\u4e00" <= c <= "\u9fff" for c in head) > 0.25 * len(head):
        text = text.replace(" ", "")
        return {text[k : k + 5] for k in range(max(1, len(text) - 4))}
    words = text.split(" ")
    return {" ".join(words[k : k + 5]) for k in range(max(1, len(words) - 4))}


def rensa(folder: Path, limit: int) -> tuple[dict[str, str], Item]:
    from rensa import RMinHash, RMinHashLSH  # type: ignore[import-not-found]

    index = RMinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, num_bands=16)
    kept: list[Any] = []
    ids: list[str] = []
    gone: dict[str, str] = {}
    for line in lines(folder, limit):
        document = json.loads(line)
        sketch = RMinHash(num_perm=PERMUTATIONS, seed=42)
        sketch.update(list(shingles(document["text"])))
        near = [k for k in index.query(sketch) if kept[k].jaccard(sketch) >= THRESHOLD]
        if near:
            gone[document["id"]] = ids[min(near)]
        index.insert(len(kept), sketch)
        kept.append(sketch)
        ids.append(document["id"])
    return gone, {}


def datasketch(folder: Path, limit: int) -> tuple[dict[str, str], Item]:
    import xxhash
    from datasketch import MinHash, MinHashLSH  # type: ignore[import-not-found]

    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    gone: dict[str, str] = {}
    for line in lines(folder, limit):
        document = json.loads(line)
        sketch = MinHash(num_perm=PERMUTATIONS, hashfunc=xxhash.xxh32_intdigest)
        sketch.update_batch([shingle.encode() for shingle in shingles(document["text"])])
        near = index.query(sketch)
        if near:
            gone[document["id"]] = min(near)
        index.insert(document["id"], sketch)
    return gone, {}


TOOLS: dict[str, Callable[[Path, int], tuple[dict[str, str], Item]]] = {
    "trueline": trueline,
    "rensa": rensa,
    "datasketch": datasketch,
}


def work(tool: str, folder: Path, limit: int) -> None:
    """Run one tool in this process and print what it found and took."""
    gone, stages = TOOLS[tool](folder, limit)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    try:
        version = importlib.metadata.version(tool)
    except importlib.metadata.PackageNotFoundError:
        version = "this tree"
    print(
        json.dumps(
            {
                "gone": gone,
                "cpu_s": usage.ru_utime + usage.ru_stime,
                "peak_mb": usage.ru_maxrss / 1e3,
                "stages_cpu_s": {name: round(value, 2) for name, value in stages.items()},
                "version": version,
            }
        )
    )


# -- scoring --------------------------------------------------------------------------------


def truth(folder: Path, limit: int) -> list[Item]:
    with gzip.open(folder / "truth.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for k, line in enumerate(file) if not limit or k < limit]


def bin_of(item: Item) -> str:
    if item["kind"] != "near":
        return str(item["kind"])
    tenth = int(item["jac"] * 10)
    return f"near {tenth / 10:.1f}" if tenth >= 5 else "near below 0.5"


def evaluate(items: Sequence[Item], gone: dict[str, str]) -> Item:
    """Recall among planted copies at 0.7 and more, by bin and language; wrong removals."""
    source = {item["id"]: item.get("orig", item["id"]) for item in items}
    planted = [item for item in items if item["kind"] in ("exact", "normdup", "near")]
    asked = [item for item in planted if item["kind"] != "near" or item["jac"] >= THRESHOLD]
    base = [item for item in items if item["kind"] == "base"]
    bins = Counter(bin_of(item) for item in planted)
    found = Counter(bin_of(item) for item in planted if item["id"] in gone)

    def recall(of: Sequence[Item]) -> Item:
        return rate(sum(item["id"] in gone for item in of), len(of))

    near = [item for item in asked if item["kind"] == "near"]
    right = sum(item["id"] in gone for item in planted)
    wrong = sum(item["id"] in gone for item in base)
    by_language = {
        name: recall([item for item in asked if item["lang"] == name]) for name in ("zh", "en")
    }
    return {
        "recall": recall(asked),
        "recall_near_only": recall(near),
        "recall_by_language": by_language,
        "recall_near_only_by_language": {
            name: recall([item for item in near if item["lang"] == name]) for name in ("zh", "en")
        },
        "gap_points": round(
            100 * abs((by_language["zh"]["rate"] or 0) - (by_language["en"]["rate"] or 0)), 2
        ),
        "precision": rate(right, right + wrong),
        "partner_of_other_source": sum(
            source[item["id"]] != source[gone[item["id"]]] for item in planted if item["id"] in gone
        ),
        "by_bin": {name: f"{found[name]}/{bins[name]}" for name in sorted(bins)},
    }


def run(python: str, tool: str, folder: Path, limit: int) -> Item:
    command = [python, str(Path(__file__).resolve()), "--work", tool]
    command += ["--corpus", str(folder), "--docs", str(limit)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        return {"not_run": done.stderr.strip().splitlines()[-1:] or ["no message"]}
    result: Item = json.loads(done.stdout.splitlines()[-1])
    return result


def summary(result: Item, items: Sequence[Item], size: int) -> Item:
    if "not_run" in result:
        return result
    return {
        "version": result["version"],
        "cpu_s": round(result["cpu_s"], 2),
        "mb_per_cpu_s": round(size / 1e6 / result["cpu_s"], 2),
        "documents_per_cpu_s": round(len(items) / result["cpu_s"]),
        "peak_mb": round(result["peak_mb"]),
        "stages_cpu_s": result["stages_cpu_s"],
        **evaluate(items, result["gone"]),
    }


def table(report: Item) -> str:
    rows = [
        "| tool | MB/CPU-s | peak MB | recall at J >= 0.7 | near copies only | zh | en | precision |",
        "|---|---:|---:|---|---|---|---|---|",
    ]
    for name, tool in report["tools"].items():
        if "not_run" in tool:
            rows.append(f"| {name} | not run: {tool['not_run']} |")
            continue
        by = tool["recall_by_language"]
        cells = [name, str(tool["mb_per_cpu_s"]), str(tool["peak_mb"]), interval(tool["recall"])]
        cells += [interval(tool["recall_near_only"]), interval(by["zh"]), interval(by["en"])]
        rows.append("| " + " | ".join([*cells, interval(tool["precision"])]) + " |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--docs", type=int, default=20_000, help="documents (0: all)")
    parser.add_argument("--json", action="store_true", help="print the raw results")
    parser.add_argument("--work", choices=sorted(TOOLS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work, arguments.corpus, arguments.docs)
        return

    items = truth(arguments.corpus, arguments.docs)
    size = sum(
        len(json.loads(line)["text"].encode()) for line in lines(arguments.corpus, arguments.docs)
    )
    report: Item = {"documents": len(items), "tools": {}}
    before = describe()
    report["tools"]["trueline"] = summary(
        run(sys.executable, "trueline", arguments.corpus, arguments.docs), items, size
    )
    peers = Path(os.environ.get("BENCH_ENVS", "~/envs")).expanduser() / "curate/bin/python"
    for tool in PEERS if peers.exists() else ():
        report["tools"][tool] = summary(
            run(str(peers), tool, arguments.corpus, arguments.docs), items, size
        )
    report["machine"] = {**before, "load_average_after": describe()["load_average"]}
    path = HERE / "results" / "curate_near_duplicates.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known[str(len(items))] = report
    path.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1) if arguments.json else table(report))


if __name__ == "__main__":
    main()
