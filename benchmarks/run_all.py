"""Every benchmark, one after the other; results go to `benchmarks/results`.

    python benchmarks/run_all.py                    # what needs no data and no peers
    BENCH_ENVS=/envs BENCH_DATA=/data BENCH_CORPUS=/corpus python benchmarks/run_all.py

`BENCH_ENVS` holds virtual environments of peers (`presidio`, `litellm`, `nemo`, `curate`);
`BENCH_DATA` is the folder with `safety/` for the benchmarks of quality, refusals and the guard;
`BENCH_CORPUS` a planted corpus for those of curate. What is left out is said.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
PLAIN = (
    "install_size", "guard_latency", "streaming", "evasion", "pii", "store_ingest", "gateway",
    "stats_coverage", "train_constraint", "assess_fairness", "assess_robustness", "assess_case",
    "assess_suite", "tour",
)  # fmt: skip
# Labelled replies for the refusal rules, below `BENCH_DATA`.
REPLIES = (
    "safety/extra/aisafetylab_demo_responses_en", "safety/pairs/dpo_demo_en_zh",
    "safety/extra/nanochat_safety_dialogues_en", "safety/pairs/oasst_rm_zh",
    "safety/extra/safedecoding_refusals_en", "safety/extra/zh_refusals_synthetic",
)  # fmt: skip
OF_CORPUS = ("curate_near_duplicates", "curate_clean", "curate_pii", "curate_chain")


def main() -> int:
    """Run them; the exit code counts those that failed."""
    with tempfile.TemporaryDirectory() as case:
        return run(chosen(case))


def chosen(case: str) -> list[list[str]]:
    """The commands that the environment allows; `case` is a folder for what they write."""
    commands = [[str(HERE / f"{name}.py")] for name in PLAIN]
    overview = HERE / "results" / "console_overview.json"
    commands.append([str(HERE / "console_overview.py"), "--out", str(overview)])
    data = os.environ.get("BENCH_DATA")
    if data:
        commands.append([str(HERE / "quality.py"), "--data", data])
        replies = [str(Path(data) / f"{name}.jsonl.gz") for name in REPLIES]
        commands.append([str(HERE / "assess_refusals.py"), *replies])
        sources = str(Path(data) / "safety" / "eval_only")
        commands.append([str(HERE / "assess_guard.py"), sources, "--rows", "100000", "--out", case])
    else:
        print(
            "quality, refusals, guard: left out, BENCH_DATA names no data folder", file=sys.stderr
        )
    corpus = os.environ.get("BENCH_CORPUS")
    if corpus:
        commands += [[str(HERE / f"{name}.py"), "--corpus", corpus] for name in OF_CORPUS]
    else:
        print("curate: left out, BENCH_CORPUS names no planted corpus", file=sys.stderr)
    if not os.environ.get("BENCH_ENVS"):
        print("peers: left out, BENCH_ENVS names no environments", file=sys.stderr)
    return commands


def run(commands: list[list[str]]) -> int:
    """Run them one after the other and count those that failed."""
    failed = 0
    for command in commands:
        print(f"== {Path(command[0]).name}", flush=True)
        failed += subprocess.run([sys.executable, *command], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
