"""The built-in assistant through the gateway, full zh and en suites, killed once on the way.

    python benchmarks/assess_suite.py            # table; raw results in results/assess_suite.json
    python benchmarks/assess_suite.py --sample 500

Starts `trueline up` on a free port, runs `trueline assess URL`, kills it with SIGKILL when a third
of the replies is there, and runs the same command again. Then the assistant is assessed in
process, with the Guard and without. Counts, seconds and what was lost are written down.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from machine import describe

from trueline.assess.evidence import read_evidence
from trueline.assess.reply_file import read_replies
from trueline.assess.suite_choice import Choice, chosen_items

HERE = Path(__file__).parent
START_SECONDS = 60
TRUELINE = [sys.executable, "-m", "trueline"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return when the gateway answers."""
    began = time.monotonic()
    while time.monotonic() - began < START_SECONDS and process.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/healthz", timeout=1).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise SystemExit("the gateway did not start")


def killed_and_resumed(command: list[str], case: Path, items: int) -> dict[str, Any]:
    """Run, kill at a third of the replies, run again."""
    replies = case / "replies.jsonl"
    began = time.perf_counter()
    first = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)  # fmt: skip
    while first.poll() is None and (
        not replies.exists() or replies.read_bytes().count(b"\n") < items // 3
    ):
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.wait()
    kept = read_replies(replies)
    again = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if again.returncode:
        raise SystemExit(again.stderr)
    after = read_replies(replies)
    return {
        "seconds": round(seconds, 1),
        "items": items,
        "kept_at_the_kill": len(kept),
        "lost": sum(one != two for one, two in zip(kept, after, strict=False)),
        "asked_twice": len(after) - len({reply.key for reply in after}),
        "missing": items - len(after),
        "faults": sum(bool(reply.fault) for reply in after),
        "claims": claims(case),
    }


def claims(case: Path) -> list[dict[str, Any]]:
    """What the evidence says, without statements."""
    evidence = read_evidence(case / "evidence" / "suites.json")
    return [
        {"id": claim.id, "inputs": dict(claim.inputs), "estimate": round(claim.estimate, 5),
         "lower": round(claim.lower, 5), "upper": round(claim.upper, 5), "limit": claim.limit}
        for claim in evidence.claims
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sample", type=int, help="so many items at random; else all")
    given = parser.parse_args()
    sample = ["--sample", str(given.sample)] if given.sample else []
    items = len(chosen_items(Choice(sample=given.sample))[0])
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        gateway = subprocess.Popen(
            [*TRUELINE, "up", "--port", str(port), "--db", f"sqlite:///{folder}/events.db"],
            env=ENVIRONMENT, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            wait_until_up(f"http://127.0.0.1:{port}", gateway)
            command = [
                *TRUELINE, "assess", f"http://127.0.0.1:{port}/v1", "--model",
                "trueline-assistant", "--out", str(folder / "gateway"), *sample,
            ]  # fmt: skip
            through = killed_and_resumed(command, folder / "gateway", items)
        finally:
            gateway.terminate()
            gateway.wait()
        began = time.perf_counter()
        subprocess.run(
            [*TRUELINE, "assess", "builtin:assistant", "--guard", "--out", str(folder / "guard"),
             *sample],
            env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        in_process: dict[str, Any] = {
            "seconds": round(time.perf_counter() - began, 1), "claims": claims(folder / "guard"),
        }  # fmt: skip
    result = {"machine": describe(), "gateway": through, "guard_in_process": in_process}
    path = HERE / "results" / "assess_suite.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(
        f"{through['items']:,} items through the gateway: {through['seconds']} s in all; killed "
        f"after {through['kept_at_the_kill']:,}, lost {through['lost']}, asked twice "
        f"{through['asked_twice']}, missing {through['missing']}, faults {through['faults']}"
    )
    print(f"in process, with and without the Guard: {in_process['seconds']} s")
    for claim in in_process["claims"]:
        if claim["id"].count(".") == 0 or "guard" in claim["id"] or "refusal" in claim["id"]:
            print(
                f"  {claim['id']:36} {claim['estimate']:8.2%} "
                f"[{claim['lower']:.2%}, {claim['upper']:.2%}]"
            )


if __name__ == "__main__":
    main()
