"""Shards: what a batch of documents is after one phase, as one parquet file named by its content.

The name is a hash of everything the file comes from, so a file that exists is right: a run
that was killed goes on from the files it left, and two runs never disagree. A shard has one row
for every record of its chunk: those still on their way, with `_state` empty, and those that
have come to an end in this phase, with the reason. Texts that a phase did not change are not
written again; `text_key` names the shard that holds them.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl

from trueline.core.errors import InputError
from trueline.curate.batch import Drop
from trueline.curate.columns import loaded, stored

#: Columns of the reader and of steps are stored behind this mark, apart from our own.
MARK = "c:"
FATE_SCHEMA: dict[str, Any] = {
    "_row": pl.UInt32, "id": pl.String, "_source": pl.String, "_line": pl.Int64,
    "_parent": pl.String, "_changes": pl.String, "_state": pl.String,
    "_step": pl.String, "_reason": pl.String, "_value": pl.Float64, "_threshold": pl.Float64,
    "_partner": pl.String, "_similarity": pl.Float64, "_language": pl.String,
    "_characters": pl.UInt32,
}  # fmt: skip
OWN = tuple(FATE_SCHEMA)
_METADATA = "trueline"


@dataclass(frozen=True, slots=True)
class Fate:
    """The end of one record: `state` is `dropped` or `fault`."""

    row: int
    identifier: str
    source: str
    line: int
    parent: str
    changes: str
    state: str
    step: str
    drop: Drop
    language: str | None = None
    characters: int | None = None


@dataclass(slots=True)
class Documents:
    """A batch on its way through a phase; lists run in parallel, `rows` ascend.

    `parents` holds the id of the document that an added one was made from, else `""`;
    `changes` holds `step: phrase` for every step that changed the text, a line each.
    """

    rows: list[int] = field(default_factory=list[int])
    ids: list[str] = field(default_factory=list[str])
    texts: list[str] = field(default_factory=list[str])
    sources: list[str] = field(default_factory=list[str])
    lines: list[int] = field(default_factory=list[int])
    parents: list[str] = field(default_factory=list[str])
    changes: list[str] = field(default_factory=list[str])
    columns: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    fates: list[Fate] = field(default_factory=list[Fate])
    next_row: int = 0
    text_key: str = ""
    texts_changed: bool = True

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run must know of a shard without reading it; stored in the file's metadata.

    Args:
        records: records that came into the phase.
        alive: documents that go on.
        added: documents made in this phase.
        faults: records that could not be read.
        text_bytes: UTF-8 bytes of the texts that go on.
        next_row: rows given out so far in this shard.
        text_key: the shard that holds the texts.
        json_columns: columns that hold JSON.
    """

    records: int
    alive: int
    added: int
    faults: int
    text_bytes: int
    next_row: int
    text_key: str
    json_columns: tuple[str, ...] = ()


NOTHING = Summary(0, 0, 0, 0, 0, 0, "")


@dataclass(frozen=True, slots=True)
class ShardStore:
    """The folder of shards."""

    folder: Path

    def path(self, key: str) -> Path:
        return self.folder / f"{key}.parquet"

    def has(self, key: str) -> bool:
        return self.path(key).exists()

    def save(self, key: str, documents: Documents, records: int, added: int) -> Summary:
        """Write a shard whole or not at all."""
        frame, json_columns = _frame(documents)
        text = pl.Series("text", documents.texts, dtype=pl.String)
        summary = Summary(
            records=records, alive=len(documents), added=added,
            faults=sum(fate.state == "fault" for fate in documents.fates),
            text_bytes=int(text.str.len_bytes().sum()), next_row=documents.next_row,
            text_key=key if documents.texts_changed else documents.text_key,
            json_columns=tuple(json_columns),
        )  # fmt: skip
        if documents.texts_changed:
            frame.insert_column(2, text)
        fates = fate_frame(documents.fates)
        if fates.height:
            frame = pl.concat([frame, fates], how="diagonal")
        body = parquet_bytes(frame, 1, {_METADATA: orjson.dumps(asdict(summary)).decode()})
        write_atomic(self.path(key), body)
        return summary

    def summary(self, key: str) -> Summary:
        """The stored summary; a file that cannot be read is removed, to be made again."""
        path = self.path(key)
        try:
            values = orjson.loads(pl.read_parquet_metadata(path)[_METADATA])
        except (pl.exceptions.PolarsError, KeyError, ValueError, OSError) as error:
            raise InputError(
                f"cannot read {path}, a stored batch of an earlier run. Delete it and run the "
                "same command again"
            ) from error
        values["json_columns"] = tuple(values["json_columns"])
        return Summary(**values)

    def frame(self, key: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """A shard's rows; `columns` that it lacks are left out."""
        path = self.path(key)
        if columns is not None:
            known = pl.read_parquet_schema(path)
            columns = [name for name in columns if name in known]
        return pl.read_parquet(path, columns=columns, glob=False)

    def alive(self, key: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The rows of documents that go on, in order."""
        wanted = None if columns is None else [*columns, "_state"]
        frame = self.frame(key, wanted)
        return frame.filter(pl.col("_state") == "").drop("_state")

    def with_text(self, frame: pl.DataFrame, summary: Summary) -> pl.DataFrame:
        """`frame` with its texts, from whichever shard holds them."""
        if "text" in frame.columns:
            return frame
        texts = self.alive(summary.text_key, ["_row", "text"])
        return frame.join(texts, on="_row", how="left", maintain_order="left")

    def survivors(
        self,
        key: str,
        dropped: Sequence[int],
        decided: pl.DataFrame | None,
        columns: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """The rows that go on after a set step, with the columns it added."""
        frame = self.alive(key, columns)
        if decided is not None and decided.width:
            taken = [name for name in decided.columns if name in frame.columns]
            frame = frame.drop(taken).hstack(decided)
        if len(dropped):
            keep = np.ones(frame.height, dtype=bool)
            keep[list(dropped)] = False
            frame = frame.filter(keep)
        return frame

    def load(
        self,
        key: str,
        dropped: Sequence[int],
        decided: pl.DataFrame | None,
        needed: frozenset[str],
    ) -> Documents:
        """Documents as the next phase takes them up.

        Args:
            key: the shard.
            dropped: positions among its documents that a set step dropped.
            decided: columns that a set step added, one row per document.
            needed: columns of bytes (digests, sketches) that a later set step reads; the
                others have served.
        """
        summary = self.summary(key)
        frame = self.survivors(key, dropped, decided)
        frame = self.with_text(frame, summary)
        columns = {
            name.removeprefix(MARK): loaded(frame[name], name in summary.json_columns)
            for name in frame.columns
            if name.startswith(MARK)
            and (frame.schema[name] != pl.Binary or name.removeprefix(MARK) in needed)
        }
        return Documents(
            rows=frame["_row"].to_list(), ids=frame["id"].to_list(),
            texts=frame["text"].to_list(), sources=frame["_source"].to_list(),
            lines=frame["_line"].to_list(), parents=frame["_parent"].to_list(),
            changes=frame["_changes"].to_list(), columns=columns, next_row=summary.next_row,
            text_key=summary.text_key, texts_changed=False,
        )  # fmt: skip


def fate_frame(fates: Sequence[Fate]) -> pl.DataFrame:
    """Fates as rows of FATE_SCHEMA."""
    return pl.DataFrame(
        [
            (
                fate.row, fate.identifier, fate.source, fate.line, fate.parent,
                fate.changes, fate.state, fate.step, fate.drop.reason, fate.drop.value,
                fate.drop.threshold, fate.drop.partner, fate.drop.similarity, fate.language,
                fate.characters,
            )
            for fate in fates
        ],
        schema=FATE_SCHEMA,
        orient="row",
    )  # fmt: skip


def parquet_bytes(frame: pl.DataFrame, level: int, metadata: dict[str, str]) -> bytes:
    """A frame as a parquet file, zstd-compressed; equal frames give equal bytes."""
    buffer = io.BytesIO()
    frame.write_parquet(
        buffer, compression="zstd", compression_level=level, statistics=False, metadata=metadata
    )
    return buffer.getvalue()


def write_atomic(path: Path, data: bytes) -> None:
    """Write `path` whole or not at all, even when the power goes.

    Raises:
        InputError: the disk is full or the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise InputError(
            f"cannot write {path}: {error.strerror or error}.\n"
            "  Finished batches are kept: mend this and run the same command again to go on."
        ) from error


def _frame(documents: Documents) -> tuple[pl.DataFrame, list[str]]:
    count = len(documents)
    columns = [
        pl.Series("_row", documents.rows, dtype=pl.UInt32),
        pl.Series("id", documents.ids, dtype=pl.String),
        pl.Series("_source", documents.sources, dtype=pl.String),
        pl.Series("_line", documents.lines, dtype=pl.Int64),
        pl.Series("_parent", documents.parents, dtype=pl.String),
        pl.Series("_changes", documents.changes, dtype=pl.String),
        pl.Series("_state", [""] * count, dtype=pl.String),
        pl.Series("_characters", list(map(len, documents.texts)), dtype=pl.UInt32),
    ]
    json_columns: list[str] = []
    for name, values in documents.columns.items():
        column = stored(MARK + name, values)
        columns.append(column.series)
        if column.is_json:
            json_columns.append(MARK + name)
    return pl.DataFrame(columns), json_columns
