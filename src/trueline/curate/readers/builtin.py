"""Every format a recipe can read, and how its chunks are parsed."""

from __future__ import annotations

from collections.abc import Callable

from trueline.curate.readers import csv_rows, jsonl, tables, whole_files
from trueline.curate.readers.chunk import Chunk, Fields, Records

PARSERS: dict[str, Callable[[Chunk, Fields], Records]] = {
    "jsonl": jsonl.parse,
    "csv": csv_rows.parse,
    "tsv": csv_rows.parse,
    "txt": whole_files.parse_files,
    "txt_lines": whole_files.parse_lines,
    "html": whole_files.parse_files,
    "arrow": tables.parse,
}


def parse_chunk(chunk: Chunk, fields: Fields) -> Records:
    """Parsed documents of any chunk, its unreadable places included among the faults."""
    records = PARSERS[chunk.format](chunk, fields)
    records.faults += chunk.faults
    records.faults.sort(key=lambda fault: fault.line)
    return records
