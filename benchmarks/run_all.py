"""Every benchmark, one after the other; results go to `benchmarks/results`.

    python benchmarks/run_all.py                    # what needs no data and no peers
    BENCH_ENVS=/envs BENCH_DATA=/data BENCH_CORPUS=/corpus python benchmarks/run_all.py

`BENCH_ENVS` holds virtual environments of peers (`presidio`, `litellm`, `nemo`, `curate`);
`BENCH_DATA` is the folder with `safety/` for the quality benchmark; `BENCH_CORPUS` a planted
corpus for those of curate. What is left out is said.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PLAIN = (
    "install_size", "guard_latency", "streaming", "evasion", "pii", "store_ingest", "gateway",
    "stats_coverage", "train_constraint",
)  # fmt: skip
OF_CORPUS = ("curate_near_duplicates", "curate_clean", "curate_pii", "curate_chain")


def main() -> int:
    """Run them; the exit code counts those that failed."""
    commands = [[str(HERE / f"{name}.py")] for name in PLAIN]
    data = os.environ.get("BENCH_DATA")
    if data:
        commands.append([str(HERE / "quality.py"), "--data", data])
    else:
        print("quality: left out, BENCH_DATA names no data folder", file=sys.stderr)
    corpus = os.environ.get("BENCH_CORPUS")
    if corpus:
        commands += [[str(HERE / f"{name}.py"), "--corpus", corpus] for name in OF_CORPUS]
    else:
        print("curate: left out, BENCH_CORPUS names no planted corpus", file=sys.stderr)
    if not os.environ.get("BENCH_ENVS"):
        print("peers: left out, BENCH_ENVS names no environments", file=sys.stderr)
    failed = 0
    for command in commands:
        print(f"== {Path(command[0]).name}", flush=True)
        failed += subprocess.run([sys.executable, *command], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
