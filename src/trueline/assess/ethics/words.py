"""What the ethics review says to people, in Chinese and English.

>>> say("state.needs_work", "zh"), say("status.memory_unverified", "en")
('需改进', 'from memory, not verified')
"""

from __future__ import annotations

from typing import Any

from trueline.core.i18n import pick

_WORDS = {
    "state.accept": ("接受", "accepted"),
    "state.object": ("反对", "objection"),
    "state.needs_work": ("需改进", "needs work"),
    "state.open": ("未答", "open"),
    "decision.assign": ("指派", "assigned"),
    "decision.comment": ("意见", "comment"),
    "decision.accept": ("接受", "accepts"),
    "decision.object": ("反对", "objects"),
    "decision.needs_work": ("要求改进", "calls for work"),
    "decision.sign_off": ("签字", "signs off"),
    "status.seen_in_source": ("见于来源", "seen in the source"),
    "status.seen_in_secondary_source_only": (
        "仅见于二手来源，请核对官方文本",
        "seen in secondary sources only; check the official text",
    ),
    "status.memory_unverified": ("凭记忆，未核实", "from memory, not verified"),
    "column.question": ("问题", "question"),
    "column.state": ("状态", "state"),
    "column.assignee": ("负责人", "assigned to"),
    "clause": ("条款", "clause"),
    "source": ("来源", "source"),
    "checked": ("核对", "checked"),
    "claims": ("相关声明", "claims of this case"),
    "summary": (
        "共 {total} 个问题：接受 {accepted}，未答 {open}，需改进 {needs_work}，反对 {objections}",
        "{total} questions: {accepted} accepted, {open} open, {needs_work} need work, "
        "{objections} with an objection",
    ),
    "signed": ("{role}：{reviewer} 于 {date} 签字", "{role}: signed by {reviewer} on {date}"),
    "missing": ("{role}：缺少签字", "{role}: signature missing"),
    "outdated": (
        "{role}：签字后策略或数字有变动，须重新签字",
        "{role}: the policy or the numbers changed after the signature; sign again",
    ),
    "none_required": (
        "策略没有要求签字（review.required_sign_offs）。",
        "The policy asks for no signature (review.required_sign_offs).",
    ),
    "recorded": ("已记录：{reviewer} {decision} {item}", "recorded: {reviewer} {decision} {item}"),
}  # fmt: skip


def say(key: str, language: str, **values: Any) -> str:
    """The words for `key`."""
    zh, en = _WORDS[key]
    return pick({"zh": zh, "en": en}, language).format_map(values)


def both(key: str) -> str:
    """The words in both languages, for a table that is printed once."""
    zh, en = _WORDS[key]
    return f"{zh} · {en}"
