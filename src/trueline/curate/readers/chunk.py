r"""What a reader hands over: chunks of raw input, each small, each with its place in the input.

A reader is anything with `chunks()`. One that takes JSON lines from a message queue:

    class QueueReader:
        def __init__(self, consumer, batch=500):
            self.consumer, self.batch = consumer, batch

        def chunks(self):
            while messages := self.consumer.poll(self.batch):     # [] ends the run
                lines = b"\n".join(message.value for message in messages)
                yield Chunk("jsonl", "queue:orders", messages[0].offset, lines)

    curate("recipe.yaml", reader=QueueReader(consumer), out="curated")

Chunks are stored by the digest of their bytes: a queue that delivers a chunk twice, before
and after a crash, costs nothing the second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import xxhash

#: Raw bytes of a chunk, about 400,000 characters: large enough that per-batch costs vanish,
#: small enough that a run of any size stays within a few hundred megabytes.
CHUNK_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Fault:
    """A place of the input that cannot be read, and why.

    `line` counts from 1; 0 means the file as a whole. `message` holds no user text.
    """

    source: str
    line: int
    message: str

    def __str__(self) -> str:
        where = f"{self.source}, line {self.line}" if self.line else self.source
        return f"{where}: {self.message}"


@dataclass(frozen=True, slots=True)
class Piece:
    """One whole file inside a chunk that holds several: its name and its bytes' length."""

    source: str
    size: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of records of one format, still unparsed.

    Args:
        format: whose parser reads `data`: `jsonl`, `csv`, `tsv`, `txt`, `html`, `arrow`.
        source: the file's name, or any other name for where the records come from.
        line: number of the first line or row, from 1.
        data: the records' bytes.
        header: field names of a csv or tsv file.
        pieces: the files in `data` when a chunk holds whole small files.
        faults: places around these records that cannot be read at all.
        spent: bytes of the input file that this chunk used up, for the progress bar.
        key: digest to use instead of one over `data`.
    """

    format: str
    source: str
    line: int
    data: bytes = b""
    header: tuple[str, ...] = ()
    pieces: tuple[Piece, ...] = ()
    faults: tuple[Fault, ...] = ()
    spent: int = 0
    key: str = ""

    @property
    def digest(self) -> str:
        """128 bits over everything that the parsed documents and their faults depend on."""
        state = xxhash.xxh3_128(self.key.encode() or self.data)
        named = (self.format, self.source, self.line, self.header, self.pieces, self.faults)
        state.update(repr(named).encode())
        return state.hexdigest()


@dataclass(slots=True)
class Records:
    """Parsed documents of a chunk, column by column, and the records that are none.

    `columns` are the fields beside id and text; absent values are None.
    """

    ids: list[str] = field(default_factory=list[str])
    texts: list[str] = field(default_factory=list[str])
    sources: list[str] = field(default_factory=list[str])
    lines: list[int] = field(default_factory=list[int])
    columns: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    faults: list[Fault] = field(default_factory=list[Fault])

    def add(self, identifier: str, text: str, source: str, line: int) -> None:
        self.ids.append(identifier)
        self.texts.append(text)
        self.sources.append(source)
        self.lines.append(line)


@dataclass(frozen=True, slots=True)
class Fields:
    """Which field is what.

    Args:
        text: name of the field that holds the text.
        identifier: name of the id field; None numbers the records `file:line`.
        numbers_missing: number a record that has no such field, too.
        keep: names of further fields to keep as columns; None keeps all of them.
        encoding: of txt and csv files.
        txt_document: `file` or `line`, what one document of a txt file is.
        max_bytes: the longest record; a longer one is a fault.
    """

    text: str = "text"
    identifier: str | None = "id"
    numbers_missing: bool = False
    keep: tuple[str, ...] | None = None
    encoding: str = "utf-8"
    txt_document: str = "file"
    max_bytes: int = 16_000_000


class Reader(Protocol):
    """The whole contract of an input: yield chunks, in an order that does not change."""

    def chunks(self) -> Iterator[Chunk]: ...


def record_id(value: object, names: Sequence[str], name: str) -> tuple[str, str]:
    """`(id, "")`, or `("", what is wrong)` for a value that cannot be an id."""
    if isinstance(value, str) and value:
        return value, ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value), ""
    if value is None and name not in names:
        return "", missing_field(name, names, "id_field")
    return "", f"field {name}: expected a string or a whole number as id, got {kind_of(value)}"


def missing_field(name: str, names: Sequence[str], setting: str) -> str:
    """The message for a record without a field that the recipe names."""
    shown = ", ".join(str(known)[:40] for known in list(names)[:12]) or "none"
    hint = " (id_field: null numbers the records)" if setting == "id_field" else ""
    return f"field {name} is missing. Fields here: {shown}. Set {setting} in the recipe{hint}"


def kind_of(value: object) -> str:
    """What a value is, in words a user of JSON knows."""
    if value is None:
        return "null"
    if value == "":
        return "an empty string"
    names: dict[type, str] = {
        dict: "an object", list: "a list", str: "a string", bool: "true or false"
    }  # fmt: skip
    return names.get(type(value), "a number")
