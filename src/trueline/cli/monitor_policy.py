"""`trueline monitor calibrate`, `versions`, `approve`, …: from labels to a new policy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trueline.cli.keys import db_option
from trueline.cli.options import author_name, find_policy, json_option, policy_option
from trueline.core.errors import InputError

if TYPE_CHECKING:
    from trueline.core.policy import Policy
    from trueline.monitor.calibrate import Calibration
    from trueline.store.events import EventStore
    from trueline.store.policy_versions import PolicyVersion, VersionState

as_option = click.option(
    "--as", "author", metavar="NAME", help="Who does it; the system's user name when left out."
)
reason_option = click.option("--reason", default="", help="Why; kept in the log.")


@click.command()
@db_option
@policy_option
@click.option("--propose", is_flag=True, help="Put the change up for a person's decision.")
@as_option
@json_option
def calibrate(
    db: str, policy_path: str | None, propose: bool, author: str | None, as_json: bool
) -> None:
    """Propose thresholds from reviewed labels, so that the policy's miss budgets hold.

    Begins with the version in force; with the policy file when none is.

    \b
    $ trueline monitor calibrate
    violence: 62 violations reviewed, threshold 0.31: at most 18 % missed (budget 20 %) at 95 %
      on 4,000 stored texts it would act on 120 (now 90); harmless texts held up: 2 of 311 (now 1)

    Exit codes: 0 fine, 1 a budget cannot be promised with these labels, 2 something to mend.
    """
    from trueline.monitor.calibrate import calibrate as run
    from trueline.monitor.calibrate import propose_version
    from trueline.store.events import EventStore

    base = find_policy(policy_path)
    with EventStore.open(db, read_only=not propose) as store:
        policy, text = _in_force(store, base, policy_path)
        found = run(store, policy, text, folder=policy_folder(policy_path))
        if as_json:
            click.echo(json.dumps(found.as_json(), ensure_ascii=False))
        else:
            _show(found)
        if propose:
            made = propose_version(store, found, policy, author_name(author))
            click.echo(f"proposed: {made.id}", err=True)
    if not all(one.possible for one in found.proposals):
        raise SystemExit(1)


@click.command()
@db_option
@json_option
def versions(db: str, as_json: bool) -> None:
    """List versions of the policy, newest first."""
    from trueline.store.events import EventStore
    from trueline.store.policy_versions import list_versions

    with EventStore.open(db, read_only=True) as store:
        found = list_versions(store)
    for one in found:
        if as_json:
            click.echo(json.dumps(one.as_json(), ensure_ascii=False))
        else:
            share = f" {one.share:.0%}" if one.state == "canary" else ""
            click.echo(
                f"{one.id}  {one.state + share:12} {one.created:%Y-%m-%d %H:%M}  {one.policy}  "
                f"{one.hash[7:19]} from {one.parent_hash[7:19]}  {one.reason}"
            )
    if not found and not as_json:
        click.echo("no versions", err=True)


@click.command()
@click.argument("version")
@db_option
@policy_option
@click.option(
    "--canary", type=float, metavar="SHARE", help="Decide only this share of requests, such as 0.1."
)
@as_option
@reason_option
def approve(
    version: str,
    db: str,
    policy_path: str | None,
    canary: float | None,
    author: str | None,
    reason: str,
) -> None:
    """Put VERSION in force, or let it decide a share of the requests first.

    It must be made from what is in force: the policy file, or the version that took its place.
    """
    state: VersionState = "active" if canary is None else "canary"
    base = find_policy(policy_path)
    _decide(db, version, state, author, reason, canary or 0.0, base)


@click.command()
@click.argument("version")
@db_option
@as_option
@reason_option
def reject(version: str, db: str, author: str | None, reason: str) -> None:
    """Set a proposed VERSION aside."""
    _decide(db, version, "rejected", author, reason)


@click.command()
@click.argument("version")
@db_option
@as_option
@reason_option
def rollback(version: str, db: str, author: str | None, reason: str) -> None:
    """Take VERSION back, and those made from it; what it was made from is in force again."""
    _decide(db, version, "rolled_back", author, reason)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@db_option
@policy_option
@click.option(
    "--test-share", type=float, default=0.3, show_default=True, help="Part that is held out."
)
@json_option
def export(
    folder: Path, db: str, policy_path: str | None, test_share: float, as_json: bool
) -> None:
    """Write reviewed texts to FOLDER as data for the next round, a random part held out."""
    from trueline.monitor.export import export_reviewed
    from trueline.store.events import EventStore

    with EventStore.open(db, read_only=True) as store:
        made = export_reviewed(store, find_policy(policy_path), folder, test_share=test_share)
    if as_json:
        click.echo(json.dumps(made.as_json()))
        return
    click.echo(f"{folder}: {made.train} rows to train on, {made.test} to test on")
    if made.unsure or made.without_text:
        click.echo(f"left out: {made.unsure} unsure, {made.without_text} without a kept text")


def policy_text(path: str | None) -> str:
    """The YAML of the policy a user means; see `find_policy`."""
    from trueline.core.policy_file import TEMPLATES, template_text

    if path is None:
        here = Path("policy.yaml")
        return here.read_text("utf-8-sig") if here.exists() else template_text("default")
    if path in TEMPLATES and not Path(path).exists():
        return template_text(path)
    return Path(path).read_text("utf-8-sig")


def policy_folder(path: str | None) -> Path | None:
    """Where the word lists of the policy a user means lie; None for a template."""
    file = Path("policy.yaml" if path is None else path)
    return file.parent if file.exists() else None


def _in_force(store: EventStore, base: Policy, path: str | None) -> tuple[Policy, str]:
    """The policy that decides now, and its text: the newest active version, or the file."""
    from trueline.core.policy_file import parse_policy
    from trueline.store.policy_versions import in_force, list_versions

    head, _ = in_force(list_versions(store), base.hash)
    if head is None:
        return base, policy_text(path)
    click.echo(f"in force: version {head.id}", err=True)
    source = f"version {head.id}"
    return parse_policy(head.yaml, source=source, folder=policy_folder(path)), head.yaml


def _refuse_stale(
    version: PolicyVersion, versions: list[PolicyVersion], base: Policy, state: VersionState
) -> None:
    """Refuse to approve what would decide nothing."""
    from trueline.store.policy_versions import in_force, would_decide

    # Another canary is a reason of its own, and `decide` tells it.
    others = [one for one in versions if one.state != "canary" or one.id == version.id]
    if version.state not in ("proposed", "canary"):
        return
    if would_decide(version, others, base.hash, state):
        return
    head, _ = in_force(versions, base.hash)
    current = f"{base.hash[7:19]}, the policy file" if head is None else f"{head.hash[7:19]}"
    raise InputError(
        f"version {version.id} was made from {version.parent_hash[7:19]}, which is not in force "
        f"(in force for {base.name}: {current}); approved, it would decide nothing.\n"
        "  Reject it and propose anew: trueline monitor calibrate --propose; or name the policy "
        "file it belongs to with --policy."
    )


def _decide(
    db: str,
    prefix: str,
    state: VersionState,
    author: str | None,
    reason: str,
    share: float = 0.0,
    base: Policy | None = None,
) -> None:
    from trueline.store.events import EventStore
    from trueline.store.policy_versions import decide, list_versions

    with EventStore.open(db) as store:
        versions = list_versions(store)
        meant = [one for one in versions if one.id.startswith(prefix)]
        if len(meant) > 1:
            raise InputError(f"{len(meant)} versions begin with {prefix!r}; give more of the id")
        if meant and base is not None:
            _refuse_stale(meant[0], versions, base, state)
        whole = meant[0].id if meant else prefix
        made = decide(store, whole, state, approver=author_name(author), share=share, reason=reason)
    click.echo(f"{made.id}: {made.state}")


def _show(found: Calibration) -> None:
    for one in found.proposals:
        budget = f"budget {one.max_miss_rate:.0%}"
        if one.threshold is None:
            click.echo(
                f"{one.category}: {one.violations} violations reviewed: no threshold can be "
                f"promised ({budget} at {one.confidence:.0%}); it takes {one.needed} at least"
            )
            continue
        click.echo(
            f"{one.category}: {one.violations} violations reviewed, threshold {one.threshold:g}: "
            f"at most {one.miss_rate_upper:.0%} missed ({budget}) at {one.confidence:.0%}"
        )
        if one.change is not None:
            change = one.change
            click.echo(
                f"  on {change.texts:,} stored texts it would act on {change.acted_after:,} (now "
                f"{change.acted_before:,}); harmless texts held up: {change.over_refused_after} "
                f"of {change.fine} (now {change.over_refused_before})"
            )
