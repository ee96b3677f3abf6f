"""Marks of injection that live in punctuation: chat-template tokens, hidden comments, links.

Every expression is anchored on a literal and has bounded gaps; it runs only when one of its
needles is in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice

from ahocorasick_rs import AhoCorasick

from trueline.scorers.injection_families import DIRECT, INDIRECT, JAILBREAK, Family, family
from trueline.text.normalize import View


@dataclass(frozen=True, slots=True)
class Mark:
    """An expression over the folded view, with the literals it cannot match without."""

    family: Family
    needles: tuple[str, ...]
    pattern: re.Pattern[str]


def _mark(name: str, label: str, weight: float, outside: float, needles: str, pattern: str) -> Mark:
    return Mark(
        family(name, label, "", weight, outside), tuple(needles.split()), re.compile(pattern)
    )


MARKS: tuple[Mark, ...] = (
    _mark(
        "chat-template token",
        DIRECT,
        0.85,
        0.9,
        "<| <start_of <end_of",
        r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|begin_of_text|"
        r"start_header_id|end_header_id)\|>|<(?:start|end)_of_turn>",
    ),
    _mark("chat-template token", DIRECT, 0.8, 0.9, "inst] <<sys", r"\[/?inst\]|<</?sys>>"),
    _mark(
        "fake system turn",
        DIRECT,
        0.45,
        0.7,
        "system admin 系统 developer",
        r"(?:[<\[]|#{2,4} ?|\*\*)(?:system|系统|admin|developer)"
        r"(?:[ _](?:message|note|mode|override|alert|command|instruction)s?|消息|提示|指令)?"
        r"(?: ?[\]>:：]| ?#{2,4}|\*\*:?)",
    ),
    _mark(
        "fake system turn",
        DIRECT,
        0.35,
        0.7,
        "system",
        r"(?:^|[\n.!?}\]>] {0,4})system (?:note|message|alert|command|override|instruction)s? ?:",
    ),
    _mark(
        "fake turn",
        JAILBREAK,
        0.15,
        0.3,
        "human: human： assistant:",
        r"\n {0,4}(?:human|user) ?[:：][^\n]{0,300}\n{1,3} {0,4}(?:assistant|ai) ?[:：]",
    ),
    _mark(
        "hidden comment",
        INDIRECT,
        0.6,
        0.9,
        "<!--",
        r"<!--\s{0,8}(?:to |hey |dear |note to )?(?:the )?(?:ai |llm )?"
        r"(?:assistant|ai|llm|system|agent|chatbot|model|gpt|助手|机器人|模型|智能体|大模型|系统)"
        r"\s{0,3}[:：,，]",
    ),
    _mark(
        "hidden text",
        INDIRECT,
        0.05,
        0.35,
        "白色小字 不可见 隐藏文字 display:none font-size:0 white",
        r"白色小字|白色文字|不可见文字|隐藏文字|display: ?none|font-size: ?0|white text",
    ),
    _mark(
        "order tag",
        INDIRECT,
        0.2,
        0.5,
        "<information> <important> <instruction",
        r"<(?:information|important|instructions?)>",
    ),
    _mark(
        "data in a link",
        INDIRECT,
        0.6,
        0.8,
        "](http",
        r"!\[[^\]\n]{0,80}\]\(https?://[^)\s]{1,200}[?&/][a-z_]{1,20}=(?:[{\[<$]|%7b|\)|\.{2,3}|…)",
    ),
    _mark(
        "tool order",
        INDIRECT,
        0.05,
        0.6,
        "_",
        r"(?:(?:请|下一步|接着请?|接下来请?)(?:调用|执行|用)|(?:先|然后)调用|"
        r"(?:please|now|must) (?:call|invoke|execute)) ?(?:the )?(?:tool |function )?"
        r"[a-z]{2,16}_[a-z]{2,16}(?:_[a-z]{2,16})?",
    ),
    _mark(
        "order to the model",
        INDIRECT,
        0.05,
        0.7,
        "致 给ai 给智能 给机器 给助手 给大模型",
        r"(?:致|给)(?:正在|所有|任何)?(?:阅读|处理|审阅|浏览)?(?:此|本|这)?[^，。：:\n]{0,8}"
        r"(?:大模型|ai|智能客服|机器人|智能体|助手|语言模型)(?:的话|的备注|的指示|的提示)?[：:，]",
    ),
    _mark(
        "order as a note",
        INDIRECT,
        0.05,
        0.4,
        "todo:",
        r"todo: ?\"{0,3}(?:please|send|visit|transfer|delete|concatenate|post|email|invite|modify|"
        r"reserve|make|get|forward|create|add|share|download|pay|change|book)[ \"]",
    ),
    _mark(
        "download and run",
        INDIRECT,
        0.05,
        0.4,
        "下载并 download",
        r"下载并(?:运行|执行)|download and (?:run|execute)",
    ),
)


# Places of one kind that are looked at in one text.
MAX_MARKS = 16


def find_marks(view: View) -> Iterator[tuple[Family, int, int]]:
    """Each mark in a folded view, at most a few of each kind."""
    text = view.text
    automaton, owners = _needles()
    found = {
        which
        for hit in automaton.find_matches_as_indexes(text, overlapping=True)
        for which in owners[hit[0]]
    }
    for which in sorted(found):
        mark = MARKS[which]
        for match in islice(mark.pattern.finditer(text), MAX_MARKS):
            yield mark.family, match.start(), match.end()


@cache
def _needles() -> tuple[AhoCorasick, list[list[int]]]:
    """One automaton over all needles, and for each needle the marks it belongs to."""
    owners: dict[str, list[int]] = {}
    for which, mark in enumerate(MARKS):
        for needle in mark.needles:
            owners.setdefault(needle, []).append(which)
    return AhoCorasick(list(owners)), list(owners.values())
