"""Sentences with a made-up personal value, planted into audited documents.

The values come from ranges that nobody holds (`trueline.curate.surrogates`), so a planted
sheet never shows a real person's data.

    >>> with_canary("第一句。第二句。", 7) != "第一句。第二句。"
    True
"""

from __future__ import annotations

import re

from trueline.curate.surrogates import surrogate
from trueline.text.language import language_of

_SENTENCES = {
    "zh": (
        ("我的手机号是{}，方便时联系。", "cn_mobile", "13800138000"),
        ("身份证号{}已登记。", "cn_resident_id", "11010519491231002X"),
        ("邮箱是{}，请查收。", "email", "a@b.cn"),
        ("请转账到卡号{}。", "bank_card", "6222021234567890128"),
        ("联系人是{}，周末也在。", "person_name", "张三"),
    ),
    "en": (
        ("Call me at {} tomorrow.", "us_phone", "(415) 555-2671"),
        ("Please write to {} about it.", "email", "a@b.cn"),
        ("The SSN on file is {}.", "us_ssn", "375-62-7300"),
        ("My name is {} and I live here.", "person_name", "Ann Lee"),
        ("He paid with card {} yesterday.", "bank_card", "4111111111111111"),
    ),
}
_END = re.compile(r"[。！？\n]|[.!?] ")


def with_canary(text: str, draw: int) -> str:
    """The text with one planted sentence at the end of one of its sentences.

    Args:
        text: a document.
        draw: any number; chooses sentence, value and place.
    """
    language = "zh" if language_of(text) == "zh" else "en"
    sentences = _SENTENCES[language]
    template, label, sample = sentences[draw % len(sentences)]
    value = surrogate(draw.to_bytes(8, "big"), label, sample)
    ends = [match.end() for match in _END.finditer(text)] or [len(text)]
    place = ends[(draw >> 16) % len(ends)]
    space = "" if language == "zh" else " "
    return f"{text[:place]}{space}{template.format(value)}{space}{text[place:]}"
