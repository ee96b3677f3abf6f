"""What the tests of the curate engine share: small inputs, runs, and looks at what they left."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from trueline.curate.recipe import Recipe
from trueline.curate.recipe_file import parse_recipe

LOWERCASE = "steps:\n  - step: lowercase\n"


def recipe(text: str = LOWERCASE) -> Recipe:
    return parse_recipe(text)


def write_jsonl(path: Path, records: Sequence[dict[str, Any]]) -> Path:
    path.write_text(
        "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records),
        encoding="utf-8",
    )
    return path


def records(count: int, start: int = 0) -> list[dict[str, Any]]:
    """Documents in Chinese and English, all different, some with capitals."""
    made = []
    for number in range(start, start + count):
        zh = number % 2 == 0
        text = (
            f"第{number}封来信说桥边的花开了。" if zh else f"Letter {number} tells of the bridge."
        )
        made.append({"id": f"d{number}", "text": text * (1 + number % 5), "n": number})
    return made


def ledger(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "ledger.parquet")


def data(folder: Path) -> pl.DataFrame:
    return pl.concat(
        [pl.read_parquet(path) for path in sorted((folder / "data").glob("*.parquet"))]
    )


def run_json(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "run.json").read_bytes())
    return found


def outputs(folder: Path) -> dict[str, bytes]:
    """Every byte that must not depend on how a run went."""
    paths = [folder / "ledger.parquet", *sorted((folder / "data").iterdir())]
    return {path.name: path.read_bytes() for path in paths}
