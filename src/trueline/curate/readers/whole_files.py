"""Texts and web pages: a whole file is one document, or each line of a txt file is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from trueline.curate.readers.byte_stream import read_whole
from trueline.curate.readers.chunk import CHUNK_BYTES, Chunk, Fault, Fields, Piece, Records

# https://html.spec.whatwg.org/#determining-the-character-encoding looks at 1024 bytes, too.
_CHARSET = re.compile(
    rb"""<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}["']?([A-Za-z0-9_-]{2,40})""", re.I
)
_PRESCAN_BYTES = 1024


def file_chunks(files: Sequence[tuple[Path, str]], form: str, fields: Fields) -> Iterator[Chunk]:
    """Chunks of whole files; small files share a chunk.

    Args:
        files: each file with its name for the ledger.
        form: `txt` or `html`.
        fields: how long a document may be.
    """
    pieces: list[Piece] = []
    data: list[bytes] = []
    faults: list[Fault] = []
    size = spent = 0
    for path, source in files:
        body, fault = read_whole(path, fields.max_bytes)
        spent += path.stat().st_size if path.exists() else 0
        if fault:
            faults.append(Fault(source, 0, fault))
        else:
            pieces.append(Piece(source, len(body)))
            data.append(body)
            size += len(body)
        if size >= CHUNK_BYTES:
            yield Chunk(form, pieces[0].source, 1, b"".join(data), pieces=tuple(pieces),
                        faults=tuple(faults), spent=spent)  # fmt: skip
            pieces, data, faults, size, spent = [], [], [], 0, 0
    if pieces or faults:
        source = pieces[0].source if pieces else faults[0].source
        yield Chunk(form, source, 1, b"".join(data), pieces=tuple(pieces), faults=tuple(faults),
                    spent=spent)  # fmt: skip


def parse_files(chunk: Chunk, fields: Fields) -> Records:
    """One document per file; its id is the file's name."""
    records = Records()
    at = 0
    for piece in chunk.pieces:
        body = chunk.data[at : at + piece.size]
        at += piece.size
        encoding = (
            page_encoding(body, fields.encoding) if chunk.format == "html" else fields.encoding
        )
        try:
            text = body.decode(encoding)
        except UnicodeDecodeError as error:
            line = body.count(b"\n", 0, error.start) + 1
            message = f"not valid {encoding.upper()} (byte {error.start + 1} of the file)"
            records.faults.append(
                Fault(piece.source, line, f"{message}; set `encoding` in the recipe")
            )
            continue
        records.add(piece.source, text.removeprefix("\ufeff"), piece.source, 1)
    return records


def parse_lines(chunk: Chunk, fields: Fields) -> Records:
    """One document per line; its id is `file:line`. Blank lines are no records."""
    records = Records()
    for number, line in enumerate(chunk.data.split(b"\n"), start=chunk.line):
        if not line or line.isspace():
            continue
        try:
            text = line.decode(fields.encoding)
        except UnicodeDecodeError as error:
            message = f"not valid {fields.encoding.upper()} (byte {error.start + 1} of the line)"
            records.faults.append(
                Fault(chunk.source, number, f"{message}; set `encoding` in the recipe")
            )
            continue
        text = text.removesuffix("\r").removeprefix("\ufeff" if number == 1 else "")
        records.add(f"{chunk.source}:{number}", text, chunk.source, number)
    return records


def page_encoding(body: bytes, default: str) -> str:
    """The encoding a web page names itself, when Python knows it; else `default`.

    >>> page_encoding(b'<meta charset="gb2312">', "utf-8")
    'gb18030'
    """
    found = _CHARSET.search(body[:_PRESCAN_BYTES])
    if found is None:
        return default
    name = found[1].decode("ascii").lower()
    if name in ("gb2312", "gbk", "gb_2312-80", "x-gbk"):
        return "gb18030"  # pages that say gb2312 use characters beyond it; this is a superset
    try:
        "a".encode(name)
    except (LookupError, UnicodeError):
        return default
    return name
