"""The evidence of a review: who labelled how much, how far they agree, how the judge does."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from trueline.assess.claim import Claim, make_claim
from trueline.assess.evidence import Evidence, Table, file_sha256
from trueline.assess.review.labels import CaseReview, ReviewCounts
from trueline.assess.review.measures import (
    Agreement,
    agreement,
    labels_by_person,
    refusal_table,
    unsure,
)
from trueline.assess.review.review_file import FILE
from trueline.assess.review.words import between
from trueline.core.policy import Bilingual
from trueline.core.taxonomy import taxonomy

NAME = "human_review"
_ALL = Bilingual(zh="全部", en="all")
_LANGUAGES = {"zh": Bilingual(zh="中文", en="Chinese"), "en": Bilingual(zh="英文", en="English")}


def write_review_evidence(case: Path, review: CaseReview) -> Path:
    """Write `CASE/evidence/human_review.json`."""
    return review_evidence(case, review).write(case)


def review_evidence(case: Path, review: CaseReview) -> Evidence:
    """What the labels show so far; it can be made again after every sitting."""
    counts = review.counts()
    agreed = agreement(review)
    draw = review.draw
    inputs = {name: file_sha256(case / name) for name in ("items.jsonl", "replies.jsonl", FILE)}
    return Evidence(
        name=NAME,
        title=Bilingual(zh="人工复核", en="Human review"),
        claims=[*_judge_claims(review, counts), *_agreement_claims(review, agreed)],
        tables=[
            _progress(review, counts, agreed), _groups(review), _against_judge(counts),
            _refusals(review), _people(review),
        ],
        notes=list(_notes(review, counts, agreed)),
        inputs=inputs,
        settings={
            "seed": draw.seed, "flagged_share": draw.flagged_share,
            "unflagged_share": draw.unflagged_share, "reviewers_per_item": draw.reviewers,
            "draws": len(review.state.draws), "judge_flagged": draw.flagged,
        },
    )  # fmt: skip


def corrected(review: CaseReview, counts: ReviewCounts | None = None) -> Claim:
    """The violation rate with the judge's errors inside, as the suites' claim will state it."""
    return make_claim(
        "violation_rate",
        "reviewed_rate_upper",
        (counts or review.counts()).inputs(),
        statement=Bilingual(
            zh="违规率，已计入评判器误差", en="violation rate, judge error included"
        ),
        confidence=review.draw.confidence,
        limit=review.draw.limit,
    )


def judge_raw(review: CaseReview) -> Claim:
    """The violation rate if the judge is believed."""
    return make_claim(
        "judge.violation_rate",
        "rate_upper",
        {"found": review.draw.flagged, "n": review.draw.n},
        statement=Bilingual(
            zh="评判器标出的回复占比（只信评判器）", en="replies the judge flags (judge believed)"
        ),
        confidence=review.draw.confidence,
        required=False,
    )


def judge_sensitivity(review: CaseReview, counts: ReviewCounts) -> Claim:
    """What the judge catches of the violations that people found."""
    return _judge_rate(
        review, "judge.sensitivity", counts.found_flagged, counts.found_unflagged,
        Bilingual(zh="评判器标出的违规占全部违规之比（召回率）",
                  en="violations that the judge flags (sensitivity)"),
    )  # fmt: skip


def judge_false_alarms(review: CaseReview, counts: ReviewCounts) -> Claim:
    """What the judge flags of the replies that people found harmless."""
    return _judge_rate(
        review, "judge.false_alarm_rate", counts.ok_flagged, counts.ok_unflagged,
        Bilingual(zh="评判器误标的合规回复占全部合规回复之比（误报率）",
                  en="harmless replies that the judge flags (false-alarm rate)"),
    )  # fmt: skip


def agreement_claim(review: CaseReview, agreed: Agreement) -> Claim:
    """The share of replies on which all labels are the same."""
    return make_claim(
        "review.agreement",
        "rate_interval",
        {"found": agreed.agreed, "n": agreed.n},
        statement=Bilingual(zh="多人标注完全一致的回复", en="replies on which all labellers agree"),
        confidence=review.draw.confidence,
        population="drawn replies with two labels or more",
        required=False,
    )


def kappa_claim(review: CaseReview, agreed: Agreement) -> Claim:
    """Cohen's kappa of the two people with most replies in common."""
    return make_claim(
        "review.cohen_kappa",
        "cohen_kappa",
        {"table": [list(row) for row in agreed.table]},
        statement=Bilingual(zh="两名标注人的一致性（Cohen κ）", en="agreement of two labellers (Cohen's kappa)"),
        confidence=review.draw.confidence,
        population="drawn replies that both labelled",
        required=False,
    )  # fmt: skip


def alpha_claim(review: CaseReview, agreed: Agreement) -> Claim:
    """Krippendorff's alpha of all labellers."""
    return make_claim(
        "review.krippendorff_alpha",
        "krippendorff_alpha",
        {"units": [list(unit) for unit in agreed.units]},
        statement=Bilingual(zh="全部标注人的一致性（Krippendorff α）", en="agreement of all labellers (Krippendorff's alpha)"),
        confidence=review.draw.confidence,
        population="drawn replies with two labels or more",
        required=False,
    )  # fmt: skip


def _judge_rate(
    review: CaseReview, id: str, flagged: int, unflagged: int, statement: Bilingual
) -> Claim:
    return make_claim(
        id,
        "judge_rate",
        {
            "flagged": flagged, "unflagged": unflagged,
            "flagged_share": review.draw.flagged_share,
            "unflagged_share": review.draw.unflagged_share,
        },
        statement=statement,
        confidence=review.draw.confidence,
        population="labelled replies, weighed by how likely each was drawn",
        required=False,
    )  # fmt: skip


def _judge_claims(review: CaseReview, counts: ReviewCounts) -> Iterator[Claim]:
    if counts.found_flagged + counts.found_unflagged:
        yield judge_sensitivity(review, counts)
    if counts.ok_flagged + counts.ok_unflagged:
        yield judge_false_alarms(review, counts)


def _agreement_claims(review: CaseReview, agreed: Agreement) -> Iterator[Claim]:
    if not agreed.n:
        return
    yield agreement_claim(review, agreed)
    for claim in (kappa_claim(review, agreed), alpha_claim(review, agreed)):
        if not math.isnan(claim.estimate):  # undefined while one label only was used
            yield claim


def _progress(review: CaseReview, counts: ReviewCounts, agreed: Agreement) -> Table:
    rows = [
        (Bilingual(zh="回复总数", en="replies"), counts.n),
        (Bilingual(zh="评判器标出", en="flagged by the judge"), review.draw.flagged),
        (Bilingual(zh="抽取", en="drawn"), counts.drawn),
        (Bilingual(zh="已定", en="with a final label"), counts.labelled),
        (Bilingual(zh="未定", en="open"), counts.open_flagged + counts.open_unflagged),
        (Bilingual(zh="其中不确定", en="of these unsure"), unsure(review)),
        (Bilingual(zh="其中有分歧", en="of these disputed"), agreed.disputed),
        (Bilingual(zh="其中无回复", en="of these never came"), counts.faults),
    ]
    return Table(
        Bilingual(zh="复核进度", en="Progress"),
        [Bilingual(zh="项目", en="what"), Bilingual(zh="数量", en="count")],
        [[f"{name.zh} · {name.en}", count] for name, count in rows],
    )


def _groups(review: CaseReview) -> Table:
    known = taxonomy()
    rows: list[list[object]] = [_group_row(review, f"{_ALL.zh} · {_ALL.en}", review.counts())]
    for language, name in _LANGUAGES.items():
        counts = review.counts(lambda graded, one=language: graded.item.language == one)  # type: ignore[misc]
        if counts.n:
            rows.append(_group_row(review, f"{name.zh} · {name.en}", counts))
    for category in sorted({graded.item.category for graded in review.population}):
        counts = review.counts(lambda graded, one=category: graded.item.category == one)  # type: ignore[misc]
        label = f"{known[category].zh} · {category}" if category in known else category
        rows.append(_group_row(review, label, counts))
    return Table(
        Bilingual(zh="按类别与语言", en="By category and language"),
        [
            Bilingual(zh="分组", en="group"), Bilingual(zh="回复", en="replies"),
            Bilingual(zh="已定", en="labelled"), Bilingual(zh="未定", en="open"),
            Bilingual(zh="违规（评判器标出）", en="violations, flagged"),
            Bilingual(zh="违规（评判器漏判）", en="violations, missed"),
            Bilingual(zh="违规率上界", en="upper bound"),
        ],
        rows,
    )  # fmt: skip


def _group_row(review: CaseReview, name: str, counts: ReviewCounts) -> list[object]:
    return [
        name, counts.n, counts.labelled, counts.open_flagged + counts.open_unflagged,
        counts.found_flagged, counts.found_unflagged, corrected(review, counts).upper,
    ]  # fmt: skip


def _against_judge(counts: ReviewCounts) -> Table:
    return Table(
        Bilingual(zh="评判器与人", en="The judge against people"),
        [
            Bilingual(zh="评判器", en="judge"), Bilingual(zh="人：违规", en="people: violates"),
            Bilingual(zh="人：合规", en="people: ok"), Bilingual(zh="未定", en="open"),
            Bilingual(zh="抽取概率", en="probability drawn"),
        ],
        [
            ["标出 · flagged", counts.found_flagged, counts.ok_flagged,
             counts.open_flagged - counts.faults, counts.flagged_share],
            ["未标 · not flagged", counts.found_unflagged, counts.ok_unflagged,
             counts.open_unflagged, counts.unflagged_share],
        ],
    )  # fmt: skip


def _refusals(review: CaseReview) -> Table:
    table = refusal_table(review)
    return Table(
        Bilingual(zh="拒答：评判器与人", en="Refusals: the judge against people"),
        [
            Bilingual(zh="人", en="people"), Bilingual(zh="评判器：拒答", en="judge: refusal"),
            Bilingual(zh="评判器：非拒答", en="judge: none"),
        ],
        [["拒答 · refusal", *table[0]], ["非拒答 · none", *table[1]]],
    )  # fmt: skip


def _people(review: CaseReview) -> Table:
    return Table(
        Bilingual(zh="标注人", en="Labellers"),
        [Bilingual(zh="姓名", en="name"), Bilingual(zh="标注数", en="labels")],
        [[name, count] for name, count in labels_by_person(review).items()],
    )


def _notes(review: CaseReview, counts: ReviewCounts, agreed: Agreement) -> Iterator[Bilingual]:
    open_ones = counts.open_flagged + counts.open_unflagged
    if open_ones:
        yield Bilingual(
            zh=f"{open_ones} 条回复未定，按最坏情形计入界限；评判器的召回率与误报率只依据已定的回复。",
            en=f"{open_ones} replies are open and enter the bound as the worst that could become "
            "of them; the judge's rates rest on the labelled ones alone.",
        )
    if not agreed.n:
        yield Bilingual(
            zh="没有两人都标注的回复，标注人的一致性无从得知。",
            en="No reply was labelled by two people, so their agreement is not known.",
        )
    elif math.isnan(kappa_claim(review, agreed).estimate):
        yield Bilingual(
            zh="标注人只用过一种标签，κ 与 α 没有定义。",
            en="Only one label was ever used, so kappa and alpha are not defined.",
        )
    if len(review.state.draws) > 1:
        yield Bilingual(
            zh=f"回复或策略变动后重新抽样，共抽取 {len(review.state.draws)} 次。",
            en=f"The sample was drawn {len(review.state.draws)} times, after replies or the policy "
            "had changed.",
        )


def told(claim: Claim, percent: bool = True) -> str:
    """A claim's estimate and interval for a terminal."""
    return between(claim.estimate, claim.lower, claim.upper, percent)
