"""`trueline data audit draw | record | bound`, `trueline data counts` and `trueline data search`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trueline.cli.options import find_policy, json_option, policy_option

if TYPE_CHECKING:
    from trueline.curate.dp_counts import Release

run_argument = click.argument(
    "run", type=click.Path(path_type=Path, file_okay=False), default="curated"
)


class DataGroup(click.Group):
    """`search` lives in a file of its own and is imported when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), "search"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "search":
            from trueline.cli.data_search import search

            return search
        return super().get_command(ctx, cmd_name)


@click.group(cls=DataGroup)
def data() -> None:
    """Search a curated data set, audit what remains in it, release counts."""


@data.group()
def audit() -> None:
    """Bound how many documents still hold personal information.

    \b
    trueline data audit draw curated --n 300     a random sample, as curated/audit/sheet.jsonl
    (set holds_pii to true or false on every line)
    trueline data audit record curated
    trueline data audit bound curated
    """


@audit.command()
@run_argument
@click.option("--n", type=click.IntRange(1), default=300, show_default=True, help="Documents.")
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Another seed, another sample."
)
@click.option(
    "--canaries",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Documents with a planted value, to measure how many the auditor finds.",
)
def draw(run: Path, n: int, seed: int, canaries: int) -> None:
    """Draw a simple random sample of the documents that a run kept."""
    from trueline.curate.audit import draw as draw_sample

    click.echo(draw_sample(run, n, seed, canaries))
    click.echo("set holds_pii to true or false on every line, then: data audit record", err=True)


@audit.command()
@run_argument
@click.option(
    "--sheet",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The filled sheet; RUN/audit/sheet.jsonl when not given.",
)
@json_option
def record(run: Path, sheet: Path | None, as_json: bool) -> None:
    """Read the filled sheet; every line that is not filled is named."""
    from trueline.curate.audit import record as record_audit

    told = record_audit(run, sheet)
    if as_json:
        click.echo(json.dumps(asdict(told)))
        return
    click.echo(f"{told.found} of {told.sampled} audited documents hold personal information")
    if told.canaries:
        click.echo(f"{told.canaries_found} of {told.canaries} planted ones were found")


@audit.command()
@run_argument
@click.option("--confidence", type=click.FloatRange(0.5, 0.9999), default=0.95, show_default=True)
@click.option(
    "--max-share", type=click.FloatRange(0, 1), help="Exit 1 when the bound is above this share."
)
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@json_option
def bound(run: Path, confidence: float, max_share: float | None, lang: str, as_json: bool) -> None:
    """Say at most how many of the kept documents hold personal information."""
    from trueline.curate.audit import bound as bound_audit

    found = bound_audit(run, confidence)
    _rewrite_reports(run)
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False))
    else:
        click.echo(found.statement_zh if lang == "zh" else found.statement)
    raise SystemExit(1 if max_share is not None and found.share > max_share else 0)


@data.command()
@run_argument
@click.option("--by", required=True, help="Column to count by: language, source, label, groups.")
@click.option("--dp-epsilon", type=float, required=True, help="Price of this release.")
@click.option("--dp-delta", type=float, default=0.0, show_default=True)
@click.option(
    "--mechanism", type=click.Choice(["laplace", "gaussian"]), default="laplace", show_default=True
)
@click.option("--values", help="Cells to release, with commas; known for language, split, groups.")
@click.option(
    "--most-per-document",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="In a column of lists: cells one document counts in at most.",
)
@policy_option
@json_option
def counts(
    run: Path,
    by: str,
    dp_epsilon: float,
    dp_delta: float,
    mechanism: str,
    values: str | None,
    most_per_document: int,
    policy_path: str | None,
    as_json: bool,
) -> None:
    """Count documents with differential privacy; the policy's privacy_budget is the limit.

    \b
    $ trueline data counts curated --by language --dp-epsilon 0.5
    zh        10432
    en         7718
    other       251
    """
    from trueline.curate.dp_counts import Budget, Question, release

    budget = find_policy(policy_path).privacy_budget
    cells = tuple(value.strip() for value in values.split(",")) if values else None
    found = release(
        run,
        Question(
            by=by,
            dp_epsilon=dp_epsilon,
            dp_delta=dp_delta,
            mechanism="gaussian" if mechanism == "gaussian" else "laplace",
            values=cells,
            most_per_document=most_per_document,
        ),
        Budget(budget.dp_epsilon, budget.dp_delta),
    )
    _rewrite_reports(run)
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False))
    else:
        _print(found)


def _rewrite_reports(run: Path) -> None:
    """The card and the report say what was audited and released."""
    from trueline.curate.card import write_card
    from trueline.curate.report import write_report

    if (run / "run.json").exists():
        write_card(run)
        write_report(run)


def _print(found: Release) -> None:
    width = max((len(cell) for cell in found.counts), default=0)
    for cell, count in found.counts.items():
        click.echo(f"{cell:<{width}} {count:>12}")
    if found.threshold is not None:
        click.echo(f"cells up to {found.threshold:g} documents are not shown", err=True)
    click.echo(
        f"nine counts in ten are within {found.ninety_percent:g}; "
        f"spent ε {found.spent_epsilon:g}, δ {found.spent_delta:g} of this data set's budget",
        err=True,
    )
