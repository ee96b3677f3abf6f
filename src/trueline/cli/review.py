"""`trueline review`: people label a random sample, so that the bound holds whatever the judge."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trueline.cli.options import json_option

if TYPE_CHECKING:
    from trueline.assess.review.draw import Draw
    from trueline.assess.review.labels import CaseReview

as_option = click.option("--as", "labeller", metavar="NAME",
                         help="Who labels; your login name if not given.")  # fmt: skip
lang_option = click.option("--lang", type=click.Choice(["en", "zh"]), default="en",
                           show_default=True)  # fmt: skip
shares = (
    click.option("--unflagged-share", type=float, metavar="SHARE",
                 help="Probability of drawing a reply that was not flagged; planned from the limit"
                 " if not given."),
    click.option("--flagged-share", type=float, default=1.0, show_default=True, metavar="SHARE",
                 help="Probability of drawing a flagged reply."),
)  # fmt: skip


class CaseFirst(click.Group):
    """A group whose first word may be a case: `trueline review CASE` labels it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = set(self.commands) | set(ctx.help_option_names)
        if args and not known & {args[0]}:
            args = ["label", *args]
        return super().parse_args(ctx, args)


def share_options(command: Any) -> Any:
    """`--unflagged-share` and `--flagged-share`."""
    for option in shares:
        command = option(command)
    return command


@click.group(cls=CaseFirst)
def review() -> None:
    """Label a random sample of the replies of a case.

    \b
    trueline review CASE                       draw a sample and label it here
    trueline review CASE --as mei              go on as somebody else, or later
    trueline review CASE --adjudicate          settle what others disagree on
    trueline review draw CASE                  draw the sample alone
    trueline review export CASE labels.csv     label in a spreadsheet
    trueline review import CASE labels.csv
    trueline review status CASE                agreement, the judge's errors, the bound
    """


@review.command("label")
@click.argument("case", type=click.Path(path_type=Path))
@as_option
@share_options
@click.option("--hide", is_flag=True, help="Show each text only after a key.")
@click.option("--adjudicate", is_flag=True, help="Settle what others disagree on.")
@click.option("--overlap", is_flag=True,
              help="Also replies that enough others have labelled, to measure agreement.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Draw the planned sample without asking.")
@lang_option
def label_command(
    case: Path,
    labeller: str | None,
    unflagged_share: float | None,
    flagged_share: float,
    hide: bool,
    adjudicate: bool,
    overlap: bool,
    yes: bool,
    lang: str,
) -> None:
    """Label replies of CASE in the terminal; stop at any time and go on later.

    Keys: v violates, o ok, u unsure, r it is a refusal, b back, s skip, q quit.
    """
    from trueline.assess.review.labelling import Labelling, waiting_for
    from trueline.assess.review.labels import read_case_review
    from trueline.assess.review.refresh import refresh_evidence
    from trueline.assess.review.terminal import label_in_terminal
    from trueline.assess.review.words import say

    who = labeller or _login()
    if not _drawn(case):
        _draw(case, unflagged_share, flagged_share, lang, ask=not yes)
    found = read_case_review(case)
    queue = waiting_for(found, who, adjudicate=adjudicate, overlap=overlap)
    if not queue:
        click.echo(say("finished", lang, who=who), err=True)
        return
    sitting = Labelling(case, queue, who, adjudicates=adjudicate)
    try:
        label_in_terminal(sitting, lang, hide=hide)
    finally:
        if sitting.labelled:
            refresh_evidence(case)
        left = sitting.size - sitting.labelled
        click.echo(say("stopped", lang, labelled=sitting.labelled, left=left), err=True)


@review.command("draw")
@click.argument("case", type=click.Path(path_type=Path))
@share_options
@click.option("--plan", "plan_only", is_flag=True, help="Say what it takes and draw nothing.")
@lang_option
@json_option
def draw_command(
    case: Path,
    unflagged_share: float | None,
    flagged_share: float,
    plan_only: bool,
    lang: str,
    as_json: bool,
) -> None:
    """Draw the sample of CASE, once; say first how many labels it takes."""
    from trueline.assess.review.words import say

    if _drawn(case):
        click.echo(say("draw_again", lang), err=True)
        return
    _draw(case, unflagged_share, flagged_share, lang, as_json=as_json, plan_only=plan_only)


@review.command("export")
@click.argument("case", type=click.Path(path_type=Path))
@click.argument("sheet", type=click.Path(path_type=Path))
@as_option
@click.option("--adjudicate", is_flag=True, help="Only what others disagree on.")
def export_command(case: Path, sheet: Path, labeller: str | None, adjudicate: bool) -> None:
    """Write the sample of CASE as CSV, to be labelled in a spreadsheet."""
    from trueline.assess.review.label_sheet import write_sheet
    from trueline.assess.review.labelling import waiting_for
    from trueline.assess.review.labels import read_case_review

    found = read_case_review(case)
    who = labeller or _login()
    by_id = {graded.id: graded for graded in found.population}
    rows = (
        waiting_for(found, who, adjudicate=True)
        if adjudicate
        else [by_id[id] for id in found.draw.drawn]
    )
    write_sheet(sheet, found, rows, who)
    click.echo(f"{sheet}: {len(rows)} replies; fill in the column label", err=True)


@review.command("import")
@click.argument("case", type=click.Path(path_type=Path))
@click.argument("sheet", type=click.Path(path_type=Path))
@as_option
@click.option("--adjudicate", is_flag=True, help="These labels settle what others disagree on.")
def import_command(case: Path, sheet: Path, labeller: str | None, adjudicate: bool) -> None:
    """Take the labels of a filled-in sheet; nothing is taken from one with faults."""
    from trueline.assess.review.label_sheet import read_sheet
    from trueline.assess.review.labels import read_case_review
    from trueline.assess.review.refresh import refresh_evidence
    from trueline.assess.review.review_file import add_labels

    found = read_case_review(case)
    labels = read_sheet(sheet, found, labeller or _login(), adjudicates=adjudicate)
    if labels:
        add_labels(case, labels)
        refresh_evidence(case)
    click.echo(f"{sheet}: {len(labels)} new labels", err=True)


@review.command("status")
@click.argument("case", type=click.Path(path_type=Path))
@lang_option
@json_option
def status_command(case: Path, lang: str, as_json: bool) -> None:
    """Say how far the review of CASE is, how people agree, how the judge does, and the bound."""
    from trueline.assess.review.labels import read_case_review
    from trueline.assess.review.status import as_text, status_of

    found = status_of(read_case_review(case))
    click.echo(json.dumps(found.as_json(), ensure_ascii=False) if as_json else as_text(found, lang))


def _drawn(case: Path) -> bool:
    """Whether a sample was drawn that still stands."""
    from trueline.assess.review.labels import still_drawn

    return still_drawn(case)


def _draw(
    case: Path,
    unflagged_share: float | None,
    flagged_share: float,
    lang: str,
    *,
    ask: bool = False,
    as_json: bool = False,
    plan_only: bool = False,
) -> CaseReview | None:
    from trueline.assess.case.sources import policy_of, read_plan
    from trueline.assess.review.draw import draw_sample
    from trueline.assess.review.labels import read_case_review
    from trueline.assess.review.population import read_population
    from trueline.assess.review.review_file import add_draw
    from trueline.assess.review.share_plan import plan_shares
    from trueline.assess.review.status import plan_as_text
    from trueline.assess.review.words import say

    policy = policy_of(read_plan(case), str(case / "plan.json"))
    population = read_population(case)
    faults = sum(graded.faulty for graded in population)
    plan = plan_shares(
        n=len(population),
        flagged=sum(graded.flagged for graded in population) - faults,
        faults=faults,
        limit=policy.max_violation_rate,
        confidence=policy.confidence,
        flagged_share=flagged_share,
        unflagged_share=unflagged_share,
    )
    reviewers = policy.review.reviewers_per_item
    if not as_json:
        click.echo(plan_as_text(plan, reviewers, lang), err=not plan_only)
    if ask and not click.confirm(say("ask", lang), err=True):
        raise click.Abort
    drawn: Draw | None = None
    if not plan_only:
        drawn = draw_sample(population, plan, policy.hash, reviewers)
        add_draw(case, drawn)
    if as_json:
        click.echo(json.dumps(plan.as_json() | {"drawn": len(drawn.drawn) if drawn else 0}))
    elif drawn:
        click.echo(say("drawn", lang, drawn=len(drawn.drawn), seed=drawn.seed), err=True)
    return read_case_review(case) if drawn else None


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        raise click.UsageError("say who labels: --as NAME") from None
