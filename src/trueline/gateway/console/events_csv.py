"""Exchanges as a CSV file that a spreadsheet can open without running anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trueline.gateway.console import csv_file
from trueline.store.queries import Event

COLUMNS = (
    "id", "time", "action", "prompt_action", "reply_action", "categories", "language", "model",
    "key_id", "status", "error", "shadow", "stream", "latency_ms", "guard_ms", "upstream_ms",
    "prompt_chars", "reply_chars", "policy_name", "policy_hash", "prompt_text", "reply_text",
    "chain_id", "chain_seq", "chain_hash",
)  # fmt: skip


def csv_lines(events: Iterable[Event]) -> Iterator[bytes]:
    """A header line, then one line for each event, in UTF-8; texts are made safe."""
    return csv_file.csv_lines(COLUMNS, map(_cells, events))


def _cells(event: Event) -> list[object]:
    record = event.as_json()
    record["categories"] = " ".join(record["categories"])
    record |= {f"chain_{name}": value for name, value in record["chain"].items()}
    return [record[name] for name in COLUMNS]
