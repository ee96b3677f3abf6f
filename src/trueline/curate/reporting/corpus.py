"""What the documents are: languages, sources, lengths, splits, personal data, policy scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from trueline.curate.reporting.charts import Bar, Columns, bar, columns
from trueline.curate.reporting.run_record import RunRecord

# Rows of a list before the rest is summed up.
LISTED = 12
_SCORE_BINS = 20


@dataclass(frozen=True, slots=True)
class CountRow:
    """A name with two counts, before and after, and their bars on one scale."""

    name: str
    before: int
    after: int
    bars: tuple[Bar, Bar]


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """Scores of one policy category over the documents written."""

    category: str
    documents: int
    above: int
    columns: Columns


@dataclass(frozen=True, slots=True)
class Leak:
    """Clusters and augmented copies that were looked at, and those torn over several splits.

    A cluster counts when it has two documents or more, where near duplicates were kept.
    """

    clusters: int
    across: int
    copies: int
    copies_apart: int


def languages(record: RunRecord) -> tuple[CountRow, ...]:
    """Documents by language: read, and kept of these (copies that steps made are left out)."""
    return _before_after(record, "language")


def sources(record: RunRecord) -> tuple[CountRow, ...]:
    """Documents by the file they came from: read, and kept of these."""
    return _before_after(record, "source")


def splits(record: RunRecord) -> tuple[CountRow, ...]:
    """Documents written by part: train, dev, test."""
    if "split" not in record.documents.columns:
        return ()
    counts = _counts(record.documents, "split")
    order = {name: at for at, name in enumerate(("train", "dev", "test"))}
    rows = sorted(counts.items(), key=lambda row: (order.get(row[0], 9), row[0]))
    top = max(counts.values(), default=0)
    return tuple(
        CountRow(name, n, n, (bar(0, 0, top, "before"), bar(0, n, top, "after")))
        for name, n in rows
    )


def leak(record: RunRecord) -> Leak | None:
    """Whether a cluster of near duplicates, or a copy and its parent, were torn apart."""
    documents = record.documents
    if "split" not in documents.columns:
        return None
    clusters = across = copies = apart = 0
    if "cluster" in documents.columns:
        read = _read_from_input(documents)
        members = read.filter(pl.col("cluster").cast(pl.String).fill_null("") != "")
        parts = members.group_by("cluster").agg(pl.len().alias("size"), pl.col("split").n_unique())
        clusters = len(parts.filter(pl.col("size") > 1))
        across = len(parts.filter(pl.col("split") > 1))
    if "parent" in documents.columns:
        made = documents.filter(pl.col("parent").fill_null("") != "").select("parent", "split")
        parents = documents.select(pl.col("id").alias("parent"), pl.col("split").alias("_of"))
        joined = made.join(parents, on="parent", how="left")
        copies, apart = len(made), len(joined.filter(pl.col("split") != pl.col("_of")))
    return Leak(clusters, across, copies, apart)


def lengths(record: RunRecord) -> tuple[Columns, bool]:
    """Documents by length in characters, doubling bins; and whether lengths read are known."""
    after = _read_from_input(record.documents)["characters"].drop_nulls().to_list()
    known = record.has("characters")
    before = record.read["characters"].drop_nulls().to_list() if known else []
    last = max((_octave(n) for n in (*before, *after)), default=0)
    series = [_octaves(before, last)] if known else []
    labels = ["0" if at == 0 else f"{2 ** (at - 1):,}" for at in range(last + 1)]
    return columns([*series, _octaves(after, last)], labels), known


def pii_labels(record: RunRecord) -> tuple[CountRow, ...]:
    """Documents written in which personal data was found, by kind."""
    counts = _pii_counts(record)
    top = max(counts.values(), default=0)
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    return tuple(
        CountRow(name, n, n, (bar(0, 0, top, "before"), bar(0, n, top, "pii"))) for name, n in rows
    )


def policy_scores(record: RunRecord) -> tuple[ScoreRow, ...]:
    """The scores of every category the run measured, highest share first."""
    rows: list[ScoreRow] = []
    for name in record.documents.columns:
        values = record.documents[name]
        if not name.startswith("policy_") or not values.dtype.is_float():
            continue
        scores = values.drop_nulls()
        places = (scores * _SCORE_BINS).floor().clip(0, _SCORE_BINS - 1).cast(pl.Int32)
        bins = [0] * _SCORE_BINS
        for at, count in places.value_counts().rows():
            bins[at] = count
        # Nearly all documents score near zero: the logarithm lets the few others show.
        logs = [round(math.log10(1 + n), 4) for n in bins]
        top = max(logs, default=0.0) or 1.0
        heights = tuple((round(100 * value / top, 3),) for value in logs)
        labels = tuple(f"{at / _SCORE_BINS:.2f}" for at in range(_SCORE_BINS))
        shape = Columns(top, heights, tuple((n,) for n in bins), labels)
        above = int((scores >= 0.5).sum())
        rows.append(ScoreRow(name.removeprefix("policy_"), len(scores), above, shape))
    return tuple(sorted(rows, key=lambda row: (-row.above, row.category)))


def _before_after(record: RunRecord, column: str) -> tuple[CountRow, ...]:
    before = _counts(record.read, column)
    after = _counts(record.read.filter(pl.col("state").is_in(("kept", "changed"))), column)
    if set(before) == {""}:
        return ()
    names = sorted(before | after, key=lambda name: (-before.get(name, 0), name))
    top = max([*before.values(), *after.values()], default=0)
    shown = [(name, before.get(name, 0), after.get(name, 0)) for name in names[:LISTED]]
    rest = names[LISTED:]
    if rest:
        sums = (sum(before.get(n, 0) for n in rest), sum(after.get(n, 0) for n in rest))
        shown.append((f"… +{len(rest)}", *sums))
        top = max(top, *sums)
    return tuple(
        CountRow(name, was, now, (bar(0, was, top, "before"), bar(0, now, top, "after")))
        for name, was, now in shown
    )


def _counts(frame: pl.DataFrame, column: str) -> dict[str, int]:
    return {str(k) if k is not None else "": n for k, n in frame.group_by(column).len().rows()}


def _read_from_input(documents: pl.DataFrame) -> pl.DataFrame:
    """The documents without copies that steps made."""
    if "parent" not in documents.columns:
        return documents
    return documents.filter(pl.col("parent").fill_null("") == "")


def _octave(length: int) -> int:
    """0 for nothing, 1 for one character, 2 for two and three, 3 for four to seven, ..."""
    return int(length).bit_length()


def _octaves(found: Sequence[int], last: int) -> list[int]:
    bins = [0] * (last + 1)
    for length in found:
        bins[_octave(length)] += 1
    return bins


def _pii_counts(record: RunRecord) -> dict[str, int]:
    """Documents read from the input and written in which a kind was found."""
    documents = _read_from_input(record.documents)
    if not isinstance(documents.schema.get("pii_labels"), pl.List):
        return {}
    labels = documents["pii_labels"].explode().drop_nulls()
    return {str(label): count for label, count in labels.value_counts().rows()}
