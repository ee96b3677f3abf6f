"""Time and memory of the overview page over a million stored exchanges, SQLite, one core.

    python benchmarks/console_overview.py --out benchmarks/results/console_overview.json

Fills a store in a temporary folder by the store's own writer, in large batches: the exchanges
are spread over the last seven days, half of them in the last 24 hours, with 40 keys, 6 models,
2 languages, findings in one of ten and a violation in one of two hundred. Then a process of its
own, held to one core, opens the store with a real gateway and asks for the page again and again:
median and p95 of wall time and CPU, for each period, and the most memory the process ever held.
On a busy machine wall time tells of the neighbours; `chrt -r 5 python benchmarks/...` gives the
process its core for itself, and the results say so.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from machine import describe

from trueline.core.exchange import Exchange, now
from trueline.core.records import Action
from trueline.store.events import EventStore

PROMPT = "请帮我写一封邮件，告诉客户会议改到星期四下午三点，地点不变。" * 4
REPLY = "Dear customer, the meeting has moved to Thursday at three; the place stays. " * 2
KEYS, MODELS, WEEK = 40, 6, 7 * 24 * 3600
CATEGORIES = ("privacy", "violence", "crime_fraud", "prompt_injection", "hate_discrimination")
PERIODS = ("1h", "24h", "7d")
#: What the page promises; see the docs.
WALL_LIMIT_MS, MEMORY_LIMIT_MB = 300.0, 300.0


def one_exchange(number: int, seconds_ago: float) -> Exchange:
    """An exchange of ordinary traffic."""
    violates = number % 200 == 0
    found = violates or number % 10 == 0
    category = CATEGORIES[number // 10 % len(CATEGORIES)]
    action = Action.BLOCK if violates else Action.REDACT if found else Action.ALLOW
    score = {
        "category": category, "label": "", "score": 0.93, "threshold": 0.5,
        "action": str(action), "spans": [[3, 9]], "scorer": "linear", "reason": "classifier",
    }  # fmt: skip
    side = "reply" if violates else "prompt"
    return Exchange(
        route="/v1/chat/completions",
        time=now() - timedelta(seconds=seconds_ago),
        key_id=f"key{number % KEYS}",
        model=f"model-{number % MODELS}",
        upstream="http://127.0.0.1:9000/v1",
        action=action,
        prompt_action=action if side == "prompt" else Action.ALLOW,
        reply_action=action if side == "reply" else Action.ALLOW,
        categories=(category,) if found else (),
        scores={side: [score]} if found else {},
        prompt_text=PROMPT,
        reply_text=REPLY,
        policy_name="default",
        policy_hash="sha256:0123456789abcdef",
        language="zh" if number % 2 else "en",
        error="timeout" if number % 997 == 0 else "",
        latency_ms=100 + number % 500,
        guard_ms=0.5 + number % 7 / 10,
        upstream_ms=98.5,
        prompt_chars=len(PROMPT),
        reply_chars=len(REPLY),
    )


def fill(url: str, events: int) -> float:
    """Write the exchanges, oldest first; seconds it took."""
    began = time.perf_counter()
    older = events // 2
    with EventStore.open(url, max_batch=4096, max_pending=20_000) as store:
        for number in range(events):
            if number < older:
                ago = WEEK - (WEEK - 86_400) * number / older
            else:
                ago = 86_400 * (events - number) / (events - older)
            last = store.append(one_exchange(number, ago))
        last.result(600)
    return time.perf_counter() - began


def measure_here(url: str, folder: Path, requests: int) -> dict[str, Any]:
    """Serve the pages from this process and ask for them; called in a process of its own."""
    import httpx

    from trueline.apps.assistant.assistant import Assistant
    from trueline.gateway.server import address_of, listen, make_server, open_state
    from trueline.gateway.settings import Settings

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.chdir(folder)
    settings = Settings.model_validate({"port": 0, "db": url, "monitor": "off"})
    state = open_state(settings, Assistant())
    sock = listen("127.0.0.1", 0)
    ready = threading.Event()
    server = make_server(state, ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    ready.wait(60)
    pages: dict[str, Any] = {}
    with httpx.Client(base_url=address_of(sock), timeout=60, trust_env=False) as client:
        for period in PERIODS:
            walls: list[float] = []
            cpus: list[float] = []
            for _ in range(requests):
                wall, cpu = time.perf_counter(), time.process_time()
                page = client.get(f"/?window={period}")
                walls.append(1000 * (time.perf_counter() - wall))
                cpus.append(1000 * (time.process_time() - cpu))
                if page.status_code != 200:
                    raise RuntimeError(f"the page answered {page.status_code}")
            pages[period] = {
                "first_wall_ms": round(walls[0], 1),
                "wall_ms": _spread(walls),
                "cpu_ms": _spread(cpus),
                "bytes": len(page.content),
            }
    server.should_exit = True
    thread.join(30)
    state.keys.close()
    state.store.close()
    # Linux counts in KiB, macOS in bytes; the client that asks lives in this process too.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak_mb = peak / 1e6 if platform.system() == "Darwin" else peak * 1024 / 1e6
    return {"pages": pages, "peak_memory_mb": round(peak_mb, 1)}


def _spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return {"median": round(statistics.median(ordered), 1), "p95": round(p95, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Time and memory of the overview page.")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=30, help="for each period")
    parser.add_argument("--store", type=Path, help="keep the store in this file, or use it again")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--measure", metavar="URL", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.measure:
            told = measure_here(arguments.measure, Path(folder), arguments.requests)
            print(json.dumps(told))
            return
        file = arguments.store or Path(folder) / "events.db"
        url = f"sqlite:///{file.resolve()}"
        result: dict[str, Any] = {"events": arguments.events, **describe()}
        if not file.exists():
            seconds = fill(url, arguments.events)
            result["fill_events_per_second"] = round(arguments.events / seconds)
        if hasattr(os, "sched_getscheduler"):
            result["core_for_itself"] = os.sched_getscheduler(0) == os.SCHED_RR
        result["store_mb"] = round(file.stat().st_size / 1e6)
        child = subprocess.run(
            [sys.executable, __file__, "--measure", url, "--requests", str(arguments.requests)],
            check=True, capture_output=True, text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        result |= json.loads(child.stdout.splitlines()[-1])
    worst = max(page["wall_ms"]["p95"] for page in result["pages"].values())
    result["limits"] = {"wall_ms": WALL_LIMIT_MS, "memory_mb": MEMORY_LIMIT_MB}
    result["kept"] = worst < WALL_LIMIT_MS and result["peak_memory_mb"] < MEMORY_LIMIT_MB
    text = json.dumps(result, indent=2)
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n", encoding="utf-8")
    raise SystemExit(0 if result["kept"] else 1)


if __name__ == "__main__":
    main()
