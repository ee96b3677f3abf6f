"""The guard's reasons for one text, as sections of a page and as lines for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trueline.assess.evidence import Evidence, Figure, Table
from trueline.assess.explanation.page import Section
from trueline.assess.explanation.ribbon import Piece, ribbon, words
from trueline.core.policy import Bilingual
from trueline.core.records import Action
from trueline.core.taxonomy import taxonomy
from trueline.judge_explanation import Finding, GuardExplanation
from trueline.scorers.linear_explanation import SegmentExplanation

#: N-grams listed for each finding, strongest first.
LISTED = 12
#: Share of a segment's strongest word from which a word is marked in a terminal.
STRONG = 0.35
_ACTIONS_ZH = {
    "allow": "放行",
    "flag": "标记",
    "redact": "遮盖",
    "rewrite": "改写",
    "block": "拦截",
}
TITLE = Bilingual(zh="护栏为什么这样判", en="Why the guard decided so")


def guard_sections(explanation: GuardExplanation) -> list[Section]:
    """A section for the verdict and one for each finding."""
    sections = [Section(TITLE, lines=_head(explanation))]
    findings = explanation.findings or ((explanation.nearest,) if explanation.nearest else ())
    for finding in findings:
        segment = finding.segment
        spans = [f"{span.start}-{span.end}" for span in finding.score.spans[:20]]
        lines = [_told(finding)]
        if segment is None:
            lines.append(_both("位置 {0}", "at {0}", " ".join(spans)))
            figures = (_spans_figure(explanation.text, finding),) if finding.score.spans else ()
            sections.append(Section(_name(finding), lines, figures))
            continue
        lines += _sum_lines(finding, segment)
        sections.append(
            Section(
                _name(finding), lines, (_segment_figure(explanation.text, segment),),
                (_ngram_table(segment),),
            )
        )  # fmt: skip
    return sections


def guard_lines(
    explanation: GuardExplanation, language: str, strong: Callable[[str], str]
) -> list[str]:
    """The same for a terminal; `strong` marks what speaks for a finding."""
    lines = [line.pick(language) for line in _head(explanation)]
    findings = explanation.findings or ((explanation.nearest,) if explanation.nearest else ())
    for finding in findings:
        lines += ["", _name(finding).pick(language), "  " + _told(finding).pick(language)]
        segment = finding.segment
        if segment is None:
            lines.append("  " + _marked_spans(explanation.text, finding, strong))
            continue
        lines += ["  " + line.pick(language) for line in _sum_lines(finding, segment)]
        lines.append("  " + _marked_words(explanation.text, segment, strong))
        lines.append(
            "  "
            + "  ".join(
                f"{ngram.text.replace(' ', '␣')} {ngram.weight:+.2f}"
                for ngram in segment.ngrams[:LISTED]
            )
        )
    return lines


def guard_evidence(
    explanation: GuardExplanation, *, inputs: Mapping[str, str], settings: Mapping[str, Any]
) -> Evidence:
    """What is behind one verdict; the text itself stands in the drawings only."""
    findings = explanation.findings or ((explanation.nearest,) if explanation.nearest else ())
    rows: list[list[Any]] = []
    for finding in findings:
        score, segment = finding.score, finding.segment
        row = [score.category, score.label, score.scorer, str(score.action),
               round(score.value, 4), round(score.threshold, 4)]  # fmt: skip
        if segment is None:
            rows.append([*row, None, None, None, None, None])
            continue
        sums = (segment.logit, segment.bias, segment.raised, segment.lowered)
        needed = finding.needed_logit
        rows.append([*row, *(round(x, 4) for x in sums), needed and round(needed, 4)])
    columns = [
        Bilingual(zh="类别", en="category"),
        Bilingual(zh="种类", en="kind"),
        Bilingual(zh="评分器", en="scorer"),
        Bilingual(zh="处置", en="action"),
        Bilingual(zh="得分", en="score"),
        Bilingual(zh="阈值", en="threshold"),
        Bilingual(zh="对数几率", en="logit"),
        Bilingual(zh="起点", en="start"),
        Bilingual(zh="抬高", en="raised"),
        Bilingual(zh="压低", en="lowered"),
        Bilingual(zh="触发所需", en="acts from"),
    ]
    figures = [figure for section in guard_sections(explanation) for figure in section.figures]
    return Evidence(
        name="explanation_guard",
        title=TITLE,
        tables=[Table(Bilingual(zh="判定的依据", en="What the verdict rests on"), columns, rows)],
        figures=figures,
        notes=[
            Bilingual(
                zh="护栏的分类器是线性的：各片段之和加起点恰为对数几率，没有余数。",
                en="The guard's classifier is linear: the n-grams and the start add up to the "
                "logit, with nothing left over.",
            )
        ],
        inputs=inputs,
        settings=settings,
    )


def _head(explanation: GuardExplanation) -> list[Bilingual]:
    action = str(explanation.verdict.action)
    lines = [
        Bilingual(
            zh=f"处置：{_ACTIONS_ZH[action]}；策略 {explanation.verdict.policy_hash[:19]}",
            en=f"action: {action}; policy {explanation.verdict.policy_hash[:19]}",
        )
    ]
    if explanation.disguises:
        told = ", ".join(explanation.disguises)
        lines.append(_both("还原了伪装：{0}", "disguises undone: {0}", told))
    if not explanation.findings:
        lines.append(
            Bilingual(
                zh="没有发现达到阈值。最接近的是：", en="Nothing reached its threshold. Nearest:"
            )
            if explanation.nearest
            else Bilingual(zh="没有任何发现。", en="Nothing was found.")
        )
    return lines


def _name(finding: Finding) -> Bilingual:
    score = finding.score
    known = taxonomy().get(score.category)
    label = f" · {score.label}" if score.label else ""
    return Bilingual(
        zh=f"{known.zh if known else score.category}{label}",
        en=f"{known.en if known else score.category}{label}",
    )


def _told(finding: Finding) -> Bilingual:
    score = finding.score
    action = str(score.action)
    acts = score.action > Action.ALLOW
    if score.fault:
        return _both("{0} 出错，无法判断：{1}", "{0} failed and could not tell: {1}",
                     score.scorer, score.reason)  # fmt: skip
    return Bilingual(
        zh=f"{_ACTIONS_ZH[action] if acts else '未达阈值'}：{score.value:.2f} / "
        f"{score.threshold:.2f}（{score.scorer}：{score.reason}）",
        en=f"{action if acts else 'below its threshold'}: {score.value:.2f} / "
        f"{score.threshold:.2f} ({score.scorer}: {score.reason})",
    )


def _sum_lines(finding: Finding, segment: SegmentExplanation) -> list[Bilingual]:
    needed = finding.needed_logit
    reading = segment.reading
    lines = [
        Bilingual(
            zh=f"对数几率 {segment.logit:.3f} = 起点 {segment.bias:.3f} + 抬高 {segment.raised:.3f} "
            f"− 压低 {-segment.lowered:.3f}"
            + (f"；达到 {needed:.3f} 即触发" if needed is not None else ""),
            en=f"logit {segment.logit:.3f} = start {segment.bias:.3f} + raised "
            f"{segment.raised:.3f} - lowered {-segment.lowered:.3f}"
            + (f"; acts from {needed:.3f}" if needed is not None else ""),
        )
    ]
    if reading:
        lines.append(_both("读法：{0}", "read as: {0}", reading))
    return lines


def _segment_figure(text: str, segment: SegmentExplanation) -> Figure:
    stretch = text[segment.span.start : segment.span.end]
    title = Bilingual(
        zh="各字词的作用：红色抬高，蓝色压低", en="What each word did: red raises, blue lowers"
    )
    return Figure(title, ribbon(words(stretch, segment.characters), title=title))


def _spans_figure(text: str, finding: Finding) -> Figure:
    title = Bilingual(zh="命中的位置", en="Where it was found")
    covered = [0.0] * len(text)
    for span in finding.score.spans:
        covered[span.start : span.end] = [1.0] * (span.end - span.start)
    pieces: list[Piece] = []
    for character, mark in zip(text, covered, strict=True):
        if pieces and (pieces[-1].weight > 0) == (mark > 0) and not character.isspace():
            pieces[-1] = Piece(pieces[-1].text + character, mark)
        else:
            pieces.append(Piece(character, mark))
    return Figure(title, ribbon(pieces, title=title))


def _ngram_table(segment: SegmentExplanation) -> Table:
    rest = segment.ngrams[LISTED:]
    rows = [
        [ngram.text.replace(" ", "␣"), round(ngram.weight, 4), len(ngram.spans)]
        for ngram in segment.ngrams[:LISTED]
    ]
    if rest:
        rows.append([f"+ {len(rest)}", round(sum(n.weight for n in rest), 4), ""])
    return Table(
        Bilingual(zh="最重的 n 元片段", en="Heaviest n-grams"),
        [
            Bilingual(zh="片段（␣ 为空格）", en="n-gram (␣ is a space)"),
            Bilingual(zh="对数几率增减", en="adds to the logit"),
            Bilingual(zh="出现处", en="places"),
        ],
        rows,
    )


def _marked_words(text: str, segment: SegmentExplanation, strong: Callable[[str], str]) -> str:
    pieces = words(text[segment.span.start : segment.span.end], segment.characters)
    highest = max((piece.weight for piece in pieces), default=0.0)
    return _joined([(p.text, highest > 0 and p.weight >= STRONG * highest) for p in pieces], strong)


def _marked_spans(text: str, finding: Finding, strong: Callable[[str], str]) -> str:
    covered = [False] * len(text)
    for span in finding.score.spans:
        covered[span.start : span.end] = [True] * (span.end - span.start)
    return _joined(list(zip(text, covered, strict=True)), strong)


def _joined(pieces: list[tuple[str, bool]], strong: Callable[[str], str]) -> str:
    """Marked neighbours as one stretch; line breaks as a sign."""
    found: list[str] = []
    held = ""
    for text, mark in pieces:
        if mark:
            held += text
            continue
        found += [strong(held)] if held else []
        held = ""
        found.append(text)
    found += [strong(held)] if held else []
    return "".join(found).replace("\n", "⏎")


def _both(zh: str, en: str, *values: object) -> Bilingual:
    return Bilingual(zh=zh.format(*values), en=en.format(*values))
