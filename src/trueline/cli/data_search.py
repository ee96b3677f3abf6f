"""`trueline data search`: find documents of a curated data set by their words."""

from __future__ import annotations

import json
from pathlib import Path

import click

from trueline.cli.options import json_option


@click.command()
@click.argument("query")
@click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("curated"),
    show_default=True,
    help="What `trueline curate` wrote.",
)
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--language", default="", help="Only documents of this language: zh, en, other.")
@click.option("--split", default="", help="Only this part: train, dev, test.")
@click.option("--label", default="", help="Only documents with this label.")
@json_option
def search(
    query: str, folder: Path, limit: int, language: str, split: str, label: str, as_json: bool
) -> None:
    """Find documents that hold every word of QUERY, best first.

    Chinese needs no spaces, and one character is enough; "words in quotes" have to follow each
    other. The index is made on the first search, and again when the data has changed. Exit
    code 1 when nothing is found.

    \b
    $ trueline data search 退款 --data curated --limit 1
    1 of 3 documents
    7 (zh, train)  …上周申请的「退款」还没有到账…
    """
    from trueline.curate.search_index import search as search_index

    wanted = {"language": language, "split": split, "label": label}
    only = {name: value for name, value in wanted.items() if value}
    found = search_index(folder, query, limit=limit, only=only)
    if not as_json:
        click.echo(f"{len(found.hits)} of {found.total} documents", err=True)
    for hit in found.hits:
        if as_json:
            click.echo(json.dumps(hit.as_json(), ensure_ascii=False))
        else:
            kind = ", ".join(part for part in (hit.language, hit.split, hit.label) if part)
            click.echo(f"{hit.id} ({kind})  {hit.snippet}" if kind else f"{hit.id}  {hit.snippet}")
    raise SystemExit(0 if found.hits else 1)
