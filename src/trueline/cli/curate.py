"""`trueline curate`: run a recipe over raw text, or over files as they arrive."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import click

from trueline.cli.options import json_option

if TYPE_CHECKING:
    from trueline.curate.run import CurateRun


@click.command()
@click.argument("recipe")
@click.option("--input", "inputs", metavar="GLOB", multiple=True,
              help="File, folder or quoted glob, in place of the recipe's; may be repeated.")  # fmt: skip
@click.option("--out", metavar="DIR", help="Folder to write to, in place of the recipe's.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True,
              help="Processes to work in.")  # fmt: skip
@click.option("--engine", type=click.Choice(["local", "pool", "ray"]),
              help="Where batches are worked on; `pool` when there are several workers.")  # fmt: skip
@click.option("--policy", metavar="FILE", envvar="TRUELINE_POLICY",
              help="Policy file or template name, in place of the recipe's.")  # fmt: skip
@click.option("--follow", metavar="DIR",
              help="Take in files as they arrive in DIR, until Ctrl-C.")  # fmt: skip
@json_option
def curate(
    recipe: str,
    inputs: tuple[str, ...],
    out: str | None,
    workers: int,
    engine: str | None,
    policy: str | None,
    follow: str | None,
    as_json: bool,
) -> None:
    """Turn raw text into a clean data set with a ledger of what happened to every document.

    RECIPE is a YAML file or the name of a bundled recipe (default, feedback_csv). The folder
    then holds data/*.parquet, ledger.parquet, run.json, card.md and report.html. A run that was
    broken off goes on when the same command is given again; with a new --policy only what the
    policy decides is done again.

    \b
    trueline curate default --input "pages/*.jsonl.gz" --out curated --workers 2
    trueline curate feedback_csv --input feedback.csv --out curated
    trueline curate default --follow inbox/ --out curated

    Exit codes: 0 done, 1 the self-test found a step that misses its faults, 2 something to mend
    in the recipe or the input.
    """
    os.environ.setdefault("POLARS_MAX_THREADS", "1")  # workers are the threads
    from trueline.curate import require_curate

    require_curate()
    from trueline.core.errors import InputError
    from trueline.curate.canary import CanaryError
    from trueline.curate.follow import follow_folder
    from trueline.curate.progress import Progress
    from trueline.curate.run import curate as run_curate

    if follow is not None and inputs:
        raise InputError("give --input or --follow, not both: --follow reads every file of DIR")
    progress = Progress(sys.stderr)
    try:
        if follow is not None:
            runs = follow_folder(
                recipe, follow, out=out, workers=workers, engine=engine, policy=policy,
                progress=progress,
            )  # fmt: skip
            for run in runs:
                _show(run, as_json)
            return
        run = run_curate(
            recipe, input=inputs or None, out=out, workers=workers, engine=engine, policy=policy,
            progress=progress,
        )  # fmt: skip
        _show(run, as_json)
    except CanaryError as error:
        click.echo(f"error: {error}", err=True)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        progress.say("stopped: finished batches are kept; run the same command again to go on")
        raise SystemExit(130) from None


def _show(run: CurateRun, as_json: bool) -> None:
    counts = run.counts
    if as_json:
        values = {name: getattr(counts, name) for name in counts.__dataclass_fields__}
        told = {"folder": str(run.folder), "counts": values, "policy_hash": run.policy_hash}
        click.echo(json.dumps({**told, "steps": list(run.steps)}, ensure_ascii=False))
        return
    click.echo(f"{counts.documents:,} documents in {run.folder}/data, of {counts.inputs:,} read")
    for step in run.steps:
        parts = [
            f"{step[what]:,} {word}"
            for what, word in (("dropped", "dropped"), ("changed", "changed"),
                               ("added", "added"), ("fault", "could not be read"))
            if step[what]
        ]  # fmt: skip
        if parts:
            click.echo(f"  {step['step']:18} {', '.join(parts)}")
    if counts.fault:
        from trueline.curate.ledger import commonest_faults

        for line in commonest_faults(run.folder):
            click.echo(f"  unreadable: {line}", err=True)
    click.echo(f"why, document by document: {run.folder}/ledger.parquet")
