"""Near duplicates: how large the clusters are, how alike the pairs, and a few pairs of ids."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from trueline.curate.reporting.charts import Columns, columns
from trueline.curate.reporting.run_record import RunRecord

# Pairs shown: the least alike that were still taken for copies, where a mistake would be.
SHOWN = 8
_LOWEST = 50  # per cent: below this no near duplicate is ever reported


@dataclass(frozen=True, slots=True)
class Pair:
    """A dropped document and the one kept in its place; ids only, never text."""

    dropped: str
    kept: str
    similarity: float | None


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What the dedup steps found. Sizes count the kept document too."""

    exact: int
    near: int
    sizes: Columns
    similarities: Columns
    pairs: tuple[Pair, ...]


def duplicates(record: RunRecord) -> Duplicates | None:
    """The duplicates in the ledger: rows with a partner. None when there are none."""
    rows = record.ledger.filter(
        (pl.col("state") == "dropped") & (pl.col("partner").fill_null("") != "")
    )
    if rows.is_empty():
        return None
    near = rows.filter(pl.col("similarity").is_not_null() & (pl.col("similarity") < 1))
    sizes = rows.group_by("partner").len()["len"].to_list()
    return Duplicates(
        len(rows) - len(near), len(near), _sizes(sizes), _similarities(near), _pairs(near)
    )


def _sizes(sizes: list[int]) -> Columns:
    labels = ("2", "3", "4", "5-9", "10-99", "100+")
    tops = (2, 3, 4, 9, 99)
    bins = [0] * len(labels)
    for size in sizes:
        bins[sum(size + 1 > top for top in tops)] += 1
    return columns([bins], labels)


def _similarities(near: pl.DataFrame) -> Columns:
    bins = [0] * (100 - _LOWEST)
    for value in near["similarity"].to_list():
        bins[min(99, max(_LOWEST, int(value * 100))) - _LOWEST] += 1
    first = next((at for at, n in enumerate(bins) if n), 0)
    first -= first % 5
    return columns(
        [bins[first:]], [f"{(at + _LOWEST) / 100:.2f}" for at in range(first, len(bins))]
    )


def _pairs(near: pl.DataFrame) -> tuple[Pair, ...]:
    shown = near.sort("similarity", "id").head(SHOWN)
    return tuple(Pair(*row) for row in shown.select("id", "partner", "similarity").rows())
