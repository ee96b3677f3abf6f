"""How long one check takes, beside Presidio and LiteLLM's filter, in the same run.

    python benchmarks/guard_latency.py                       # Trueline alone
    BENCH_ENVS=/path/to/envs python benchmarks/guard_latency.py

`BENCH_ENVS` holds one virtual environment for each peer: `presidio` (presidio-analyzer) and
`litellm` (litellm[proxy]). Tools take turns, so that a busy machine slows all of them; the
table gives medians over the rounds. Also measured: installed size, `--help`, first verdict.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import machine

HERE = Path(__file__).parent
FIELDS = (
    "cold_start_s",
    "cpu_p50_ms",
    "cpu_p99_ms",
    "cpu_p50_ms_300_to_400_chars",
    "texts_per_cpu_second",
    "rss_mb",
)


def interpreters() -> dict[str, str]:
    """Tool -> Python of its environment; peers only where their environment exists."""
    found = {"trueline": sys.executable}
    root = os.environ.get("BENCH_ENVS")
    for peer in ("presidio", "litellm"):
        python = Path(root or "") / peer / "bin" / "python"
        if root and python.exists():
            found[peer] = str(python)
    return found


def measure(tool: str, python: str, count: int) -> dict[str, Any]:
    """One round of one tool in a fresh process; cold start is counted from outside."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    done = subprocess.run(
        [python, str(HERE / "latency_worker.py"), tool, str(count)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"{tool} failed:\n{done.stderr[-2000:]}")
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def command_seconds(arguments: list[str], rounds: int) -> float:
    """Median wall seconds of a whole command."""
    spent = []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run(arguments, capture_output=True, check=False)
        spent.append(time.perf_counter() - start)
    return round(statistics.median(spent), 3)


def main() -> None:
    """Run the rounds, print the table, keep the raw results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "guard_latency.json")
    arguments = parser.parse_args()
    rows: dict[str, list[dict[str, Any]]] = {}
    for number in range(arguments.rounds):
        for tool, python in interpreters().items():
            rows.setdefault(tool, []).append(measure(tool, python, arguments.texts))
            print(f"round {number + 1}/{arguments.rounds}: {tool} done", file=sys.stderr)
    table = {
        tool: {field: round(statistics.median(r[field] for r in runs), 4) for field in FIELDS}
        | {"flag_rate": runs[0]["flag_rate"]}
        for tool, runs in rows.items()
    }
    trueline = [sys.executable, "-m", "trueline"]
    commands = {
        "help_s": command_seconds([*trueline, "--help"], 7),
        "bare_interpreter_s": command_seconds([sys.executable, "-c", "pass"], 7),
        "first_verdict_s": command_seconds([*trueline, "check", "hello", "--policy", "default"], 7),
    }
    result = {"machine": machine.describe(), "medians": table, "commands": commands, "raw": rows}
    arguments.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print("| tool | " + " | ".join(FIELDS) + " |\n|" + "---|" * (len(FIELDS) + 1))
    for tool, medians in table.items():
        print(f"| {tool} | " + " | ".join(str(medians[field]) for field in FIELDS) + " |")
    print(json.dumps(commands))


if __name__ == "__main__":
    main()
