"""`trueline predict`: use a finished model on texts or rows."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import click


@click.command()
@click.argument("model", metavar="MODEL_DIR")
@click.argument("text", required=False)
@click.option("--input", "input_path", metavar="FILE",
              help="JSON lines, or plain text with a text a line; - is stdin.")  # fmt: skip
@click.option("--batch-size", type=click.IntRange(min=1), default=32, show_default=True,
              help="Rows of a batch at most.")  # fmt: skip
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True,
              help="CPU threads.")  # fmt: skip
def predict(
    model: str, text: str | None, input_path: str | None, batch_size: int, threads: int
) -> None:
    """Use the model that `trueline train` left in MODEL_DIR; one JSON object a line comes out.

    \b
    trueline predict runs/news "国足今晚迎战"
    trueline predict runs/news --input rows.jsonl > predictions.jsonl
    """
    from trueline.train import require_train

    require_train()
    import orjson

    from trueline.core.errors import InputError
    from trueline.train.artifact import load_artifact
    from trueline.train.predict import predict as run_predict

    if (text is None) == (input_path is None):
        raise InputError('give a text, or --input FILE: trueline predict MODEL_DIR "a text"')
    artifact = load_artifact(model)
    field = artifact.task.input_field
    rows = iter([{field: text}]) if input_path is None else _rows(input_path, field)
    for prediction in run_predict(artifact, rows, batch_size=batch_size, threads=threads):
        click.echo(orjson.dumps(prediction).decode())


def _rows(path: str, field: str) -> Iterator[Any]:
    from trueline.core.errors import InputError
    from trueline.train.data import parse_row

    try:
        stream = sys.stdin.buffer if path == "-" else open(path, "rb")  # noqa: SIM115
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    with stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                yield parse_row(line, f"{path}:{number}", field)
