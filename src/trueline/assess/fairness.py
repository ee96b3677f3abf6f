"""Are groups treated alike? Rates by group, their gaps, and verdicts that abstain when thin.

Every interval comes from exact intervals of the groups that hold together (`stats.groups`), so
it covers at least its confidence for groups of ten as well. Newcombe's and MOVER's intervals,
which are narrower, fall to 90 % for groups of 10 to 50, and a bootstrap to half
(`benchmarks/assess_fairness.py`). A group below the policy's `min_group_size` may have any rate:
it can make no claim fail and lets none pass.

Names follow fairlearn. What is unfair is reported, never mended here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from trueline.assess.claim import Claim, make_claim
from trueline.assess.evidence import Evidence, Figure, Table, file_sha256
from trueline.assess.figures import Bar, Tone, bars
from trueline.assess.metrics.predictions import Prediction, read_predictions
from trueline.core.errors import InputError
from trueline.core.policy import Bilingual
from trueline.core.policy import Fairness as Limits
from trueline.stats.bounds import clopper_pearson

NAME = "fairness"
TITLE = Bilingual(zh="群体公平性", en="Fairness between groups")
GROUP = Bilingual(zh="群体", en="group")
#: Groups drawn in a figure; the table has all of them.
MOST_DRAWN = 30


@dataclass(frozen=True, slots=True)
class GroupOutcome:
    """What happened to one group: its confusion counts, where `selected` is the positive."""

    group: str
    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @property
    def n(self) -> int:
        """Members."""
        return self.positives + self.negatives

    @property
    def positives(self) -> int:
        """Members whose truth is the positive label."""
        return self.true_positives + self.false_negatives

    @property
    def negatives(self) -> int:
        """Members whose truth is another label."""
        return self.false_positives + self.true_negatives

    @property
    def selected(self) -> int:
        """Members that were told the positive label."""
        return self.true_positives + self.false_positives

    @property
    def wrong(self) -> int:
        """Members that were told wrong."""
        return self.false_positives + self.false_negatives


def group_outcomes(
    rows: Sequence[Prediction], attributes: Sequence[str], positive: str
) -> list[GroupOutcome]:
    """Counts for each group, or each intersection of groups such as `female × over 60`.

    Rows without one of the attributes are left out.
    """
    counts: dict[str, list[int]] = {}
    for row in rows:
        if not all(attribute in row.groups for attribute in attributes):
            continue
        group = " × ".join(row.groups[attribute] for attribute in attributes)
        told, true = row.label == positive, row.truth == positive
        place = (0 if true else 1) if told else (2 if true else 3)
        counts.setdefault(group, [0, 0, 0, 0])[place] += 1
    return [GroupOutcome(group, *cells) for group, cells in sorted(counts.items())]


def measure_fairness(
    path: Path,
    positive: str,
    limits: Limits,
    *,
    truth: Path | None = None,
    confidence: float = 0.95,
    intersections: bool = True,
) -> Evidence:
    """Fairness of the predictions in a file whose rows have `groups`.

    Args:
        path: single-label predictions, see `metrics.predictions`.
        positive: the label that counts as selected: what people want, or what is held against
            them.
        limits: of the policy.
        truth: a file with the truth and the groups, where they stand apart.
        confidence: of every interval.
        intersections: also compare the groups that two attributes make together.

    Raises:
        InputError: rows that cannot be used, without groups, or a label that no row has.
    """
    rows = read_predictions(path, "classify", truth)
    attributes = sorted({attribute for row in rows for attribute in row.groups})
    labels = sorted({label for row in rows for label in (str(row.truth), row.label)})
    if not attributes:
        raise InputError(
            f"{path}: no row has groups; give each row one by attribute, such as "
            '"groups": {"gender": "female"}'
        )
    if positive not in labels:
        raise InputError(
            f"--positive {positive!r}: no row has this label; the labels are: "
            f"{', '.join(labels[:20])}"
        )
    report = _Report(limits, confidence, path.name)
    for attribute in attributes:
        report.add(rows, (attribute,), positive)
    if intersections:
        for pair in combinations(attributes, 2):
            report.add(rows, pair, positive)
    if not report.claims:
        raise InputError(
            f"{path}: every attribute has one group only ({', '.join(attributes)}); fairness "
            "compares at least two"
        )
    inputs = {path.name: file_sha256(path)}
    if truth is not None:
        inputs[truth.name] = file_sha256(truth)
    return Evidence(
        name=NAME, title=TITLE, claims=report.claims, tables=report.tables,
        figures=report.figures, notes=report.all_notes(positive), inputs=inputs,
        settings={"positive": positive, "rows": len(rows), "attributes": attributes,
                  "confidence": confidence, "min_group_size": limits.min_group_size},
    )  # fmt: skip


class _Report:
    """Claims, tables and figures, attribute by attribute."""

    def __init__(self, limits: Limits, confidence: float, source: str) -> None:
        self._limits = limits
        self._confidence = confidence
        self._source = source
        self.claims: list[Claim] = []
        self.tables: list[Table] = []
        self.figures: list[Figure] = []
        self._notes: list[Bilingual] = []

    def add(self, rows: Sequence[Prediction], attributes: Sequence[str], positive: str) -> None:
        groups = group_outcomes(rows, attributes, positive)
        name = " × ".join(attributes)
        missing = len(rows) - sum(group.n for group in groups)
        if missing:
            self._note(f"{missing} 行没有“{name}”的群体，未计入。",
                       f"{missing} rows have no group for “{name}” and are left out.")  # fmt: skip
        if len(groups) < 2:
            self._note(f"“{name}”只有一个群体，无从比较。",
                       f"“{name}” has one group only; there is nothing to compare.")  # fmt: skip
            return
        self._claim_gaps(groups, ".".join(attributes), name, required=len(attributes) == 1)
        self._tabulate(groups, name)
        self._draw(groups, name)
        least = self._limits.min_group_size
        if thin := [f"{group.group} ({group.n})" for group in groups if group.n < least]:
            self._note(
                f"“{name}”中不足 {least} 人的群体不作判断：{'、'.join(thin)}。",
                f"Groups of “{name}” with fewer than {least} members get no verdict: "
                f"{', '.join(thin)}.",
            )

    def all_notes(self, positive: str) -> list[Bilingual]:
        """What was compared, what was thin, and what could be done about a failure."""
        first = Bilingual(
            zh=f"“选中”指预测为“{positive}”。区间由各群体同时成立的精确区间得出，"
            f"置信度 {100 * self._confidence:g}%，十人的群体同样成立；"
            "区间跨过限值时结论为“证据不足”。",
            en=f"“Selected” means told “{positive}”. Intervals follow from exact intervals of the "
            f"groups that hold together at {100 * self._confidence:g} %, for groups of ten as "
            "well; where they span the limit the outcome is thin.",
        )
        notes = [first, *self._notes]
        if any(claim.outcome == "fail" for claim in self.claims):
            notes.append(
                Bilingual(
                    zh="此处只报告差异，不作修正。可用的手段：训练时以公平性约束重新训练"
                    "（trueline train 的 constraint 修饰器，目标为 selection_rate 等），"
                    "或在整理数据时做反事实平衡。",
                    en="Differences are reported here and not mended. What can be done: train "
                    "under a fairness constraint (the modifier `constraint` of `trueline train`, "
                    "such as on selection_rate), or balance the data by counterfactuals "
                    "(`trueline curate`).",
                )
            )
        return notes

    def _claim_gaps(
        self, groups: Sequence[GroupOutcome], id: str, name: str, *, required: bool
    ) -> None:
        selected = [[g.group, g.selected, g.n] for g in groups]
        odds = {
            "true_positives": [[g.group, g.true_positives, g.positives] for g in groups],
            "false_positives": [[g.group, g.false_positives, g.negatives] for g in groups],
        }
        ratio, gap = (
            self._limits.min_demographic_parity_ratio,
            self._limits.max_equalized_odds_difference,
        )
        self._claim(
            f"fairness.demographic_parity_ratio.{id}", "parity_ratio", {"groups": selected},
            f"“{name}”各群体选中率的最小值与最大值之比（差别影响）",
            f"smallest over largest selection rate between groups of {name} (disparate impact)",
            limit=ratio, side="at_least", required=required,
        )  # fmt: skip
        self._claim(
            f"fairness.equalized_odds_difference.{id}", "odds_difference", odds,
            f"“{name}”各群体真阳性率与假阳性率差距中的较大者（均等几率差）",
            f"larger gap of true-positive and false-positive rates between groups of {name}",
            limit=gap, side="at_most", required=required,
        )  # fmt: skip
        self._claim(
            f"fairness.demographic_parity_difference.{id}", "parity_difference",
            {"groups": selected}, f"“{name}”各群体选中率的最大差距",
            f"largest gap of selection rates between groups of {name}",
        )  # fmt: skip
        self._claim(
            f"fairness.error_rate_difference.{id}", "parity_difference",
            {"groups": [[g.group, g.wrong, g.n] for g in groups]},
            f"“{name}”各群体错误率的最大差距",
            f"largest gap of error rates between groups of {name}",
        )  # fmt: skip

    def _claim(
        self, id: str, formula: str, inputs: Mapping[str, Any], zh: str, en: str, *,
        limit: float | None = None, side: str = "at_most", required: bool = False,
    ) -> None:  # fmt: skip
        inputs = {**inputs, "min_group_size": self._limits.min_group_size}
        self.claims.append(
            make_claim(
                id, formula, inputs, confidence=self._confidence, limit=limit,
                side="at_least" if side == "at_least" else "at_most",
                statement=Bilingual(zh=zh, en=en), required=required,
                population=f"rows of {self._source}",
            )
        )  # fmt: skip

    def _tabulate(self, groups: Sequence[GroupOutcome], name: str) -> None:
        rates = (("selected", "n"), ("true_positives", "positives"),
                 ("false_positives", "negatives"), ("wrong", "n"))  # fmt: skip
        rows: list[list[str | int | float]] = []
        for g in groups:
            row: list[str | int | float] = [
                g.group, g.n, g.true_positives, g.false_positives, g.false_negatives,
                g.true_negatives,
            ]  # fmt: skip
            for found, n in rates:
                low, high = clopper_pearson(getattr(g, found), getattr(g, n), self._confidence)
                total = getattr(g, n)
                value = f"{getattr(g, found) / total:.4f}" if total else "–"
                row.append(f"{value} [{low:.4f}, {high:.4f}]")
            rows.append(row)
        columns = [
            GROUP, Bilingual(zh="人数", en="members"), Bilingual(zh="真阳性", en="true positives"),
            Bilingual(zh="假阳性", en="false positives"),
            Bilingual(zh="假阴性", en="false negatives"),
            Bilingual(zh="真阴性", en="true negatives"), Bilingual(zh="选中率", en="selection rate"),
            Bilingual(zh="真阳性率", en="true-positive rate"),
            Bilingual(zh="假阳性率", en="false-positive rate"),
            Bilingual(zh="错误率", en="error rate"),
        ]  # fmt: skip
        title = Bilingual(zh=f"按“{name}”分群", en=f"By {name}")
        self.tables.append(Table(title, columns, rows))

    def _draw(self, groups: Sequence[GroupOutcome], name: str) -> None:
        least = self._limits.min_group_size
        rows: list[Bar] = []
        for g in groups[:MOST_DRAWN]:
            low, high = clopper_pearson(g.selected, g.n, self._confidence)
            tone: Tone = "plain" if g.n >= least else "thin"
            value = g.selected / g.n
            rows.append(Bar(g.group, value, low, high, tone=tone, note=f"{g.selected} / {g.n}"))
        title = Bilingual(zh=f"选中率：{name}", en=f"Selection rate by {name}")
        axis = Bilingual(
            zh=f"选中率与 {100 * self._confidence:g}% 精确区间；土黄色为人数不足的群体",
            en=f"selection rate with its exact {100 * self._confidence:g} % interval; "
            "brown: too few members",
        )
        self.figures.append(Figure(title, bars(rows, title=title, axis=axis)))

    def _note(self, zh: str, en: str) -> None:
        self._notes.append(Bilingual(zh=zh, en=en))
