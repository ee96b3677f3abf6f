"""`trueline assess gradients`: attack a classifier's embeddings along its gradients."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import click

from trueline.cli.evidence_lines import policy_for
from trueline.cli.inspected_model import (
    bar_of_texts,
    folder_name,
    input_hashes,
    load_inspected,
    versions,
)
from trueline.cli.options import json_option
from trueline.cli.text_table import text_table

if TYPE_CHECKING:
    from trueline.assess.gradients.measure import GradientReport

_NORMS = {"l2": "L2", "linf": "L∞"}


class _Words(NamedTuple):
    head: str
    columns: tuple[str, ...]
    saved: str
    names: Mapping[str, str]


_WORDS = {
    "en": _Words(
        "{right} of {n} texts are read rightly without an attack; mean embedding norm {norm:.3g}",
        ("attack", "norm", "radius", "broken", "success, 95 %", "accuracy"),
        "evidence: {path}",
        {"fgsm": "FGSM", "pgd": "PGD", "noise": "noise"},
    ),
    "zh": _Words(
        "未受攻击时，{n} 条文本判对 {right} 条；平均嵌入范数 {norm:.3g}",
        ("攻击", "范数", "半径", "攻破", "成功率（95 % 区间）", "准确率"),
        "证据：{path}",
        {"fgsm": "FGSM", "pgd": "PGD", "noise": "噪声"},
    ),
}


@click.command()
@click.argument("model", metavar="MODEL_DIR")
@click.option("--data", "data", metavar="FILE", required=True,
              help="JSON lines with a text and its right label.")  # fmt: skip
@click.option("--out", "out", metavar="CASE", help="Case folder; evidence goes to CASE/evidence.")
@click.option("--radius", "radii", metavar="SHARE", multiple=True, type=click.FloatRange(0, 10, min_open=True),
              help="Share of the mean embedding norm; may be repeated.")  # fmt: skip
@click.option("--norm", "norms", multiple=True, type=click.Choice(["l2", "linf"]),
              help="Of the ball; both by default.")  # fmt: skip
@click.option("--steps", type=click.IntRange(1, 1000), default=10, show_default=True,
              help="Steps of PGD from each start.")  # fmt: skip
@click.option("--starts", type=click.IntRange(1, 100), default=2, show_default=True,
              help="Starts of PGD; the first is FGSM's point.")  # fmt: skip
@click.option("--texts", "most", type=click.IntRange(min=1), default=500, show_default=True,
              help="Texts drawn from the file at most.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of draws, noise and starts.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="en", show_default=True,
              help="Language of what is printed.")  # fmt: skip
@json_option
def gradients(
    model: str, data: str, out: str | None, radii: tuple[float, ...], norms: tuple[Literal["l2", "linf"], ...],
    steps: int, starts: int, most: int, seed: int, lang: str, as_json: bool,
) -> None:  # fmt: skip
    """Attack the classifier in MODEL_DIR with FGSM and PGD on its embeddings, noise beside them.

    \b
    trueline assess gradients runs/news --data news.test.jsonl --out case
    trueline assess gradients runs/news --data news.test.jsonl --radius 0.1 --norm l2
    """
    inspected = load_inspected(model)
    from trueline.assess.gradients.evidence import gradient_evidence
    from trueline.assess.gradients.measure import RADII, attack_embeddings
    from trueline.assess.measured_case import keep_evidence
    from trueline.assess.text_rows import drawn, read_text_rows

    rows = read_text_rows(Path(data), inspected.text_field, inspected.label_field)
    with bar_of_texts() as progress:
        report = attack_embeddings(
            inspected, drawn(rows, most, seed), radii=radii or RADII,
            norms=norms or ("l2", "linf"), steps=steps, starts=starts, seed=seed, progress=progress,
        )  # fmt: skip
    if out:
        evidence = gradient_evidence(
            report,
            inputs=input_hashes(model, Path(data)),
            settings={
                "model": inspected.name, "seed": seed, "steps": steps, "starts": starts,
                "radii": list(radii or RADII), "texts": report.n, **versions(),
            },
        )  # fmt: skip
        path = keep_evidence(evidence, Path(out), policy_for(Path(out), None), folder_name(model))
        click.echo(_WORDS[lang].saved.format(path=path), err=True)
    _show(report, lang, as_json)


def _show(report: GradientReport, lang: str, as_json: bool) -> None:
    from trueline.stats.bounds import clopper_pearson

    words = _WORDS[lang]
    rows: list[list[str]] = []
    for count in report.counts:
        low, high = clopper_pearson(count.broken, count.attacked)
        if as_json:
            told = {
                "attack": count.attack, "norm": count.norm, "radius": count.radius,
                "broken": count.broken, "attacked": count.attacked, "n": count.n,
                "lower": low, "upper": high,
            }  # fmt: skip
            click.echo(json.dumps(told))
            continue
        share = count.broken / count.attacked if count.attacked else 0.0
        rows.append(
            [
                words.names[count.attack], "" if count.attack == "noise" else _NORMS[count.norm],
                f"{count.radius:g}", f"{count.broken}/{count.attacked}",
                f"{share:.1%} [{low:.1%}, {high:.1%}]", f"{count.right / count.n:.1%}",
            ]
        )  # fmt: skip
    if not as_json:
        click.echo(words.head.format(right=report.right, n=report.n, norm=report.mean_norm))
        click.echo(text_table(words.columns, rows))
