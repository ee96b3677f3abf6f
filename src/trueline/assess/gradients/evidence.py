"""What attacks on embeddings leave in a safety case: counts, curves and what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trueline.assess.claim import Claim, make_claim
from trueline.assess.evidence import Evidence, Figure, Table
from trueline.assess.figures import Curve, curves
from trueline.assess.gradients.embedding_attacks import Norm
from trueline.assess.gradients.measure import AttackCount, GradientReport
from trueline.core.policy import Bilingual
from trueline.stats.bounds import clopper_pearson

_ATTACKS = {
    "fgsm": Bilingual(zh="FGSM（单步梯度）", en="FGSM (one step)"),
    "pgd": Bilingual(zh="PGD（多步梯度）", en="PGD (many steps)"),
    "noise": Bilingual(zh="高斯噪声", en="Gaussian noise"),
}
_NORMS = {"l2": "L2", "linf": "L∞"}
_TITLE = Bilingual(zh="嵌入层梯度攻击", en="Gradient attacks on embeddings")


def gradient_evidence(
    report: GradientReport,
    *,
    confidence: float = 0.95,
    inputs: Mapping[str, str],
    settings: Mapping[str, Any],
) -> Evidence:
    """Claims, the table behind them and one figure a norm.

    Args:
        report: what was counted.
        confidence: of each interval.
        inputs: sha256 by file name.
        settings: seed, steps, radii, versions.
    """
    norms: list[Norm] = list(dict.fromkeys(c.norm for c in report.counts if c.attack != "noise"))
    return Evidence(
        name="gradients",
        title=_TITLE,
        claims=[_accuracy(report, confidence), *(_claim(c, confidence) for c in report.counts)],
        tables=[_table(report, confidence)],
        figures=[_figure(report, norm, confidence) for norm in norms],
        notes=_notes(report),
        inputs=inputs,
        settings={**settings, "mean_embedding_norm": round(report.mean_norm, 6)},
    )


def _accuracy(report: GradientReport, confidence: float) -> Claim:
    return make_claim(
        "accuracy.unattacked", "rate_interval", {"found": report.right, "n": report.n},
        confidence=confidence, required=False,
        statement=Bilingual(zh="未受攻击时判对的文本", en="texts read rightly without an attack"),
        population="rows of the file, drawn at random",
    )  # fmt: skip


def _claim(count: AttackCount, confidence: float) -> Claim:
    name = _ATTACKS[count.attack]
    length = f"{count.radius:g}"
    norm = "" if count.attack == "noise" else f" {_NORMS[count.norm]}"
    middle = "" if count.attack == "noise" else f".{count.norm}"
    return make_claim(
        f"attack_success_rate.{count.attack}{middle}.{length.replace('.', '_')}", "rate_interval",
        {"found": count.broken, "n": count.attacked}, confidence=confidence, required=False,
        statement=Bilingual(
            zh=f"{name.zh}{norm}，半径为平均嵌入范数的 {length} 倍：原本判对、受扰后判错的文本",
            en=f"{name.en}{norm}, radius {length} of the mean embedding norm: texts read rightly "
            "before and wrongly after",
        ),
        population=(
            "noise drawn at random, texts drawn from the file" if count.attack == "noise"
            else "searched: the attacker sees the weights; no limit applies"
        ),
    )  # fmt: skip


def _table(report: GradientReport, confidence: float) -> Table:
    rows: list[list[Any]] = []
    for count in report.counts:
        interval = clopper_pearson(count.broken, count.attacked, confidence)
        rows.append(
            [
                count.attack, "" if count.attack == "noise" else _NORMS[count.norm], count.radius,
                count.broken, count.attacked,
                round(count.broken / count.attacked, 4) if count.attacked else None,
                round(interval.low, 4), round(interval.high, 4),
                round(count.right / count.n, 4),
            ]
        )  # fmt: skip
    return Table(
        Bilingual(zh="各攻击与半径的成功率", en="Success by attack and radius"),
        [
            Bilingual(zh="攻击", en="attack"),
            Bilingual(zh="范数", en="norm"),
            Bilingual(zh="半径（倍）", en="radius"),
            Bilingual(zh="攻破", en="broken"),
            Bilingual(zh="受攻击", en="attacked"),
            Bilingual(zh="成功率", en="success rate"),
            Bilingual(zh="下限", en="lower"),
            Bilingual(zh="上限", en="upper"),
            Bilingual(zh="攻击下准确率", en="accuracy under attack"),
        ],
        rows,
    )


def _figure(report: GradientReport, norm: Norm, confidence: float) -> Figure:
    title = Bilingual(
        zh=f"攻击下的准确率（{_NORMS[norm]} 球）",
        en=f"Accuracy under attack ({_NORMS[norm]} ball)",
    )
    lines = [
        _curve(report, report.of("noise", "l2"), "noise", confidence),
        _curve(report, report.of("fgsm", norm), "fgsm", confidence),
        _curve(report, report.of("pgd", norm), "pgd", confidence),
    ]
    return Figure(
        title,
        curves(
            lines, title=title,
            x_axis=Bilingual(
                zh="半径（平均嵌入范数的倍数）",
                en="radius (share of the mean embedding norm)",
            ),
            y_axis=Bilingual(zh="准确率", en="accuracy"),
        ),
    )  # fmt: skip


def _curve(
    report: GradientReport, counts: Sequence[AttackCount], attack: str, confidence: float
) -> Curve:
    points = [(0.0, report.right / report.n)]
    around = clopper_pearson(report.right, report.n, confidence)
    band = [(0.0, around.low, around.high)]
    for count in counts:
        points.append((count.radius, count.right / count.n))
        around = clopper_pearson(count.right, count.n, confidence)
        band.append((count.radius, around.low, around.high))
    return Curve(
        _ATTACKS[attack], points, band,
        tone={"noise": "third", "fgsm": "second", "pgd": "fail"}[attack],  # type: ignore[arg-type]
        dots=True, dashed=attack == "noise",
    )  # fmt: skip


def _notes(report: GradientReport) -> list[Bilingual]:
    notes = [
        Bilingual(
            zh="攻击者可见权重并直接改动嵌入，真实用户只能改动文字；此处测的是决策边界离文本有多近。",
            en="The attacker sees the weights and moves embeddings; a user can only change words. "
            "This measures how near the decision lies to the texts.",
        ),
        Bilingual(
            zh="高斯噪声与攻击长度相同：两者之差就是攻击方向的作用。",
            en="Noise is as long as the attack: the difference is what the direction does.",
        ),
    ]
    if report.right < 30:
        notes.append(
            Bilingual(
                zh=f"仅 {report.right} 条文本原本判对，区间较宽。",
                en=f"Only {report.right} texts were read rightly before; the intervals are wide.",
            )
        )
    if report.cut:
        notes.append(
            Bilingual(
                zh=f"{report.cut} 条文本超长，末尾被截断。",
                en=f"{report.cut} texts were longer than the model reads and lost their ends.",
            )
        )
    return notes
