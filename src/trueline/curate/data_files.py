"""The data set's files, `data/part-00000.parquet` and on, from the last phase's shards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import xxhash

from trueline.curate.columns import common_type
from trueline.curate.engines.engine import Engine, Task
from trueline.curate.executor import Outcome, PhaseRun
from trueline.curate.phases import Plan
from trueline.curate.progress import Progress
from trueline.curate.shards import MARK, ShardStore
from trueline.curate.worker import PartTask
from trueline.curate.writers.parts import PART_BYTES, Part, PartShard, part_key

DATA = "data"


def write_data(plan: Plan, outcome: Outcome, engine: Engine, progress: Progress) -> int:
    """Write what is not written yet, remove files of an earlier run; returns the documents."""
    store = ShardStore(plan.cache)
    folder = plan.folder / DATA
    folder.mkdir(parents=True, exist_ok=True)
    parts = list(_parts(plan, store, outcome.last))
    wanted = {part.path.name for _, part in parts}
    for stale in sorted(folder.glob("part-*")):
        if stale.name not in wanted:
            stale.unlink()
    progress.begin("write data", len(parts))

    def tasks() -> Iterator[Task]:
        for key, part in parts:
            if part_key(part.path) == key:
                progress.advance(1)
            else:
                yield PartTask(key, part)

    for done in engine.run(plan, tasks()):
        outcome.spend(done.seconds)
        progress.advance(1)
    progress.end(f"{len(parts)} files" if len(parts) != 1 else "1 file")
    return sum(
        summary.alive - len(verdict.endings)
        for summary, verdict in zip(outcome.last.summaries, outcome.last.verdicts, strict=True)
    )


def _parts(plan: Plan, store: ShardStore, run: PhaseRun) -> Iterator[tuple[str, Part]]:
    schema = _schema(store, run)
    recipe = plan.recipe
    shards: list[PartShard] = []
    digests: list[str] = []
    size = number = 0

    def part() -> tuple[str, Part]:
        path = plan.folder / DATA / f"part-{number:05d}.{recipe.output}"
        key = orjson.dumps([digests, repr(schema), recipe.compression_level])
        return xxhash.xxh3_128(key).hexdigest(), Part(
            Path(path), tuple(shards), schema, recipe.output, recipe.compression_level
        )

    for key, summary, verdict in zip(run.keys, run.summaries, run.verdicts, strict=True):
        if summary.alive == len(verdict.endings):
            continue
        shards.append(PartShard(key, verdict.dropped, verdict.columns))
        digests += [key, verdict.digest]
        size += summary.text_bytes
        if size >= PART_BYTES:
            yield part()
            shards, digests, size, number = [], [], 0, number + 1
    if shards or number == 0:
        yield part()


def _schema(store: ShardStore, run: PhaseRun) -> tuple[tuple[str, Any], ...]:
    """Every column's name and the type that fits it in all batches; bytes are left out."""
    types: dict[str, list[Any]] = {}
    for key, summary, verdict in zip(run.keys, run.summaries, run.verdicts, strict=True):
        if summary.alive == len(verdict.endings):
            continue
        known: dict[str, Any] = dict(pl.read_parquet_schema(store.path(key)))
        if verdict.columns is not None:
            known |= verdict.columns.schema
        for name, dtype in known.items():
            if name.startswith(MARK) and dtype != pl.Binary:
                types.setdefault(name.removeprefix(MARK), []).append(dtype)
    return tuple((name, common_type(seen)) for name, seen in types.items())
