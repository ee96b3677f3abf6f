"""`trueline policy check | diff | explain | schema`."""

from __future__ import annotations

import json

import click

from trueline.cli.options import find_policy, json_option


@click.group()
def policy() -> None:
    """Check, compare and explain policies; print the schema."""


@policy.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@json_option
def check_command(files: tuple[str, ...], as_json: bool) -> None:
    """Check policy files; every fault is listed with its line. Exit 1 when one has faults."""
    from trueline.core.errors import PolicyError
    from trueline.core.policy_file import load_policy

    failed = False
    for file in files:
        try:
            found = load_policy(file)
        except PolicyError as error:
            failed = True
            if as_json:
                click.echo(json.dumps({"file": file, "valid": False, "faults": error.faults}))
            else:
                click.echo(f"error: {error}", err=True)
            continue
        if as_json:
            click.echo(json.dumps({"file": file, "valid": True, "policy_hash": found.hash}))
        else:
            click.echo(f"{file}: valid, {len(found.categories)} categories, {found.hash[:19]}")
    raise SystemExit(1 if failed else 0)


@policy.command()
@click.argument("old")
@click.argument("new")
@json_option
def diff(old: str, new: str, as_json: bool) -> None:
    """Compare two policies (files or template names). Exit 1 when NEW is looser anywhere."""
    from trueline.core.policy_diff import diff as compare

    changes = compare(find_policy(old), find_policy(new))
    if as_json:
        for change in changes:
            click.echo(json.dumps(change.as_json(), ensure_ascii=False))
    else:
        for change in changes:
            mark = {"stricter": "+", "looser": "-", "other": " "}[change.effect]
            click.echo(f"{mark} {change.path}: {_short(change.old)} -> {_short(change.new)}")
        stricter = sum(change.effect == "stricter" for change in changes)
        looser = sum(change.effect == "looser" for change in changes)
        click.echo(
            f"{len(changes)} changes: {stricter} stricter (+), {looser} looser (-)", err=True
        )
    raise SystemExit(1 if any(change.effect == "looser" for change in changes) else 0)


@policy.command()
@click.argument("file", required=False)
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@json_option
def explain(file: str | None, lang: str, as_json: bool) -> None:
    """Say, category by category, what the policy does and who looks."""
    from trueline.core.policy_explain import as_text, explain_policy
    from trueline.judge import Judge

    found = find_policy(file)
    judge = Judge.from_policy(found)
    rows = explain_policy(found, judge.coverage(), lang, judge.fixed_thresholds())
    if as_json:
        for row in rows:
            click.echo(json.dumps(row.as_json(), ensure_ascii=False))
        return
    click.echo(as_text(found, rows, lang))


@policy.command()
def schema() -> None:
    """Print the JSON Schema of policy files, for completion in editors."""
    from trueline.core.policy import Policy

    data = Policy.model_json_schema(by_alias=True)
    data["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
