"""The self-test before every run: planted documents that the recipe's steps must find.

The planted documents are written in the run's own format and languages, and go through the
same readers, phases and steps as the input. A step that misses what it is there for ends the
run before it starts: a filter that silently does nothing is worse than none.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from trueline.core.errors import TruelineError
from trueline.curate.canary_documents import Planted, planted_documents
from trueline.curate.canary_files import write_planted
from trueline.curate.engines.local import LocalEngine
from trueline.curate.executor import execute
from trueline.curate.inputs import Inputs
from trueline.curate.ledger import build_ledger
from trueline.curate.phases import Plan
from trueline.curate.progress import Progress
from trueline.curate.readers.builtin import parse_chunk
from trueline.curate.readers.sources import find_sources, group_sources, read_group
from trueline.curate.shards import MARK, ShardStore
from trueline.text.language import language_of

#: Documents looked at to tell the languages of an input, from its first chunks.
SAMPLE_DOCUMENTS = 200
SAMPLE_CHUNKS = 2
#: A language with a smaller share of the sample is not planted.
LEAST_SHARE = 0.02
_MISSED = {
    "dropped": "was not dropped",
    "found": "was not found",
    "told": "was taken for another language",
    "rid": "was not put right",
}
_LANGUAGES = {"zh": "a Chinese", "en": "an English", "other": "a French"}


class CanaryError(TruelineError):
    """A step of the recipe misses planted documents; nothing was run."""


@dataclass(frozen=True, slots=True)
class Check:
    """What one step did with its kind: `reached` of `planted` came to it, `caught` were caught."""

    step: str
    kind: str
    planted: int
    reached: int
    caught: int


@dataclass(frozen=True, slots=True)
class CanaryReport:
    """All checks, and what could not be tested."""

    planted: int
    checks: tuple[Check, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """One line for the terminal."""
        caught = sum(check.caught for check in self.checks)
        reached = sum(check.reached for check in self.checks)
        note = f"; {'; '.join(self.notes)}" if self.notes else ""
        if not self.checks:
            return f"self-test: no fault is planted for the steps of this recipe{note}"
        return f"self-test: {caught} of {reached} planted faults caught{note}"

    def as_json(self) -> dict[str, Any]:
        return {
            "planted": self.planted,
            "checks": [
                {name: getattr(check, name) for name in Check.__slots__} for check in self.checks
            ],
            "notes": list(self.notes),
        }


def try_recipe(plan: Plan, inputs: Inputs) -> CanaryReport:
    """Run the plan's recipe on planted documents.

    Raises:
        CanaryError: a step missed its kind; the message names the step and what it missed.
    """
    languages, form = _look(inputs)
    planted, notes = planted_documents(plan.recipe.steps, languages, plan.policy)
    if not planted:
        return CanaryReport(0, (), tuple(notes))
    folder = plan.folder / ".cache" / "canary"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / ".cache").mkdir(parents=True)
    try:
        ends = _run(plan, folder, form, planted)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    checks, missed = _checked(planted, ends)
    notes += [
        f"no planted {check.kind} document reached {check.step}"
        for check in checks
        if not check.reached
    ]
    if missed:
        raise CanaryError(
            "the self-test stopped the run before it began: planted faults went through.\n"
            + "\n".join(f"  {line}" for line in missed)
            + "\n  Check the options of the step, and the steps before it that change the text."
        )
    return CanaryReport(len(planted), tuple(checks), tuple(notes))


@dataclass(frozen=True, slots=True)
class End:
    """Where a planted document came to: its ledger row, its text and columns when it stayed."""

    state: str
    step: str
    changed_by: tuple[str, ...]
    text: str = ""
    columns: Any = None


def _run(plan: Plan, folder: Path, form: str, planted: Sequence[Planted]) -> dict[str, End]:
    files = write_planted(folder, form, planted, plan.recipe)
    paths = tuple(path.as_posix() for path in files.paths)
    update = {"input": paths, "format": files.format, "on_error": "skip"}
    recipe = plan.recipe.model_copy(update=update)
    small = Plan(recipe, plan.policy, folder)
    sources = tuple(find_sources(paths, files.format))
    outcome = execute(small, Inputs(sources, recipe.fields), LocalEngine(), Progress(None))
    store = ShardStore(small.cache)
    rows = build_ledger(store, outcome, plan.policy.hash)
    kept: dict[str, dict[str, Any]] = {}
    last = outcome.last
    for key, summary, verdict in zip(last.keys, last.summaries, last.verdicts, strict=True):
        frame = store.with_text(store.survivors(key, verdict.dropped, verdict.columns), summary)
        kept |= {row["id"]: row for row in frame.iter_rows(named=True)}
    ends: dict[str, End] = {}
    for row in rows.filter(pl.col("parent") == "").iter_rows(named=True):
        identifier = files.names.get(row["id"], "")
        found = kept.get(row["id"], {})
        columns = {
            name.removeprefix(MARK): value for name, value in found.items() if name.startswith(MARK)
        }
        changed_by = tuple(change.split(": ", 1)[0] for change in row["changes"])
        ends[identifier] = End(
            row["state"], row["step"], changed_by, found.get("text", ""), columns
        )
    return ends


def _checked(planted: Sequence[Planted], ends: dict[str, End]) -> tuple[list[Check], list[str]]:
    checks: dict[tuple[str, str], Check] = {}
    missed: list[str] = []
    for document in planted:
        if document.step == "":
            continue
        key = (document.step, document.kind)
        check = checks.setdefault(key, Check(document.step, document.kind, 0, 0, 0))
        end = ends.get(document.identifier)
        reached = end is not None and (
            end.state in ("kept", "changed") or end.step in (document.step, *document.also)
        )
        twin = ends.get(document.pair)
        caught = bool(reached and end is not None and caught_by(document, end))
        caught = caught or bool(twin is not None and caught_by(document, twin))
        reached = reached or caught
        checks[key] = replace(
            check, planted=check.planted + 1, reached=check.reached + reached,
            caught=check.caught + caught,
        )  # fmt: skip
        if reached and not caught:
            failed = end is not None and end.state == "fault"
            how = "made the step fail" if failed else _MISSED[document.expect]
            missed.append(
                f"step {document.step}: {_LANGUAGES[document.language]} {document.kind} {how}"
            )
    return list(checks.values()), missed


def caught_by(document: Planted, end: End) -> bool:
    """Whether the step did to a planted document what it is there for."""
    dropped = end.state == "dropped" and end.step in (document.step, *document.also)
    if document.expect == "dropped":
        return dropped
    if document.expect == "found":
        flagged = (end.columns or {}).get(document.column)
        return dropped or document.step in end.changed_by or bool(flagged)
    if document.expect == "told":
        return dropped or (end.columns or {}).get(document.column) == document.language
    return dropped or (
        all(mark not in end.text for mark in document.gone)
        and all(mark.casefold() in end.text.casefold() for mark in document.stays)
    )


def _look(inputs: Inputs) -> tuple[tuple[str, ...], str]:
    """Languages of the first documents, and the format to plant in."""
    if inputs.reader is not None or not inputs.sources:
        return ("zh", "en"), "jsonl"
    found: list[str] = []
    first = inputs.sources[0].format
    sample = (inputs.sources[0], inputs.sources[len(inputs.sources) // 2], inputs.sources[-1])
    for group in group_sources(list(dict.fromkeys(sample)), inputs.fields):
        for number, chunk in enumerate(read_group(group, inputs.fields)):
            texts = parse_chunk(chunk, inputs.fields).texts
            step = max(1, len(texts) // SAMPLE_DOCUMENTS)
            found += [language_of(text[:2000]) for text in texts[::step]]
            if number + 1 >= SAMPLE_CHUNKS:
                break
    counted = [name for name in ("zh", "en") if found.count(name) >= LEAST_SHARE * len(found)]
    return tuple(counted) or ("zh", "en"), first
