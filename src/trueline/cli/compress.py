"""`trueline compress`: a finished model as ONNX, float32 and int8, with a parity table."""

from __future__ import annotations

import json

import click

from trueline.cli.options import json_option


@click.command()
@click.argument("model", metavar="RUN_DIR")
@click.option("--rows", "patterns", metavar="GLOB", multiple=True,
              help="Labelled rows to compare on; else the run's test files, or its dev files.")  # fmt: skip
@click.option("--least-kept", type=click.FloatRange(0, 1), metavar="SHARE",
              help="Exit with 1 when int8 keeps less of the metric than this.")  # fmt: skip
@click.option("--least-agreement", type=click.FloatRange(0, 1), metavar="SHARE",
              help="Exit with 1 when int8 decides differently more often.")  # fmt: skip
@json_option
def compress(
    model: str,
    patterns: tuple[str, ...],
    least_kept: float | None,
    least_agreement: float | None,
    as_json: bool,
) -> None:
    """Write the model that `trueline train` left in RUN_DIR as ONNX: float32, and int8.

    model/model.onnx, model/model.int8.onnx and model/parity.json are written; a file runs without
    torch (`trueline.models.onnx_session`). A certificate of the safety test is the model's own:
    the int8 file is another model, and the table says how often it decides differently.

    \b
    trueline compress runs/news
    trueline compress runs/news --rows held_out.jsonl --least-kept 0.995 --least-agreement 0.999

    Exit codes: 0 done, 1 int8 is below a limit that was given, 2 something to mend in the input.
    """
    from trueline.train import require_train

    require_train()
    from trueline.train.parity import compress as run_compress
    from trueline.train.parity_rows import comparison_rows

    parity = run_compress(model, comparison_rows(model, patterns))
    click.echo(json.dumps(parity.as_json(), ensure_ascii=False) if as_json else parity.as_text())
    small = parity.files[-1]
    for share, least, told in (
        (small.kept, least_kept, "keeps"), (small.agreement, least_agreement, "agrees on")
    ):  # fmt: skip
        if least is not None and share < least:
            click.echo(f"{small.file} {told} {share:.2%}, less than {least:.2%}", err=True)
            raise SystemExit(1)
