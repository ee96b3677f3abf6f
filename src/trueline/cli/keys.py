"""`trueline keys`: make, list and revoke API keys."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import click

from trueline.cli.options import json_option
from trueline.cli.times import Moment

if TYPE_CHECKING:
    from trueline.store.keys import ApiKey

db_option = click.option(
    "--db",
    metavar="URL",
    envvar="TRUELINE_DB",
    default="sqlite:///trueline.db",
    show_default=True,
    help="Event store; TRUELINE_DB when left out.",
)
_ROLES = ("admin", "client", "reviewer", "viewer")


@click.group()
def keys() -> None:
    """Make, list and revoke API keys.

    \b
    $ trueline keys create --name shop-bot
    tl-...                                    shown this once; keep it
    """


@keys.command()
@db_option
@click.option("--name", required=True, help="Who will use it.")
@click.option("--role", type=click.Choice(_ROLES), default="client", show_default=True)
@click.option("--policy", default="", help="Policy for its requests; else the server's.")
@click.option("--rate-limit", type=click.IntRange(1), help="Requests a minute; else the server's.")
@click.option("--expires", type=Moment(future=True), help="Date, time, or a span such as 90d.")
@json_option
def create(
    db: str,
    name: str,
    role: str,
    policy: str,
    rate_limit: int | None,
    expires: datetime | None,
    as_json: bool,
) -> None:
    """Make a key and print it: it is stored as a hash and never shown again."""
    from trueline.store.events import EventStore
    from trueline.store.keys import create_key

    with EventStore.open(db) as store:
        made = create_key(
            store, name, role=role, policy=policy, rate_limit=rate_limit, expires=expires
        )
    if as_json:
        click.echo(json.dumps({**made.key.as_json(), "key": made.secret}, ensure_ascii=False))
        return
    click.echo(made.secret)
    click.echo(
        f"key {made.key.id} for {name}, role {role}; it is not shown again: keep it safe", err=True
    )


@keys.command("list")
@db_option
@json_option
def list_(db: str, as_json: bool) -> None:
    """Show every key ever made, without the keys themselves."""
    from trueline.store.events import EventStore
    from trueline.store.keys import list_keys

    with EventStore.open(db, read_only=True) as store:
        found = list_keys(store)
    for key in found:
        click.echo(json.dumps(key.as_json(), ensure_ascii=False) if as_json else _line(key))
    if not found:
        click.echo("no keys yet; `trueline keys create --name NAME` makes one", err=True)


@keys.command()
@db_option
@click.argument("key_id", metavar="ID")
@json_option
def revoke(db: str, key_id: str, as_json: bool) -> None:
    """Close a key for good. ID is the key's id, or its beginning."""
    from trueline.store.events import EventStore
    from trueline.store.keys import revoke_key

    # Only looks first, so that a wrong path makes no new database.
    EventStore.open(db, read_only=True).close()
    with EventStore.open(db) as store:
        key = revoke_key(store, key_id)
    click.echo(json.dumps(key.as_json(), ensure_ascii=False) if as_json else _line(key))


def _line(key: ApiKey) -> str:
    # Which limit the server sets is known to the server alone: its setting `rate_limit`.
    limit = f"{key.rate_limit}/min" if key.rate_limit else "server default"
    used = key.last_used.strftime("%Y-%m-%d %H:%M") if key.last_used else "never used"
    policy = f"  policy {key.policy}" if key.policy else ""
    return (
        f"{key.id}  {key.hint + '...':<12}{key.role:<10}{key.state():<9}{limit:<16}"
        f"{used:<18}{key.name}{policy}"
    )
