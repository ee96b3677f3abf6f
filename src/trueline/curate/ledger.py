"""The ledger: one row for every record that came in and every document that was made.

Columns of `ledger.parquet`, in reading order of the documents:

| column | what |
| --- | --- |
| `id` | the document's id; `file:line` for a record that could not be read |
| `state` | `kept`, `changed`, `dropped`, `added` or `fault`: exactly one |
| `step` | the step that ended it; for `changed` the last that changed it; `read` for faults |
| `reason` | a fixed phrase, never text of the document |
| `value`, `threshold` | what was measured, and what it was held against |
| `partner` | id of the document kept in its place; of its parent for `added` |
| `similarity` | 0..1, to the partner |
| `policy_hash` | hash of the policy the run held it against |
| `source`, `line` | where it was read |
| `parent` | id of the document it was made from; empty for a record of the input |
| `changed_by` | the steps that changed its text, with commas |
| `changes` | `step: phrase` for each of them |
| `language` | `zh`, `en` or `other` where a step told it or the document was dropped; else empty |
| `characters` | length of its text when it came to its end; empty for what could not be read |
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from trueline.curate.executor import Outcome, PhaseRun
from trueline.curate.shards import (
    FATE_SCHEMA,
    MARK,
    OWN,
    Fate,
    ShardStore,
    fate_frame,
    parquet_bytes,
    write_atomic,
)

LEDGER = "ledger.parquet"
STATES = ("kept", "changed", "dropped", "added", "fault")
_LANGUAGE = f"{MARK}language"
_ALIVE = ("_row", "id", "_source", "_line", "_parent", "_changes", "_characters", _LANGUAGE)


@dataclass(frozen=True)
class Counts:
    """Numbers of records and documents by state; `inputs` is what was read."""

    inputs: int
    kept: int
    changed: int
    dropped: int
    added: int
    fault: int
    documents: int


class LedgerError(RuntimeError):
    """The ledger does not add up: a fault of this program, never of the input."""


def build_ledger(store: ShardStore, outcome: Outcome, policy_hash: str) -> pl.DataFrame:
    """The whole ledger, from the stored shards and the decisions between phases."""
    parts = [
        pl.concat([*_ended(store, outcome, batch), _alive(store, outcome.last, batch)]).sort("_row")
        for batch in range(len(outcome.last.keys))
    ]
    rows = pl.concat(parts) if parts else pl.DataFrame(schema=FATE_SCHEMA)
    return rows.select(
        "id", state="_state", step="_step", reason="_reason", value="_value",
        threshold="_threshold", partner="_partner", similarity="_similarity",
        policy_hash=pl.lit(policy_hash), source="_source", line="_line", parent="_parent",
        changed_by=pl.col("_changes").str.replace_all(r"(?m): .*$", "").str.replace_all("\n", ", "),
        changes=pl.when(pl.col("_changes") == "").then(pl.lit([], dtype=pl.List(pl.String)))
        .otherwise(pl.col("_changes").str.split("\n")),
        language="_language", characters="_characters",
    )  # fmt: skip


def check_ledger(ledger: pl.DataFrame, outcome: Outcome, documents: int) -> Counts:
    """Hold the ledger against what was read and what was written.

    Args:
        ledger: all rows.
        outcome: the run; its first phase counted the records as they were read.
        documents: rows of the data set.

    Raises:
        LedgerError: a record is missing, or counted twice.
    """
    states = dict(ledger.group_by("state").len().iter_rows())
    inputs = sum(summary.records for summary in outcome.phases[0].summaries)
    made = sum(summary.added for run in outcome.phases for summary in run.summaries)
    from_input = ledger.filter(pl.col("parent") == "").height
    alive = sum(states.get(state, 0) for state in ("kept", "changed", "added"))
    if from_input != inputs or ledger.height != inputs + made or alive != documents:
        raise LedgerError(
            f"{inputs} records were read and {made} made, the ledger has {from_input} and "
            f"{ledger.height - from_input}; {documents} documents were written, the ledger has "
            f"{alive}"
        )
    if set(states) - set(STATES):
        raise LedgerError(f"unknown states {sorted(set(states) - set(STATES))}")
    return Counts(inputs, **{state: states.get(state, 0) for state in STATES}, documents=documents)


def commonest_faults(folder: Path, most: int = 3) -> list[str]:
    """The reasons for which most records could not be read, each with its first place."""
    faults = pl.scan_parquet(folder / LEDGER).filter(pl.col("state") == "fault")
    rows = (
        faults.group_by("reason")
        .agg(pl.len(), pl.col("source").first(), pl.col("line").first())
        .sort(["len", "reason"], descending=[True, False])
        .head(most)
        .collect()
    )
    return [
        f"{count:,} x {reason} (first: {source}{f', line {line}' if line else ''})"
        for reason, count, source, line in rows.iter_rows()
    ]


def write_ledger(folder: Path, ledger: pl.DataFrame) -> None:
    """Write `ledger.parquet` whole or not at all."""
    write_atomic(folder / LEDGER, parquet_bytes(ledger, 3, {}))


def _ended(store: ShardStore, outcome: Outcome, batch: int) -> Iterator[pl.DataFrame]:
    for run in outcome.phases:
        key, summary, verdict = run.keys[batch], run.summaries[batch], run.verdicts[batch]
        if summary.records + summary.added > summary.alive:
            frame = store.frame(key, OWN)
            yield frame.filter(pl.col("_state") != "").select(OWN)
        if verdict.endings:
            frame = store.alive(key, _ALIVE)
            rows = frame[list(verdict.dropped)].iter_rows(named=True)
            yield fate_frame(
                [
                    Fate(row["_row"], row["id"], row["_source"], row["_line"], row["_parent"],
                         row["_changes"], ending.state, ending.step, ending.drop,
                         _text_or_none(row.get(_LANGUAGE)), row["_characters"])
                    for row, ending in zip(rows, (verdict.endings[at] for at in verdict.dropped),
                                           strict=True)
                ]
            )  # fmt: skip


def _alive(store: ShardStore, run: PhaseRun, batch: int) -> pl.DataFrame:
    frame = store.survivors(run.keys[batch], run.verdicts[batch].dropped, None, _ALIVE)
    added = pl.col("_parent") != ""
    changed = pl.col("_changes") != ""
    phrase = pl.when(added).then(pl.col("_changes").str.extract("^([^\n]*)"))
    last = phrase.otherwise(pl.col("_changes").str.extract("([^\n]*)$")).str.splitn(": ", 2)
    state = pl.when(added).then(pl.lit("added")).when(changed).then(pl.lit("changed"))
    none = pl.lit(None, dtype=pl.String)
    empty: dict[str, Any] = {
        name: pl.lit(None, dtype=FATE_SCHEMA[name])
        for name in ("_value", "_threshold", "_similarity")
    }
    return frame.with_columns(
        _state=state.otherwise(pl.lit("kept")),
        _step=last.struct.field("field_0").fill_null(""),
        _reason=last.struct.field("field_1").fill_null(""),
        _partner=pl.col("_parent"),
        _language=pl.col(_LANGUAGE).cast(pl.String) if _LANGUAGE in frame.columns else none,
        **empty,
    ).select(OWN)


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None
