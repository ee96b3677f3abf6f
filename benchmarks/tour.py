"""How long `trueline tour` takes: wall clock and CPU, twice, each in a folder of its own.

    python benchmarks/tour.py

Writes benchmarks/results/tour.json. The tour runs as its own process, limited to two cores where
the system lets us; the machine's load before each run is recorded beside it.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from machine import describe

RUNS = 2
LIMIT_SECONDS = 360
START = "from trueline.cli.tour import tour; tour()"
RESULT = Path(__file__).parent / "results" / "tour.json"


def main() -> None:
    """Run the tours and write the result."""
    runs = [one_tour() for _ in range(RUNS)]
    result = {
        "machine": describe(),
        "command": "trueline tour --out DIR --json",
        "cores": len(_two_cores()),
        "limit_seconds": LIMIT_SECONDS,
        "runs": runs,
        "within_limit": all(
            run["exit"] == 0 and run["verified"] and run["wall_seconds"] <= LIMIT_SECONDS
            for run in runs
        ),
    }
    RESULT.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2, ensure_ascii=False))


def one_tour() -> dict[str, Any]:
    """One tour in a new folder: what it took, and what it says of itself."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", START, "--out", f"{folder}/tour", "--json"]
        load = os.getloadavg()[0]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.monotonic()
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=_limit,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        wall = time.monotonic() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {
        "exit": done.returncode,
        "wall_seconds": round(wall, 1),
        "cpu_seconds": round(
            after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, 1
        ),
        "peak_memory_mb": round(after.ru_maxrss / 1024),
        "load_before": round(load, 2),
        "load_after": round(os.getloadavg()[0], 2),
        "verified": bool(told and told[-1].get("verified")),
        "steps": {step["step"]: step["seconds"] for step in told if "step" in step},
        "facts": {step["step"]: step["facts"] for step in told if "step" in step},
    }


def _two_cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))[:2]


def _limit() -> None:
    os.sched_setaffinity(0, _two_cores())


if __name__ == "__main__":
    main()
