"""Tables: parquet files and Hugging Face data sets saved on disk, slice by slice.

Both reach the parser as a small Arrow stream, so that one 10 GB file is never in memory.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import xxhash

from trueline.curate.readers.chunk import (
    CHUNK_BYTES,
    Chunk,
    Fault,
    Fields,
    Records,
    kind_of,
    missing_field,
    record_id,
)

SLICE_ROWS = 4096
_CONTINUATION = 0xFFFFFFFF
_END = struct.pack("<II", _CONTINUATION, 0)


def parquet_chunks(path: Path, source: str, fields: Fields) -> Iterator[Chunk]:
    """Slices of a parquet file; a damaged file is one fault, after the rows before the damage."""
    size = _size(path)
    offset = 0
    try:
        rows = pl.scan_parquet(path, glob=False)
        total = rows.select(pl.len()).collect().item()
        digest = file_digest(path)
        if total == 0:
            yield Chunk("arrow", source, 0, faults=(Fault(source, 0, "the file has no rows"),))
        while offset < total:
            table = rows.slice(offset, SLICE_ROWS).collect()
            yield from _pieces(table, source, offset, f"{digest}:{offset}", size, total)
            offset += table.height
    except (pl.exceptions.PolarsError, OSError) as error:
        message = f"not a readable parquet file ({type(error).__name__})"
        if isinstance(error, OSError):
            message = f"cannot read the file: {error.strerror or type(error).__name__}"
        if size == 0 and path.exists():
            message = "the file is empty"
        fault = Fault(source, offset + 1 if offset else 0, message)
        yield Chunk("arrow", source, offset + 1, faults=(fault,), spent=size)


def dataset_chunks(folder: Path, source: str, fields: Fields) -> Iterator[Chunk]:
    """Record batches of a data set written by `Dataset.save_to_disk`."""
    offset = 0
    for path in dataset_files(folder):
        size = _size(path)
        try:
            for piece in _arrow_stream(path):
                table = pl.read_ipc_stream(io.BytesIO(piece))
                yield from _pieces(table, source, offset, "", size, 0)
                offset += table.height
        except (pl.exceptions.PolarsError, OSError, struct.error, ValueError) as error:
            message = f"{path.name} is not a readable Arrow file ({type(error).__name__})"
            yield Chunk("arrow", source, offset + 1, faults=(Fault(source, offset + 1, message),))
    if offset == 0:
        message = "the data set has no rows or no .arrow files"
        yield Chunk("arrow", source, 0, faults=(Fault(source, 0, message),))


def dataset_files(folder: Path) -> list[Path]:
    """The Arrow files of a saved data set, in its own order."""
    try:
        state: Any = json.loads((folder / "state.json").read_bytes())
        return [folder / Path(entry["filename"]).name for entry in state["_data_files"]]
    except (OSError, ValueError, KeyError, TypeError):
        return sorted(folder.glob("*.arrow"))


def parse(chunk: Chunk, fields: Fields) -> Records:
    """Documents and faults of a slice of rows; a row's line is its number in the file."""
    records = Records()
    if not chunk.data:
        return records
    table = pl.read_ipc_stream(io.BytesIO(chunk.data))
    names = table.columns
    wrong = _wrong_columns(table, fields)
    if wrong:
        records.faults += [
            Fault(chunk.source, chunk.line + row, wrong) for row in range(table.height)
        ]
        return records
    texts = table[fields.text].cast(pl.String).to_list()
    id_name = fields.identifier if fields.identifier in names else None
    ids = table[id_name].to_list() if id_name is not None else [None] * table.height
    taken: list[int] = []
    for row, (value, text) in enumerate(zip(ids, texts, strict=True)):
        line = chunk.line + row
        identifier, message = f"{chunk.source}:{line}", ""
        if id_name is not None:
            identifier, message = record_id(value, names, id_name)
        if text is None:
            message = f"field {fields.text}: expected a string, got {kind_of(text)}"
        elif len(text) > fields.max_bytes:
            message = f"the text has {len(text):,} characters; raise max_document_mb to read it"
        if message or text is None:
            records.faults.append(Fault(chunk.source, line, message))
            continue
        taken.append(row)
        records.add(identifier, text, chunk.source, line)
    rows = table[taken] if len(taken) < table.height else table
    for name in names:
        kept = fields.keep is None or name in fields.keep
        if kept and name not in (fields.text, fields.identifier):
            column = _plain(rows[name])
            if column is not None:
                records.columns[name] = column
    return records


def file_digest(path: Path) -> str:
    """128 bits over a file's bytes."""
    state = xxhash.xxh3_128()
    with open(path, "rb") as stream:
        while data := stream.read(1 << 20):
            state.update(data)
    return state.hexdigest()


def _pieces(
    table: pl.DataFrame, source: str, offset: int, key: str, size: int, total: int
) -> Iterator[Chunk]:
    count = max(1, -(-int(table.estimated_size()) // CHUNK_BYTES))
    step = max(1, -(-table.height // count))
    for start in range(0, table.height, step):
        part = table.slice(start, step)
        buffer = io.BytesIO()
        part.write_ipc_stream(buffer)
        spent = size * part.height // total if total else 0
        named = f"{key}:{start}:{part.height}" if key else ""
        yield Chunk("arrow", source, offset + start + 1, buffer.getvalue(), spent=spent, key=named)


def _wrong_columns(table: pl.DataFrame, fields: Fields) -> str:
    if fields.text not in table.columns:
        return missing_field(fields.text, table.columns, "text_field")
    dtype = table.schema[fields.text]
    if dtype != pl.String and not isinstance(dtype, pl.Categorical | pl.Enum):
        return f"field {fields.text}: expected strings, got a column of {dtype}"
    needed = None if fields.numbers_missing else fields.identifier
    if needed is not None and needed not in table.columns:
        return missing_field(needed, table.columns, "id_field")
    return ""


def _plain(column: pl.Series) -> list[Any] | None:
    """Values that JSON knows; dates and the like as strings; None for bytes, which no step reads."""
    dtype = column.dtype
    if dtype == pl.Binary:
        return None
    plain = dtype in (pl.String, pl.Boolean) or dtype.is_integer() or dtype.is_float()
    if plain or dtype.is_nested():
        return column.to_list()
    return column.cast(pl.String).to_list()


def _arrow_stream(path: Path) -> Iterator[bytes]:
    """Every record batch as a stream of its own: the schema, the batch, the end mark.

    Reference: Apache Arrow columnar format, "IPC streaming format"; Message is a flatbuffer
    with the fields version, header_type, header, bodyLength.
    """
    schema = b""
    size = _size(path)
    with open(path, "rb") as stream:
        while True:
            head = stream.read(8)
            if len(head) < 8:
                return
            mark, length = struct.unpack("<Ii", head)
            if mark != _CONTINUATION or length < 0 or length > size:
                raise ValueError("not an Arrow stream")
            if length == 0:
                return
            meta = stream.read(length)
            kind, body_length = _message(meta)
            if body_length < 0 or body_length > size:
                raise ValueError("not an Arrow stream")
            body = stream.read(body_length)
            if len(meta) < length or len(body) < body_length:
                raise ValueError("cut off")
            if kind == 3:  # RecordBatch
                yield schema + head + meta + body + _END
            else:  # Schema or DictionaryBatch: every later batch needs them
                schema += head + meta + body


def _message(meta: bytes) -> tuple[int, int]:
    root = struct.unpack_from("<I", meta)[0]
    table = root - struct.unpack_from("<i", meta, root)[0]
    entries = struct.unpack_from("<H", meta, table)[0]

    def place(entry: int) -> int:
        at = 4 + 2 * entry
        return struct.unpack_from("<H", meta, table + at)[0] if at < entries else 0

    kind = meta[root + place(1)] if place(1) else 0
    body = struct.unpack_from("<q", meta, root + place(3))[0] if place(3) else 0
    return kind, body


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
