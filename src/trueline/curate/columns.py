"""Columns between Python lists and polars, with the same type for the same values.

>>> stored("n", [1, None]).series.dtype
Int64
>>> stored("spans", [[[0, 2, "city"]], None]).is_json
True
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from trueline.curate.batch import Column

_PLAIN: dict[frozenset[type], Any] = {
    frozenset(): pl.Null,
    frozenset({str}): pl.String,
    frozenset({bool}): pl.Boolean,
    frozenset({int}): pl.Int64,
    frozenset({float}): pl.Float64,
    frozenset({int, float}): pl.Float64,
    frozenset({bytes}): pl.Binary,
}


_BETWEEN = "\x1f"  # the unit separator of ASCII


@dataclass(frozen=True, slots=True)
class Stored:
    """A polars column; `is_json` when its strings hold nested values as JSON."""

    series: pl.Series
    is_json: bool = False


def stored(name: str, values: Column | NDArray[Any]) -> Stored:
    """A column ready to be written.

    Numbers become Int64 or Float64, strings String, fixed-width numpy rows Binary, lists of
    strings or of numbers List; whatever else is nested becomes JSON text.
    """
    if isinstance(values, np.ndarray):
        if values.ndim > 1:
            return Stored(pl.Series(name, [row.tobytes() for row in values], dtype=pl.Binary))
        return stored(name, values.tolist())
    types = _types(values)
    if any(issubclass(kind, np.generic) for kind in types):
        values = [value.item() if isinstance(value, np.generic) else value for value in values]
        types = _types(values)
    dtype = _PLAIN.get(types)
    if dtype is not None:
        try:
            return Stored(pl.Series(name, values, dtype=dtype))
        except (OverflowError, TypeError, pl.exceptions.PolarsError):  # an integer beyond 64 bits
            return Stored(pl.Series(name, [_text(value) for value in values], dtype=pl.String))
    if types <= {list, tuple}:
        inner = _types([item for value in values if value for item in value])
        within = _PLAIN.get(inner)
        if within in (pl.String, pl.Null):
            return Stored(_string_lists(name, values))
        if within in (pl.Int64, pl.Float64):
            rows = [None if value is None else list(value) for value in values]
            return Stored(pl.Series(name, rows, dtype=pl.List(within)))
    return Stored(
        pl.Series(name, [_text(value) for value in values], dtype=pl.String), is_json=True
    )


def loaded(series: pl.Series, is_json: bool) -> list[Any]:
    """The values that `stored` was given, as a list."""
    values = series.to_list()
    if is_json:
        return [None if value is None else orjson.loads(value) for value in values]
    return values


def gathered(parts: Sequence[pl.Series]) -> Column:
    """One column over all documents: fixed-width bytes as uint8 [documents, width], else a list."""
    count = sum(len(part) for part in parts)
    table: np.ndarray[Any, Any] | None = None
    at = 0
    if count and all(part.dtype == pl.Binary for part in parts):
        for part in parts:  # one part at a time: a sketch is half a kilobyte a document
            values = part.to_list()
            if not values:
                continue
            if table is None and values[0]:
                table = np.empty((count, len(values[0])), dtype=np.uint8)
            if table is None or any(len(value) != table.shape[1] for value in values):
                break
            joined = np.frombuffer(b"".join(values), dtype=np.uint8)
            table[at : at + len(values)] = joined.reshape(len(values), -1)
            at += len(values)
        else:
            return table  # type: ignore[return-value]
    return [value for part in parts for value in part.to_list()]


def common_type(types: Sequence[Any]) -> Any:
    """The type that holds every value of a column whose batches were told apart.

    >>> common_type([pl.Int64, pl.Null, pl.Float64])
    Float64
    """
    seen = {kind for kind in types if kind != pl.Null}
    if not seen:
        return pl.String
    if len(seen) == 1:
        return next(iter(seen))
    if all(kind.is_numeric() for kind in seen):
        return pl.Float64 if any(kind.is_float() for kind in seen) else pl.Int64
    return pl.String


def cast(series: pl.Series, dtype: Any) -> pl.Series:
    """`series` as `dtype`; lists that must become text become JSON."""
    if series.dtype == dtype:
        return series
    if dtype == pl.String and series.dtype.is_nested():
        values = [None if value is None else _text(value) for value in series.to_list()]
        return pl.Series(series.name, values, dtype=pl.String)
    return series.cast(dtype)


def _string_lists(name: str, values: Sequence[Any]) -> pl.Series:
    # Splitting one joined string a row is far faster than handing lists over one by one.
    joined = [None if value is None else _BETWEEN.join(value) for value in values]
    series = pl.Series(name, joined, dtype=pl.String)
    empty = pl.lit([], dtype=pl.List(pl.String))
    split = pl.when(series == "").then(empty).otherwise(series.str.split(_BETWEEN))
    lists = pl.select(split.alias(name))[name]
    if int(lists.list.len().sum() or 0) == sum(len(value) for value in values if value):
        return lists
    rows = [None if value is None else list(value) for value in values]  # a mark, or [""]
    return pl.Series(name, rows, dtype=pl.List(pl.String))


def _types(values: Sequence[Any]) -> frozenset[type]:
    return frozenset(map(type, values)) - {type(None)}


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    option = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(value, option=option).decode()
