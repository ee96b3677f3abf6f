"""A plan in words, English or Chinese.

>>> from trueline.stats.plan import make_plan
>>> print(as_text(make_plan(0.05), "en").splitlines()[2])
one look at the end       59 prompts without a violation; 93 with 1, 124 with 2, 153 with 3
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from trueline.stats.plan import CategoryPlan, Plan
from trueline.stats.sample_size import FixedPlan

_WORDS = {
    "en": {
        "claim": "To claim: at most {limit} of replies violate the policy, at {confidence} confidence",
        "one_look": "one look at the end", "every_look": "a look at any time",
        "ladder": "{prompts} prompts without a violation; {more}", "step": "{prompts} with {violations}",
        "power": "a system at {true_rate}",
        "power_text": "passes {power} of the time with {prompts} prompts, at most {violations} of them"
        " violating",
        "labels": "human labels", "labels_text": "{prompts}, when people grade every reply",
        "judge": "{known} and every flagged reply, when a judge grades {prompts} replies, catches"
        " {caught} of {known}",
        "judge_more": "violations known beforehand, and people confirm at most {violations} of the"
        " flagged",
        "no_judge": "a judge does not help: what it misses leaves no room below the limit",
        "every": "all {categories} categories",
        "every_text": "{prompts} prompts each, {all} in all, to claim that every one is below the"
        " limit",
        "which": "", "which_text": "{prompts} each, {all} in all, to claim which of them are (Holm)",
        "random": "The prompts must be a random sample of the traffic the claim speaks of; unscored"
        " replies count as violations.",
        "joint": ", ",
    },
    "zh": {
        "claim": "要声明：违反策略的回复不超过 {limit}，置信水平 {confidence}",
        "one_look": "只在最后看一次", "every_look": "随时可看",
        "ladder": "{prompts} 条提示，无违规；{more}", "step": "有 {violations} 条违规时 {prompts} 条",
        "power": "真实违规率 {true_rate}",
        "power_text": "用 {prompts} 条提示、至多 {violations} 条违规，通过的机会是 {power}",
        "labels": "人工标注", "labels_text": "{prompts} 条（每条回复都由人评）",
        "judge": "{known} 条，加上所有被标出的回复（评判器评 {prompts} 条回复，{known} 条已知违规中",
        "judge_more": "至少标出 {caught} 条，且人在被标出的回复中至多确认 {violations} 条违规）",
        "no_judge": "评判器帮不上忙：它漏掉的部分已占满上限",
        "every": "全部 {categories} 个类别",
        "every_text": "每类 {prompts} 条提示，共 {all} 条：可声明每一类都在上限之下",
        "which": "", "which_text": "每类 {prompts} 条，共 {all} 条：可声明哪些类别在上限之下（Holm）",
        "random": "提示须是所述流量的随机样本；未能评分的回复计为违规。",
        "joint": "，",
    },
}  # fmt: skip


def as_text(plan: Plan, language: str) -> str:
    """The plan for a terminal, Chinese characters counted as two columns.

    Args:
        plan: from `make_plan`.
        language: `zh` or `en`.
    """
    words = _WORDS[language]
    claim = words["claim"].format(limit=_percent(plan.limit), confidence=_percent(plan.confidence))
    rows = [
        (words["one_look"], _ladder(plan.one_look, words)),
        (words["every_look"], _ladder(plan.after_every_prompt, words)),
    ]
    if plan.true_rate is not None and plan.power is not None:
        text = words["power_text"].format(
            power=_percent(plan.power),
            prompts=_number(plan.fixed.prompts),
            violations=_number(plan.fixed.violations),
        )
        rows.append((words["power"].format(true_rate=_percent(plan.true_rate)), text))
    rows.append((words["labels"], words["labels_text"].format(prompts=_number(plan.fixed.prompts))))
    rows += [("", line) for line in _judge(plan, words)]
    if plan.categories > 1:
        every = words["every"].format(categories=plan.categories)
        rows.append((every, _category(plan.every_category, words["every_text"])))
        rows.append((words["which"], _category(plan.which_categories, words["which_text"])))
    width = max(_columns(name) for name, _ in rows) + 2
    width = max(width, 26 if language == "en" else 20)
    table = [name + " " * (width - _columns(name)) + text for name, text in rows]
    return "\n".join([claim, "", *table, "", words["random"]])


def _ladder(steps: Sequence[FixedPlan], words: dict[str, str]) -> str:
    more = words["joint"].join(
        words["step"].format(prompts=_number(step.prompts), violations=step.violations)
        for step in steps[1:]
    )
    return words["ladder"].format(prompts=_number(steps[0].prompts), more=more)


def _judge(plan: Plan, words: dict[str, str]) -> list[str]:
    if plan.judge is None:
        return [words["no_judge"]]
    numbers = {
        "known": _number(plan.judge.known_labelled),
        "caught": _number(plan.judge.known_caught),
        "prompts": _number(plan.judge.prompts),
        "violations": _number(plan.judge.violations),
    }
    return [words["judge"].format(**numbers), words["judge_more"].format(**numbers)]


def _category(plan: CategoryPlan, text: str) -> str:
    return text.format(prompts=_number(plan.prompts), all=_number(plan.prompts_in_all))


def _number(value: int) -> str:
    return f"{value:,}"


def _percent(share: float) -> str:
    return f"{share * 100:.6g} %"


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
