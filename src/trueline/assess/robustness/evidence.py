"""What the attacks found, as `robustness.json`: claims, tables and figures without any text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from trueline.assess.claim import Claim, make_claim
from trueline.assess.evidence import Evidence, Figure, Table, file_sha256
from trueline.assess.figures import Bar, Curve, Tone, bars, curves
from trueline.assess.robustness.measure import Measurement, Settings, Subject, changed_share
from trueline.assess.robustness.search import Attempt
from trueline.core.policy import Bilingual, Robustness
from trueline.stats.bounds import clopper_pearson

NAME = "robustness"
TITLE = Bilingual(zh="对抗鲁棒性", en="Robustness")
ATTACK_NAMES: dict[str, Bilingual] = {
    "synonym": Bilingual(zh="同义替换", en="synonyms"),
    "homoglyph": Bilingual(zh="形近字符", en="look-alike characters"),
    "homophone": Bilingual(zh="谐音替换", en="homophones"),
    "pinyin": Bilingual(zh="拼音", en="pinyin"),
    "spacing": Bilingual(zh="插入间隔", en="spacing"),
    "typo": Bilingual(zh="误键与近音误选", en="typing errors"),
    "swap": Bilingual(zh="字序颠倒", en="swapped characters"),
    "zero_width": Bilingual(zh="零宽字符", en="zero-width characters"),
}
LANGUAGE_NAMES = {
    "zh": Bilingual(zh="中文", en="Chinese"),
    "en": Bilingual(zh="英文", en="English"),
}


def robustness_evidence(
    found: Measurement, settings: Settings, limits: Robustness, data: Path, target: str,
    confidence: float = 0.95,
) -> Evidence:  # fmt: skip
    """The evidence of a measurement.

    Args:
        found: what came out.
        settings: what it was made with.
        limits: of the policy; they hold for random changes, whose texts are a sample.
        data: the file of texts.
        target: what was attacked, as the user named it.
        confidence: of the bounds.
    """
    at_random = _random_claims(found, settings, limits, data.name, confidence)
    searched = _searched_claims(found, settings, confidence)
    return Evidence(
        name=NAME, title=TITLE, claims=[*at_random, *searched],
        tables=[_random_table(found, confidence), _search_table(found), _noise_table(found, confidence)],
        figures=[
            _drawn(at_random, Bilingual(zh="随机改写后判断翻转的比例", en="Share turned by random changes"),
                   limits.max_attack_success_rate),
            _drawn(searched, Bilingual(zh="搜索攻击的成功率", en="Share turned by searched attacks"), None),
            _noise_figure(found, confidence),
        ],
        notes=_notes(found, settings),
        inputs={data.name: file_sha256(data)},
        settings={**asdict(settings), "attacks": list(settings.attacks),
                  "noise_rates": list(settings.noise_rates), "target": target,
                  "confidence": confidence},
    )  # fmt: skip


def _random_claims(
    found: Measurement, settings: Settings, limits: Robustness, source: str, confidence: float
) -> list[Claim]:
    claims: list[Claim] = []
    for attack in settings.attacks:
        counts = [c for c in found.at_random if c.attack == attack]
        if not (n := sum(c.n for c in counts)):
            continue
        name = ATTACK_NAMES[attack]
        share = f"{100 * settings.changed_share:g}%"
        claims.append(
            make_claim(
                f"robustness.random.{attack}", "rate_upper",
                {"found": sum(c.turned for c in counts), "n": n}, confidence=confidence,
                limit=limits.max_attack_success_rate,
                statement=Bilingual(
                    zh=f"随机对 {share} 的词施加“{name.zh}”后判断翻转的文本",
                    en=f"texts whose label turns when {share} of their words are changed at random "
                    f"by {name.en}",
                ),
                population=f"texts like those of {source} that are told right, changed at random",
            )
        )  # fmt: skip
    return claims


def _searched_claims(found: Measurement, settings: Settings, confidence: float) -> list[Claim]:
    claims: list[Claim] = []
    for attack in settings.attacks:
        attempts = _applicable(found, attack)
        if not attempts:
            continue
        name = ATTACK_NAMES[attack]
        claims.append(
            make_claim(
                f"robustness.searched.{attack}", "rate_interval",
                {"found": sum(a.turned for a in attempts), "n": len(attempts)},
                confidence=confidence, required=False,
                statement=Bilingual(
                    zh=f"以“{name.zh}”搜索、每条至多 {settings.budget} 次查询时被翻转的文本",
                    en=f"texts turned by a search with {name.en}, at most {settings.budget} "
                    "queries each",
                ),
                population="found by search; no limit applies",
            )
        )  # fmt: skip
    return claims


def _applicable(found: Measurement, attack: str, language: str = "") -> list[Attempt]:
    return [
        attempt for name, subject, attempt in found.searched
        if name == attack and attempt.applicable and language in ("", subject.language)
    ]  # fmt: skip


def _random_table(found: Measurement, confidence: float) -> Table:
    rows: list[list[str | int | float]] = []
    for count in found.at_random:
        if count.n:
            low, high = clopper_pearson(count.turned, count.n, confidence)
            rows.append([
                count.attack, count.language, count.turned, count.n,
                round(count.turned / count.n, 4), round(low, 4), round(high, 4),
            ])  # fmt: skip
    return Table(
        Bilingual(zh="随机改写", en="Random changes"),
        [*_FIRST, Bilingual(zh="翻转", en="turned"), Bilingual(zh="文本", en="texts"),
         Bilingual(zh="比例", en="share"), Bilingual(zh="下限", en="lower"),
         Bilingual(zh="上限", en="upper")],
        rows,
    )  # fmt: skip


def _search_table(found: Measurement) -> Table:
    rows: list[list[str | int | float]] = []
    for attack in dict.fromkeys(name for name, _, _ in found.searched):
        for language in ("zh", "en"):
            attempts = _applicable(found, attack, language)
            if not attempts:
                continue
            queries = [attempt.queries for attempt in attempts]
            rows.append([
                attack, language, sum(a.turned for a in attempts), len(attempts),
                round(sum(a.turned for a in attempts) / len(attempts), 4),
                round(median(queries)), max(queries), round(changed_share(attempts), 4),
            ])  # fmt: skip
    return Table(
        Bilingual(zh="搜索攻击", en="Searched attacks"),
        [*_FIRST, Bilingual(zh="翻转", en="turned"), Bilingual(zh="文本", en="texts"),
         Bilingual(zh="成功率", en="success rate"),
         Bilingual(zh="查询次数（中位数）", en="queries, median"),
         Bilingual(zh="查询次数（最多）", en="queries, most"),
         Bilingual(zh="改动词占比（成功者的中位数）", en="words changed, median of successes")],
        rows,
    )  # fmt: skip


def _noise_table(found: Measurement, confidence: float) -> Table:
    rows: list[list[str | int | float]] = []
    for point in found.noise:
        low, high = clopper_pearson(point.right, point.n, confidence)
        rows.append([
            f"{100 * point.rate:g} %", point.right, point.n,
            *(round(value, 4) for value in (point.right / point.n, low, high)),
        ])  # fmt: skip
    return Table(
        Bilingual(zh="随机字符噪声", en="Random noise in characters"),
        [Bilingual(zh="噪声率", en="noise"), Bilingual(zh="判断正确", en="told right"),
         Bilingual(zh="文本", en="texts"), Bilingual(zh="比例", en="share"),
         Bilingual(zh="下限", en="lower"), Bilingual(zh="上限", en="upper")],
        rows,
    )  # fmt: skip


def _drawn(claims: Sequence[Claim], title: Bilingual, limit: float | None) -> Figure:
    tones: dict[str, Tone] = {"pass": "pass", "fail": "fail", "thin": "thin", "shown": "plain"}
    rows = [
        Bar(
            ATTACK_NAMES[claim.id.rpartition(".")[2]], claim.estimate, claim.lower, claim.upper,
            tone=tones[claim.outcome], note=f"{claim.inputs['found']} / {claim.inputs['n']}",
        )
        for claim in claims
    ]  # fmt: skip
    return Figure(title, bars(rows, title=title, limit=limit))


def _noise_figure(found: Measurement, confidence: float) -> Figure:
    title = Bilingual(zh="噪声下的准确率", en="Accuracy under noise")
    points = [(point.rate, point.right / point.n) for point in found.noise]
    ends = [clopper_pearson(point.right, point.n, confidence) for point in found.noise]
    band = [(p.rate, low, high) for p, (low, high) in zip(found.noise, ends, strict=True)]
    return Figure(
        title,
        curves(
            [Curve("", points, band, dots=True)], title=title, x_unit="percent",
            x_axis=Bilingual(zh="被改动的字符占比", en="share of characters touched"),
            y_axis=Bilingual(zh="判断正确的比例", en="share told right"),
        ),
    )  # fmt: skip


def _notes(found: Measurement, settings: Settings) -> list[Bilingual]:
    right = len(found.subjects)
    if found.labelled:
        first = Bilingual(
            zh=f"{found.rows} 条文本中有 {right} 条判断与标签一致，攻击只针对这些文本；",
            en=f"Of {found.rows} texts {right} are told their own label; only these are attacked.",
        )
    else:
        first = Bilingual(
            zh=f"文件没有标签，{found.rows} 条文本都以原判断为准；",
            en=f"The file has no labels: all {found.rows} texts are taken as they are told.",
        )
    notes = [
        Bilingual(
            zh=f"{first.zh}不能施加某种攻击的文本不计入该攻击。",
            en=f"{first.en} A text that an attack has no way to change is left out of it.",
        ),
        Bilingual(
            zh="搜索攻击利用分类器的得分逐词寻找薄弱处：它给出的是弱点的例子，不是任何总体的比例，"
            "因此不设限值；随机改写不看分类器，其上限对同类文本成立。",
            en="A search uses the classifier's scores to find its weak spots word by word: it "
            "gives examples of weakness, not the rate of a population, so no limit applies. "
            "Random changes do not look at the classifier; their bounds hold for texts like these.",
        ),
    ]
    if right > settings.searched:
        notes.append(
            Bilingual(
                zh=f"搜索攻击针对其中随机抽取的 {settings.searched} 条"
                f"（随机种子 {settings.seed}）。",
                en=f"Searches were made on {settings.searched} of them, drawn at random "
                f"(seed {settings.seed}).",
            )
        )
    return notes


def example_lines(
    searched: Sequence[tuple[str, Subject, Attempt]],
) -> list[dict[str, object]]:
    """Texts that turned a label, for people who harden the classifier: one JSON object each."""
    return [
        {"row": subject.row.place, "attack": attack, "label": attempt.label,
         "label_after": attempt.label_after, "queries": attempt.queries, "text": attempt.text}
        for attack, subject, attempt in searched
        if attempt.turned
    ]  # fmt: skip


_FIRST = [Bilingual(zh="攻击", en="attack"), Bilingual(zh="语言", en="language")]
