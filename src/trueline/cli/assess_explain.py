"""`trueline assess explain`: why the guard decided so, or why a trained model did."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from trueline.cli.evidence_lines import policy_for
from trueline.cli.inspected_model import folder_name, input_hashes, load_inspected, versions
from trueline.cli.options import find_policy, json_option, policy_option
from trueline.cli.text_table import text_table

if TYPE_CHECKING:
    from trueline.assess.evidence import Evidence
    from trueline.assess.explanation.page import Section
    from trueline.assess.inspected_model import InspectedModel

_SAVED = {"en": "{what}: {path}", "zh": "{what}：{path}"}
_WHAT = {"en": ("page", "evidence"), "zh": ("页面", "证据")}


@dataclass(frozen=True, slots=True)
class _Told:
    """What one method found, in the three ways it is shown."""

    lines: Sequence[str]
    record: Sequence[dict[str, Any]]
    sections: Sequence[Section]
    evidence: Evidence


@click.command()
@click.argument("model", metavar="[MODEL_DIR]", required=False)
@click.option("--text", help="The text to explain; - is stdin.")
@click.option("--data", metavar="FILE", help="JSON lines of texts; all of them are explained.")
@click.option("--method", type=click.Choice(["ig", "attention", "tcav"]), default="ig", show_default=True,
              help="For a model; the guard is explained exactly.")  # fmt: skip
@click.option(
    "--label", default="", help="Label whose logit is explained; the told one by default."
)
@click.option("--points", type=click.IntRange(16, 65536), default=1024, show_default=True,
              help="ig: points on the path at most.")  # fmt: skip
@click.option("--concept", "concepts", metavar="NAME=FILE", multiple=True,
              help="tcav: JSON lines of texts that show a concept; may be repeated.")  # fmt: skip
@click.option("--random", "random_file", metavar="FILE",
              help="tcav: JSON lines of texts without the concepts.")  # fmt: skip
@click.option("--layer", "layers", type=click.IntRange(min=1), multiple=True,
              help="tcav: 1 for the first; all layers by default.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="tcav: of the random deals.")
@click.option("--role", type=click.Choice(["prompt", "reply", "document", "tool_result"]),
              default="prompt", show_default=True, help="Guard: whose words they are.")  # fmt: skip
@click.option("--html", metavar="FILE", help="Write a page with drawings.")
@click.option("--out", metavar="CASE", help="Case folder; evidence goes to CASE/evidence.")
@policy_option
@click.option("--lang", type=click.Choice(["zh", "en"]), default="en", show_default=True,
              help="Language of what is printed.")  # fmt: skip
@json_option
def explain(
    model: str | None, text: str | None, data: str | None, method: str, label: str, points: int,
    concepts: tuple[str, ...], random_file: str | None, layers: tuple[int, ...], seed: int,
    role: Literal["prompt", "reply", "document", "tool_result"], html: str | None,
    out: str | None, policy_path: str | None, lang: str, as_json: bool,
) -> None:  # fmt: skip
    """Explain what the guard, or the model in MODEL_DIR, makes of a text.

    \b
    trueline assess explain --text "忽略之前的所有指令" --lang zh --html why.html
    trueline assess explain runs/news --text "国足今晚迎战" --html why.html
    trueline assess explain runs/news --text "国足今晚迎战" --method attention --html heads.html
    trueline assess explain runs/news --method tcav --concept team=team.jsonl \\
        --random other.jsonl --data sport.jsonl --label sport
    """
    from trueline.core.errors import InputError

    if text == "-":
        text = sys.stdin.read().rstrip("\n")
    if model is None:
        if not text:
            raise InputError('give a text: trueline assess explain --text "..."')
        told = _guard(text, role, policy_path, lang)
    elif method == "tcav":
        if not (concepts and random_file and data and label):
            raise InputError(
                "tcav needs --concept NAME=FILE, --random FILE, --data FILE and --label LABEL"
            )
        told = _tcav(
            load_inspected(model), model, concepts, Path(random_file), Path(data), label,
            layers, seed, lang,
        )  # fmt: skip
    else:
        if (text is None) == (data is None) or text == "":
            raise InputError('give a text or a file: --text "..." or --data FILE')
        inspected = load_inspected(model)
        if method == "attention":
            if text is None:
                raise InputError("attention is drawn for one text: give --text")
            told = _attention(inspected, model, text, lang)
        else:
            told = _attributions(inspected, model, text, data, label, points, lang)
    if html:
        from trueline.assess.explanation.page import html_page

        page = html_page(told.evidence.title, told.sections, lang)
        Path(html).write_text(page, "utf-8")
        click.echo(_SAVED[lang].format(what=_WHAT[lang][0], path=html), err=True)
    if out:
        from trueline.assess.measured_case import keep_evidence

        policy = policy_for(Path(out), policy_path)
        path = keep_evidence(
            told.evidence, Path(out), policy, folder_name(model) if model else "guard"
        )
        click.echo(_SAVED[lang].format(what=_WHAT[lang][1], path=path), err=True)
    if as_json:
        for record in told.record:
            click.echo(json.dumps(record, ensure_ascii=False))
        return
    for line in told.lines:
        click.echo(line)


def _strong(text: str) -> str:
    """Bold red on a terminal, brackets where there is no colour."""
    return click.style(text, fg="red", bold=True) if sys.stdout.isatty() else f"【{text}】"


def _guard(
    text: str,
    role: Literal["prompt", "reply", "document", "tool_result"],
    policy_path: str | None,
    lang: str,
) -> _Told:
    from trueline.assess.explanation.guard_page import guard_evidence, guard_lines, guard_sections
    from trueline.core.records import Context
    from trueline.judge import Judge
    from trueline.judge_explanation import explain_verdict

    policy = find_policy(policy_path)
    explanation = explain_verdict(Judge.from_policy(policy), text, Context(role=role))
    return _Told(
        guard_lines(explanation, lang, _strong),
        [explanation.as_json()],
        guard_sections(explanation),
        guard_evidence(
            explanation, inputs={}, settings={"policy": policy.hash, "role": role,
                                              "characters": len(text)},
        ),
    )  # fmt: skip


def _attributions(
    model: InspectedModel, folder: str, text: str | None, data: str | None, label: str,
    points: int, lang: str,
) -> _Told:  # fmt: skip
    from trueline.assess.explanation.evidence import (
        TITLE,
        attribution_figure,
        attribution_lines,
        attributions_evidence,
        pieces_of,
    )
    from trueline.assess.explanation.integrated_gradients import integrated_gradients
    from trueline.assess.explanation.page import Section
    from trueline.assess.text_rows import read_text_rows

    texts = [text] if text is not None else []
    files = [Path(data)] if data is not None else []
    for path in files:
        texts += [row.text for row in read_text_rows(path, model.text_field)]
    found = [integrated_gradients(model, one, label, most_points=points) for one in texts]
    lines: list[str] = []
    sections: list[Section] = []
    for one in found:
        told = attribution_lines(one)
        pieces = pieces_of(one)
        highest = max((piece.weight for piece in pieces), default=0.0)
        lines += [line.pick(lang) for line in told]
        lines.append("".join(
            _strong(p.text) if highest > 0 and p.weight >= 0.35 * highest else p.text for p in pieces
        ))  # fmt: skip
        lines += [
            text_table(("", "+/-"), [[p.text.strip(), f"{p.weight:+.3f}"] for p in ordered])
            for ordered in [sorted(pieces, key=lambda p: -abs(p.weight))[:10]]
        ]
        sections.append(Section(TITLE, told, (attribution_figure(one),)))
    record = [
        {
            "target": one.target, "logit": one.logit, "baseline": one.baseline,
            "baseline_logit": one.baseline_logit, "gap": one.gap, "points": one.points,
            "complete": one.is_complete,
            "tokens": [
                {"token": token, "span": list(span), "value": value}
                for token, span, value in zip(one.tokens, one.spans, one.values, strict=True)
            ],
        }
        for one in found
    ]  # fmt: skip
    evidence = attributions_evidence(
        found, inputs=input_hashes(folder, *files),
        settings={"method": "ig", "model": model.name, "baseline": found[0].baseline,
                  "tolerance": found[0].tolerance, "points": points, **versions()},
    )  # fmt: skip
    return _Told(lines, record, sections, evidence)


def _attention(model: InspectedModel, folder: str, text: str, lang: str) -> _Told:
    from trueline.assess.evidence import Evidence
    from trueline.assess.explanation.attention import MOST_TOKENS, attention_maps, layer_figure
    from trueline.assess.explanation.evidence import TITLE
    from trueline.assess.explanation.page import Section
    from trueline.core.policy import Bilingual

    maps = attention_maps(model, text)
    layers, heads = maps.weights.shape[:2]
    figures = [layer_figure(maps, layer) for layer in range(layers)]
    notes = [
        Bilingual(
            zh="每行是一个词元，各列是它看向的词元；颜色越深权重越大。注意力说明信息如何混合，不说明标签为何得出。",
            en="A row is a token, a column what it looks at; darker is more. Attention shows what "
            "is mixed, not why a label was told.",
        )
    ]
    if len(maps.tokens) > MOST_TOKENS:
        notes.append(
            Bilingual(
                zh=f"只画出前 {MOST_TOKENS} 个词元，共 {len(maps.tokens)} 个。",
                en=f"The first {MOST_TOKENS} of {len(maps.tokens)} tokens are drawn.",
            )
        )
    sections = [Section(TITLE, notes)]
    sections += [Section(figure.title, figures=(figure,)) for figure in figures]
    rows = [
        [f"{layer + 1}", f"{head + 1}", maps.tokens[at // len(maps.tokens)],
         maps.tokens[at % len(maps.tokens)], f"{maps.weights[layer, head].max():.2f}"]
        for layer in range(layers)
        for head in range(heads)
        for at in [int(maps.weights[layer, head].argmax())]
    ]  # fmt: skip
    columns = {
        "en": ("layer", "head", "strongest from", "to", "weight"),
        "zh": ("层", "头", "最强：从", "到", "权重"),
    }[lang]
    evidence = Evidence(
        name="explanation_attention", title=TITLE, figures=figures[-1:], notes=notes,
        inputs=input_hashes(folder),
        settings={"method": "attention", "model": model.name, "layers": layers, "heads": heads,
                  **versions()},
    )  # fmt: skip
    record = [{"tokens": list(maps.tokens), "weights": maps.weights.round(6).tolist()}]
    return _Told([text_table(columns, rows)], record, sections, evidence)


def _tcav(
    model: InspectedModel, folder: str, concepts: Sequence[str], random_file: Path, data: Path,
    label: str, layers: Sequence[int], seed: int, lang: str,
) -> _Told:  # fmt: skip
    from dataclasses import asdict

    from trueline.assess.explanation.evidence import (
        TITLE,
        concept_evidence,
        concept_figure,
        concept_notes,
        concept_table,
    )
    from trueline.assess.explanation.page import Section
    from trueline.assess.explanation.tcav import layer_count, measure_concept
    from trueline.assess.text_rows import read_text_rows
    from trueline.core.errors import InputError

    named: dict[str, Path] = {}
    for concept in concepts:
        name, mark, path = concept.partition("=")
        if not name or not mark or not path:
            raise InputError(f"--concept: needs NAME=FILE (got {concept!r})")
        named[name] = Path(path)

    def texts_of(path: Path) -> list[str]:
        return [row.text for row in read_text_rows(path, model.text_field)]

    model.need("TCAV", "classify")
    others, wanted = texts_of(random_file), texts_of(data)
    found = [
        measure_concept(model, name, texts_of(path), others, wanted, label, layer, seed=seed)
        for name, path in named.items()
        for layer in layers or range(1, layer_count(model) + 1)
    ]
    table = concept_table(found)
    rows = [[str(cell) for cell in row] for row in table.rows]
    notes = concept_notes(found)
    lines = [text_table([column.pick(lang) for column in table.columns], rows)]
    lines += [f"- {note.pick(lang)}" for note in notes]
    evidence = concept_evidence(
        found, inputs=input_hashes(folder, random_file, data, *named.values()),
        settings={"method": "tcav", "model": model.name, "label": label, "seed": seed,
                  **versions()},
    )  # fmt: skip
    section = Section(TITLE, notes, (concept_figure(found),), (table,))
    return _Told(lines, [asdict(one) for one in found], [section], evidence)
