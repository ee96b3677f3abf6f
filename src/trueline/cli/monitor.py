"""`trueline monitor`: what is watched, which alarms are open, who is told."""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import TYPE_CHECKING

import click

from trueline.cli.keys import db_option
from trueline.cli.lazy_group import Lazy, LazyGroup
from trueline.cli.options import author_name, find_policy, json_option, policy_option
from trueline.cli.times import Moment

if TYPE_CHECKING:
    from trueline.store.alarms import Alarm, AlarmState

_POLICY = "monitor_policy"
# Commands in a file of their own.
_MORE: dict[str, Lazy] = {
    "calibrate": Lazy(_POLICY, "calibrate", "Propose thresholds from reviewed labels."),
    "versions": Lazy(_POLICY, "versions", "List versions of the policy."),
    "approve": Lazy(_POLICY, "approve", "Put a version in force, or let it decide a share."),
    "reject": Lazy(_POLICY, "reject", "Set a proposed version aside."),
    "rollback": Lazy(_POLICY, "rollback", "Take a version back."),
    "export": Lazy(_POLICY, "export", "Write reviewed texts as data for the next round."),
}

file_option = click.option(
    "--file",
    "path",
    metavar="FILE",
    envvar="TRUELINE_MONITOR",
    help="Monitor file; ./monitor.yaml when there is one, else the defaults.",
)
lang_option = click.option(
    "--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True
)
as_option = click.option(
    "--as", "author", metavar="NAME", help="Who does it; the system's user name when left out."
)


@click.group(cls=LazyGroup, lazy=_MORE)
def monitor() -> None:
    """Watch the log of exchanges, and deal with alarms.

    `trueline up` watches while it runs; these commands need no running gateway.

    \b
    trueline monitor rules > monitor.yaml          a file to start from
    trueline monitor alarms                        what is open
    trueline monitor resolve 01a2 --reason "model rolled back"
    """


@monitor.command()
@click.option("--check", "path", metavar="FILE", help="Check this file instead of printing one.")
def rules(path: str | None) -> None:
    """Print the default rules as a file to start from, or check a file."""
    from trueline.monitor.rules_file import default_file, load_monitoring

    if path is None:
        click.echo(default_file(), nl=False)
        return
    loaded = load_monitoring(path)
    click.echo(f"{path}: {len(loaded.rules)} rules, {len(loaded.channels)} channels: fine")


@monitor.command()
@db_option
@policy_option
@file_option
@click.option("--once", is_flag=True, help="One round, then end: for cron.")
@json_option
def watch(db: str, policy_path: str | None, path: str | None, once: bool, as_json: bool) -> None:
    """Watch without a gateway, round after round until stopped.

    Exit codes of --once: 0 nothing new, 1 an alarm was raised, 2 something to mend.
    """
    import time

    from trueline.monitor.levels import MachineLevels
    from trueline.monitor.round import run_round
    from trueline.monitor.rules_file import load_monitoring
    from trueline.monitor.watching import LEASE, Watcher
    from trueline.store.events import EventStore
    from trueline.store.watches import give_up_lease

    policy, loaded = find_policy(policy_path), load_monitoring(path)
    raised = False
    with EventStore.open(db) as store:
        watcher = Watcher(store, loaded, lambda: policy, MachineLevels(store))
        try:
            while True:
                done = run_round(watcher, os.environ)
                if done.found is None:
                    click.echo("another process is watching this store", err=True)
                else:
                    _show_alarms([*done.found.raised, *done.found.again], "en", as_json)
                    raised = raised or bool(done.found.raised)
                    if once and not as_json:
                        click.echo(f"{done.found.events:,} new events", err=True)
                if once:
                    break
                time.sleep(loaded.look_seconds)
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
        finally:
            give_up_lease(store, LEASE, watcher.holder)
    if once and raised:
        raise SystemExit(1)


@monitor.command()
@db_option
@click.option(
    "--state",
    type=click.Choice(["open", "acknowledged", "recovered", "resolved", "live", "all"]),
    default="live",
    show_default=True,
    help="Live: all that is not resolved.",
)
@click.option("--rule", default="", help="Only of this rule.")
@click.option("--since", type=Moment(), help="Raised since: a date, a time, or 24h, 30d.")
@lang_option
@json_option
def alarms(
    db: str, state: str, rule: str, since: datetime | None, lang: str, as_json: bool
) -> None:
    """List alarms, newest first.

    \b
    $ trueline monitor alarms
    019af3c2d4e17a10  open  page  2026-03-01 08:00  violations: replies of the model that ...
    """
    from trueline.store.alarms import LIVE, STATES, list_alarms
    from trueline.store.events import EventStore

    wanted: tuple[AlarmState, ...] = LIVE
    if state != "live":
        wanted = tuple(one for one in STATES if state in ("all", one))
    with EventStore.open(db, read_only=True) as store:
        found = list_alarms(store, states=wanted, rule=rule, since=since, limit=1000)
    _show_alarms(found, lang, as_json)
    if not found and not as_json:
        click.echo("no alarms", err=True)


@monitor.command()
@click.argument("alarm")
@db_option
@as_option
def acknowledge(alarm: str, db: str, author: str | None) -> None:
    """Say that someone is dealing with ALARM; it is not sent again."""
    _step(db, alarm, "acknowledged", author, "")


@monitor.command()
@click.argument("alarm")
@db_option
@as_option
@click.option("--reason", default="", help="What it was and what was done; kept in the log.")
def resolve(alarm: str, db: str, author: str | None, reason: str) -> None:
    """Say that ALARM is over and done with; a claim it withdrew holds again."""
    _step(db, alarm, "resolved", author, reason)


@monitor.command()
@click.argument("rule")
@db_option
@click.option(
    "--until", type=Moment(future=True), required=True, help="Date, time, or a span such as 2h."
)
@as_option
@click.option("--reason", default="", help="Why; kept in the log.")
def silence(rule: str, db: str, until: datetime, author: str | None, reason: str) -> None:
    """Send no messages for RULE (or '*' for all) until a moment; alarms are still recorded."""
    from trueline.store.alarms import Silence, add_silence
    from trueline.store.events import EventStore

    with EventStore.open(db) as store:
        add_silence(store, Silence(rule, until, author_name(author), reason)).result()
    click.echo(f"{rule}: silent until {until:%Y-%m-%d %H:%M} UTC")


@monitor.command()
@file_option
@click.option("--channel", "name", help="Only this channel.")
def test(path: str | None, name: str | None) -> None:
    """Send a test message over every channel of the monitor file.

    Exit codes: 0 all were taken, 1 one was not, 2 something to mend.
    """
    from trueline.core.errors import InputError
    from trueline.monitor.channels.delivery import DeliveryError
    from trueline.monitor.channels.send import send
    from trueline.monitor.message import trial_message
    from trueline.monitor.rules_file import load_monitoring

    loaded = load_monitoring(path)
    channels = [one for one in loaded.channels if name in (None, one.name)]
    if not channels:
        known = ", ".join(one.name for one in loaded.channels)
        raise InputError(f"no channel is called {name!r}; there are: {known}")
    failed = False
    for channel in channels:
        try:
            send(channel, trial_message(loaded.language), os.environ)
            click.echo(f"{channel.name}: sent")
        except DeliveryError as error:
            click.echo(f"{channel.name}: not sent: {error}")
            failed = True
    if failed:
        raise SystemExit(1)


def _step(db: str, prefix: str, state: AlarmState, author: str | None, reason: str) -> None:
    from trueline.core.errors import InputError
    from trueline.store.alarms import list_alarms, step
    from trueline.store.events import EventStore

    with EventStore.open(db) as store:
        ids = [one.id for one in list_alarms(store, limit=1000) if one.id.startswith(prefix)]
        if len(ids) > 1:
            raise InputError(f"{len(ids)} alarms begin with {prefix!r}; give more of the id")
        whole = ids[0] if ids else prefix
        step(store, whole, state, author=author_name(author), reason=reason).result()
    click.echo(f"{whole}: {state}")


def _show_alarms(found: list[Alarm], lang: str, as_json: bool) -> None:
    from trueline.monitor.message import describe

    for alarm in found:
        if as_json:
            click.echo(json.dumps(alarm.as_json(), ensure_ascii=False))
            continue
        opened = f"{alarm.opened:%Y-%m-%d %H:%M}"
        click.echo(
            f"{alarm.id[:16]}  {alarm.state:12} {alarm.severity:6} {opened}  {alarm.rule}: "
            f"{describe(alarm, lang)}"
        )
