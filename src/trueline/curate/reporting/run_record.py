"""What a run left in its folder: the ledger, the documents' columns, and `run.json`.

Nothing else is read, and texts only as far as their lengths go. What a run did not measure is
absent here, and the pages say so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from trueline.core.errors import InputError

#: Columns every ledger has, with the types they are read as.
LEDGER: dict[str, Any] = {
    "id": pl.String,
    "state": pl.String,
    "step": pl.String,
    "reason": pl.String,
    "value": pl.Float64,
    "threshold": pl.Float64,
    "partner": pl.String,
    "similarity": pl.Float64,
    "policy_hash": pl.String,
    "source": pl.String,
    "line": pl.Int64,
    "parent": pl.String,
    "changes": pl.List(pl.String),
    "language": pl.String,
    "characters": pl.Int64,
}
# Columns of the data that figures are made of, beside the scores `policy_*`.
_USED = frozenset({"id", "language", "split", "cluster", "parent", "pii_labels"})
STATES: tuple[str, ...] = ("kept", "changed", "dropped", "added", "fault")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run's ledger and the small columns of its documents.

    `documents` has the columns that figures are made of, and `characters`, the text's length;
    `columns` names every column of the data. `run` is what `run.json` holds; empty when there
    is none.
    """

    folder: Path
    ledger: pl.DataFrame
    documents: pl.DataFrame
    columns: tuple[str, ...]
    run: Mapping[str, Any]

    def states(self) -> dict[str, int]:
        """How many documents ended in each state."""
        counts: dict[str, int] = dict.fromkeys(STATES, 0)
        counts.update(dict(self.ledger["state"].value_counts().rows()))
        return counts

    @property
    def read(self) -> pl.DataFrame:
        """The ledger's rows of the input: everything but documents made by steps."""
        return self.ledger.filter(pl.col("parent").fill_null("") == "")

    def has(self, column: str) -> bool:
        """Whether the ledger says something in this column."""
        return self.ledger[column].null_count() < len(self.ledger)


def read_run(folder: Path) -> RunRecord:
    """Read a run folder.

    Raises:
        InputError: there is no ledger, or one of the files cannot be read.
    """
    path = folder / "ledger.parquet"
    if not path.exists():
        raise InputError(
            f"{path} does not exist: {folder} is not the folder of a finished run\n"
            f"  make one: trueline curate RECIPE.yaml --out {folder}"
        )
    try:
        ledger = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(path, error) from None
    documents, columns = _documents(folder)
    return RunRecord(folder, _complete(ledger, documents), documents, columns, _run_json(folder))


def _complete(ledger: pl.DataFrame, documents: pl.DataFrame) -> pl.DataFrame:
    """The ledger with every known column; what the data tells of kept documents filled in."""
    columns = [
        (
            pl.col(name).cast(kind, strict=False) if name in ledger.columns else pl.lit(None, kind)
        ).alias(name)
        for name, kind in LEDGER.items()
    ]
    ledger = ledger.with_columns(columns)
    known = [name for name in ("language",) if name in documents.columns]
    if not known or ledger["language"].null_count() == 0:
        return ledger
    told = documents.select("id", pl.col("language").alias("_language")).unique("id")
    joined = ledger.join(told, on="id", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("language", "_language").alias("language")).drop(
        "_language"
    )


def data_files(run_folder: Path) -> list[Path]:
    """The data set's files, in order: parquet, or jsonl where the recipe says so."""
    folder = run_folder / "data"
    return sorted(p for p in folder.glob("*") if p.suffix in {".parquet", ".jsonl"})


def scan_data(path: Path) -> pl.LazyFrame:
    """One data file, read as far as it is looked at."""
    if path.suffix == ".jsonl":
        return pl.scan_ndjson(path, infer_schema_length=None)
    return pl.scan_parquet(path)


def _documents(folder: Path) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The columns in use of all data files, and the names of all columns."""
    frames: list[pl.DataFrame] = []
    columns: dict[str, None] = {}
    for path in data_files(folder):
        try:
            scan = scan_data(path)
            schema = scan.collect_schema()
            columns.update(dict.fromkeys(schema.names()))
            length = [pl.col("text").str.len_chars().alias("characters")] * ("text" in schema)
            used = [name for name, kind in schema.items() if _is_used(name, kind)]
            frames.append(scan.select([*used, *length]).collect())
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _unreadable(path, error) from None
    if not frames:
        return pl.DataFrame(schema={"id": pl.String, "characters": pl.UInt32}), ()
    return pl.concat(frames, how="diagonal_relaxed"), tuple(columns)


def _is_used(name: str, kind: pl.DataType) -> bool:
    return name in _USED or (name.startswith("policy_") and kind.is_float())


def _run_json(folder: Path) -> dict[str, Any]:
    path = folder / "run.json"
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, OSError) as error:
        raise _unreadable(path, error) from None
    return found if isinstance(found, dict) else {}


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path} cannot be read: {type(error).__name__}\n"
        "  run `trueline curate` again; it rewrites what is broken"
    )
