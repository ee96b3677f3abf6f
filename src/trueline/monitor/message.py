"""What people are told about alarms, in Chinese or English; numbers only, never user text.

>>> from trueline.store.alarms import Alarm
>>> facts = {"kind": "rate", "rate_of": "error", "found": 9, "n": 100, "rate": 0.09,
...          "low": 0.03, "high": 0.2, "limit": 0.02, "confidence": 0.95}
>>> print(compose([Alarm(rule="errors", facts=facts)], "en").subject)
Trueline alarm: errors
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from trueline.store.alarms import Alarm

Occasion = Literal["raised", "reminder", "recovered", "test"]

_HEADS: Mapping[Occasion, tuple[str, str]] = {
    "raised": ("Trueline 告警：{rules}", "Trueline alarm: {rules}"),
    "reminder": ("Trueline 告警仍未确认：{rules}", "Trueline alarm not acknowledged: {rules}"),
    "recovered": ("Trueline 告警已恢复：{rules}", "Trueline alarm recovered: {rules}"),
    "test": ("Trueline 测试消息", "Trueline test message"),
}
_RATES: Mapping[str, tuple[str, str]] = {
    "violation": ("违反策略的模型回复", "replies of the model that break the policy"),
    "prompt_violation": ("违反策略的提问", "prompts that break the policy"),
    "blocked": ("被拦截的请求", "blocked requests"),
    "error": ("出错的请求", "requests with an error"),
    "slow": ("过慢的请求", "requests that were too slow"),
    "attribute": ("符合规则的事件", "events the rule counts"),
}
_MEASURES: Mapping[str, tuple[str, str]] = {
    "prompt_length": ("提问长度", "length of prompts"),
    "reply_length": ("回复长度", "length of replies"),
    "language_zh": ("中文所占比例", "share of Chinese"),
    "top_score": ("最高评分", "highest score"),
    "latency": ("延迟", "latency"),
    "latency_p99_ms": ("延迟 p99（毫秒）", "latency p99 (ms)"),
    "guard_p99_ms": ("护栏耗时 p99（毫秒）", "guard time p99 (ms)"),
    "error_rate": ("错误率", "error rate"),
    "memory_mb": ("内存（MB）", "memory (MB)"),
    "cpu_share": ("处理器占用", "processor share"),
    "disk_free_mb": ("磁盘剩余（MB）", "free disk space (MB)"),
    "events_a_minute": ("每分钟事件数", "events a minute"),
}


@dataclass(frozen=True, slots=True)
class Message:
    """One message about one or more alarms."""

    occasion: Occasion
    subject: str
    body: str
    alarms: tuple[Alarm, ...] = ()

    @property
    def text(self) -> str:
        """Subject and body, for channels that have no subject."""
        return f"{self.subject}\n{self.body}" if self.body else self.subject

    def as_json(self) -> dict[str, Any]:
        """What a JSON webhook or a command receives."""
        return {
            "occasion": self.occasion,
            "subject": self.subject,
            "text": self.body,
            "alarms": [alarm.as_json() for alarm in self.alarms],
        }


def compose(alarms: Sequence[Alarm], language: str, occasion: Occasion = "raised") -> Message:
    """One message about alarms, most severe first."""
    ordered = sorted(alarms, key=lambda a: (a.severity != "page", a.opened))
    rules = ", ".join(dict.fromkeys(alarm.rule for alarm in ordered))
    head = _pick(_HEADS[occasion], language).format(rules=rules)
    body = "\n".join(f"- {alarm.rule}: {describe(alarm, language)}" for alarm in ordered)
    return Message(occasion, head, body, tuple(ordered))


def describe(alarm: Alarm, language: str) -> str:
    """One sentence with the numbers of an alarm."""
    facts = alarm.facts
    zh = language == "zh"
    kind = facts.get("kind")
    if kind == "rate":
        what = rate_name(str(facts.get("rate_of")), language)
        category = facts.get("category")
        where = (f"（{category}）" if zh else f" ({category})") if category else ""
        values = (
            facts["found"], facts["n"], percent(facts["rate"]), percent(facts["low"]),
            percent(facts["high"]), percent(facts["limit"]), f"{facts['confidence']:.0%}",
        )  # fmt: skip
        if zh:
            return "{}{}：{}/{}，占 {}（{}–{}，置信度 {}），上限 {}".format(
                what, where, *values[:5], values[6], values[5]
            )
        return "{}{}: {} of {}, {} ({} to {} at {}), limit {}".format(
            what, where, *values[:5], values[6], values[5]
        )
    measure = measure_name(str(facts.get("measure")), language)
    if kind == "drift":
        before, after = number(facts["calm_median"]), number(facts["recent_median"])
        if zh:
            return f"{measure}与平时不同：中位数由 {before} 变为 {after}"
        return f"{measure} no longer as usual: median {before} before, {after} now"
    above = facts.get("above")
    mark = above if above is not None else facts.get("below")
    value, seconds = number(facts.get("value")), f"{facts.get('for_seconds', 0):g}"
    if zh:
        side = "高于" if above is not None else "低于"
        return f"{measure}为 {value}，{side}界限 {number(mark)}，已持续 {seconds} 秒"
    side = "above" if above is not None else "below"
    return f"{measure} is {value}, {side} the mark of {number(mark)} for {seconds} s"


def rate_name(rate: str, language: str) -> str:
    """What a rate counts."""
    return _pick(_RATES.get(rate, _RATES["attribute"]), language)


def measure_name(measure: str, language: str) -> str:
    """What a drift or threshold rule measures; empty for what is none."""
    return _pick(_MEASURES.get(measure, ("", "")), language)


def percent(share: float) -> str:
    """A share as percent with digits that fit its size: `0.52 %`, `12 %`."""
    value = 100 * share
    return f"{value:.0f} %" if value >= 10 else f"{value:.1f} %" if value >= 1 else f"{value:.2f} %"


def number(value: Any) -> str:
    """A number as a reader expects it; `-` for none."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def trial_message(language: str) -> Message:
    """A message that only shows that a channel works."""
    body = "收到此消息，说明渠道可用；没有发生告警。" if language == "zh" else (
        "You have received this because the channel works; no alarm was raised."
    )  # fmt: skip
    return Message("test", _pick(_HEADS["test"], language), body)


def _pick(pair: tuple[str, str], language: str) -> str:
    return pair[0] if language == "zh" else pair[1]
