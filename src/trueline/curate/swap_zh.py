"""Swap Chinese gender words; words that only contain one of their characters stay.

    >>> swap_chinese("他和妈妈去看其他人，她说男孩很好。")
    '她和爸爸去看其他人，他说女孩很好。'

女士 becomes 先生 and 男士 too becomes 女士, so that pair is not undone by a second swap.
"""

from __future__ import annotations

import re
from functools import cache

from trueline.curate.spans import Replacement, replace_all

_PAIRS = (
    "他 她,他们 她们,男人 女人,男孩 女孩,男孩子 女孩子,男生 女生,男性 女性,先生 女士,父亲 母亲,爸爸 妈妈,老爸 老妈,"
    "爷爷 奶奶,外公 外婆,儿子 女儿,哥哥 姐姐,弟弟 妹妹,丈夫 妻子,老公 老婆,叔叔 阿姨,伯父 伯母,岳父 岳母,公公 婆婆,"
    "男友 女友,男朋友 女朋友,男演员 女演员,男教师 女教师,男老师 女老师,男医生 女医生,男子 女子,小伙子 姑娘,帅哥 美女,"
    "新郎 新娘,孙子 孙女,侄子 侄女,外甥 外甥女,国王 王后,王子 公主,男婴 女婴,男童 女童,男方 女方,男儿 女儿家"
)
_ALSO = {"男士": "女士"}
# Longer words in which a character of a pair mentions nobody, or both.
_KEPT = (
    "其他 其她 吉他 他人 他国 他乡 他日 他处 他方 他律 他杀 利他 排他 无他 维他命 马耳他 他妈的 先生们女士们 女士们先生们 "
    "男女 女男 子女 儿女 老先生 美女 孙女 侄女 外甥女 父母 夫妻 爷爷奶奶 奶奶爷爷 爸爸妈妈 妈妈爸爸 爸妈 兄弟姐妹 公主岭 婆婆妈妈 王子公主 国王王后 "
    "黄花女子 男子汉"
)


def swap_chinese(text: str) -> str:
    """The text with every gender word exchanged; equal when there is none."""
    return replace_all(text, chinese_swaps(text))


def chinese_swaps(text: str) -> list[Replacement]:
    """Every gender word with what stands in its place."""
    table = _table()
    return [
        Replacement(*match.span(), table[match.group()])
        for match in _pattern().finditer(text)
        if match.group() in table
    ]


@cache
def _table() -> dict[str, str]:
    table = dict(_ALSO)
    for pair in _PAIRS.split(","):
        first, second = pair.split()
        table[first], table[second] = second, first
    return table


@cache
def _pattern() -> re.Pattern[str]:
    kept = [word for word in _KEPT.split() if word not in _table()]
    return re.compile("|".join(sorted({*kept, *_table()}, key=lambda word: (-len(word), word))))
