"""Emoji that stand for a word.

    >>> read_emoji("他有一把🔪吗").text, read_emoji("nice 🔪 you have").text
    ('他有一把刀吗', 'nice knife you have')

Between Chinese characters an emoji is read in Chinese, between Latin letters in English;
at the end of a sentence or by itself it is decoration and stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from trueline.text.offsets import Step, rewrite

# Emoji used for a word, by sound or by sight, with its Chinese and its English reading.
_WORDS = {
    "🐴": ("马", "horse"), "🐎": ("马", "horse"), "🐮": ("牛", "cow"), "🐄": ("牛", "cow"),
    "🐔": ("鸡", "chicken"), "🐓": ("鸡", "cock"), "🐶": ("狗", "dog"), "🐕": ("狗", "dog"),
    "🐷": ("猪", "pig"), "🐖": ("猪", "pig"), "🐢": ("龟", "turtle"), "🐍": ("蛇", "snake"),
    "🐭": ("鼠", "rat"), "🐀": ("鼠", "rat"), "🐒": ("猴", "monkey"), "🐵": ("猴", "monkey"),
    "💩": ("屎", "shit"), "🔪": ("刀", "knife"), "🗡": ("刀", "knife"), "🔫": ("枪", "gun"),
    "💣": ("炸弹", "bomb"), "🧨": ("炸药", "explosive"), "💥": ("爆", "explode"), "💊": ("药", "pill"),
    "💉": ("针", "injection"), "🍺": ("酒", "beer"), "💀": ("死", "dead"), "☠": ("死", "dead"),
    "💰": ("钱", "money"), "💵": ("钱", "money"), "💸": ("钱", "money"), "🔞": ("十八禁", "adult"),
    "🩸": ("血", "blood"), "👊": ("打", "punch"), "🔥": ("火", "fire"), "💦": ("水", "water"),
    "🚗": ("车", "car"), "🍆": ("茄子", "eggplant"), "🍑": ("桃", "peach"), "❄": ("冰", "ice"),
    "🧊": ("冰", "ice"), "🌿": ("草", "weed"), "🍃": ("叶子", "leaf"), "🎲": ("赌", "dice"),
    "🥷": ("忍者", "ninja"), "🤡": ("小丑", "clown"), "🧠": ("脑", "brain"), "👁": ("眼", "eye"),
    "👀": ("看", "see"), "👃": ("鼻", "nose"), "👄": ("嘴", "mouth"), "✋": ("手", "hand"),
    "🈲": ("禁", "forbidden"), "🆘": ("救命", "sos"), "🅿": ("p", "p"), "🅾": ("o", "o"),
}  # fmt: skip
# A range: a class of many single emoji would be searched one by one.
_EMOJI = re.compile("[\u2620\u270b\u2744\U0001f170-\U0001faff]")


def read_emoji(text: str) -> Step:
    """Write emoji as words where a word is missing between two others."""
    if _EMOJI.search(text) is None:
        return Step(text)
    return rewrite(text, _changes(text), ("emoji",))


def _changes(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _EMOJI.finditer(text):
        if match[0] not in _WORDS:
            continue
        start, end = match.span()
        before = text[start - 1 : start]
        after = text[end : end + 1]
        if (_is_han(before) and (_is_han(after) or after in _WORDS)) or (
            before in _WORDS and _is_han(after)
        ):
            yield start, end, _WORDS[match[0]][0]
        elif _is_latin(before, text[start - 2 : start - 1]) and _is_latin(
            after, text[end + 1 : end + 2]
        ):
            word = _WORDS[match[0]][1]
            yield start, end, ("" if before == " " else " ") + word + ("" if after == " " else " ")


def _is_han(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def _is_latin(beside: str, next_but_one: str) -> bool:
    letter = next_but_one if beside == " " else beside
    return letter.isascii() and letter.isalpha()
