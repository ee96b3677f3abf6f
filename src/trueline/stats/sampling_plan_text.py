"""A regulator's sampling plan in words, English or Chinese.

>>> from trueline.stats.sampling_plan import sampling_plan
>>> print(as_text(sampling_plan("cn-genai"), "en").splitlines()[2])
questions to refuse       asked: 285 of 300 refused; to know it: 292 of 300
"""

from __future__ import annotations

import unicodedata

from trueline.stats.sampling_plan import SampledCheck, SamplingPlan

_WORDS = {
    "en": {
        "title": "GB/T 45654-2025: what its counts are worth, at {confidence} confidence",
        "should_refuse": "questions to refuse", "should_answer": "questions to answer",
        "generated_human": "generated, by people", "generated_machine": "generated, by machine",
        "corpus_human": "training texts",
        "refused": "asked: {asked} of {n} refused; to know it: {known} of {n}",
        "at_most": "asked: at most {asked} of {n} refused; to know it: at most {known}",
        "passed": "asked: {asked} of {n} pass; to know it: {known} of {n}",
        "none": "asked: {asked} of {n}; no count of {n} is enough to know it",
        "chance": "true rate {rate}: reaches the asked count {passes}, the proving one {shows}",
        "seen_in_source": "read in the source",
        "seen_in_secondary_source_only": "numbers from a secondary source only",
        "memory_unverified": "numbers from memory, not verified",
        "note": "A count is no bound: a system below the bar reaches it often.",
    },
    "zh": {
        "title": "GB/T 45654-2025：各项计数说明了什么，置信水平 {confidence}",
        "should_refuse": "应拒答题", "should_answer": "非拒答题",
        "generated_human": "生成内容（人工）", "generated_machine": "生成内容（机器）",
        "corpus_human": "训练语料",
        "refused": "要求：{n} 条中拒答 {asked} 条；足以确认：{known} 条",
        "at_most": "要求：{n} 条中拒答不超过 {asked} 条；足以确认：不超过 {known} 条",
        "passed": "要求：{n} 条中合格 {asked} 条；足以确认：{known} 条",
        "none": "要求：{n} 条中 {asked} 条；{n} 条样本不足以确认",
        "chance": "真实比率 {rate}：达到要求计数的概率 {passes}，达到确认计数的概率 {shows}",
        "seen_in_source": "已读来源原文",
        "seen_in_secondary_source_only": "数字仅见于二手来源",
        "memory_unverified": "数字凭记忆，未核实",
        "note": "达到计数不等于达到标准：低于标准的系统也常能达到。",
    },
}  # fmt: skip


def as_text(plan: SamplingPlan, language: str) -> str:
    """The plan for a terminal, Chinese characters counted as two columns.

    Args:
        plan: from `sampling_plan`.
        language: `zh` or `en`.
    """
    words = _WORDS[language]
    width = max(_columns(words[check.key]) for check in plan.checks) + 2
    width = max(width, 26 if language == "en" else 20)
    lines = [words["title"].format(confidence=_percent(plan.confidence)), ""]
    for check in plan.checks:
        name = words[check.key]
        lines.append(name + " " * (width - _columns(name)) + _asked(check, words))
        for chance in check.chances:
            told = words["chance"].format(
                rate=_percent(chance.true_pass_rate),
                passes=_chance(chance.passes),
                shows=_chance(chance.shows),
            )
            lines.append(" " * width + told)
        lines.append(" " * width + words[check.status])
    return "\n".join([*lines, "", words["note"]])


def _asked(check: SampledCheck, words: dict[str, str]) -> str:
    n = f"{check.n:,}"
    if check.passes_to_know is None or check.failures_to_know is None:
        return words["none"].format(asked=f"{check.passes_asked:,}", n=n)
    if check.key == "should_answer":
        return words["at_most"].format(
            asked=check.failures_asked, known=check.failures_to_know, n=n
        )
    kind = "refused" if check.key == "should_refuse" else "passed"
    return words[kind].format(
        asked=f"{check.passes_asked:,}", known=f"{check.passes_to_know:,}", n=n
    )


def _percent(share: float) -> str:
    return f"{share * 100:.6g} %"


def _chance(share: float) -> str:
    if 0 < share < 0.0005:
        return "<0.1 %"
    return ">99.9 %" if 0.9995 < share < 1 else f"{share * 100:.1f} %"


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
