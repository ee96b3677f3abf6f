"""What the commands of `trueline assess` that measure have in common: case, policy, output."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from trueline.cli.options import find_policy
from trueline.cli.text_table import text_table

if TYPE_CHECKING:
    from trueline.assess.claim import Claim
    from trueline.assess.evidence import Evidence
    from trueline.core.policy import Policy

case_option = click.option(
    "--case", "--out", "case", metavar="CASE", type=click.Path(path_type=Path, file_okay=False),
    help="Case folder; the evidence goes to CASE/evidence.",
)  # fmt: skip
lang_option = click.option("--lang", type=click.Choice(["zh", "en"]), default="en",
                           show_default=True, help="Language of what is printed.")  # fmt: skip


class _Words(NamedTuple):
    columns: tuple[str, ...]
    saved: str
    outcomes: dict[str, str]


_WORDS = {
    "en": _Words(
        ("claim", "estimate", "interval", "limit", "outcome"),
        "evidence: {path}",
        {"pass": "pass", "fail": "fail", "thin": "not enough evidence", "shown": ""},
    ),
    "zh": _Words(
        ("指标", "估计值", "区间", "限值", "结论"),
        "证据：{path}",
        {"pass": "达标", "fail": "超限", "thin": "证据不足", "shown": ""},
    ),
}


def policy_for(case: Path | None, policy_path: str | None) -> Policy:
    """The policy a command means: the one given, else the case's own, else the usual one.

    Raises:
        InputError, PolicyError: a plan or a policy that cannot be used.
    """
    if policy_path is None and case is not None and (case / "plan.json").exists():
        from trueline.assess.case.sources import policy_of, read_plan

        return policy_of(read_plan(case), str(case / "plan.json"))
    return find_policy(policy_path)


def show_evidence(
    evidence: Evidence, case: Path | None, lang: str, as_json: bool, policy: Policy, about: str,
    say: Callable[[str], Any] = click.echo,
) -> None:  # fmt: skip
    """Write the evidence into the case and print it: claims, tables, notes.

    Args:
        evidence: what was found.
        case: where it goes; printed only without one.
        lang: `zh` or `en`.
        as_json: a claim or a table a line instead.
        policy: of the case, if it is begun now.
        about: what was measured, for the same.
        say: where lines go.
    """
    words = _WORDS[lang]
    if case is not None:
        from trueline.assess.measured_case import keep_evidence

        path = keep_evidence(evidence, case, policy, about)
        click.echo(words.saved.format(path=path), err=True)
    record = evidence.as_json()
    if as_json:
        for claim in record["claims"]:
            say(json.dumps(claim, ensure_ascii=False))
        for table in record["tables"]:
            say(json.dumps({"table": table["title"]["en"], **table}, ensure_ascii=False))
        return
    if evidence.claims:
        say(text_table(words.columns, [_row(claim, words) for claim in evidence.claims]))
    for table in record["tables"]:
        rows = [[str(cell) for cell in row] for row in table["rows"]]
        say("\n" + table["title"][lang])
        say(text_table([column[lang] for column in table["columns"]], rows))
    for note in evidence.notes:
        click.echo(note.zh if lang == "zh" else note.en, err=True)


def _row(claim: Claim, words: _Words) -> list[str]:
    sign = "<=" if claim.side == "at_most" else ">="
    limit = "" if claim.limit is None else f"{sign} {claim.limit:g}"
    ends = f"[{claim.lower:.4f}, {claim.upper:.4f}]"
    return [claim.id, f"{claim.estimate:.4f}", ends, limit, words.outcomes[claim.outcome]]
