"""`trueline assess import`: bounds for the counts of other tools."""

from __future__ import annotations

import json

import click

from trueline.cli.options import json_option


@click.command("import")
@click.argument("file")
@click.option("--confidence", type=click.FloatRange(0.5, 1, min_open=True, max_open=True),
              default=0.95, show_default=True)  # fmt: skip
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@json_option
def import_results(file: str, confidence: float, lang: str, as_json: bool) -> None:
    """Read FILE, a garak report.jsonl or an Inspect log (.eval or .json), and bound its rates.

    \b
    trueline assess import garak.report.jsonl
    trueline assess import logs/2026-05-02T10-00-00_safety.eval --json

    Beside each interval that the file states stands the exact one for the same counts.
    """
    from trueline.assess.interop.imported import as_text, read_results

    results = read_results(file, confidence)
    if as_json:
        for result in results:
            click.echo(json.dumps(result.as_json(), ensure_ascii=False))
    else:
        click.echo(as_text(results, confidence, lang))
