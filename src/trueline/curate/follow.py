"""Take in files as they arrive in a folder, and keep the data set up to date.

After every round the folder holds what one run over all files seen so far, in the order of
their arrival, would have left: an early document never makes way for a late copy, and files of
the data set that are full do not change. Batches of earlier rounds are reused.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from trueline.core.errors import InputError
from trueline.core.policy import Policy
from trueline.curate.engines.engine import make_engine
from trueline.curate.inputs import Inputs
from trueline.curate.phases import Plan
from trueline.curate.progress import Progress
from trueline.curate.readers.sources import Source, find_sources, format_of
from trueline.curate.recipe import Recipe
from trueline.curate.recipe_file import load_recipe
from trueline.curate.run import CurateRun, find_policy, run_folder, run_plan
from trueline.curate.shards import write_atomic

#: A file nobody has written to for so long is taken for finished.
QUIET_SECONDS = 2.0
POLL_SECONDS = 1.0
UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".swp")
ARRIVED = "arrived.json"


def follow_folder(
    recipe: str | Path | Recipe,
    folder: str | Path,
    *,
    out: str | Path | None = None,
    workers: int = 1,
    engine: str | None = None,
    policy: str | Path | Policy | None = None,
    progress: Progress | None = None,
    quiet_seconds: float = QUIET_SECONDS,
    wait: Callable[[], bool] | None = None,
) -> Iterator[CurateRun]:
    """One finished run for every round in which files arrived.

    A file counts as arrived when its name does not start with a dot or end as half-written
    files do, and nobody has changed it for `quiet_seconds`: write elsewhere and rename, or
    simply write. Stopping at any moment is safe; the next call goes on.

    Args:
        recipe: as for `curate`.
        folder: where files arrive, at any depth.
        out: as for `curate`.
        workers: as for `curate`.
        engine: as for `curate`.
        policy: as for `curate`.
        progress: as for `curate`.
        quiet_seconds: how long a file must have been left alone.
        wait: called between looks at the folder; False ends the watch. Sleeps by default.
    """
    recipe = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    inbox = Path(folder)
    if not inbox.is_dir():
        raise InputError(f"--follow {inbox}: no such folder. Make it, or give another one")
    wait = wait or _sleep
    progress = progress or Progress(None)
    with run_folder(recipe, out) as target:
        plan = Plan(recipe, find_policy(policy, recipe), target)
        doing = make_engine(engine, workers)
        told = {"name": engine or ("local" if workers == 1 else "pool"), "workers": workers}
        order = _remembered(target)
        taken: set[str] = set()
        progress.say(f"watching {inbox}; stop with Ctrl-C")
        try:
            while True:
                order += _arrived(inbox, target, recipe, order, quiet_seconds)
                if order and taken != set(order):
                    write_atomic(_memory(target), json.dumps(order, ensure_ascii=False).encode())
                    inputs = Inputs(tuple(_sources(order, recipe)), recipe.fields)
                    yield run_plan(plan, inputs, doing, told, progress)
                    taken = set(order)
                if not wait():
                    return
        finally:
            doing.close()


def _arrived(
    inbox: Path, target: Path, recipe: Recipe, known: list[str], quiet_seconds: float
) -> list[str]:
    """Names of files that are new and finished, in the order in which they were finished."""
    found: list[tuple[int, str]] = []
    now = time.time()
    seen = set(known)
    for path in inbox.rglob("*"):
        name = path.as_posix()
        hidden = any(part.startswith(".") for part in path.relative_to(inbox).parts)
        if hidden or name in seen or path.suffix in UNFINISHED or target in path.parents:
            continue
        if recipe.format == "auto" and format_of(path) is None:
            continue
        try:
            status = path.stat()
        except OSError:
            continue  # gone again: its writer has renamed it
        if path.is_file() and now - status.st_mtime >= quiet_seconds:
            found.append((status.st_mtime_ns, name))
    return [name for _, name in sorted(found)]


def _sources(order: list[str], recipe: Recipe) -> Iterator[Source]:
    for name in order:
        if not Path(name).exists():
            raise InputError(
                f"{name} was taken in before and is gone now. Put it back, or start afresh with "
                "another --out"
            )
        yield from find_sources([name], recipe.format)


def _memory(target: Path) -> Path:
    return target / ".cache" / ARRIVED


def _remembered(target: Path) -> list[str]:
    try:
        names: Any = json.loads(_memory(target).read_bytes())
    except (OSError, ValueError):
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def _sleep() -> bool:
    time.sleep(POLL_SECONDS)
    return True
