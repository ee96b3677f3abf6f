"""`train(recipe)`: from rows to a model, and the folder that says where it came from.

A finished run folder holds

    recipe.yaml             the whole recipe, defaults included
    run.json                data hashes, versions, seed, figures; written last
    metrics.jsonl           the curves (`trueline.train.curves`)
    loss.svg                the plot
    card.md, card.zh.md     the model card
    model/                  weights, tokenizer, configuration (`trueline.train.artifact`)

and while it goes on, checkpoint.safetensors and best.safetensors.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
from accelerate import Accelerator
from transformers import PreTrainedTokenizerFast

from trueline.core.errors import InputError
from trueline.train.artifact import FOLDER, save_artifact
from trueline.train.card import write_cards
from trueline.train.checkpoint import CHECKPOINT
from trueline.train.curves import METRICS, write_plot
from trueline.train.data import Data, fold, read_data
from trueline.train.devices import make_accelerator
from trueline.train.evaluate import evaluate
from trueline.train.faults import folder_fault
from trueline.train.loop import BEST, LoopPlan, LoopResult, run_loop
from trueline.train.models import weights_folder
from trueline.train.progress import Progress
from trueline.train.recipe import Recipe
from trueline.train.recipe_file import load_recipe, to_yaml
from trueline.train.setup import Setup
from trueline.train.signals import stopping_gently
from trueline.train.task import Example, Metrics, Row, Task
from trueline.train.tasks.tokenizer import TokenizerTaskOptions, measure
from trueline.train.tokenizers import load_tokenizer, train_tokenizer
from trueline.train.weights import weights_of

RUN, RECIPE, TOKENIZER = "run.json", "recipe.yaml", "tokenizer"
PACKAGES = ("torch", "transformers", "tokenizers", "accelerate", "safetensors", "numpy")


@dataclass(frozen=True)
class TrainRun:
    """A finished run: where it lies and what came of it; `record` is run.json."""

    folder: Path
    record: Mapping[str, Any]

    @property
    def metrics(self) -> Mapping[str, Any]:
        """Figures by split: `{"dev": {...}, "test": {...}}`."""
        found: Mapping[str, Any] = self.record["metrics"]
        return found


def train(
    recipe: str | Path | Recipe,
    *,
    changes: Sequence[str] = (),
    out: str | Path | None = None,
    resume: bool = False,
    fresh: bool = False,
    progress: Progress | None = None,
) -> TrainRun:
    """Run a recipe; a run that was broken off goes on where it stopped.

    Args:
        recipe: a recipe file or a Recipe.
        changes: values that go before the file's, such as `loop.epochs=1`.
        out: folder to write to, in place of the recipe's.
        resume: fail when there is nothing to go on with.
        fresh: start again, whatever the folder holds of an earlier run.
        progress: where to tell how far the run is; silent when not given.

    Raises:
        InputError: the recipe, the rows or the folder are unusable; the message says what to do.
    """
    recipe = recipe if isinstance(recipe, Recipe) else load_recipe(recipe, changes)
    if out is not None:
        recipe = recipe.model_copy(update={"out": str(out)})
    progress = progress or Progress(None)
    accelerator = make_accelerator(recipe)
    if not accelerator.is_main_process:
        progress = Progress(None)
    folder = Path(recipe.out)
    with held(folder, accelerator):
        data = read_data(recipe.data, recipe.seed)
        digest = digest_of(recipe, data)
        if fresh and accelerator.is_main_process:
            _clear(folder)
        accelerator.wait_for_everyone()
        done = _finished(folder, digest)
        if done is not None:
            progress.say(f"{folder} is finished already; --fresh trains again")
            return TrainRun(folder, done)
        if resume and not (folder / CHECKPOINT).is_file():
            raise InputError(
                f"--resume: {folder} has no checkpoint. Leave out --resume to start from the first "
                "step"
            )
        if isinstance(recipe.task, TokenizerTaskOptions):
            return _train_tokenizer(recipe, recipe.task, data, folder, digest)
        if recipe.data.folds:
            return _cross_validate(recipe, data, folder, digest, accelerator, progress)
        return _train_one(recipe, data, folder, digest, accelerator, progress)


@dataclass(frozen=True)
class Prepared:
    """A recipe made ready: task, examples and tokenizer."""

    task: Task
    tokenizer: PreTrainedTokenizerFast
    train: Sequence[Example]
    dev: Sequence[Example]
    test: Sequence[Example]


def prepare(
    recipe: Recipe, data: Data, tokenizer: PreTrainedTokenizerFast, progress: Progress
) -> Prepared:
    """Build the task from the rows and encode them.

    Raises:
        InputError: a row does not fit the task; the message names file and line.
    """
    weights = weights_folder(recipe.model.start) if recipe.model.start else None
    setup = Setup(tokenizer, recipe.model, recipe.seed, data.train, data.dev, {}, weights)
    task = recipe.task.build(setup)
    found: dict[str, list[Example]] = {}
    for split, rows in (("train", data.train), ("dev", data.dev), ("test", data.test)):
        found[split] = task.encode(rows) if rows else []
        cut = sum("cut" in example for example in found[split])
        if cut:
            progress.say(
                f"{split}: {cut:,} of {len(found[split]):,} examples lost their end to "
                "model.max_length; raise it, or set task.over_length to refuse"
            )
    if not found["train"]:
        raise InputError("data.train: the rows make no example. Give longer or more rows")
    return Prepared(task, tokenizer, found["train"], found["dev"], found["test"])


def tokenizer_of(recipe: Recipe, rows: Sequence[Row]) -> PreTrainedTokenizerFast:
    """The tokenizer a recipe names, or one trained on the rows."""
    named = recipe.tokenizer.folder or recipe.model.start
    if named is not None:
        return load_tokenizer(named)
    return train_tokenizer(
        (text for row in rows for text in recipe.task.texts(row)), recipe.tokenizer
    )


def digest_of(recipe: Recipe, data: Data) -> str:
    """What decides a run's result: recipe without names and places, and the data's bytes."""
    values = recipe.model_dump(mode="json", exclude={"out", "log", "name", "notes", "license"})
    values["data"] = {
        key: value for key, value in values["data"].items() if key not in ("train", "dev", "test")
    }
    hashes = {split: [file.sha256 for file in files] for split, files in data.files.items()}
    text = orjson.dumps([values, hashes], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()


@contextmanager
def held(folder: Path, accelerator: Accelerator) -> Iterator[None]:
    """The folder, made if need be and held by this run alone."""
    if not accelerator.is_main_process:
        yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / ".lock", os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as error:
        raise folder_fault(folder, error) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(
                f"another run is writing to {folder}. Wait for it, or give another --out"
            ) from error
        yield
    finally:
        os.close(handle)


def _train_one(
    recipe: Recipe,
    data: Data,
    folder: Path,
    digest: str,
    accelerator: Accelerator,
    progress: Progress,
) -> TrainRun:
    main = accelerator.is_main_process
    if main:
        (folder / RECIPE).write_text(to_yaml(recipe), encoding="utf-8")
        kept = _kept_tokenizer(folder, digest)
        if kept is None:
            _keep_tokenizer(folder, digest, tokenizer_of(recipe, data.train))
    accelerator.wait_for_everyone()
    ready = prepare(recipe, data, load_tokenizer(folder / TOKENIZER), progress)
    setup = Setup(
        ready.tokenizer, recipe.model, recipe.seed, data.train, data.dev, ready.task.facts
    )
    modifiers = [options.build(setup) for options in recipe.modifiers]
    with stopping_gently() as stop:
        plan = LoopPlan(
            recipe, ready.task, ready.task.build_model(), ready.train, ready.dev, folder,
            accelerator, modifiers, digest, progress, stop,
        )  # fmt: skip
        result = run_loop(plan)
    facts = {m.name: dict(m.finish(result.state)) for m in modifiers}
    figures: dict[str, Metrics] = {}
    model = result.state.model.to(accelerator.device)
    for split, examples in (("dev", ready.dev), ("test", ready.test)):
        if examples:
            figures[split] = evaluate(ready.task, model, examples, recipe.loop, accelerator)
    record: dict[str, Any] = {}
    if main:
        save_artifact(folder, recipe, ready.task, model, ready.tokenizer)
        record = _record(recipe, data, digest, ready, result, figures, facts, accelerator)
        _finish(folder, recipe, record)
    accelerator.wait_for_everyone()
    return TrainRun(folder, record or _finished(folder, digest) or {})


def _train_tokenizer(
    recipe: Recipe, options: TokenizerTaskOptions, data: Data, folder: Path, digest: str
) -> TrainRun:
    """Train a tokenizer alone; processes of torchrun would all do the same."""
    (folder / RECIPE).write_text(to_yaml(recipe), encoding="utf-8")
    began = time.perf_counter()
    tokenizer = tokenizer_of(recipe, data.train)
    tokenizer.save_pretrained(str(folder / FOLDER))
    figures = {
        split: measure(tokenizer, [text for row in rows for text in options.texts(row)])
        for split, rows in (("dev", data.dev), ("test", data.test))
        if rows
    }
    record = {
        **_origin(recipe, data, digest),
        "task": options.task,
        "examples": {"train": len(data.train), "dev": len(data.dev), "test": len(data.test)},
        "vocabulary": len(tokenizer),
        "seconds": round(time.perf_counter() - began, 3),
        "metrics": figures,
    }
    (folder / METRICS).write_bytes(
        b"".join(
            orjson.dumps({"step": 0, **{f"{split}_{k}": v for k, v in values.items()}}) + b"\n"
            for split, values in figures.items()
        )
    )
    _finish(folder, recipe, record)
    return TrainRun(folder, record)


def _cross_validate(
    recipe: Recipe,
    data: Data,
    folder: Path,
    digest: str,
    accelerator: Accelerator,
    progress: Progress,
) -> TrainRun:
    """One run a fold, each in a folder of its own; mean and spread over folds."""
    runs: list[TrainRun] = []
    rows: Any = [*data.train, *([] if recipe.data.dev else data.dev)]
    for number in range(recipe.data.folds):
        progress.say(f"fold {number + 1} of {recipe.data.folds}")
        outside, inside = fold(rows, number, recipe.data.folds, recipe.seed)
        if not inside or not outside:
            raise InputError(
                f"data.folds: {len(rows)} rows cannot make {recipe.data.folds} folds. Lower it"
            )
        inner = folder / f"fold-{number + 1}"
        inner.mkdir(exist_ok=True)
        own = hashlib.sha256(f"{digest} fold {number}".encode()).hexdigest()
        done = _finished(inner, own)
        part = replace(data, train=outside, dev=inside)
        runs.append(
            TrainRun(inner, done)
            if done is not None
            else _train_one(recipe, part, inner, own, accelerator, progress)
        )
    record = {**runs[0].record, "digest": digest, "recipe": recipe.model_dump(mode="json")}
    record["metrics"] = {
        split: _spread([run.metrics[split] for run in runs]) for split in runs[0].metrics
    }
    record["folds"] = [{"folder": run.folder.name, "metrics": run.metrics} for run in runs]
    record["tables"] = {}
    if accelerator.is_main_process:
        (folder / RECIPE).write_text(to_yaml(recipe), encoding="utf-8")
        lines = b"".join(
            orjson.dumps({"step": number + 1, "fold": number + 1, **run.metrics.get("dev", {})})
            + b"\n"
            for number, run in enumerate(runs)
        )
        (folder / METRICS).write_bytes(lines)
        _finish(folder, recipe, record)
    accelerator.wait_for_everyone()
    return TrainRun(folder, record)


def _spread(values: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Mean and standard deviation over folds of every figure."""
    found: dict[str, float] = {}
    for name in values[0]:
        column = [value[name] for value in values]
        mean = sum(column) / len(column)
        found[name] = mean
        below = max(len(column) - 1, 1)
        found[f"{name}_sd"] = (sum((x - mean) ** 2 for x in column) / below) ** 0.5
    return found


def _record(
    recipe: Recipe,
    data: Data,
    digest: str,
    ready: Prepared,
    result: LoopResult,
    figures: Mapping[str, Metrics],
    facts: Mapping[str, Any],
    accelerator: Accelerator,
) -> dict[str, Any]:
    tally = result.tally
    weights = weights_of(result.state.model)
    return {
        **_origin(recipe, data, digest),
        "task": ready.task.name,
        "device": str(accelerator.device),
        "processes": accelerator.num_processes,
        "threads": recipe.threads,
        "examples": {
            "train": len(ready.train), "dev": len(ready.dev), "test": len(ready.test)
        },
        "cut": sum("cut" in example for example in ready.train),
        "parameters": sum(tensor.numel() for tensor in weights.values()),
        "vocabulary": len(ready.tokenizer),
        "steps": tally.step,
        "planned_steps": result.state.steps,
        "stopped_early": result.stopped_early and tally.step < result.state.steps,
        "best_step": tally.best_step,
        "tokens": tally.tokens * accelerator.num_processes,
        "seconds": round(tally.seconds, 3),
        "tokens_per_second": round(
            tally.tokens * accelerator.num_processes / max(tally.seconds, 1e-9), 1
        ),
        "main_metric": ready.task.main_metric,
        "metrics": {split: dict(metrics.values) for split, metrics in figures.items()},
        "tables": {split: dict(metrics.tables) for split, metrics in figures.items()},
        "modifiers": dict(facts),
    }  # fmt: skip


def _origin(recipe: Recipe, data: Data, digest: str) -> dict[str, Any]:
    """Where a run came from: recipe, seed, versions, hashes of the data."""
    return {
        "trueline": version("trueline"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "name": recipe.name,
        "digest": digest,
        "recipe": recipe.model_dump(mode="json"),
        "seed": recipe.seed,
        "versions": {"python": platform.python_version(), **{n: version(n) for n in PACKAGES}},
        "data": {
            split: [
                {"name": f.name, "bytes": f.bytes, "rows": f.rows, "sha256": f.sha256}
                for f in files
            ]
            for split, files in data.files.items()
        },
    }


def _finish(folder: Path, recipe: Recipe, record: Mapping[str, Any]) -> None:
    write_plot(folder, recipe.name)
    write_cards(folder, record)
    partial = folder / f"{RUN}.partial"
    partial.write_bytes(orjson.dumps(record, option=orjson.OPT_INDENT_2))
    os.replace(partial, folder / RUN)
    for name in (CHECKPOINT, BEST):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / TOKENIZER, ignore_errors=True)


def _finished(folder: Path, digest: str) -> Mapping[str, Any] | None:
    try:
        record: Mapping[str, Any] = orjson.loads((folder / RUN).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    if record.get("digest") != digest:
        raise InputError(
            f"{folder} holds a run of another recipe or of other data. Give another --out, or "
            "start again with --fresh"
        )
    return record


def _clear(folder: Path) -> None:
    for name in (RUN, CHECKPOINT, BEST, METRICS):
        (folder / name).unlink(missing_ok=True)
    for inner in (FOLDER, TOKENIZER):
        shutil.rmtree(folder / inner, ignore_errors=True)
    for part in folder.glob("fold-*"):
        _clear(part)


def _kept_tokenizer(folder: Path, digest: str) -> Path | None:
    place = folder / TOKENIZER
    mark = place / "digest"
    return place if mark.is_file() and mark.read_text(encoding="ascii") == digest else None


def _keep_tokenizer(folder: Path, digest: str, tokenizer: PreTrainedTokenizerFast) -> None:
    place = folder / TOKENIZER
    tokenizer.save_pretrained(str(place))
    (place / "digest").write_text(digest, encoding="ascii")
