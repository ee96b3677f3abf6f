"""Run a plan: every phase over all batches, and the set steps' decisions in between."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import orjson
import polars as pl
import xxhash

from trueline.core.errors import InputError
from trueline.curate.batch import Drop
from trueline.curate.columns import gathered, stored
from trueline.curate.engines.engine import Engine, Task
from trueline.curate.inputs import Inputs
from trueline.curate.phases import Phase, Plan
from trueline.curate.progress import Progress
from trueline.curate.shards import MARK, ShardStore, Summary
from trueline.curate.worker import READ, ChunkTask, Done, ShardTask

SHOWN_FAULTS = 20


@dataclass(frozen=True)
class Ending:
    """How one document came to an end between two phases."""

    state: str
    step: str
    drop: Drop


@dataclass
class Verdict:
    """What was decided about one shard's documents, by position among them."""

    endings: dict[int, Ending] = field(default_factory=dict[int, Ending])
    columns: pl.DataFrame | None = None

    @property
    def dropped(self) -> tuple[int, ...]:
        return tuple(sorted(self.endings))

    @property
    def digest(self) -> str:
        """Of what the next phase sees: who is gone and which columns came, not why."""
        state = xxhash.xxh3_128(orjson.dumps(self.dropped))
        for column in self.columns.get_columns() if self.columns is not None else ():
            state.update(orjson.dumps([column.name, column.to_list()]))
        return state.hexdigest()


@dataclass
class PhaseRun:
    """One phase, done: a shard and a verdict for every batch, in order."""

    title: str
    keys: list[str] = field(default_factory=list[str])
    summaries: list[Summary] = field(default_factory=list[Summary])
    verdicts: list[Verdict] = field(default_factory=list[Verdict])
    reused: int = 0
    seconds: float = 0.0


@dataclass
class Outcome:
    """All phases of a run, and CPU seconds by step."""

    phases: list[PhaseRun] = field(default_factory=list[PhaseRun])
    seconds: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def last(self) -> PhaseRun:
        return self.phases[-1]

    def spend(self, seconds: Mapping[str, float]) -> None:
        """Add CPU seconds to those of their steps."""
        for name, value in seconds.items():
            self.seconds[name] = self.seconds.get(name, 0.0) + value


def execute(plan: Plan, inputs: Inputs, engine: Engine, progress: Progress) -> Outcome:
    """Run every phase of `plan`.

    Raises:
        InputError: a record cannot be read and the recipe says `on_error: stop`, or the output
            folder cannot be written. What was finished is kept.
    """
    store = ShardStore(plan.cache)
    outcome = Outcome()
    for number, phase in enumerate(plan.phases):
        began = time.monotonic()
        run = PhaseRun(phase.title)
        outcome.phases.append(run)
        tasks = _Tasks(plan, store, progress, run)
        if number == 0:
            progress.begin(phase.title, inputs.size)
            source = tasks.of_chunks(inputs)
        else:
            before = outcome.phases[number - 1]
            progress.begin(phase.title, len(before.keys))
            source = tasks.of_shards(number, before)
        for done in engine.run(plan, source):
            outcome.spend(done.seconds)
            tasks.take(done)
        run.summaries = [tasks.summaries[key] for key in run.keys]
        run.verdicts = [Verdict() for _ in run.keys]
        if number == 0:
            _end_repeated_ids(plan, store, run)
        if phase.last is not None:
            cpu = time.process_time()
            _decide(phase, store, run)
            outcome.spend({phase.last.name: time.process_time() - cpu})
        run.seconds = time.monotonic() - began
        reused = f"{run.reused:,} of {len(run.keys):,} batches were there already"
        progress.end(reused if run.reused else "")
    return outcome


class _Tasks:
    """Names shards and makes tasks for those that are not there yet."""

    def __init__(self, plan: Plan, store: ShardStore, progress: Progress, run: PhaseRun) -> None:
        self.plan, self.store, self.progress, self.run = plan, store, progress, run
        self.summaries: dict[str, Summary] = {}

    def of_chunks(self, inputs: Inputs) -> Iterator[Task]:
        def is_stored(digest: str) -> bool:
            return self.store.has(self.plan.chunk_key(digest))

        for piece in inputs.pieces(self.plan.cache, is_stored):
            key = self.plan.chunk_key(piece.digest)
            self.run.keys.append(key)
            if self.store.has(key):
                self._reuse(key, piece.spent)
            elif piece.chunk is not None:
                yield ChunkTask(key, piece.chunk)

    def of_shards(self, number: int, before: PhaseRun) -> Iterator[Task]:
        for previous, verdict in zip(before.keys, before.verdicts, strict=True):
            key = self.plan.shard_key(number, previous, verdict.digest)
            self.run.keys.append(key)
            if self.store.has(key):
                self._reuse(key, 1)
            else:
                yield ShardTask(key, number, previous, verdict.dropped, verdict.columns)

    def take(self, done: Done) -> None:
        """Note a finished shard."""
        self._note(done.key, done.summary, done.spent or 1)

    def _reuse(self, key: str, spent: int) -> None:
        self.run.reused += 1
        self._note(key, self.store.summary(key), spent)

    def _note(self, key: str, summary: Summary, spent: int) -> None:
        self.summaries[key] = summary
        self.progress.advance(spent, summary.records)
        if summary.faults and self.plan.recipe.on_error == "stop":
            raise InputError(_told(self.store, key))


def _told(store: ShardStore, key: str) -> str:
    faults = store.frame(key, ["_row", "_source", "_line", "_reason", "_state"])
    faults = faults.filter(pl.col("_state") == "fault").sort("_source", "_line", "_row")
    alike: dict[tuple[str, str], list[int]] = {}
    for source, line, reason in faults.select("_source", "_line", "_reason").iter_rows():
        alike.setdefault((source, reason), []).append(line)
    lines = [
        f"  {source}{f', line {places[0]}' if places[0] else ''}"
        f"{f' and {len(places) - 1} more' if len(places) > 1 else ''}: {reason}"
        for (source, reason), places in alike.items()
    ]
    more = [f"  and {len(lines) - SHOWN_FAULTS} more"] if len(lines) > SHOWN_FAULTS else []
    count = "1 record" if faults.height == 1 else f"{faults.height} records"
    return "\n".join(
        [
            f"{count} cannot be read:", *lines[:SHOWN_FAULTS], *more,
            "  Mend the input, or set `on_error: skip` in the recipe: such records then become "
            "`fault` rows of the ledger and the run goes on.",
        ]
    )  # fmt: skip


def _end_repeated_ids(plan: Plan, store: ShardStore, run: PhaseRun) -> None:
    hashes = [_read_ids(store, key)["id"].hash() for key in run.keys]
    if not hashes:
        return
    together = pl.concat(hashes)
    if together.n_unique() == len(together):
        return
    first: dict[str, str] = {}
    told: list[str] = []
    suspects = set(together.filter(together.is_duplicated()).to_list())
    for number, key in enumerate(run.keys):
        frame = _read_ids(store, key)
        position = -1
        codes = frame["id"].hash().to_list()
        rows = zip(codes, frame.select("id", "_source", "_line", "_state").iter_rows(), strict=True)
        for code, (identifier, source, line, state) in rows:
            position += state == ""
            if code not in suspects:
                continue
            where = f"{source}, line {line}"
            if identifier not in first:
                first[identifier] = where
                continue
            told.append(f"  {where}: id {identifier!r:.80} was used before, in {first[identifier]}")
            if state == "":
                drop = Drop("the id was used before", partner=identifier)
                run.verdicts[number].endings[position] = Ending("fault", READ, drop)
    if plan.recipe.on_error == "stop" and told:
        more = [f"  and {len(told) - SHOWN_FAULTS} more"] if len(told) > SHOWN_FAULTS else []
        count = "1 record has an id" if len(told) == 1 else f"{len(told)} records have ids"
        raise InputError(
            "\n".join(
                [f"{count} used before:", *told[:SHOWN_FAULTS], *more,
                 "  Make ids unique, set `id_field: null` to number the records, or set "
                 "`on_error: skip` to keep the first of each."]
            )
        )  # fmt: skip


def _read_ids(store: ShardStore, key: str) -> pl.DataFrame:
    frame = store.frame(key, ["_row", "id", "_source", "_line", "_parent", "_state"])
    return frame.filter((pl.col("_parent") == "") & (pl.col("_state") != "fault")).sort("_row")


def _decide(phase: Phase, store: ShardStore, run: PhaseRun) -> None:
    step = phase.last
    if step is None:
        return
    wanted = [MARK + name for name in step.reads]
    frames: list[pl.DataFrame] = []
    owners: list[tuple[int, list[int]]] = []  # of each batch: positions still there
    for number, key in enumerate(run.keys):
        frame = store.survivors(key, run.verdicts[number].dropped, None, ["id", *wanted])
        if frame.height:
            missing = [name for name in wanted if name not in frame.columns]
            if missing:
                raise InputError(
                    f"step {step.name} reads the column {missing[0].removeprefix(MARK)}, which no "
                    "earlier step of the recipe and no field of the input gives"
                )
            frames.append(frame)
            gone = run.verdicts[number].endings
            total = run.summaries[number].alive
            owners.append((number, [place for place in range(total) if place not in gone]))
    ids = [identifier for frame in frames for identifier in frame["id"].to_list()]
    columns = {name: gathered([frame[MARK + name] for frame in frames]) for name in step.reads}
    del frames
    decisions = step.decide(ids, columns)
    del columns
    added = {name: stored(MARK + name, values) for name, values in decisions.columns.items()}
    drops = sorted(decisions.drops)
    start = cursor = 0
    for number, places in owners:
        verdict = run.verdicts[number]
        end = start + len(places)
        if added:
            verdict.columns = _with_gaps(
                {name: column.series.slice(start, len(places)) for name, column in added.items()},
                places, run.summaries[number].alive,
            )  # fmt: skip
        while cursor < len(drops) and drops[cursor] < end:
            place = places[drops[cursor] - start]
            verdict.endings[place] = Ending("dropped", step.name, decisions.drops[drops[cursor]])
            cursor += 1
        start = end


def _with_gaps(columns: dict[str, pl.Series], places: Sequence[int], total: int) -> pl.DataFrame:
    """One value per document of the shard; None for those that had gone before."""
    frame = pl.DataFrame(list(columns.values()))
    if len(places) == total:
        return frame
    rows = pl.DataFrame({"_at": pl.Series(places, dtype=pl.UInt32)}).hstack(frame)
    every = pl.DataFrame({"_at": pl.Series(range(total), dtype=pl.UInt32)})
    return every.join(rows, on="_at", how="left", maintain_order="left").drop("_at")
