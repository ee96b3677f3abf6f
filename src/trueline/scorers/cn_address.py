"""Find postal addresses of homes in Chinese: province, city, district, road, number, room.

    >>> text = "收货地址改成成都市武侯区人民南路132号14栋2544室，谢谢"
    >>> addresses(text, [6])
    [Finding(start=6, end=28, label='cn_address', value=0.9)]

A road with a house number is also where every shop and museum stands; what makes it personal
is a building, unit or room behind the number, or a word such as 家住 or 收货地址 before it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from trueline.scorers.findings import CONTEXT, FORMAT, Finding
from trueline.scorers.pii_context import announced

LABEL = "cn_address"
LEAD_LIMIT = 48  # characters between the start and the house number
TAIL_LIMIT = 64  # characters of number, building, unit and room
_HAN = "\u4e00-\u9fff"
_NUMBER = r"(?:[0-9]{1,5}(?:[\-之][0-9]{1,4})?|[一二三四五六七八九十百]{1,4})"
_UNIT = (
    rf" ?(?:第?{_NUMBER}|[A-Za-z][0-9]{{0,3}}) ?(?:号楼|号院|号|栋|幢|座|楼|层|单元|门|室|户|房)"
)
_TAIL = re.compile(
    rf"{_NUMBER} ?(?:号院|号楼|号|弄|栋|幢|座|组)(?![线码召称令])"
    rf"(?:(?:[{_HAN}]{{2,12}}?)?(?:{_UNIT}){{1,5}})?"
    r"(?: ?[0-9]{3,4}(?![0-9])| ?[0-9]{1,4}(?:-[0-9]{1,4}){1,2}(?![0-9]))?"
)
_HOME = re.compile(r"[室户栋幢房]|单元|号楼|[0-9]{3,4}$|[0-9]-[0-9]")
_ROAD = re.compile(r"[路街道巷弄里村镇乡庄园苑区城府湾庭]|胡同|大厦|公寓|广场")
_RUN = re.compile(rf"[{_HAN}A-Za-z0-9·()\- ]*")
_PERSONAL = re.compile(
    r"住址|家庭地址|收货|收件|寄件|邮寄|通讯地址|联系地址|户籍|家住|我住|住在|住的|寄到|寄往|寄给|送到"
    r"|送货|我家|老家|现居|居住|搬到|搬家|家在|家里"
)
_FILLER = re.compile(r"(?:地址|[是为改成到在于:： ]){0,5}")


def addresses(text: str, regions: Sequence[int], cues: Sequence[int] = ()) -> list[Finding]:
    """Addresses that start at one of `regions` (a place name) or right after one of `cues`.

    Args:
        text: the text.
        regions: ascending offsets of the names of provinces, cities and districts.
        cues: ascending offsets of the ends of words such as 家住.
    """
    found: list[Finding] = []
    match = _TAIL.search(text, min((*regions[:1], *cues[:1])))
    while match:
        number, end = match.span()
        end = min(end, number + TAIL_LIMIT)
        start = _start(text, number, regions)
        if start < 0:
            start = _start(text, number, cues)
            if start >= 0:
                filler = _FILLER.match(text, start, number)
                start = filler.end() if filler else start
                found.append(Finding(start, end, LABEL, CONTEXT))
        elif _HOME.search(text, number, end):
            found.append(Finding(start, end, LABEL, FORMAT))
        elif announced(text, start, _PERSONAL):
            found.append(Finding(start, end, LABEL, CONTEXT))
        match = _TAIL.search(text, end)
    return found


def _start(text: str, number: int, starts: Sequence[int]) -> int:
    """First of `starts` from which an unbroken name of a road leads to `number`; -1 if none."""
    left = max(0, number - LEAD_LIMIT)
    run = _RUN.match(text[left:number][::-1])
    left = number - (run.end() if run else 0)
    index = bisect_left(starts, left)
    if index == len(starts) or starts[index] >= number:
        return -1
    return starts[index] if _ROAD.search(text, starts[index] + 1, number) else -1
