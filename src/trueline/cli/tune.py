"""`trueline tune`: search a recipe's best values."""

from __future__ import annotations

import json
import sys

import click

from trueline.cli.options import json_option


@click.command()
@click.argument("study")
@click.option("--out", metavar="DIR", help="Folder to write to, in place of the study's.")
@click.option(
    "--trials", type=click.IntRange(min=1), help="Trials in all, in place of the study's."
)
@click.option("--parallel", type=click.IntRange(min=1, max=256),
              help="Trials at the same time, in place of the study's.")  # fmt: skip
@json_option
def tune(
    study: str, out: str | None, trials: int | None, parallel: int | None, as_json: bool
) -> None:
    """Search the values that STUDY, a YAML file, names; a study that was broken off goes on.

    The folder then holds report.txt, report.json, report.svg, best.yaml (the recipe with the best
    values) and the runs under trials/.

    \b
    trueline tune study.yaml
    trueline tune study.yaml --trials 40 --parallel 2

    Exit codes: 0 done, 2 something to mend in the study, its recipe or the rows.
    """
    from trueline.core.extras import require
    from trueline.train import require_train

    require_train()
    require("optuna", extra="train", feature="trueline tune")
    from trueline.train.progress import Progress
    from trueline.train.tune import tune as run_tune

    progress = Progress(sys.stderr)
    try:
        report = run_tune(study, out=out, trials=trials, parallel=parallel, progress=progress)
    except KeyboardInterrupt:
        progress.say("stopped: finished trials are kept; run the same command again to go on")
        raise SystemExit(130) from None
    click.echo(json.dumps(report.as_json(), ensure_ascii=False) if as_json else report.as_text())
