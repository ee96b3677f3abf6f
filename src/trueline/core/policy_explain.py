"""A policy in words: for every category what happens, from which score, and who looks.

>>> from trueline.core.policy_file import policy_from_template
>>> rows = explain_policy(policy_from_template("default"), {"violence": "linear"}, "en")
>>> rows[0].action, rows[0].scorers
('block', 'linear')
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from trueline.core.policy import Policy
from trueline.core.regulations import regulation_title
from trueline.core.taxonomy import taxonomy

_WORDS = {
    "en": {
        "allow": "allow", "flag": "flag", "redact": "redact", "rewrite": "rewrite",
        "block": "block", "off": "off", "manual": "manual", "category": "category",
        "action": "action", "from": "from score", "who": "found by", "budget": "calibrated, ≤ {}",
        "fixed": "{}, the scorer's own", "joined": "; ",
        "limit": "At most {} of replies may violate the policy, claimed at {} confidence.",
        "closed": "When a scorer fails: block.", "open": "When a scorer fails: let pass.",
        "manual_note": "manual: no scorer finds this yet; people have to look.",
        "off_note": "off: the policy does not speak of it.",
        "regulations": "Regulations claimed: {}", "exceptions": "except",
    },
    "zh": {
        "allow": "放行", "flag": "标记", "redact": "遮盖", "rewrite": "改写", "block": "拦截",
        "off": "未启用", "manual": "人工", "category": "类别", "action": "处置",
        "from": "阈值", "who": "由谁发现", "budget": "自动校准，误伤 ≤ {}",
        "fixed": "{}，评分器自定", "joined": "；",
        "limit": "违反策略的回复不超过 {}，置信水平 {}。",
        "closed": "评分器出错时：拦截。", "open": "评分器出错时：放行。",
        "manual_note": "人工：尚无评分器能发现，须由人查看。",
        "off_note": "未启用：策略没有提到。", "regulations": "声明遵循的法规：{}",
        "exceptions": "例外",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One category: its rule and the scorers that find it.

    `action` is `off` when the policy does not name the category; `scorers` is then empty.
    `threshold` is the policy's own; without one each scorer gives its threshold, and those that
    `max_false_positive_rate` does not move stand in `fixed_thresholds`.
    """

    category: str
    name: str
    action: str
    threshold: float | None
    max_false_positive_rate: float | None
    scorers: str
    exceptions: Mapping[str, str]
    clauses: Mapping[str, tuple[str, ...]]
    fixed_thresholds: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def calibrated(self) -> bool:
        """True when a scorer takes its threshold from the error budget."""
        names = self.scorers.split(", ")
        return self.threshold is None and any(name not in self.fixed_thresholds for name in names)

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--json` and the console."""
        return asdict(self)


def explain_policy(
    policy: Policy,
    coverage: Mapping[str, str],
    language: str,
    fixed: Mapping[str, Mapping[str, float]] | None = None,
) -> list[Row]:
    """Rows for the 29 categories and the policy's topics.

    Args:
        policy: the policy to explain.
        coverage: `Judge.coverage()`: scorer names by category, `manual` or `off`.
        language: `zh` or `en`, for the names.
        fixed: `Judge.fixed_thresholds()`; without it every scorer counts as calibrated.
    """
    fixed = fixed or {}
    rows: list[Row] = []
    for name, category in taxonomy().items():
        clauses = {
            regulation: found
            for regulation, found in category.maps.items()
            if found and regulation in policy.regulations
        }
        rows.append(_row(policy, coverage, fixed, name, category.name(language), clauses))
    for name, topic in policy.topics.items():
        shown = topic.zh if language == "zh" else topic.en
        rows.append(_row(policy, coverage, fixed, name, shown, {}))
    return rows


def as_text(policy: Policy, rows: list[Row], language: str) -> str:
    """The rows as a table for a terminal, Chinese characters counted as two columns."""
    words = _WORDS[language]
    title = f"{policy.name} {policy.version}  {policy.hash[:19]}"
    lines = [title]
    if policy.description:
        lines.append(policy.description.pick(language))
    lines.append(words["limit"].format(f"{policy.max_violation_rate:.2%}", policy.confidence))
    lines.append(words["closed" if policy.on_error == "block" else "open"])
    if policy.regulations:
        titles = ", ".join(regulation_title(name) for name in policy.regulations)
        lines.append(words["regulations"].format(titles))
    table = [[words["category"], "", words["action"], words["from"], words["who"]]]
    for row in rows:
        table.append(
            [row.category, row.name, words[row.action], _threshold(row, words), _who(row, words)]
        )
        for label, action in row.exceptions.items():
            table.append(
                [f"  {words['exceptions']} {label}", "", words.get(action, action), "", ""]
            )
    lines += ["", *_aligned(table), ""]
    if any(row.scorers == "manual" for row in rows):
        lines.append(words["manual_note"])
    if any(row.action == "off" for row in rows):
        lines.append(words["off_note"])
    return "\n".join(lines)


def shown_thresholds(row: Row, budget: str, fixed: str, joined: str) -> str:
    """Where the scores of a row without a threshold of the policy start to count.

    Args:
        row: a category that a scorer finds.
        budget: what is said of scorers that keep to the error budget.
        fixed: `{}, the scorer's own`, for a category with no such scorer.
        joined: what stands between two of these.
    """
    if not row.calibrated:
        values = dict.fromkeys(f"{value:g}" for value in row.fixed_thresholds.values())
        return fixed.format(" / ".join(values))
    own = [f"{scorer} {value:g}" for scorer, value in row.fixed_thresholds.items()]
    return joined.join([budget, *own])


def _row(
    policy: Policy,
    coverage: Mapping[str, str],
    fixed: Mapping[str, Mapping[str, float]],
    name: str,
    shown: str,
    clauses: Mapping[str, tuple[str, ...]],
) -> Row:
    rule = policy.rule(name)
    if rule is None:
        return Row(name, shown, "off", None, None, "", {}, clauses)
    exceptions = {
        label: exception.action for label, exception in rule.labels.items() if exception.action
    }
    return Row(
        name,
        shown,
        rule.action,
        rule.threshold,
        rule.max_false_positive_rate,
        coverage.get(name, "manual"),
        exceptions,
        clauses,
        {} if rule.threshold is not None else fixed.get(name, {}),
    )


def _threshold(row: Row, words: Mapping[str, str]) -> str:
    if row.action == "off" or row.scorers == "manual":
        return ""
    if row.threshold is not None:
        return f"{row.threshold:g}"
    budget = words["budget"].format(f"{row.max_false_positive_rate:.1%}")
    return shown_thresholds(row, budget, words["fixed"], words["joined"])


def _who(row: Row, words: Mapping[str, str]) -> str:
    return words["manual"] if row.scorers == "manual" else row.scorers


def _aligned(table: list[list[str]]) -> list[str]:
    widths = [max(_width(row[column]) for row in table) for column in range(len(table[0]))]
    return [
        "  ".join(cell + " " * (widths[i] - _width(cell)) for i, cell in enumerate(row)).rstrip()
        for row in table
    ]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
