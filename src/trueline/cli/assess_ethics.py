"""`trueline assess ethics`: people answer the checklist of a case, and sign off."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from trueline.cli.options import json_option

if TYPE_CHECKING:
    from trueline.core.policy import Policy

lang_option = click.option("--lang", type=click.Choice(["en", "zh"]), default="en",
                           show_default=True)  # fmt: skip
_who = (
    click.option("--as", "reviewer", metavar="NAME",
                 help="Who decides; your login name if not given."),
    click.option("--role", required=True, metavar="ROLE",
                 help="In which role, such as compliance or legal."),
)  # fmt: skip


@dataclass(frozen=True)
class _Case:
    folder: Path
    policy: Policy


def _deciding(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in _who:
        command = option(command)
    return command


@click.group()
@click.argument("case", type=click.Path(path_type=Path))
@click.pass_context
def ethics(context: click.Context, case: Path) -> None:
    """Answer the checklist of a CASE and sign it off.

    \b
    trueline assess ethics CASE list                      every question and where it stands
    trueline assess ethics CASE show category.privacy     its clauses, their sources, what was said
    trueline assess ethics CASE assign category.privacy --to wei --as mei --role compliance
    trueline assess ethics CASE accept category.privacy --as wei --role legal
    trueline assess ethics CASE object eu_ai_act.50 --as wei --role legal --comment "no notice"
    trueline assess ethics CASE sign --as mei --role compliance
    """
    from trueline.assess.case.sources import policy_of, read_plan

    context.obj = _Case(case, policy_of(read_plan(case), str(case / "plan.json")))


@ethics.command("list")
@click.option("--state", "only", type=click.Choice(["open", "accept", "needs_work", "object"]),
              help="Only questions that stand there.")  # fmt: skip
@lang_option
@json_option
@click.pass_obj
def list_command(case: _Case, only: str | None, lang: str, as_json: bool) -> None:
    """List every question and where it stands, then who signed."""
    from trueline.assess.ethics.listing import list_as_text, question_states

    if not as_json:
        click.echo(list_as_text(case.folder, case.policy, lang, only or ""))
        return
    for state in question_states(case.folder, case.policy):
        if only in (None, state.standing):
            click.echo(json.dumps(state.as_json(), ensure_ascii=False))


@ethics.command("show")
@click.argument("question")
@lang_option
@json_option
@click.pass_obj
def show_command(case: _Case, question: str, lang: str, as_json: bool) -> None:
    """Show QUESTION with its clauses, how their sources were checked, and what was said."""
    from trueline.assess.ethics.checklist import find_question
    from trueline.assess.ethics.listing import question_as_text, question_states

    id = find_question(case.policy, question).id
    states = question_states(case.folder, case.policy)
    state = next(one for one in states if one.question.id == id)
    if as_json:
        click.echo(json.dumps(state.as_json(), ensure_ascii=False))
    else:
        click.echo(question_as_text(case.folder, state, lang))


@ethics.command("assign")
@click.argument("questions", nargs=-1, required=True, metavar="QUESTION...")
@click.option("--to", "assignee", required=True, metavar="NAME", help="Who is to answer.")
@_deciding
@click.option("--comment", default="", metavar="TEXT", help="What to look at.")
@click.pass_obj
def assign_command(
    case: _Case, questions: tuple[str, ...], assignee: str, reviewer: str | None, role: str,
    comment: str,
) -> None:  # fmt: skip
    """Ask somebody to answer questions."""
    _decide(case, questions, "assign", reviewer, role, comment, assignee)


@ethics.command("accept")
@click.argument("questions", nargs=-1, required=True, metavar="QUESTION...")
@_deciding
@click.option("--comment", default="", metavar="TEXT", help="On what ground.")
@click.pass_obj
def accept_command(
    case: _Case, questions: tuple[str, ...], reviewer: str | None, role: str, comment: str
) -> None:
    """Accept questions: what they ask for is there."""
    _decide(case, questions, "accept", reviewer, role, comment)


@ethics.command("object")
@click.argument("question")
@_deciding
@click.option("--comment", required=True, metavar="TEXT", help="Why.")
@click.pass_obj
def object_command(
    case: _Case, question: str, reviewer: str | None, role: str, comment: str
) -> None:
    """Object: with this the case says HOLD, until the same person decides otherwise."""
    _decide(case, (question,), "object", reviewer, role, comment)


@ethics.command("needs-work")
@click.argument("question")
@_deciding
@click.option("--comment", required=True, metavar="TEXT", help="What is to be done.")
@click.pass_obj
def needs_work_command(
    case: _Case, question: str, reviewer: str | None, role: str, comment: str
) -> None:
    """Call for work: nobody's signature counts until the same person decides otherwise."""
    _decide(case, (question,), "needs_work", reviewer, role, comment)


@ethics.command("comment")
@click.argument("question")
@_deciding
@click.option("--comment", required=True, metavar="TEXT", help="The comment.")
@click.pass_obj
def comment_command(
    case: _Case, question: str, reviewer: str | None, role: str, comment: str
) -> None:
    """Comment on a question without deciding it."""
    _decide(case, (question,), "comment", reviewer, role, comment)


@ethics.command("sign")
@_deciding
@click.option("--comment", default="", metavar="TEXT", help="Conditions or remarks.")
@click.pass_obj
def sign_command(case: _Case, reviewer: str | None, role: str, comment: str) -> None:
    """Sign the case off in a role; every question must have been accepted by somebody."""
    from trueline.assess.ethics.evidence import write_ethics_evidence
    from trueline.assess.ethics.sign_off import sign

    who = reviewer or _login()
    sign(case.folder, case.policy, reviewer=who, role=role, comment=comment)
    write_ethics_evidence(case.folder, case.policy)
    click.echo(f"{who} signed as {role}", err=True)


def _decide(
    case: _Case,
    questions: tuple[str, ...],
    decision: Literal["assign", "comment", "accept", "object", "needs_work"],
    reviewer: str | None,
    role: str,
    comment: str,
    assignee: str = "",
) -> None:
    from trueline.assess.ethics.checklist import find_question
    from trueline.assess.ethics.decisions import EthicsEntry, add_entries
    from trueline.assess.ethics.evidence import write_ethics_evidence

    who = reviewer or _login()
    entries = [
        EthicsEntry(
            item=find_question(case.policy, question).id, decision=decision, reviewer=who,
            role=role, comment=comment, assignee=assignee,
        )
        for question in questions
    ]  # fmt: skip
    add_entries(case.folder, entries)
    write_ethics_evidence(case.folder, case.policy)
    for entry in entries:
        click.echo(f"{decision}: {entry.item} ({who}, {role})", err=True)


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        raise click.UsageError("say who decides: --as NAME") from None
