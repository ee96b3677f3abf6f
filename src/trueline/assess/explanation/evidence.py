"""What explanations leave in a safety case: gaps, concepts, attention, and drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trueline.assess.claim import make_claim
from trueline.assess.evidence import Evidence, Figure, Table
from trueline.assess.explanation.integrated_gradients import Attribution
from trueline.assess.explanation.ribbon import Piece, ribbon
from trueline.assess.explanation.tcav import ConceptResult
from trueline.assess.figures import Bar, bars
from trueline.core.policy import Bilingual
from trueline.stats.bounds import clopper_pearson
from trueline.stats.multiplicity import holm

TITLE = Bilingual(zh="模型解释", en="Explanation")


def attribution_figure(found: Attribution) -> Figure:
    """The text, shaded by what each token added to the logit."""
    title = Bilingual(
        zh=f"积分梯度：对“{found.target}”的作用（红色抬高，蓝色压低）",
        en=f"Integrated gradients towards “{found.target}” (red raises, blue lowers)",
    )
    return Figure(title, ribbon(pieces_of(found), title=title))


def attribution_lines(found: Attribution) -> list[Bilingual]:
    """What the numbers add up to, and whether they do."""
    difference = found.logit - found.baseline_logit
    baseline = {
        "mask": Bilingual(zh="掩码词元", en="the mask token"),
        "pad": Bilingual(zh="填充词元", en="padding"),
        "zero": Bilingual(zh="零向量", en="zeros"),
    }[found.baseline]
    lines = [
        Bilingual(
            zh=f"“{found.target}”的对数几率 {found.logit:.3f}；全部换成{baseline.zh}时为 "
            f"{found.baseline_logit:.3f}，相差 {difference:.3f}。",
            en=f"logit of “{found.target}”: {found.logit:.3f}; {found.baseline_logit:.3f} with "
            f"{baseline.en} in place of every token, a difference of {difference:.3f}.",
        ),
        Bilingual(
            zh=f"完整性缺口 {found.gap:+.5f}（{found.relative_gap:.2%}，容许 {found.tolerance:.0%}），"
            f"路径取 {found.points} 点。",
            en=f"completeness gap {found.gap:+.5f} ({found.relative_gap:.2%}, "
            f"{found.tolerance:.0%} is allowed) with {found.points} points on the path.",
        ),
    ]
    if not found.is_complete:
        lines.append(
            Bilingual(
                zh="缺口超出容许范围：这些归因不完整，请勿据此下结论，可增大 --points。",
                en="The gap is larger than allowed: the attributions are incomplete and should "
                "not be relied on; raise --points.",
            )
        )
    return lines


def attributions_evidence(
    found: Sequence[Attribution], *, confidence: float = 0.95, inputs: Mapping[str, str],
    settings: Mapping[str, Any],
) -> Evidence:  # fmt: skip
    """How completely texts could be explained; the drawing shows the first of them."""
    incomplete = sum(not one.is_complete for one in found)
    gaps = sorted(one.relative_gap for one in found)
    return Evidence(
        name="explanation_ig",
        title=TITLE,
        claims=[
            make_claim(
                "incomplete_attributions", "rate_interval",
                {"found": incomplete, "n": len(found)}, confidence=confidence, required=False,
                population="texts that were explained",
                statement=Bilingual(
                    zh="积分梯度的完整性缺口超出容许范围的文本",
                    en="texts whose completeness gap is larger than allowed",
                ),
            )
        ],
        tables=[
            Table(
                Bilingual(zh="积分梯度的完整性", en="Completeness of integrated gradients"),
                [
                    Bilingual(zh="文本", en="texts"),
                    Bilingual(zh="缺口中位数", en="median gap"),
                    Bilingual(zh="最大缺口", en="largest gap"),
                    Bilingual(zh="路径点数（最多）", en="points (most)"),
                    Bilingual(zh="超出容许", en="beyond tolerance"),
                ],
                [[len(found), round(gaps[len(gaps) // 2], 6), round(gaps[-1], 6),
                  max(one.points for one in found), incomplete]],
            )
        ],
        figures=[attribution_figure(found[0])],
        notes=[_EXAMPLE],
        inputs=inputs,
        settings=settings,
    )  # fmt: skip


def concept_evidence(
    found: Sequence[ConceptResult], *, confidence: float = 0.95, inputs: Mapping[str, str],
    settings: Mapping[str, Any],
) -> Evidence:  # fmt: skip
    """TCAV scores with their significance among random concepts."""
    return Evidence(
        name="explanation_tcav",
        title=TITLE,
        claims=[
            make_claim(
                f"tcav.{one.concept}.layer_{one.layer}", "rate_interval",
                {"found": one.raised, "n": one.n}, confidence=confidence, required=False,
                population=f"texts looked at, towards {one.label}",
                statement=Bilingual(
                    zh=f"沿概念“{one.concept}”方向移动时“{one.label}”升高的文本（第 {one.layer} 层）",
                    en=f"texts whose “{one.label}” rises along the concept “{one.concept}” "
                    f"(layer {one.layer})",
                ),
            )
            for one in found
        ],
        tables=[concept_table(found, confidence)],
        figures=[concept_figure(found, confidence)],
        notes=concept_notes(found, confidence),
        inputs=inputs,
        settings=settings,
    )  # fmt: skip


def concept_table(found: Sequence[ConceptResult], confidence: float = 0.95) -> Table:
    """A row for each concept and layer."""
    marks = holm([one.p_value for one in found], 1 - confidence)
    return Table(
        Bilingual(zh="概念检验（TCAV）", en="Concepts (TCAV)"),
        [
            Bilingual(zh="概念", en="concept"),
            Bilingual(zh="层", en="layer"),
            Bilingual(zh="标签", en="label"),
            Bilingual(zh="TCAV 得分", en="TCAV score"),
            Bilingual(zh="灵敏度", en="sensitivity"),
            Bilingual(zh="p 值", en="p-value"),
            Bilingual(zh="得分的 p 值", en="p-value of the score"),
            Bilingual(zh="概念可分度", en="separated"),
            Bilingual(zh="显著（Holm）", en="significant (Holm)"),
        ],
        [
            [one.concept, one.layer, one.label, round(one.score, 3), round(one.sensitivity, 4),
             round(one.p_value, 4), round(one.score_p_value, 4), round(one.separated, 3),
             "yes" if mark else "no"]
            for one, mark in zip(found, marks, strict=True)
        ],
    )  # fmt: skip


def concept_figure(found: Sequence[ConceptResult], confidence: float = 0.95) -> Figure:
    """Scores with exact intervals; a concept that is not significant is pale yellow."""
    title = Bilingual(zh="TCAV 得分", en="TCAV scores")
    marks = holm([one.p_value for one in found], 1 - confidence)
    rows: list[Bar] = []
    for one, mark in zip(found, marks, strict=True):
        low, high = clopper_pearson(one.raised, one.n, confidence)
        label = Bilingual(
            zh=f"{one.concept} · 第 {one.layer} 层", en=f"{one.concept} · layer {one.layer}"
        )
        note = f"p = {one.p_value:.3f}"
        rows.append(Bar(label, one.score, low, high, tone="plain" if mark else "thin", note=note))
    axis = Bilingual(
        zh="标签升高的文本；黄色：与随机概念无显著差别",
        en="texts whose label rises; yellow: no more than random concepts do",
    )
    return Figure(title, bars(rows, title=title, domain=(0.0, 1.0), axis=axis))


def concept_notes(found: Sequence[ConceptResult], confidence: float = 0.95) -> list[Bilingual]:
    """How to read the scores."""
    notes = [
        Bilingual(
            zh=f"p 值是概念的灵敏度在 {found[0].deals} 次随机分组中的名次，精确有效；未显著的得分不说明任何问题。",
            en=f"The p-value is the rank of the sensitivity among {found[0].deals} random deals of "
            "the texts and exact; a score that is not significant says nothing.",
        )
    ]
    if any(one.separated < 0.7 for one in found):
        notes.append(
            Bilingual(
                zh="有的概念在该层分不清（可分度低于 0.7），它的方向不可靠。",
                en="Some concepts can hardly be told apart in their layer (separated below 0.7): "
                "their directions are not reliable.",
            )
        )
    return notes


def pieces_of(found: Attribution) -> list[Piece]:
    """The text cut at its tokens; tokens that share a character are one piece."""
    pieces: list[Piece] = []
    done = 0
    for (start, end), value in zip(found.spans, found.values, strict=True):
        if start == end:
            continue
        if start < done and pieces:
            last = pieces[-1]
            pieces[-1] = Piece(last.text + found.text[done:end], last.weight + value)
        else:
            if start > done:
                pieces.append(Piece(found.text[done:start], 0.0))
            pieces.append(Piece(found.text[start:end], value))
        done = max(done, end)
    if done < len(found.text):
        pieces.append(Piece(found.text[done:], 0.0))
    return pieces


_EXAMPLE = Bilingual(
    zh="图中是作为例子给出的文本，不是样本。",
    en="The drawing shows a text given as an example, not a sample.",
)
