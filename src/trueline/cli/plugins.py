"""`trueline plugins`: the scorers, built-in and installed."""

from __future__ import annotations

import json

import click

from trueline.cli.options import find_policy, json_option, policy_option


@click.command()
@policy_option
@json_option
def plugins(policy_path: str | None, as_json: bool) -> None:
    """List the scorers in running order, and installed ones that failed to load."""
    from trueline.scorers.builtin import builtin_scorers
    from trueline.scorers.plugins import load_plugins

    found = load_plugins()
    names = {plugin.name for plugin in found if plugin.scorer is not None}
    for scorer in builtin_scorers(find_policy(policy_path)):
        origin = "installed" if scorer.name in names else "built-in"
        if as_json:
            row = {"name": scorer.name, "origin": origin, "categories": list(scorer.categories)}
            click.echo(json.dumps(row, ensure_ascii=False))
        else:
            click.echo(f"{scorer.name:<12}{origin:<11}{', '.join(scorer.categories)}")
    failed = [plugin for plugin in found if plugin.scorer is None]
    for plugin in failed:
        if as_json:
            click.echo(
                json.dumps({"name": plugin.name, "origin": "failed", "fault": plugin.reason})
            )
        else:
            click.echo(f"{plugin.name:<12}failed     {plugin.reason}", err=True)
    raise SystemExit(1 if failed else 0)
