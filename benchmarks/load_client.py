"""Closed-loop HTTP/1.1 load: each keep-alive client sends its next request when one ended.

    python benchmarks/load_client.py http://127.0.0.1:8080/v1/chat/completions -c 16 -n 1000

Prints one JSON line: milliseconds at p50 and p99, requests a second, statuses, how many
answers were content-filtered; with `--stream` also the time to the first data line. Every
prompt is different, so that no memory of verdicts helps.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import corpus


@dataclass
class Tally:
    """What was seen; times are milliseconds."""

    latency: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    filtered: int = 0

    def count(self, status: str) -> None:
        """Count an answer."""
        self.statuses[status] = self.statuses.get(status, 0) + 1


async def read_answer(reader: asyncio.StreamReader) -> tuple[str, bytes, float | None]:
    """Status, body, and when the first data line came."""
    head = await reader.readuntil(b"\r\n\r\n")
    status, low = head.split(b" ", 2)[1].decode(), head.lower()
    if b"transfer-encoding: chunked" not in low:
        length = low.partition(b"content-length:")[2].split(b"\r\n")[0]
        return status, await reader.readexactly(int(length)), None
    pieces, first = [], None
    while True:
        size = int((await reader.readline()).strip() or b"0", 16)
        pieces.append((await reader.readexactly(size + 2))[:-2])
        if first is None and b"data:" in pieces[-1]:
            first = time.perf_counter()
        if not size:
            return status, b"".join(pieces), first


async def client(url: str, bodies: list[bytes], key: str, tally: Tally) -> None:
    """One connection's worth of requests."""
    parts = urlsplit(url)
    reader = writer = None
    while bodies:
        body = bodies.pop()
        head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Content-Type: application/json\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        if reader is None or writer is None:
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        began = time.perf_counter()
        try:
            writer.write(head.encode() + body)
            status, answer, first = await read_answer(reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            tally.count("connection lost")
            reader = None
            continue
        tally.latency.append((time.perf_counter() - began) * 1000)
        if first is not None:
            tally.first.append((first - began) * 1000)
        tally.count(status)
        tally.filtered += b"content_filter" in answer
    if writer is not None:
        writer.close()


def percentile(values: list[float], share: float) -> float | None:
    """The value below which a share of the values lies."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2) if values else None


async def load(
    url: str, clients: int, requests: int, *, stream: bool = False, key: str = "", offset: int = 0
) -> dict[str, Any]:
    """Send requests and sum up."""
    texts = [item["text"] for item in corpus.make(2000) if item["kind"] == "benign"]
    bodies: list[bytes] = []
    for number in range(offset, offset + requests):
        content = f"{texts[number % len(texts)]} ({number})"
        request: dict[str, Any] = {
            "model": "echo",
            "messages": [{"role": "user", "content": content}],
        }
        if stream:
            request["stream"] = True
        bodies.append(json.dumps(request, ensure_ascii=False).encode())
    tally = Tally()
    began = time.perf_counter()
    await asyncio.gather(*[client(url, bodies, key, tally) for _ in range(clients)])
    seconds = time.perf_counter() - began
    return {
        "clients": clients,
        "requests": len(tally.latency),
        "p50_ms": percentile(tally.latency, 0.5),
        "p99_ms": percentile(tally.latency, 0.99),
        "per_second": round(len(tally.latency) / seconds, 1),
        "first_data_p50_ms": percentile(tally.first, 0.5),
        "statuses": tally.statuses,
        "content_filtered": tally.filtered,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("-c", "--clients", type=int, default=1)
    parser.add_argument("-n", "--requests", type=int, default=500)
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--key", default="sk-bench")
    parser.add_argument("--offset", type=int, default=0, help="number of the first prompt")
    given = parser.parse_args()
    work = load(
        given.url,
        given.clients,
        given.requests,
        stream=given.stream,
        key=given.key,
        offset=given.offset,
    )
    print(json.dumps(asyncio.run(work)))
