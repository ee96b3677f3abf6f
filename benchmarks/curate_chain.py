"""The whole chain on a planted corpus, from raw pages to the ledger: speed, memory, mistakes.

    python benchmarks/curate_chain.py --corpus DIR --docs 20000
    BENCH_ENVS=~/envs python benchmarks/curate_chain.py --corpus DIR --docs 20000 --peer-docs 1000

DIR is as for `curate_near_duplicates.py`, with `raw-*.jsonl.gz` (HTML pages and plain texts) beside
the clean texts. Trueline runs as its users run it, in a process of its own: `chain` extracts,
repairs, tells languages, drops junk and duplicates, and redacts personal data; `with policy` scores
every document with the Judge besides. Datatrove (environment `curate`) runs four filter families,
its PII formatter and MinHash over the *clean* texts, so it need not extract anything. CPU seconds
and peak memory are those of the whole process tree. `--engines` compares the pool with Ray.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from machine import describe
from pii import rate

HERE = Path(__file__).parent
CHAIN = (
    "encoding_repair", "html_to_text", "unicode", "groups", "language", "quality",
    "exact_duplicates", "near_duplicates", "pii", "anonymize",
)  # fmt: skip
WITH_POLICY = (*CHAIN[:8], "policy", *CHAIN[8:])
JUNK = "lowq"
Item = dict[str, Any]


def deal(corpus: Path, docs: int, folder: Path) -> int:
    """Write the first `docs` raw documents as eight files; the bytes of their texts."""
    files = [gzip.open(path, "rb") for path in sorted(corpus.glob("raw-*.jsonl.gz"))]  # noqa: SIM115
    folder.mkdir()
    size = 0
    outs = [gzip.open(folder / f"raw-{k:02d}.jsonl.gz", "wb", 3) for k in range(len(files))]  # noqa: SIM115
    for count in range(docs or sys.maxsize):
        line = files[count % len(files)].readline()
        if not line:
            break
        size += len(json.loads(line)["text"].encode())
        outs[count % len(files)].write(line)
    for file in [*files, *outs]:
        file.close()
    return size


def timed(command: list[str]) -> tuple[Item, str]:
    """Run a command: CPU seconds of its whole tree, wall seconds and peak megabytes."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} failed:\n{done.stderr[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_s": round(cpu, 2), "wall_s": round(wall, 2)}, done.stdout


def trueline(steps: tuple[str, ...], source: Path, out: Path, *more: str) -> Item:
    """One run of the command; peak memory is that of the largest process, by the kernel."""
    recipe = out.with_suffix(".yaml")
    listed = "\n".join(f"  - step: {name}" for name in steps)
    recipe.write_text(f"name: chain\non_error: skip\nsteps:\n{listed}\n", "utf-8")
    code = (
        "import resource, sys\n"
        "from trueline.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\nfinally:\n"
        "    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)\n"
        "    print(max(resource.getrusage(w).ru_maxrss for w in who) / 1e3)\n"
    )
    command = ["curate", str(recipe), "--input", str(source), "--out", str(out), *more]
    result, told = timed([sys.executable, "-c", code, *command])
    return {**result, "peak_mb": round(float(told.splitlines()[-1]))}


def mistakes(corpus: Path, docs: int, out: Path) -> Item:
    """Good documents that quality rules dropped, by language; junk and copies that went."""
    import polars as pl

    with gzip.open(corpus / "truth.jsonl.gz", "rt", encoding="utf-8") as file:
        truth = [json.loads(line) for k, line in enumerate(file) if not docs or k < docs]
    ledger = pl.read_parquet(out / "ledger.parquet")
    ended = dict(zip(ledger["id"].to_list(), ledger["step"].to_list(), strict=True))
    states = dict(zip(ledger["id"].to_list(), ledger["state"].to_list(), strict=True))
    gone = {name for name, state in states.items() if state == "dropped"}
    kinds: dict[str, list[Item]] = {}
    for item in truth:
        kinds.setdefault(item["kind"], []).append(item)
    good = [item for kind in ("base", "exact", "near", "normdup") for item in kinds.get(kind, [])]
    by_quality = Counter(item["lang"] for item in good if ended[item["id"]] == "quality")
    languages = Counter(item["lang"] for item in good)
    copies = [
        item
        for kind in ("exact", "near", "normdup")
        for item in kinds.get(kind, [])
        if kind != "near" or item["jac"] >= 0.7
    ]
    run = json.loads((out / "run.json").read_text("utf-8"))
    seconds = sum(run["timings"].values())
    return {
        "ids_in_ledger": rate(len(ended), len(truth)),
        "good_dropped_by_quality": {
            name: rate(by_quality[name], languages[name]) for name in sorted(languages)
        },
        "junk_dropped": rate(sum(i["id"] in gone for i in kinds[JUNK]), len(kinds[JUNK])),
        # Files are read one after the other, so a copy may come before what it was copied from.
        "copies_dropped": rate(
            sum(item["id"] in gone or item["orig"] in gone for item in copies), len(copies)
        ),
        "ledger_share_of_wall": round(run["seconds"]["ledger"] / run["seconds"]["wall"], 4),
        "cpu_s_by_step": run["timings"],
        "step_cpu_s": round(seconds, 2),
    }


def peer(corpus: Path, docs: int) -> Item:
    """Datatrove's chain; absent without its environment."""
    python = Path(os.environ.get("BENCH_ENVS", "")) / "curate" / "bin" / "python"
    if not docs or not os.environ.get("BENCH_ENVS") or not python.exists():
        return {"not_run": "no environment `curate` below BENCH_ENVS"}
    script = str(HERE / "peers" / "datatrove_chain.py")
    result, told = timed([str(python), script, str(corpus), str(docs)])
    row: Item = json.loads(told.splitlines()[-1])
    return {
        **result,
        "mb": round(row["bytes"] / 1e6, 2),
        "mb_per_cpu_s": round(row["bytes"] / 1e6 / row["cpu_s"], 4),
        "peak_mb": round(row["peak_mb"]),
        "dropped_by_filters": row["dropped"],
        "documents": row["documents"],
    }


def main() -> None:
    """Run, print the table, keep the raw results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--docs", type=int, default=20_000, help="0: all")
    parser.add_argument("--peer-docs", type=int, default=1000)
    parser.add_argument("--engines", action="store_true", help="compare pool and Ray, 2 workers")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "curate_chain.json")
    arguments = parser.parse_args()
    result: Item = {"machine": describe(), "documents": arguments.docs}
    with tempfile.TemporaryDirectory() as work:
        source = Path(work) / "raw"
        size = deal(arguments.corpus, arguments.docs, source) / 1e6
        result["mb"] = round(size, 1)
        for name, steps in (("chain", CHAIN), ("with policy", WITH_POLICY)):
            out = Path(work) / name.replace(" ", "_")
            row = trueline(steps, source, out)
            row["mb_per_cpu_s"] = round(size / row["cpu_s"], 2)
            result[name] = row | mistakes(arguments.corpus, arguments.docs, out)
            print(f"{name}: {row}", file=sys.stderr)
        if arguments.engines:
            for engine in ("pool", "ray"):
                out = Path(work) / engine
                more = ("--engine", engine, "--workers", "2")
                row = trueline(CHAIN, source, out, *more)
                if engine == "ray":
                    row.pop("cpu_s")  # its workers are not below this process: not counted
                result[f"engine {engine}"] = row
                print(f"{engine}: {result[f'engine {engine}']}", file=sys.stderr)
        result["datatrove"] = peer(arguments.corpus, arguments.peer_docs)
    arguments.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(
        "| tool | MB/CPU-s | CPU s | peak MB | good zh dropped by quality | good en |\n|---|---|---|---|---|---|"
    )
    for name in ("chain", "with policy"):
        row = result[name]
        dropped = row["good_dropped_by_quality"]
        print(
            f"| trueline, {name} | {row['mb_per_cpu_s']} | {row['cpu_s']} | {row['peak_mb']} | "
            f"{dropped['zh']['rate']} | {dropped['en']['rate']} |"
        )
    row = result["datatrove"]
    if "not_run" not in row:
        share = {c: row["dropped_by_filters"][c] / row["documents"][c] for c in ("cmn", "eng")}
        print(
            f"| datatrove | {row['mb_per_cpu_s']} | {row['cpu_s']} | {row['peak_mb']} | "
            f"{share['cmn']:.4f} of all zh | {share['eng']:.4f} of all en |"
        )


if __name__ == "__main__":
    main()
