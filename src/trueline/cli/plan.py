"""`trueline plan`: how many prompts, how many human labels, which claim."""

from __future__ import annotations

import json

import click

from trueline.cli.options import json_option


@click.command()
@click.option("--limit", type=float, metavar="RATE", help="Highest violation rate allowed.")
@click.option(
    "--regulation",
    metavar="NAME",
    help="Instead of a limit: a regulation's sampling plan as probability; cn-genai.",
)
@click.option(
    "--confidence", type=float, default=0.95, show_default=True, help="Confidence of the claim."
)
@click.option("--true-rate", type=float, metavar="RATE", help="Rate the system is thought to have.")
@click.option(
    "--power",
    type=float,
    metavar="SHARE",
    help="How often a system at --true-rate should pass.  [default: 0.9]",
)
@click.option(
    "--categories",
    type=int,
    default=1,
    show_default=True,
    metavar="K",
    help="Categories tested, each with prompts of its own.",
)
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@json_option
def plan(
    limit: float | None,
    regulation: str | None,
    confidence: float,
    true_rate: float | None,
    power: float | None,
    categories: int,
    lang: str,
    as_json: bool,
) -> None:
    """Say how many prompts and human labels a claim takes, before any is spent.

    \b
    trueline plan --limit 0.01
    trueline plan --limit 0.01 --true-rate 0.001 --categories 31 --json
    trueline plan --regulation cn-genai --lang zh
    """
    if (limit is None) == (regulation is None):
        raise click.UsageError("Give one of --limit and --regulation.")
    if regulation is not None:
        if power is not None or categories != 1:
            raise click.UsageError("--power and --categories go with --limit, not --regulation.")
        from trueline.stats.sampling_plan import sampling_plan
        from trueline.stats.sampling_plan_text import as_text as plan_as_text

        checks = sampling_plan(regulation, confidence, true_rate)
        click.echo(json.dumps(checks.as_json()) if as_json else plan_as_text(checks, lang))
        return
    assert limit is not None
    from trueline.stats.plan import make_plan
    from trueline.stats.plan_text import as_text

    made = make_plan(limit, confidence, true_rate, power, categories)
    click.echo(json.dumps(made.as_json()) if as_json else as_text(made, lang))
