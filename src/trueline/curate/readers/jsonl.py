"""JSON lines: one object a line, each with a text and an id.

>>> chunk = Chunk("jsonl", "a.jsonl", 1, b'{"id": 7, "text": "hello"}')
>>> parse(chunk, Fields()).ids
['7']
"""

from __future__ import annotations

from typing import Any

import orjson

from trueline.curate.readers.chunk import (
    Chunk,
    Fault,
    Fields,
    Records,
    kind_of,
    missing_field,
    record_id,
)


def parse(chunk: Chunk, fields: Fields) -> Records:
    """Documents and faults of a chunk of JSON lines; blank lines are no records."""
    records = Records()
    keep = None if fields.keep is None else frozenset(fields.keep)
    for number, line in enumerate(chunk.data.split(b"\n"), start=chunk.line):
        if not line or line.isspace():
            continue
        message = _too_long(line, fields) or _add(records, line, number, chunk.source, fields, keep)
        if message:
            records.faults.append(Fault(chunk.source, number, message))
    pad_columns(records)
    return records


def add_record(
    records: Records,
    record: dict[str, Any],
    number: int,
    source: str,
    fields: Fields,
    keep: frozenset[str] | None,
) -> str:
    """Append one record; says what is wrong with it, or `""`."""
    text = record.get(fields.text)
    if not isinstance(text, str):
        if fields.text not in record:
            return missing_field(fields.text, list(record), "text_field")
        return f"field {fields.text}: expected a string, got {kind_of(text)}"
    if fields.identifier is None or (fields.numbers_missing and fields.identifier not in record):
        identifier = f"{source}:{number}"
    else:
        value = record.get(fields.identifier)
        identifier, message = record_id(value, list(record), fields.identifier)
        if message:
            return message
    position = len(records.ids)
    records.add(identifier, text, source, number)
    for name, value in record.items():
        if name in (fields.text, fields.identifier) or (keep is not None and name not in keep):
            continue
        column = records.columns.get(name)
        if column is None:
            column = records.columns[name] = []
        if len(column) < position:
            column.extend([None] * (position - len(column)))
        column.append(value)
    return ""


def pad_columns(records: Records) -> None:
    """Give every column one value per document."""
    for column in records.columns.values():
        column.extend([None] * (len(records.ids) - len(column)))


def _too_long(line: bytes, fields: Fields) -> str:
    if len(line) <= fields.max_bytes:
        return ""
    return (
        f"the line has {len(line):,} bytes; at most {fields.max_bytes:,} are read. "
        "Raise max_document_mb in the recipe to read it"
    )


def _add(
    records: Records,
    line: bytes,
    number: int,
    source: str,
    fields: Fields,
    keep: frozenset[str] | None,
) -> str:
    try:
        record: Any = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return _not_json(line, error)
    if not isinstance(record, dict):
        return f"expected a JSON object, got {kind_of(record)}"
    return add_record(records, record, number, source, fields, keep)


def _not_json(line: bytes, error: orjson.JSONDecodeError) -> str:
    if line.startswith(b"\xef\xbb\xbf"):
        return "starts with a byte order mark; save the file as UTF-8 without one"
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as wrong:
        return f"not valid UTF-8 (byte {wrong.start + 1} of the line)"
    return f"not valid JSON (column {error.colno})"
