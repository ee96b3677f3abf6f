"""`trueline gate`: may it ship? One sentence and an exit code for a release pipeline."""

from __future__ import annotations

import json
from pathlib import Path

import click

from trueline.cli.options import json_option


@click.command()
@click.argument("case", type=click.Path(path_type=Path, exists=True))
@click.option("--build", is_flag=True, help="Write case.html, case.json and case.pdf anew.")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@json_option
def gate(case: Path, build: bool, lang: str, as_json: bool) -> None:
    """Say the verdict on CASE, a case folder or its report.

    A folder is read anew: evidence, sign-offs and withdrawals that came after the report count.

    \b
    trueline gate cases/today && ./deploy
    trueline gate cases/today --json
    trueline gate cases/today --build          and write the report anew

    Exit codes: 0 RELEASE, 1 HOLD, 3 NOT ENOUGH EVIDENCE, 2 no case to read.
    """
    from trueline.assess.case.gate import gate as ask_gate

    answer = ask_gate(case, build=build)
    if as_json:
        click.echo(json.dumps(answer.as_json(lang), ensure_ascii=False))
    else:
        click.echo(answer.sentence(lang))
    for note in answer.notes:
        click.echo(f"note: {note}", err=True)
    if not answer.current:
        click.echo(
            f"note: the report in {case} is missing or older than what it rests on; write it"
            f" anew: trueline gate {case} --build",
            err=True,
        )
    if answer.exit_code:
        raise SystemExit(answer.exit_code)
