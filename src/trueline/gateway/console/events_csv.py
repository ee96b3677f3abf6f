"""Exchanges as CSV that a spreadsheet can open without running anything.

>>> safe_cell("=HYPERLINK(1)"), safe_cell("fine")
("'=HYPERLINK(1)", 'fine')
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from trueline.store.queries import Event

COLUMNS = (
    "id", "time", "action", "prompt_action", "reply_action", "categories", "language", "model",
    "key_id", "status", "error", "shadow", "stream", "latency_ms", "guard_ms", "upstream_ms",
    "prompt_chars", "reply_chars", "policy_name", "policy_hash", "prompt_text", "reply_text",
    "chain_id", "chain_seq", "chain_hash",
)  # fmt: skip
# What spreadsheets read as the start of a formula (OWASP, "CSV Injection"), full-width forms
# included; a cell that begins so gets an apostrophe in front.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
BYTE_ORDER_MARK = "\ufeff"  # without it, Excel reads UTF-8 as the local code page


def csv_lines(events: Iterable[Event]) -> Iterator[bytes]:
    """A header line, then one line for each event, in UTF-8."""
    yield _line(COLUMNS, BYTE_ORDER_MARK)
    for event in events:
        record = event.as_json()
        record["categories"] = " ".join(record["categories"])
        record |= {f"chain_{name}": value for name, value in record["chain"].items()}
        yield _line([safe_cell(record[name]) for name in COLUMNS])


def safe_cell(value: object) -> object:
    """A value that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(value, str):
        # A quote alone does not help where leading blanks are dropped first.
        if value.lstrip(" \u00a0\u3000\ufeff").startswith(_FORMULA_STARTS):
            return "'" + value
        return value.replace("\0", "\ufffd")
    return value


def _line(cells: Iterable[object], before: str = "") -> bytes:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(cells)
    return (before + out.getvalue()).encode("utf-8", "replace")
