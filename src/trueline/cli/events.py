"""`trueline events`: export, verify and prune the log of exchanges."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trueline.cli.keys import db_option
from trueline.cli.options import author_name, json_option
from trueline.cli.times import Moment
from trueline.core.records import Action

if TYPE_CHECKING:
    from trueline.store.backup import Copied
    from trueline.store.chain import Receipt
    from trueline.store.chain_walk import ChainReport

_ACTIONS = [str(action) for action in Action]


@click.group()
def events() -> None:
    """Export, verify, back up and prune the log of exchanges."""


@events.command()
@db_option
@click.option("--since", type=Moment(), help="From this moment: a date, a time, or 24h, 30d.")
@click.option("--until", type=Moment(), help="Before this moment.")
@click.option("--action", type=click.Choice(_ACTIONS), help="Only this action.")
@click.option("--category", default="", help="Only this category.")
@click.option("--limit", type=click.IntRange(1), help="At most this many.")
def export(
    db: str,
    since: datetime | None,
    until: datetime | None,
    action: str | None,
    category: str,
    limit: int | None,
) -> None:
    """Print exchanges, oldest first, one JSON object a line.

    \b
    $ trueline events export --since 24h --action block
    {"id":"01a2...","time":"2026-03-01T08:00:00.000000+00:00","action":"block",...}
    """
    import orjson

    from trueline.store.events import EventStore
    from trueline.store.queries import Filter, export_exchanges

    where = Filter(
        since=since,
        until=until,
        action=None if action is None else Action.parse(action),
        category=category,
    )
    out = sys.stdout.buffer
    with EventStore.open(db, read_only=True) as store:
        for event in export_exchanges(store, where, limit=limit):
            out.write(orjson.dumps(event.as_json(), option=orjson.OPT_APPEND_NEWLINE))
    out.flush()


@events.command()
@db_option
@click.option(
    "--receipt",
    "receipts",
    multiple=True,
    metavar="CHAIN:SEQ:HASH",
    help="A head or receipt kept elsewhere that must still be there; may be given again.",
)
@json_option
def verify(db: str, receipts: tuple[str, ...], as_json: bool) -> None:
    """Check every record against its hash chain; exit code 1 when one does not fit.

    \b
    $ trueline events verify
    chain 01a2...: 1204 records, 0 pruned, head 01a2...:1204:9c1e...: ok
    """
    from trueline.store.events import EventStore
    from trueline.store.verify import verify as verify_store

    kept = [_receipt(text) for text in receipts]
    with EventStore.open(db, read_only=True) as store:
        found = verify_store(store, kept)
    for chain in found.chains:
        _print_chain(chain, as_json)
    for fault in found.faults:
        click.echo(json.dumps({"fault": str(fault)}) if as_json else f"FAULT {fault}")
    if not found.chains:
        click.echo("the store holds no records yet", err=True)
    raise SystemExit(0 if found.ok else 1)


@events.command()
@db_option
@click.option(
    "--older-than",
    "before",
    type=Moment(),
    required=True,
    help="A span such as 30d, or a date.",
)
@click.option("--texts-only", is_flag=True, help="Keep the records, remove the texts.")
@json_option
def prune(db: str, before: datetime, texts_only: bool, as_json: bool) -> None:
    """Remove old exchanges, or their texts alone; the chain still verifies."""
    from trueline.store.events import EventStore
    from trueline.store.prune import prune as prune_store

    # Only looks first, so that a wrong path makes no new database.
    EventStore.open(db, read_only=True).close()
    with EventStore.open(db) as store:
        report = prune_store(store, before, texts_only=texts_only, author=author_name(None))
    if as_json:
        row = {
            "exchanges": report.exchanges,
            "feedback": report.feedback,
            "texts_only": texts_only,
            "before": before.isoformat(),
        }
        click.echo(json.dumps(row))
        return
    what = "removed the texts of" if texts_only else "removed"
    click.echo(f"{what} {report.exchanges} exchanges and {report.feedback} remarks")


@events.command()
@click.argument("file", type=click.Path(path_type=Path))
@db_option
@json_option
def backup(file: Path, db: str, as_json: bool) -> None:
    """Copy the store to FILE while it is written; the copy is checked before it gets its name.

    \b
    $ trueline events backup /backups/trueline-2026-03-01.db
    /backups/trueline-2026-03-01.db: 12,040 records, 18.4 MB, verified
    """
    from trueline.store.backup import back_up
    from trueline.store.events import EventStore

    with EventStore.open(db, read_only=True) as store:
        _print_copy(back_up(store, file), as_json)


@events.command()
@click.argument("file", type=click.Path(path_type=Path))
@db_option
@json_option
def restore(file: Path, db: str, as_json: bool) -> None:
    """Put the copy FILE in place as a new store; it must not exist yet."""
    from trueline.store.backup import restore as put_back

    _print_copy(put_back(file, db), as_json)


def _print_copy(copied: Copied, as_json: bool) -> None:
    if as_json:
        row = {"path": str(copied.path), "records": copied.records, "bytes": copied.bytes}
        click.echo(json.dumps(row))
        return
    megabytes = copied.bytes / 1e6
    click.echo(f"{copied.path}: {copied.records:,} records, {megabytes:,.1f} MB, verified")


def _print_chain(chain: ChainReport, as_json: bool) -> None:
    if as_json:
        row: dict[str, Any] = {
            "chain": chain.chain_id,
            "records": chain.records,
            "pruned": chain.pruned,
            "seq": chain.last_seq,
            "head": chain.head,
            "ok": chain.ok,
            "faults": [str(fault) for fault in chain.faults],
            "more_faults": chain.more_faults,
        }
        click.echo(json.dumps(row))
        return
    count = len(chain.faults) + chain.more_faults
    verdict = "ok" if chain.ok else f"{count} FAULT{'S' if count > 1 else ''}"
    click.echo(
        f"chain {chain.chain_id}: {chain.records} records, {chain.pruned} pruned, "
        f"head {chain.chain_id}:{chain.last_seq}:{chain.head}: {verdict}"
    )
    for fault in chain.faults:
        click.echo(f"FAULT {fault}")
    if chain.more_faults:
        click.echo(f"FAULT and {chain.more_faults} more in this chain")


def _receipt(text: str) -> Receipt:
    from trueline.core.errors import InputError
    from trueline.store.chain import Receipt

    parts = text.strip().split(":")
    if len(parts) != 3 or not parts[1].isascii() or not parts[1].isdigit():
        raise InputError("a receipt reads CHAIN:SEQ:HASH, as `events verify` prints heads")
    return Receipt(parts[0], int(parts[1]), parts[2])
