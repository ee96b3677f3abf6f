"""CSV and TSV with a header line: quoted fields may hold line breaks."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from trueline.curate.readers.byte_stream import read_blocks
from trueline.curate.readers.chunk import CHUNK_BYTES, Chunk, Fault, Fields, Records
from trueline.curate.readers.jsonl import add_record, pad_columns

DELIMITERS = {"csv": ",", "tsv": "\t"}
BOM = "\ufeff"


def csv_chunks(path: Path, source: str, form: str, fields: Fields) -> Iterator[Chunk]:
    """Chunks of whole rows, each with the header's names.

    Quotes, commas and line ends are ASCII in every encoding a recipe may name here, so rows
    are told apart before anything is decoded.
    """
    lines = _Lines(path, source, fields.max_bytes)
    header: tuple[str, ...] = ()
    start, taken = 1, list[bytes]()
    size, spent = 0, 0
    for whole in _rows(lines, form, fields.max_bytes):
        raw = lines.take()
        if not header:
            header = _header(raw, form, fields.encoding)
            start = lines.number + 1
            continue
        if whole:
            taken.append(raw)
            size += len(raw)
        if size >= CHUNK_BYTES or not whole:
            yield Chunk(form, source, start, b"".join(taken), header, faults=lines.take_faults(),
                        spent=lines.position - spent)  # fmt: skip
            start, taken, size, spent = lines.number + 1, [], 0, lines.position
    faults = lines.take_faults()
    if header and not taken and lines.number < 2 and not faults:
        faults = (Fault(source, 0, "the file has a header and no rows"),)
    if taken or faults:
        yield Chunk(form, source, start, b"".join(taken), header, faults=faults,
                    spent=lines.position - spent)  # fmt: skip


def parse(chunk: Chunk, fields: Fields) -> Records:
    """Documents and faults of a chunk of rows."""
    records = Records()
    keep = None if fields.keep is None else frozenset(fields.keep)
    taken = _Taken([line + b"\n" for line in chunk.data.split(b"\n")])
    number = chunk.line
    csv.field_size_limit(fields.max_bytes)
    rows = csv.reader(taken, delimiter=DELIMITERS[chunk.format])
    while True:
        at = number
        try:
            row = next(rows, None)
        except csv.Error as error:
            row, message = [], f"not a readable row: {error}"
        else:
            if row is None:
                break
            message = ""
        piece = taken.take()
        number += len(piece)
        if not row and not message:
            continue
        message = message or _add(records, row, piece, at, chunk, fields, keep)
        if message:
            records.faults.append(Fault(chunk.source, at, message))
    pad_columns(records)
    return records


def _add(
    records: Records,
    row: list[str],
    piece: list[bytes],
    number: int,
    chunk: Chunk,
    fields: Fields,
    keep: frozenset[str] | None,
) -> str:
    try:
        decoded = [value.encode("latin-1").decode(fields.encoding) for value in row]
    except UnicodeDecodeError as error:
        return f"not valid {fields.encoding.upper()} ({error.reason}); set `encoding` in the recipe"
    if len(decoded) != len(chunk.header):
        return f"the row has {len(decoded)} fields, the header {len(chunk.header)}"
    if _open_quote(piece, chunk.format):
        return "a quote is opened here and never closed"
    record = dict(zip(chunk.header, decoded, strict=True))
    return add_record(records, record, number, chunk.source, fields, keep)


def _open_quote(piece: list[bytes], form: str) -> bool:
    if len(piece) < 2 and b'"' not in piece[0]:
        return False
    text = [line.decode("latin-1") for line in piece]
    try:
        list(csv.reader(text, delimiter=DELIMITERS[form], strict=True))
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False


def _header(raw: bytes, form: str, encoding: str) -> tuple[str, ...]:
    text = raw.decode(encoding, "replace").removeprefix(BOM)
    names = next(csv.reader(text.splitlines(), delimiter=DELIMITERS[form]), [])
    return tuple(name.strip() for name in names)


def _rows(lines: _Lines, form: str, max_bytes: int) -> Iterator[bool]:
    """One True per row read and one False per row that cannot be."""
    csv.field_size_limit(max_bytes)
    while True:
        reader = csv.reader(lines, delimiter=DELIMITERS[form])
        try:
            for _ in reader:
                yield True
        except csv.Error as error:
            lines.fault(f"not a readable row: {error}; a quote may be opened and never closed")
            yield False
            continue  # with the line after
        return


class _Taken:
    """Lines for csv.reader that remembers which ones the last row took."""

    def __init__(self, lines: list[bytes]) -> None:
        self._lines = iter(lines)
        self._taken: list[bytes] = []

    def __iter__(self) -> _Taken:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._taken.append(line)
        return line.decode("latin-1")

    def take(self) -> list[bytes]:
        taken, self._taken = self._taken, []
        return taken


class _Lines:
    """A file's lines as latin-1 text, remembering raw bytes since the last `take`."""

    def __init__(self, path: Path, source: str, max_bytes: int) -> None:
        self.position = 0
        self.number = 0
        self._source = source
        self._faults: list[Fault] = []
        self._raw: list[bytes] = []
        self._lines = self._read(path, max_bytes)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        self._raw.append(line)
        return line.decode("latin-1")

    def take(self) -> bytes:
        raw, self._raw = b"".join(self._raw), []
        return raw

    def take_faults(self) -> tuple[Fault, ...]:
        faults, self._faults = tuple(self._faults), []
        return faults

    def fault(self, message: str) -> None:
        self._faults.append(Fault(self._source, self.number - len(self._raw) + 1, message))
        self._raw = []

    def _read(self, path: Path, max_bytes: int) -> Iterator[bytes]:
        rest = b""
        for block in read_blocks(path):
            if block.fault:
                self._faults.append(
                    Fault(self._source, self.number and self.number + 1, block.fault)
                )
                return
            self.position = block.position
            lines = (rest + block.data).split(b"\n")
            rest = lines.pop()
            yield from (line + b"\n" for line in lines)
            if len(rest) > max_bytes:
                # csv.reader refuses the rest of an endless line piece by piece
                yield rest
                rest = b""
        if rest:
            yield rest
