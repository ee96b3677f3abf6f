"""Durable events a second and CPU per event, by number of concurrent appenders.

    python benchmarks/store_ingest.py                              SQLite in a fresh file
    python benchmarks/store_ingest.py --db postgresql://host/name  a server of yours

Each appender stores one exchange of about 350 characters each way, waits until it is
durable, and stores the next; all run in one asyncio loop, as in the gateway. CPU is that of
the whole process: making the record, the event loop, hashing, SQL. For PostgreSQL the
server's own CPU is not counted. Prints a table, and writes the rows to --out as JSON lines.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import tempfile
import time
from pathlib import Path

from trueline.core.exchange import Exchange
from trueline.core.records import Action
from trueline.store.events import EventStore
from trueline.store.verify import verify

PROMPT = "请帮我写一封邮件，告诉客户会议改到星期四下午三点，地点不变。" * 12
REPLY = "Dear customer, the meeting has moved to Thursday at three; the place stays. " * 5
SCORE = {
    "category": "privacy",
    "label": "email",
    "score": 0.98,
    "threshold": 0.5,
    "action": "redact",
    "spans": [[10, 32]],
    "scorer": "pii",
    "reason": "an e-mail address",
}


def one_exchange(number: int) -> Exchange:
    """A typical exchange; one in ten has a finding."""
    found = number % 10 == 0
    return Exchange(
        route="/v1/chat/completions",
        key_id=f"key{number % 20}",
        model="some-model",
        upstream="http://127.0.0.1:9000/v1",
        action=Action.REDACT if found else Action.ALLOW,
        reply_action=Action.REDACT if found else Action.ALLOW,
        categories=("privacy",) if found else (),
        scores={"prompt": [], "reply": [SCORE] if found else []},
        prompt_text=PROMPT,
        reply_text=REPLY,
        policy_name="default",
        policy_hash="0123456789abcdef",
        language="zh" if number % 2 else "en",
        latency_ms=100 + number % 50,
        guard_ms=0.7,
        upstream_ms=98.5,
        prompt_chars=len(PROMPT),
        reply_chars=len(REPLY),
    )


async def load(store: EventStore, appenders: int, events: int) -> None:
    """Store `events` exchanges from `appenders` that each wait for their own."""

    async def appender(first: int) -> None:
        for number in range(first, events, appenders):
            await store.append_async(one_exchange(number))

    await asyncio.gather(*(appender(first) for first in range(appenders)))


def measure(url: str, appenders: int, events: int) -> dict[str, float | int]:
    """One row of the table."""
    with EventStore.open(url) as store:
        asyncio.run(load(store, appenders, min(events, 4 * appenders)))
        wall, cpu = time.perf_counter(), time.process_time()
        asyncio.run(load(store, appenders, events))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "appenders": appenders,
        "events": events,
        "events_per_second": round(events / wall),
        "cpu_ms_per_event": round(1000 * cpu / events, 4),
    }


def record_cost(count: int = 5000) -> float:
    """CPU milliseconds to make one exchange, which is inside the CPU column."""
    cpu = time.process_time()
    for number in range(count):
        one_exchange(number)
    return 1000 * (time.process_time() - cpu) / count


def main() -> None:
    parser = argparse.ArgumentParser(description="Durable events a second and CPU per event.")
    parser.add_argument("--db", help="URL of an empty database; a temporary SQLite file without")
    parser.add_argument("--events", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--appenders", type=int, nargs="*", default=[1, 16, 64])
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.db or f"sqlite:///{Path(folder) / 'bench.db'}"
        backend = url.split(":")[0].split("+")[0]
        print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} CPUs, {backend}")
        print(f"making one record: {record_cost():.4f} ms CPU, included below")
        print(f"{'appenders':>10}{'events/s':>10}{'CPU ms/event':>14}")
        for appenders in arguments.appenders:
            events = arguments.events if appenders > 1 else arguments.events // 6
            measured = [measure(url, appenders, events) for _ in range(arguments.rounds)]
            # Neighbours on the machine only ever slow a run down: the best is the cleanest.
            best = min(measured, key=lambda row: row["cpu_ms_per_event"])
            print(
                f"{appenders:>10}{best['events_per_second']:>10}{best['cpu_ms_per_event']:>14.4f}"
            )
            rows += [{"backend": backend, **row} for row in measured]
        with EventStore.open(url, read_only=True) as store:
            found = verify(store)
        print("all chains verify" if found.ok else "A CHAIN DOES NOT VERIFY")
    if arguments.out:
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        arguments.out.write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    main()
