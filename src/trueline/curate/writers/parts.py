"""One file of the data set, written from the shards it is made of.

A part's bytes come from its documents alone: not from the engine, the number of workers or
how often the run was broken off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from trueline.curate.columns import cast
from trueline.curate.shards import MARK, ShardStore, parquet_bytes, write_atomic
from trueline.curate.writers.jsonl import json_lines

#: Text bytes of one file: some 20 files for 300 MB, and each fits in memory with ease.
PART_BYTES = 16_000_000
PART_KEY = "trueline_part"


@dataclass(frozen=True)
class PartShard:
    """A shard of the last phase, and what the last set step said about its documents."""

    key: str
    dropped: tuple[int, ...] = ()
    decided: pl.DataFrame | None = None


@dataclass(frozen=True)
class Part:
    """A file to write.

    Args:
        path: where to.
        shards: what from, in order.
        schema: name and type of every column beside `id` and `text`.
        form: `parquet` or `jsonl`.
        level: zstd level of parquet.
    """

    path: Path
    shards: tuple[PartShard, ...]
    schema: tuple[tuple[str, Any], ...]
    form: str
    level: int


def write_part(store: ShardStore, part: Part, key: str) -> None:
    """Write the file whole or not at all; `key` is left in its metadata."""
    if part.form == "jsonl":
        pieces = [json_lines(_frame(store, shard, part.schema, False),
                             store.summary(shard.key).json_columns) for shard in part.shards]  # fmt: skip
        write_atomic(part.path, b"".join(pieces))
        return
    frames = [_frame(store, shard, part.schema, True) for shard in part.shards]
    if not frames:
        empty: dict[str, Any] = {"id": pl.String, "text": pl.String, **dict(part.schema)}
        frames = [pl.DataFrame(schema=empty)]
    frame = pl.concat(frames)
    write_atomic(part.path, parquet_bytes(frame, part.level, {PART_KEY: key}))


def part_key(path: Path) -> str:
    """The key that a written part was given, or `""`."""
    try:
        return pl.read_parquet_metadata(path).get(PART_KEY, "")
    except (pl.exceptions.PolarsError, OSError):
        return ""


def _frame(
    store: ShardStore, shard: PartShard, schema: Sequence[tuple[str, Any]], typed: bool
) -> pl.DataFrame:
    frame = store.survivors(shard.key, shard.dropped, shard.decided)
    frame = store.with_text(frame, store.summary(shard.key))
    columns = [frame["id"], frame["text"]]
    for name, dtype in schema:
        if MARK + name in frame.columns:
            column = frame[MARK + name].alias(name)
            columns.append(cast(column, dtype) if typed else column)
        elif typed:
            columns.append(pl.Series(name, [None] * frame.height, dtype=dtype))
    return pl.DataFrame(columns)
