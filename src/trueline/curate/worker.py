"""What a worker does: one batch through one phase, from raw bytes or a stored shard to a shard.

A batch's result depends on the batch and the plan alone, so any worker may do it, twice if need
be, in this process, another one, or another machine that sees the same folder.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from trueline.core.errors import InputError
from trueline.curate.batch import Batch, Column, Drop, Result
from trueline.curate.phases import Phase, Plan
from trueline.curate.readers.builtin import parse_chunk
from trueline.curate.readers.chunk import Chunk
from trueline.curate.shards import NOTHING, Documents, Fate, ShardStore, Summary
from trueline.curate.step import MapStep
from trueline.curate.writers.parts import Part, write_part
from trueline.text.language import language_of

READ = "read"
#: Characters that tell the language of a document dropped before a step told it.
LANGUAGE_SAMPLE = 1000


@dataclass(frozen=True)
class ChunkTask:
    """Parse a chunk and take its documents through the first phase."""

    key: str
    chunk: Chunk


@dataclass(frozen=True)
class ShardTask:
    """Take the documents of a stored shard through a later phase."""

    key: str
    phase: int
    previous: str
    dropped: tuple[int, ...] = ()
    decided: pl.DataFrame | None = None


@dataclass(frozen=True)
class PartTask:
    """Write one file of the data set from the stored shards it is made of."""

    key: str
    part: Part


@dataclass(frozen=True)
class Done:
    """A stored shard, and CPU seconds by step."""

    key: str
    summary: Summary
    seconds: Mapping[str, float] = field(default_factory=dict[str, float])
    spent: int = 0


class Worker:
    """Does tasks of one plan; holds the built steps, which may have loaded tables."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.store = ShardStore(plan.cache)

    def __call__(self, task: ChunkTask | ShardTask | PartTask) -> Done:
        seconds: dict[str, float] = {}
        began = time.process_time()
        if isinstance(task, PartTask):
            write_part(self.store, task.part, task.key)
            return Done(task.key, NOTHING, {"write data": time.process_time() - began})
        if isinstance(task, ChunkTask):
            documents = _parsed(task.chunk, self.plan)
            records, number = len(documents) + len(documents.fates), 0
        else:
            number = task.phase
            documents = self.store.load(
                task.previous, task.dropped, task.decided, self.plan.needed(number)
            )
            records = len(documents)
        seconds[READ] = time.process_time() - began
        added = run_phase(self.plan.phases[number], documents, self.plan, seconds)
        began = time.process_time()
        summary = self.store.save(task.key, documents, records, added)
        seconds["write"] = time.process_time() - began
        spent = task.chunk.spent if isinstance(task, ChunkTask) else 0
        return Done(task.key, summary, seconds, spent)


def run_phase(phase: Phase, documents: Documents, plan: Plan, seconds: dict[str, float]) -> int:
    """Take `documents` through a phase, in place; returns how many were added."""
    added = 0
    for step in phase.maps:
        began = time.process_time()
        added += _apply(step, documents, plan.recipe.on_error)
        seconds[step.name] = seconds.get(step.name, 0.0) + time.process_time() - began
    if phase.last is not None:
        began = time.process_time()
        measuring = _Measuring(phase.last.name, phase.last.measure)
        _apply(measuring, documents, plan.recipe.on_error)
        seconds[phase.last.name] = time.process_time() - began
    return added


@dataclass(frozen=True)
class _Measuring:
    name: str
    run: Any


def _parsed(chunk: Chunk, plan: Plan) -> Documents:
    records = parse_chunk(chunk, plan.recipe.fields)
    count = len(records.ids)
    documents = Documents(
        rows=list(range(count)), ids=records.ids, texts=records.texts, sources=records.sources,
        lines=records.lines, parents=[""] * count, changes=[""] * count,
        columns={_free_name(name): values for name, values in records.columns.items()},
    )  # fmt: skip
    for offset, fault in enumerate(records.faults):
        identifier = f"{fault.source}:{fault.line}" if fault.line else fault.source
        drop = Drop(fault.message)
        documents.fates.append(
            Fate(count + offset, identifier, fault.source, fault.line, "", "", "fault", READ, drop)
        )
    documents.next_row = count + len(records.faults)
    return documents


def _free_name(name: str) -> str:
    # A field that is called like our own column, and is not the one the recipe names.
    return f"{name}_field" if name in ("id", "text") else name


def _apply(step: MapStep, documents: Documents, on_error: str) -> int:
    """Run one step and take its result over; returns how many documents it added."""
    while len(documents):
        batch = Batch(documents.ids, documents.texts, documents.columns)
        try:
            result = step.run(batch)
        except InputError:
            raise
        except (OSError, MemoryError) as error:  # the machine's fault: no document causes it
            raise InputError(
                f"step {step.name} cannot go on: {error or type(error).__name__}. Finished batches "
                "are kept; mend it and run the same command again"
            ) from error
        except Exception as error:  # whatever it is, one document causes it: find that one
            _leave_out(step, documents, *_culprit(step, batch, error), on_error)
            continue
        return _accept(step, documents, result)
    return 0


def _leave_out(
    step: MapStep, documents: Documents, position: int, cause: Exception, on_error: str
) -> None:
    """Make a document on which a step fails a fault row, or end the run."""
    where = f"{documents.sources[position]}, line {documents.lines[position]}"
    message = f"step {step.name} failed ({type(cause).__name__})"
    if on_error == "stop":
        raise InputError(
            f"{where}: {message} on document {documents.ids[position]!r:.80}. With "
            "`on_error: skip` in the recipe the run goes on without it"
        ) from cause
    documents.fates.append(_fate(documents, position, "fault", step.name, Drop(message)))
    _keep(documents, [row != position for row in range(len(documents))])


def _accept(step: MapStep, documents: Documents, result: Result) -> int:
    if isinstance(step, _Measuring) and (result.drops or result.texts is not None or result.added):
        raise RuntimeError(f"step {step.name} may only measure here, not drop, change or add")
    return _take_over(step.name, documents, result)


def _take_over(name: str, documents: Documents, result: Result) -> int:
    count = len(documents)
    for column, values in result.columns.items():
        _expect(name, f"column {column}", len(values), count)
        documents.columns[column] = _as_list(values)
    if result.texts is not None:
        _expect(name, "texts", len(result.texts), count)
        for row, (before, after) in enumerate(zip(documents.texts, result.texts, strict=True)):
            if before is not after and before != after:
                phrase = result.changes.get(row, "changed")
                past = documents.changes[row]
                documents.changes[row] = (
                    f"{past}\n{name}: {phrase}" if past else f"{name}: {phrase}"
                )
                documents.texts_changed = True
        documents.texts = list(result.texts)
    made = [(documents, document, dict(document.columns)) for document in result.added]
    born = [_born(documents, document.position, document.suffix) for _, document, _ in made]
    inherited = {
        column: [own.get(column, values[document.position]) for _, document, own in made]
        for column, values in documents.columns.items()
    }
    if result.drops:
        for row in sorted(result.drops):
            documents.fates.append(_fate(documents, row, "dropped", name, result.drops[row]))
        _keep(documents, [row not in result.drops for row in range(count)])
    if made:
        _join(documents, [document.text for _, document, _ in made], born, inherited, made, name)
    return len(made)


def _as_list(values: Column) -> list[Any]:
    if isinstance(values, np.ndarray):
        return [row.tobytes() for row in values] if values.ndim > 1 else values.tolist()
    return list(values)


def _join(
    documents: Documents,
    texts: list[str],
    born: list[Fate],
    inherited: dict[str, list[Any]],
    made: list[Any],
    name: str,
) -> None:
    count = len(documents)
    new_columns = {column for _, _, own in made for column in own} - set(documents.columns)
    for column in sorted(new_columns):
        documents.columns[column] = [None] * count
        inherited[column] = [own.get(column) for _, _, own in made]
    documents.columns = {
        column: [*values, *inherited[column]] for column, values in documents.columns.items()
    }
    for parent, text in zip(born, texts, strict=True):
        documents.rows.append(documents.next_row)
        documents.next_row += 1
        documents.ids.append(parent.identifier)
        documents.texts.append(text)
        documents.sources.append(parent.source)
        documents.lines.append(parent.line)
        documents.parents.append(parent.parent)
        documents.changes.append(f"{name}: made")
    documents.texts_changed = True


def _born(documents: Documents, position: int, suffix: str) -> Fate:
    parent = documents.ids[position]
    return Fate(
        0, f"{parent}#{suffix}", documents.sources[position], documents.lines[position], parent,
        "", "added", "", Drop(""),
    )  # fmt: skip


def _fate(documents: Documents, row: int, state: str, step: str, drop: Drop) -> Fate:
    text = documents.texts[row]
    told = documents.columns.get("language")
    language = told[row] if told is not None else language_of(text[:LANGUAGE_SAMPLE])
    return Fate(
        documents.rows[row], documents.ids[row], documents.sources[row], documents.lines[row],
        documents.parents[row], documents.changes[row], state, step, drop, language, len(text),
    )  # fmt: skip


def _keep(documents: Documents, mask: list[bool]) -> None:
    for name in ("rows", "ids", "texts", "sources", "lines", "parents", "changes"):
        values = getattr(documents, name)
        setattr(documents, name, [value for value, kept in zip(values, mask, strict=True) if kept])
    documents.columns = {
        name: [value for value, kept in zip(values, mask, strict=True) if kept]
        for name, values in documents.columns.items()
    }


def _culprit(step: MapStep, batch: Batch, error: Exception) -> tuple[int, Exception]:
    """Position of a document that makes `step` fail alone, by halving."""
    low, high, cause = 0, len(batch), error
    while high - low > 1:
        middle = (low + high) // 2
        try:
            step.run(_slice(batch, low, middle))
        except Exception as found:
            high, cause = middle, found
        else:
            low = middle
    return low, cause


def _slice(batch: Batch, start: int, end: int) -> Batch:
    columns = {name: values[start:end] for name, values in batch.columns.items()}
    return Batch(batch.ids[start:end], batch.texts[start:end], columns)


def _expect(step: str, what: str, met: int, wanted: int) -> None:
    if met != wanted:
        raise RuntimeError(f"step {step} returned {met} values of {what} for {wanted} documents")
