"""How documents went through the steps, and why some of them went: counts from the ledger."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from trueline.curate.reporting.charts import Bar, bar
from trueline.curate.reporting.run_record import RunRecord

LANGUAGES = ("zh", "en", "other")
_Z = 1.959964  # 97.5 % quantile of the normal distribution


@dataclass(frozen=True, slots=True)
class Stage:
    """One line of the waterfall: how many documents a step took or brought, and the rest."""

    name: str
    dropped: int
    added: int
    left: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """Documents of one language that a reason took; `share` is of that language's documents."""

    count: int
    share: float | None


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """A step and reason with its count in each language, in the order of `Reasons.languages`."""

    step: str
    reason: str
    total: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why documents were dropped, by language."""

    languages: tuple[str, ...]
    read: tuple[int, ...]
    rows: tuple[ReasonRow, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """A share of documents with its 95 % Wilson interval."""

    name: str
    count: int
    whole: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share itself, 0 when there is nothing to take a share of."""
        return self.count / self.whole if self.whole else 0.0


def waterfall(record: RunRecord) -> tuple[Stage, ...]:
    """From the documents read, step by step, to the documents written."""
    ledger = record.ledger
    read = len(record.read)
    faults = len(ledger.filter(pl.col("state") == "fault"))
    dropped = _counts(ledger.filter(pl.col("state") == "dropped"), "step")
    made = ledger.filter(pl.col("parent").fill_null("") != "")
    # A document's first change names the step that made it, also when it was dropped later.
    maker = pl.col("changes").list.first().str.splitn(": ", 2).struct.field("field_0")
    added = _counts(made.with_columns(pl.coalesce(maker, "step").alias("step")), "step")
    names = _ordered(record.run, [*dropped, *added])
    top = max(read, read - faults + sum(added.values()))
    stages = [Stage("read", 0, 0, read, (bar(0, read, top, "kept"),))]
    left = read
    if faults:
        left -= faults
        unreadable = (bar(0, left, top, "rest"), bar(left, left + faults, top, "fault"))
        stages.append(Stage("fault", faults, 0, left, unreadable))
    for name in names:
        gone, come = dropped.get(name, 0), added.get(name, 0)
        if not gone and not come:
            continue
        rest = left - gone
        bars = (
            bar(0, rest, top, "rest"),
            bar(rest, left, top, "dropped"),
            bar(rest, rest + come, top, "added"),
        )
        left = rest + come
        stages.append(Stage(name, gone, come, left, tuple(b for b in bars if b.width)))
    stages.append(Stage("written", 0, 0, left, (bar(0, left, top, "kept"),)))
    return tuple(stages)


def reasons(record: RunRecord) -> Reasons:
    """Every step and reason that dropped documents, most frequent first."""
    ledger = _with_language(record.ledger)
    read = _counts(_with_language(record.read), "language")
    languages = tuple(name for name in (*LANGUAGES, "unknown") if read.get(name))
    dropped = ledger.filter(pl.col("state") == "dropped")
    table = dropped.group_by("step", "reason", "language").len()
    grouped: dict[tuple[str, str], dict[str, int]] = {}
    for step, reason, language, count in table.rows():
        grouped.setdefault((step or "", reason or ""), {})[language] = count
    rows = [
        ReasonRow(
            step,
            reason,
            sum(by.values()),
            tuple(_cell(by.get(name, 0), read[name], name) for name in languages),
        )
        for (step, reason), by in grouped.items()
    ]
    rows.sort(key=lambda row: (-row.total, row.step, row.reason))
    return Reasons(languages, tuple(read[name] for name in languages), tuple(rows))


def quality_shares(record: RunRecord) -> tuple[Share, ...]:
    """Share of each language's documents that the quality rules dropped."""
    ledger = _with_language(record.read)
    read = _counts(ledger, "language")
    by_quality = pl.col("step").str.contains("quality") & (pl.col("state") == "dropped")
    gone = _counts(ledger.filter(by_quality), "language")
    return tuple(
        share(name, gone.get(name, 0), read[name])
        for name in (*LANGUAGES, "unknown")
        if read.get(name)
    )


def share(name: str, count: int, whole: int) -> Share:
    """A share with its interval.

    Reference: Wilson (1927), Probable inference, the law of succession.
    """
    if whole == 0:
        return Share(name, 0, 0, 0.0, 1.0)
    p, z2 = count / whole, _Z * _Z
    middle = (p + z2 / (2 * whole)) / (1 + z2 / whole)
    half = _Z / (1 + z2 / whole) * math.sqrt(p * (1 - p) / whole + z2 / (4 * whole * whole))
    low = 0.0 if count == 0 else max(0.0, middle - half)
    return Share(name, count, whole, low, 1.0 if count == whole else min(1.0, middle + half))


def step_names(run: Mapping[str, Any]) -> list[str]:
    """The steps of the recipe in order, as `run.json` lists them."""
    recipe = run.get("recipe")
    steps = recipe.get("steps") if isinstance(recipe, Mapping) else None
    if not isinstance(steps, Sequence) or isinstance(steps, str):
        return []
    return [str(step.get("step", "")) if isinstance(step, Mapping) else str(step) for step in steps]


def _ordered(run: Mapping[str, Any], found: Sequence[str]) -> list[str]:
    known = list(dict.fromkeys(step_names(run)))
    return [*known, *sorted(name for name in set(found) if name not in known)]


def _counts(frame: pl.DataFrame, column: str) -> dict[str, int]:
    return {str(k or ""): n for k, n in frame.group_by(column).len().rows()}


def _cell(count: int, read: int, language: str) -> Cell:
    return Cell(count, count / read if language != "unknown" and read else None)


def _with_language(ledger: pl.DataFrame) -> pl.DataFrame:
    return ledger.with_columns(
        pl.when(pl.col("language").is_in(LANGUAGES))
        .then(pl.col("language"))
        .otherwise(pl.lit("unknown"))
        .alias("language")
    )
