"""The rows an exported model is compared on: those named, or the run's own test or dev files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from trueline.core.errors import InputError
from trueline.train.data import DataRow, read_files


def comparison_rows(folder: str | Path, patterns: Sequence[str]) -> list[DataRow]:
    """Rows of the files that `patterns` name, else of the run's test files, else of its dev files.

    Raises:
        InputError: there are none, or they cannot be read.
    """
    if patterns:
        return read_files(patterns, "--rows")[0]
    place = Path(folder)
    record: dict[str, Any] = {}
    for run in (place / "run.json", place.parent / "run.json"):
        if run.is_file():
            record = orjson.loads(run.read_bytes())
            break
    for split in ("test", "dev"):
        names = [entry["name"] for entry in record.get("data", {}).get(split, [])]
        if names:
            missing = [name for name in names if not Path(name).is_file()]
            if missing:
                raise InputError(
                    f"{missing[0]}, which the run was measured on, is not here. Give --rows FILE "
                    "with labelled rows that were not trained on"
                )
            return read_files(names, "--rows")[0]
    raise InputError(
        f"{folder} was trained without test or dev files. Give --rows FILE with labelled rows that "
        "were not trained on"
    )
