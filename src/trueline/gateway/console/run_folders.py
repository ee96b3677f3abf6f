"""Training runs on disk, read from their files alone; torch is not needed.

A run is a folder with `recipe.yaml`. `run.json` is written last, so a folder without it is a run
that goes on or was broken off: which of the two, the time of its newest line tells.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import orjson

RECIPE, RUN, METRICS, SAFETY = "recipe.yaml", "run.json", "metrics.jsonl", "safety_test.json"
CARDS = {"en": "card.md", "zh": "card.zh.md"}
#: Larger files are cut at a line, or not read.
MOST_BYTES = 8_000_000
MOST_RUNS = 200
#: Lines come every few seconds to a minute; a run that was silent for longer has stopped.
SILENT_SECONDS = 300.0

Status = Literal["finished", "going_on", "stopped"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One constraint of the safety test, with its counts."""

    name: str
    limit: float
    n: int
    violations: float
    unscored: int
    bound: float
    kept: bool


@dataclass(frozen=True, slots=True)
class SafetyTest:
    """What the held-out safety test said."""

    certified: bool
    confidence: float
    claims: tuple[Claim, ...]
    held_out: tuple[str, ...] = ()
    not_judged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """One run as its folder tells it.

    Args:
        id: what its address says.
        main: name and value of the figure that chose the best weights, on `split`.
        figures: by split.
        fault: why a file cannot be read; empty when all can.
    """

    id: str
    path: Path
    name: str
    status: Status
    changed: datetime
    task: str = ""
    steps: int = 0
    planned: int = 0
    best_step: int = 0
    seconds: float = 0.0
    parameters: int = 0
    main: tuple[str, float, str] | None = None
    figures: Mapping[str, Mapping[str, float]] = field(default_factory=dict[str, Any])
    safety: SafetyTest | None = None
    fault: str = ""


def training_runs(root: Path) -> list[TrainingRun]:
    """Every run in the folder, or one level below it, newest first."""
    paths = sorted(_runs_in(root), key=_changed, reverse=True)
    names = [path.name for path in paths]
    return [
        _read(path, path.name if names.count(path.name) == 1 else _told_apart(path))
        for path in paths[:MOST_RUNS]
    ]


def run_by_id(root: Path, wanted: str) -> TrainingRun | None:
    """The run with an id; nothing is made of the id but a comparison."""
    return next((run for run in training_runs(root) if run.id == wanted), None)


def metric_lines(path: Path) -> list[dict[str, Any]]:
    """Lines of a run's metrics; a broken last line, and what is beyond 8 MB, are left out."""
    found: list[dict[str, Any]] = []
    try:
        with (path / METRICS).open("rb") as file:
            data = file.read(MOST_BYTES)
    except OSError:
        return found
    for text in data.splitlines():
        try:
            line = orjson.loads(text)
        except ValueError:
            break
        if isinstance(line, dict) and isinstance(line.get("step"), int):
            found.append(line)
    return found


def written_file(path: Path, name: str) -> str:
    """A text file of a run; empty when there is none that can be shown."""
    try:
        with (path / name).open("rb") as file:
            return file.read(MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _runs_in(root: Path) -> Iterator[Path]:
    try:
        root = root.resolve()
        folders = [root, *(path for path in sorted(root.iterdir()) if path.is_dir())]
        for folder in folders:
            if (folder / RECIPE).is_file():
                yield folder
            elif folder != root:
                yield from (p for p in sorted(folder.iterdir()) if (p / RECIPE).is_file())
    except OSError:
        return


def _changed(path: Path) -> float:
    times = [0.0]
    for name in (RECIPE, METRICS, RUN):
        try:
            times.append((path / name).stat().st_mtime)
        except OSError:
            continue
    return max(times)


def _told_apart(path: Path) -> str:
    return f"{path.name}-{hashlib.sha256(str(path).encode()).hexdigest()[:6]}"


def _read(path: Path, run_id: str) -> TrainingRun:
    moment = _changed(path)
    changed = datetime.fromtimestamp(moment, UTC)
    status: Status = "going_on" if time.time() - moment < SILENT_SECONDS else "stopped"
    safety, fault = None, ""
    try:
        safety = _safety(path / SAFETY)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        fault = f"{path / SAFETY} cannot be read ({type(error).__name__})"
    if not (path / RUN).is_file():
        lines = metric_lines(path)
        step = int(lines[-1]["step"]) if lines else 0
        return TrainingRun(
            run_id, path, path.name, status, changed, steps=step, safety=safety, fault=fault
        )
    try:
        stamp = (path / RUN).stat()
        facts = _facts(path / RUN, stamp.st_mtime_ns, stamp.st_size)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        fault = fault or f"{path / RUN} cannot be read ({type(error).__name__})"
        return TrainingRun(run_id, path, path.name, "stopped", changed, safety=safety, fault=fault)
    return TrainingRun(
        run_id, path, status="finished", changed=changed, safety=safety, fault=fault, **facts
    )


@lru_cache(maxsize=MOST_RUNS)
def _facts(path: Path, _changed_ns: int, size: int) -> Mapping[str, Any]:
    if size > MOST_BYTES:
        raise ValueError("too large")
    record = orjson.loads(path.read_bytes())
    figures = {
        str(split): {str(k): float(v) for k, v in values.items() if isinstance(v, int | float)}
        for split, values in record.get("metrics", {}).items()
    }
    name = str(record.get("main_metric", ""))
    split = next((one for one in ("test", "dev") if name in figures.get(one, {})), "")
    return {
        "name": str(record.get("name") or path.parent.name),
        "task": str(record.get("task", "")),
        "steps": int(record.get("steps", 0)),
        "planned": int(record.get("planned_steps", 0)),
        "best_step": int(record.get("best_step", 0)),
        "seconds": float(record.get("seconds", 0.0)),
        "parameters": int(record.get("parameters", 0)),
        "main": (name, figures[split][name], split) if split else None,
        "figures": figures,
    }


def _safety(path: Path) -> SafetyTest | None:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    record = orjson.loads(data)
    claims = tuple(
        Claim(
            str(name), float(one["limit"]), int(one["n"]), float(one["violations"]),
            int(one["unscored"]), float(one["bound"]), bool(one["kept"]),
        )
        for name, one in record["claims"].items()
    )  # fmt: skip
    return SafetyTest(
        bool(record["certified"]) and bool(claims) and all(claim.kept for claim in claims),
        float(record["confidence"]),
        claims,
        tuple(map(str, record.get("held_out", ()))),
        tuple(map(str, record.get("not_judged", ()))),
    )
