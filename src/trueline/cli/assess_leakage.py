"""`trueline assess leakage`: membership, canaries and personal information of training data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from trueline.cli.evidence_lines import policy_for
from trueline.cli.inspected_model import (
    bar_of_texts,
    folder_name,
    input_hashes,
    load_inspected,
    versions,
)
from trueline.cli.options import json_option, policy_option
from trueline.cli.text_table import text_table
from trueline.cli.train import RecipeFirst

if TYPE_CHECKING:
    from trueline.assess.claim import Claim
    from trueline.assess.evidence import Evidence
    from trueline.assess.inspected_model import InspectedModel
    from trueline.assess.leakage.evidence import LeakageReport
    from trueline.assess.text_rows import TextRow
    from trueline.core.policy import Bilingual


class _Words(NamedTuple):
    columns: tuple[str, ...]
    saved: str
    outcomes: dict[str, str]


_WORDS = {
    "en": _Words(
        ("claim", "estimate", "95 %", "limit", "outcome"),
        "evidence: {path}",
        {"pass": "pass", "fail": "fail", "thin": "thin", "shown": ""},
    ),
    "zh": _Words(
        ("指标", "估计", "95 % 区间", "限值", "结论"),
        "证据：{path}",
        {"pass": "达标", "fail": "超限", "thin": "证据不足", "shown": ""},
    ),
}


@click.group(cls=RecipeFirst)
def leakage() -> None:
    """Measure what a model gives away about its training data.

    \b
    trueline assess leakage runs/lm --members train.jsonl --others heldout.jsonl --out case
    trueline assess leakage runs/lm --canaries canaries.jsonl --out case
    trueline assess leakage plant train.jsonl --out planted.jsonl --canaries canaries.jsonl
    """


@leakage.command("run")
@click.argument("model", metavar="MODEL_DIR")
@click.option("--members", metavar="FILE", help="Rows that the model was trained on.")
@click.option("--others", metavar="FILE", help="Rows of the same source that it never saw.")
@click.option("--reference", "references", metavar="MODEL_DIR", multiple=True,
              help="A model that saw neither; may be repeated.")  # fmt: skip
@click.option("--canaries", metavar="FILE", help="Canaries, as `plant` writes them.")
@click.option("--candidates", type=click.IntRange(10, 1_000_000), default=1000, show_default=True,
              help="Other secrets tried for each canary.")  # fmt: skip
@click.option("--texts", "most", type=click.IntRange(min=1), default=1000, show_default=True,
              help="Rows drawn from each file at most.")  # fmt: skip
@click.option("--prefixes", type=click.IntRange(min=0), default=200, show_default=True,
              help="Training rows with personal information whose beginnings are put.")  # fmt: skip
@click.option("--samples", type=click.IntRange(1, 100), default=3, show_default=True,
              help="Replies to each extraction prompt.")  # fmt: skip
@click.option("--max-tokens", type=click.IntRange(1, 4096), default=48, show_default=True,
              help="Of a reply.")  # fmt: skip
@click.option("--extraction/--no-extraction", default=True, show_default=True,
              help="Put extraction prompts to a model that writes.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of all draws.")
@click.option("--out", metavar="CASE", help="Case folder; evidence goes to CASE/evidence.")
@policy_option
@click.option("--lang", type=click.Choice(["zh", "en"]), default="en", show_default=True,
              help="Language of what is printed.")  # fmt: skip
@json_option
def run_leakage(
    model: str, members: str | None, others: str | None, references: tuple[str, ...],
    canaries: str | None, candidates: int, most: int, prefixes: int, samples: int,
    max_tokens: int, extraction: bool, seed: int, out: str | None, policy_path: str | None,
    lang: str, as_json: bool,
) -> None:  # fmt: skip
    """Attack MODEL_DIR: membership inference, exposure of canaries, personal information.

    What is asked for is what files are given for: --members and --others for membership,
    --canaries for exposure. A causal model is asked for personal information as well; with
    --members the replies are held against the values in those rows.
    """
    from trueline.assess.leakage.canaries import read_canaries
    from trueline.assess.leakage.evidence import LeakageReport, leakage_evidence
    from trueline.assess.leakage.measure import measure_canaries, measure_membership
    from trueline.assess.measured_case import keep_evidence
    from trueline.assess.text_rows import drawn, read_text_rows
    from trueline.core.errors import InputError

    policy = policy_for(Path(out) if out else None, policy_path)
    inspected = load_inspected(model)
    if (others is not None and members is None) or (references and others is None):
        raise InputError("--others and --reference need --members and --others beside them")
    if members is None and canaries is None and inspected.kind != "causal":
        raise InputError("nothing to measure: give --members and --others, or --canaries")
    label = inspected.label_field if inspected.kind == "classify" else ""
    files = [Path(name) for name in (members, others, canaries) if name is not None]
    trained = read_text_rows(Path(members), inspected.text_field, label) if members else []
    found, ranks = [], []
    if members is not None and others is not None:
        unseen = read_text_rows(Path(others), inspected.text_field, label)
        known = [load_inspected(folder) for folder in references]
        with bar_of_texts() as progress:
            found = measure_membership(
                inspected, drawn(trained, most, seed), drawn(unseen, most, seed), known, progress
            )
    if canaries is not None:
        planted = read_canaries(Path(canaries))
        with bar_of_texts() as progress:
            ranks = measure_canaries(
                inspected, planted, candidates=candidates, seed=seed, progress=progress
            )
    report = LeakageReport(found, ranks, samples=samples, notes=_left_out(inspected, members))
    if extraction and inspected.kind == "causal":
        report = _with_extraction(report, inspected, trained, prefixes, max_tokens, seed)
    rule = policy.rule("privacy")
    limit = rule.max_violation_rate if rule else None
    evidence = leakage_evidence(
        report,
        extraction_limit=policy.max_violation_rate if limit is None else limit,
        inputs=input_hashes(model, *files),
        settings={
            "model": inspected.name, "kind": inspected.kind, "references": len(references),
            "seed": seed, "candidates": candidates, "texts": most, "prefixes": prefixes,
            "samples": samples, "max_tokens": max_tokens, "policy": policy.hash, **versions(),
        },
    )  # fmt: skip
    if out:
        path = keep_evidence(evidence, Path(out), policy, folder_name(model))
        click.echo(_WORDS[lang].saved.format(path=path), err=True)
    _show(evidence, lang, as_json)


@leakage.command()
@click.argument("rows", metavar="FILE")
@click.option("--out", required=True, metavar="FILE", help="Rows with canaries among them.")
@click.option("--canaries", required=True, metavar="FILE", help="Where the canaries are written.")
@click.option("--count", type=click.IntRange(1, 1000), default=20, show_default=True,
              help="How many canaries.")  # fmt: skip
@click.option("--text", "text_field", default="text", show_default=True, help="Field of the text.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of secrets and places.")
def plant(rows: str, out: str, canaries: str, count: int, text_field: str, seed: int) -> None:
    """Plant canaries among the rows of FILE: in turn 0, 1, 4 and 16 times each.

    \b
    trueline assess leakage plant train.jsonl --out planted.jsonl --canaries canaries.jsonl

    Train on the new file, then give the canaries to `trueline assess leakage`.
    """
    from trueline.assess.leakage.planting import make_canaries, planted_rows, write_canaries
    from trueline.assess.text_rows import read_text_rows

    read = read_text_rows(Path(rows), text_field)
    made = make_canaries(count, seed)
    planted = planted_rows(read, made, text_field, seed)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in planted)
    Path(out).write_text(lines, "utf-8")
    write_canaries(Path(canaries), made)
    click.echo(
        f"{out}: {len(planted):,} rows, {len(planted) - len(read):,} of them planted; "
        f"{canaries}: {len(made):,} canaries",
        err=True,
    )


def _with_extraction(
    report: LeakageReport, model: InspectedModel, trained: list[TextRow], prefixes: int,
    max_tokens: int, seed: int,
) -> LeakageReport:  # fmt: skip
    from dataclasses import replace

    from trueline.assess.leakage import extraction
    from trueline.assess.leakage.measure import asking

    counts = extraction.try_extraction(
        asking(model, max_tokens, seed), extraction.training_keys(trained),
        extraction.prefixes(trained, prefixes, seed), samples=report.samples,
    )  # fmt: skip
    return replace(report, extraction=counts)


def _left_out(model: InspectedModel, members: str | None) -> list[Bilingual]:
    from trueline.core.policy import Bilingual

    notes: list[Bilingual] = []
    if model.kind != "causal":
        notes.append(
            Bilingual(
                zh="该模型不生成文本，未做个人信息提取。",
                en="The model writes no text: extraction of personal information was left out.",
            )
        )
    elif members is None:
        notes.append(
            Bilingual(
                zh="未提供训练文本，无法判断回复中的个人信息是否来自训练数据。",
                en="Without training rows it cannot be told whether personal information in "
                "replies comes from them.",
            )
        )
    return notes


def _show(evidence: Evidence, lang: str, as_json: bool) -> None:
    words = _WORDS[lang]
    if as_json:
        for claim in evidence.claims:
            click.echo(json.dumps(claim.as_json(), ensure_ascii=False))
        return
    rows = [
        [
            claim.id, _number(claim, claim.estimate),
            f"[{_number(claim, claim.lower)}, {_number(claim, claim.upper)}]",
            "" if claim.limit is None else _number(claim, claim.limit),
            words.outcomes[claim.outcome],
        ]
        for claim in evidence.claims
    ]  # fmt: skip
    click.echo(text_table(words.columns, rows))
    for note in evidence.notes:
        click.echo(f"- {note.pick(lang)}")


def _number(claim: Claim, value: float) -> str:
    return f"{value:.1%}" if claim.formula.startswith("rate") else f"{value:.3g}"
