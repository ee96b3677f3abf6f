"""What a run's own checks found: canaries, audit, privacy budget, times, origin.

It comes from `run.json`, `audit/bound.json` and `dp_ledger.jsonl`; a part that is absent or has another shape reads as not
measured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trueline.curate.reporting.charts import Bar, bar
from trueline.curate.reporting.run_record import RunRecord

# Inputs listed with their digests; `run.json` has them all.
_INPUTS = 20


@dataclass(frozen=True, slots=True)
class Residual:
    """The bound of the last audit in its own words, and what it rests on."""

    statement: str
    statement_zh: str
    sampled: int
    found: int
    auditor_recall: float | None


@dataclass(frozen=True, slots=True)
class Canary:
    """How many lines of one kind were planted, came to the step that finds them, and were found."""

    step: str
    kind: str
    planted: int
    reached: int
    caught: int


@dataclass(frozen=True, slots=True)
class Canaries:
    """Every check of the self-test, and what it could not test."""

    checks: tuple[Canary, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepTime:
    """CPU seconds of one step, and its bar."""

    name: str
    seconds: float
    bar: Bar


@dataclass(frozen=True, slots=True)
class Spent:
    """One release of counts with differential privacy, and its price."""

    by: str
    mechanism: str
    epsilon: float
    delta: float


def residual(record: RunRecord) -> Residual | None:
    """The bound on remaining personal data of the last audit, `audit/bound.json`."""
    path = record.folder / "audit" / "bound.json"
    try:
        told = json.loads(path.read_bytes())
        recall = told.get("auditor_recall")
        return Residual(
            str(told["statement"]),
            str(told["statement_zh"]),
            int(told["sampled"]),
            int(told["found"]),
            None if recall is None else float(recall),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def canaries(record: RunRecord) -> Canaries | None:
    """What the self-test planted and found, by step and kind; None when nothing was planted."""
    told = record.run.get("canary")
    rows = told.get("checks") if isinstance(told, Mapping) else None
    if not isinstance(told, Mapping) or not isinstance(rows, Sequence) or not rows:
        return None
    checks = [
        Canary(row["step"], row["kind"], row["planted"], row["reached"], row["caught"])
        for row in rows
        if isinstance(row, Mapping) and set(Canary.__slots__) <= set(row)
    ]
    return Canaries(tuple(checks), tuple(str(note) for note in told.get("notes") or ()))


def times(record: RunRecord) -> tuple[StepTime, ...]:
    """CPU seconds of every step of this run, reading first; what was reused took none."""
    rows = [row for row in record.run.get("steps") or () if isinstance(row, Mapping)]
    pairs = [(str(row.get("step")), float(row.get("seconds") or 0)) for row in rows]
    top = max((seconds for _, seconds in pairs), default=0.0)
    return tuple(StepTime(name, s, bar(0, s, top, "after")) for name, s in pairs if s)


def budget(record: RunRecord) -> tuple[Spent, ...]:
    """Every release in `dp_ledger.jsonl`, oldest first; prices add up (basic composition)."""
    try:
        lines = (record.folder / "dp_ledger.jsonl").read_text("utf-8").splitlines()
        rows = [json.loads(line)["release"] for line in lines if line.strip()]
        return tuple(
            Spent(
                str(row["by"]),
                str(row["mechanism"]),
                float(row["dp_epsilon"]),
                float(row["dp_delta"]),
            )
            for row in rows
        )
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def origin(record: RunRecord) -> tuple[tuple[str, str], ...]:
    """What the run came from: policy, seed, versions, engine, inputs with their digests."""
    run = record.run
    found = [(name, str(run[name])) for name in ("trueline", "finished", "seed") if name in run]
    for name in ("policy", "engine", "versions"):
        part = run.get(name)
        if isinstance(part, Mapping):
            found.append((name, ", ".join(f"{key} {value}" for key, value in part.items())))
    inputs = [row for row in run.get("inputs") or () if isinstance(row, Mapping)]
    for row in inputs[:_INPUTS]:
        told = f"{row.get('bytes', 0):,} bytes, xxh3-128 {row.get('digest', '')}"
        found.append((str(row.get("source", "")), told))
    if len(inputs) > _INPUTS:
        found.append(("…", f"{len(inputs) - _INPUTS} more inputs in run.json"))
    return tuple(found)
