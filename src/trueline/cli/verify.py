"""`trueline verify`: compute a safety case again from its own counts."""

from __future__ import annotations

import json
from pathlib import Path

import click

from trueline.cli.options import json_option


@click.command()
@click.argument("case", type=click.Path(path_type=Path))
@click.option("--evidence", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Case folder whose files must have the hashes the report names.")  # fmt: skip
@json_option
def verify(case: Path, evidence: Path | None, as_json: bool) -> None:
    """Compute every number of CASE again and compare every byte of its page.

    CASE is case.html, case.json or the folder that holds them.

    \b
    trueline verify case.html
    trueline verify case.html --evidence .     the files behind it too

    Exit codes: 0 all follows, 1 something differs (one message says what), 2 no case to read.
    """
    from trueline.assess.case.verify import verify as verify_case

    found = verify_case(case, evidence)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
    elif found.holds:
        click.echo(f"{found.source}: verified, {found.verdict}; {found.claims} claims")
        for line in found.compared:
            click.echo(f"  {line}")
        click.echo(f"  content {found.digest}")
    else:
        click.echo(f"{found.source}: {found.fault}", err=True)
    if not found.holds:
        raise SystemExit(1)
