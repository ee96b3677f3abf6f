"""`curate(recipe, ...)`: from raw text to a data set, its ledger and its reports.

A finished run folder holds

    data/part-00000.parquet ...   id, text and every column (data/*.jsonl by recipe)
    ledger.parquet                what happened to every record (`trueline.curate.ledger`)
    run.json                      this run in numbers, written last
    card.md, report.html          for people
    .cache/                       stored batches: delete it and the next run starts afresh

`run.json` is one object:

    trueline        version of this package
    finished        time, ISO 8601 in UTC
    name            the data set's name, from the recipe
    recipe          the whole recipe, defaults included; `recipe.steps` is a list of objects
    policy          {"name", "hash"}
    seed            whole number
    versions        {"python", "polars", "numpy"}
    engine          {"name", "workers"}
    inputs          [{"source", "bytes", "digest"}]: every file; bytes 0 for a reader's own source
    counts          {"inputs", "kept", "changed", "dropped", "added", "fault", "documents"};
                    kept + changed + dropped + fault counts records of the input, documents made
                    and dropped again included in `dropped`
    steps           [{"step", "dropped", "changed", "added", "fault", "seconds"}] in the order of
                    the recipe, `read` first; CPU seconds of this run, 0 for what was reused
    phases          [{"title", "batches", "reused", "records", "seconds"}]; wall seconds
    seconds         {"wall", "ledger"}: of the whole run, and of the ledger's making
    data            {"format", "files": [names], "documents", "text_bytes"}
    canary          {"planted", "checks": [{"step", "kind", "planted", "reached", "caught"}],
                    "notes": [what could not be tested and why]}
    canaries        {"step: kind": {"planted", "found"}}, the same for a table
    timings         {step or part: CPU seconds of this run}, in running order
"""

from __future__ import annotations

import fcntl
import os
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
import xxhash

from trueline.core.errors import InputError
from trueline.core.policy import Policy
from trueline.core.policy_file import TEMPLATES, load_policy, policy_from_template
from trueline.core.version import version
from trueline.curate.canary import CanaryReport, try_recipe
from trueline.curate.card import write_card
from trueline.curate.data_files import DATA, write_data
from trueline.curate.engines.engine import Engine, make_engine
from trueline.curate.executor import Outcome, execute
from trueline.curate.inputs import Inputs
from trueline.curate.ledger import Counts, build_ledger, check_ledger, write_ledger
from trueline.curate.phases import Plan
from trueline.curate.progress import Progress
from trueline.curate.readers.chunk import Reader
from trueline.curate.readers.sources import find_sources
from trueline.curate.recipe import Recipe
from trueline.curate.recipe_file import load_recipe
from trueline.curate.report import write_report
from trueline.curate.shards import ShardStore, write_atomic
from trueline.curate.worker import READ

RUN = "run.json"


@dataclass(frozen=True)
class CurateRun:
    """A finished run: where it lies and what came of it."""

    folder: Path
    counts: Counts
    steps: tuple[dict[str, Any], ...]
    policy_hash: str


def curate(
    recipe: str | Path | Recipe,
    *,
    input: str | Sequence[str] | None = None,
    out: str | Path | None = None,
    workers: int = 1,
    engine: str | None = None,
    policy: str | Path | Policy | None = None,
    reader: Reader | None = None,
    progress: Progress | None = None,
) -> CurateRun:
    """Run a recipe over its input; a run that was broken off goes on where it stopped.

    Args:
        recipe: a recipe file, the name of a bundled recipe, or a Recipe.
        input: files, folders or globs, in place of the recipe's.
        out: folder to write to, in place of the recipe's.
        workers: processes to work in.
        engine: `local`, `pool` or `ray`; by default `pool` for more than one worker.
        policy: policy file, template name or Policy, in place of the recipe's; `default` else.
        reader: takes the place of `input` (`trueline.curate.readers.chunk`).
        progress: where to tell how far the run is; silent when not given.

    Raises:
        InputError: the recipe, the input or the folder is unusable; the message says what to do.
        CanaryError: a step misses what it is there to find.
    """
    recipe = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    if input is not None:
        recipe = recipe.model_copy(
            update={"input": (input,) if isinstance(input, str) else tuple(input)}
        )
    if reader is None and not recipe.input:
        raise InputError("no input: give --input GLOB, or `input:` in the recipe")
    target = Path(out if out is not None else recipe.out)
    sources = () if reader is not None else tuple(find_sources(recipe.input, recipe.format, target))
    with run_folder(recipe, out) as folder:
        plan = Plan(recipe, find_policy(policy, recipe), folder)
        doing = make_engine(engine, workers)
        try:
            inputs = Inputs(sources, recipe.fields, reader)
            told = {"name": engine or ("local" if workers == 1 else "pool"), "workers": workers}
            return run_plan(plan, inputs, doing, told, progress or Progress(None))
        finally:
            doing.close()


def run_plan(
    plan: Plan, inputs: Inputs, engine: Engine, told: dict[str, Any], progress: Progress
) -> CurateRun:
    """Test the recipe, run it, and write everything the folder holds."""
    began = time.monotonic()
    _ = plan.phases  # an option that cannot be used is told before anything is written
    canary = try_recipe(plan, inputs)
    progress.say(canary.line)
    (plan.folder / RUN).unlink(missing_ok=True)
    outcome = execute(plan, inputs, engine, progress)
    documents = write_data(plan, outcome, engine, progress)
    at = time.monotonic()
    ledger = build_ledger(ShardStore(plan.cache), outcome, plan.policy.hash)
    counts = check_ledger(ledger, outcome, documents)
    write_ledger(plan.folder, ledger)
    ledger_seconds = time.monotonic() - at
    steps = _steps(plan, ledger, outcome)
    _prune(plan, outcome)
    record = _record(plan, inputs, outcome, counts, canary) | {"engine": told, "steps": steps}
    record["seconds"] = {
        "wall": round(time.monotonic() - began, 3),
        "ledger": round(ledger_seconds, 4),
    }
    record["timings"] = {name: round(value, 4) for name, value in outcome.seconds.items()}
    write_atomic(plan.folder / RUN, orjson.dumps(record, option=orjson.OPT_INDENT_2))
    _write_reports(plan.folder, progress)
    return CurateRun(plan.folder, counts, tuple(steps), plan.policy.hash)


@contextmanager
def run_folder(recipe: Recipe, out: str | Path | None) -> Iterator[Path]:
    """The folder to write to, held by this process alone."""
    folder = Path(out if out is not None else recipe.out)
    try:
        (folder / ".cache").mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / ".cache" / "lock", os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror or error}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(
                f"another run is writing to {folder}. Wait for it, or give another --out"
            ) from error
        yield folder
    finally:
        os.close(handle)


def find_policy(policy: str | Path | Policy | None, recipe: Recipe) -> Policy:
    """The policy a user means: given here, named by the recipe, ./policy.yaml, or `default`."""
    if isinstance(policy, Policy):
        return policy
    named = policy if policy is not None else recipe.policy
    if named is None:
        here = Path("policy.yaml")
        return load_policy(here) if here.exists() else policy_from_template("default")
    if str(named) in TEMPLATES and not Path(named).exists():
        return policy_from_template(str(named))
    return load_policy(named)


def _steps(plan: Plan, ledger: pl.DataFrame, outcome: Outcome) -> list[dict[str, Any]]:
    ended = dict.fromkeys(("dropped", "fault", "added"))
    by_state = {
        state: dict(ledger.filter(pl.col("state") == state).group_by("step").len().iter_rows())
        for state in ended
    }
    phrases = ledger.select(pl.col("changes").explode(empty_as_null=False).drop_nulls())["changes"]
    changed = dict(phrases.str.splitn(": ", 2).struct.field("field_0").value_counts().iter_rows())
    names = [READ, *dict.fromkeys(step.name for step in _all_steps(plan))]
    return [
        {
            "step": name,
            "dropped": by_state["dropped"].get(name, 0),
            "changed": changed.get(name, 0) - by_state["added"].get(name, 0),
            "added": by_state["added"].get(name, 0),
            "fault": by_state["fault"].get(name, 0),
            "seconds": round(outcome.seconds.get(name, 0.0), 4),
        }
        for name in names
    ]


def _all_steps(plan: Plan) -> Iterator[Any]:
    for phase in plan.phases:
        yield from phase.maps
        if phase.last is not None:
            yield phase.last


def _record(
    plan: Plan, inputs: Inputs, outcome: Outcome, counts: Counts, canary: CanaryReport
) -> dict[str, Any]:
    files = sorted(path.name for path in (plan.folder / DATA).glob("part-*"))
    sizes: dict[str, int] = {source.name: source.size for source in inputs.sources}
    return {
        "trueline": version(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "name": plan.recipe.name,
        "recipe": plan.recipe.model_dump(mode="json"),
        "policy": {"name": plan.policy.name, "hash": plan.policy.hash},
        "seed": plan.recipe.seed,
        "versions": {
            "python": platform.python_version(), "polars": pl.__version__, "numpy": np.__version__,
        },
        "inputs": [
            {
                "source": source,
                "bytes": sizes.get(source, 0),
                "digest": xxhash.xxh3_128("".join(digests).encode()).hexdigest(),
            }
            for source, digests in inputs.digests.items()
        ],
        "counts": asdict(counts),
        "phases": [
            {
                "title": run.title, "batches": len(run.keys), "reused": run.reused,
                "records": sum(summary.records for summary in run.summaries),
                "seconds": round(run.seconds, 3),
            }
            for run in outcome.phases
        ],
        "data": {
            "format": plan.recipe.output, "files": files, "documents": counts.documents,
            "text_bytes": sum(summary.text_bytes for summary in outcome.last.summaries),
        },
        "canary": canary.as_json(),
        "canaries": {
            f"{check.step}: {check.kind}": {"planted": check.reached, "found": check.caught}
            for check in canary.checks
            if check.reached
        },
    }  # fmt: skip


def _prune(plan: Plan, outcome: Outcome) -> None:
    """Remove stored batches that this run did not use: of other recipes and older policies."""
    used = {key for run in outcome.phases for key in run.keys}
    used |= {summary.text_key for run in outcome.phases for summary in run.summaries}
    for path in plan.cache.glob("*.parquet"):
        if path.stem not in used:
            path.unlink(missing_ok=True)


def _write_reports(folder: Path, progress: Progress) -> None:
    for path in (write_card(folder), write_report(folder)):
        progress.say(f"wrote {path}")
