"""Documents as JSON lines; nested columns as they came in."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import polars as pl

from trueline.curate.shards import MARK


def json_lines(frame: pl.DataFrame, json_columns: Sequence[str]) -> bytes:
    """One object a line; absent values are left out.

    Args:
        frame: documents.
        json_columns: stored names of columns whose strings hold JSON.
    """
    nested = {name.removeprefix(MARK) for name in json_columns}
    lines = [
        orjson.dumps(
            {
                name: orjson.Fragment(value) if name in nested else value
                for name, value in row.items()
                if value is not None
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for row in frame.iter_rows(named=True)
    ]
    return b"".join(lines)
