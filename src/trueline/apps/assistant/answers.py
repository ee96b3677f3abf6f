"""Choose what the assistant says: a sum, a prepared answer, more of it, or that it cannot."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from trueline.apps.assistant.calculator import calculate, convert
from trueline.apps.assistant.retrieval import QuestionIndex

# Chosen on the questions of tests/apps/assistant: 0.30 answers every paraphrase there and
# none of the questions about other things.
MIN_SIMILARITY = 0.30
# A short question may lean on the one before it: "and for streaming?"
SHORT_CHARACTERS = 24

_MORE = re.compile(
    r"^\s*(?:(?:please\s+)?tell me more|more|go on|continue|and\?|why\??|say more|more details?"
    r"|再说说|说详细点|详细一点|详细说说|继续|还有吗|还有呢|然后呢|为什么|多说一点)\s*[.?!。？！]*\s*$",
    re.IGNORECASE,
)
_IN_ENGLISH = re.compile(
    r"^\s*(?:(?:say (?:that|it) )?in english|用英文说?|英文呢?)\s*[.?!。？！]*\s*$", re.IGNORECASE
)
_IN_CHINESE = re.compile(
    r"^\s*(?:(?:say (?:that|it) )?in chinese|用中文说?|中文呢?)\s*[.?!。？！]*\s*$", re.IGNORECASE
)

_CANNOT = {
    "zh": "这个问题我答不上来：我是 Trueline 内置的小助手，只会检索写好的问答，不是大模型。"
    "你可以问我策略、类别、流式、遮盖、密钥或日志；要回答一般问题，请用 --upstream 接入一个真正的模型。",
    "en": "I cannot answer that: I am the small assistant built into Trueline and only look up "
    "prepared answers; I am not a large language model. Ask me about policies, categories, "
    "streaming, masking, keys or the log, or connect a real model with --upstream.",
}
_NO_MORE = {"zh": "关于这一点，我知道的就这些。", "en": "That is all I know about it."}
_NOTHING_SAID = {
    "zh": "请输入一个问题。",
    "en": "Please ask a question.",
}
_NO_TOOLS = {
    "zh": "（说明：我不会调用工具。）",
    "en": "(Note: I cannot call tools.)",
}
_NO_IMAGES = {
    "zh": "（说明：我看不到图片和附件，只读文字。）",
    "en": "(Note: I cannot see images or attachments and read the text only.)",
}
_SUM = {"zh": "结果是 {}。", "en": "The result is {}."}


@dataclass(frozen=True, slots=True)
class Entry:
    """One prepared answer in both languages."""

    id: str
    questions: tuple[str, ...]
    answer: dict[str, str]
    more: dict[str, str]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the conversation, as plain text."""

    role: str
    text: str


class Knowledge:
    """The prepared answers and the index of their questions."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = tuple(entries)
        pairs = [(q, entry) for entry in self.entries for q in entry.questions]
        self._owners = [entry for _, entry in pairs]
        self._index = QuestionIndex([question for question, _ in pairs])

    def find(self, text: str) -> tuple[Entry, float]:
        """The nearest entry and its similarity."""
        number, similarity = self._index.nearest(text)
        return self._owners[number], similarity


@cache
def knowledge() -> Knowledge:
    """The bundled knowledge, read once."""
    source = files("trueline.apps.assistant").joinpath("knowledge.yaml")
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data = yaml.load(source.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - a safe loader
    return Knowledge(
        [
            Entry(
                item["id"],
                tuple(item["q"]["zh"]) + tuple(item["q"]["en"]),
                item["a"],
                item.get("more", {}),
            )
            for item in data
        ]
    )


def answer(turns: Sequence[Turn], *, tools: bool = False, images: bool = False) -> str:
    """Answer the last user turn of a conversation.

    Args:
        turns: the conversation, oldest first.
        tools: the request offers tools, which the assistant cannot call.
        images: the request holds images or files, which it cannot read.
    """
    said = [turn.text for turn in turns if turn.role == "user"]
    question = said[-1].strip() if said else ""
    language = language_of(question or " ".join(said))
    text = _answer(question, said[:-1], language)
    if images:
        text += "\n" + _NO_IMAGES[language]
    if tools:
        text += "\n" + _NO_TOOLS[language]
    return text


def language_of(text: str) -> str:
    """`zh` when the text holds a Han character, `en` otherwise."""
    return "zh" if any("\u4e00" <= c <= "\u9fff" for c in text[:2000]) else "en"


def _answer(question: str, earlier: Sequence[str], language: str) -> str:
    if not question:
        return _NOTHING_SAID[language]
    value = calculate(question) or convert(question)
    if value is not None:
        return _SUM[language].format(value)
    for pattern, wanted in ((_IN_ENGLISH, "en"), (_IN_CHINESE, "zh")):
        if pattern.match(question):
            topic = _topic(earlier)
            return topic.answer[wanted] if topic else _CANNOT[wanted]
    if _MORE.match(question):
        topic = _topic(earlier)
        if topic is None:
            return _CANNOT[language]
        return topic.more.get(language, _NO_MORE[language])
    entry, similarity = knowledge().find(question)
    if similarity < MIN_SIMILARITY and earlier and len(question) <= SHORT_CHARACTERS:
        entry, similarity = knowledge().find(f"{earlier[-1]} {question}")
    return entry.answer[language] if similarity >= MIN_SIMILARITY else _CANNOT[language]


def _topic(earlier: Sequence[str]) -> Entry | None:
    """What the conversation was about: the newest earlier turn that has an answer."""
    for text in reversed(earlier[-6:]):
        if _MORE.match(text) or _IN_ENGLISH.match(text) or _IN_CHINESE.match(text):
            continue
        entry, similarity = knowledge().find(text)
        return entry if similarity >= MIN_SIMILARITY else None
    return None
