"""Digits written in Chinese, in runs long enough to be a telephone, card or ID number.

>>> as_digits("电话一三八〇零壹叁捌〇〇〇，月入8000一天").text
'电话13800138000，月入8000一天'
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from trueline.text.offsets import Step, rewrite

_SPELLED = dict(
    zip(
        "〇零○一二三四五六七八九壹贰貳叁參肆伍陆陸柒捌玖幺弌弍弎",
        "0001234567891223345667891123",
        strict=True,
    )
)
SHORTEST = 7  # a local telephone number; years and counts are shorter
LEAST_SPELLED = 3  # at the ends of a run, where one may be a word: 8000一天; inside, one will do
_CHINESE = "".join(_SPELLED)
_DIGIT = f"0-9{_CHINESE}"
_RUN = re.compile(
    f"[{_DIGIT}](?:(?:[ -]?[{_DIGIT}]){{{SHORTEST - 1},}}"
    f"|(?<=[A-Za-z][{_CHINESE}])(?=[A-Za-z]))"  # one inside a key: AKIA七EXAMPLE
)


def as_digits(text: str) -> Step:
    """Write Chinese digits in runs of seven digits or more as 0-9; counting words stay."""
    if text.isascii():
        return Step(text)
    return rewrite(text, _changes(text), ("chinese_digits",))


def _changes(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _RUN.finditer(text):
        run = match[0]
        if len(run) == 1 or _is_number(run):
            yield match.start(), match.end(), "".join(_SPELLED.get(c, c) for c in run)


def _is_number(run: str) -> bool:
    """Whether the Chinese digits in a run of digits belong to it."""
    if run.isascii():
        return False
    return sum(c in _SPELLED for c in run) >= LEAST_SPELLED or not run.strip(_CHINESE).isascii()
