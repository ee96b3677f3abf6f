"""Tell Chinese from English from everything else."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

Language = Literal["zh", "en", "other"]
_LATIN = re.compile("[A-Za-z][A-Za-z]*")  # one first: the search then skips at C speed


@cache
def _scripts() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Chinese, and what is neither Chinese nor English; large classes, made when needed."""
    han = "[\u4e00-\u9fff]"
    other = "[\u00c0-\u024f\u0370-\u1fff\u3040-\u30ff\uac00-\ud7a3]"
    return re.compile(f"{han}{han}*"), re.compile(f"{other}{other}*")


_WORDS = re.compile("[a-z][a-z]+")


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


# Small words that hardly any sentence goes without, and that the other languages lack.
_ENGLISH = _words(
    "the of and to in so is it you that he was for on are with his they this have from what were we "
    "when your can there an which their if how will my not but be please do does me our by who "
    "would could should ignore write tell give make show where why no yes let at as or"
)
_FOREIGN = _words(
    "der die das und ist nicht ich sie ein eine den mit auf dem zu von für auch sich wie oder le "
    "la les des est et une dans que qui pour pas sur avec ce il je vous nous el los las y en es "
    "por con para una lo su del como il che di non sono per gli della um uma não com os mais seu "
    "het een niet van dat ik voor zijn och att det som inte på jag"
)
_SAMPLE = 2000  # characters that settle it between languages of one script


def language_of(text: str) -> Language:
    """`zh`, `en` or `other`; a text without letters is `other`.

    A text is Chinese when it holds a Chinese character for every four Latin letters: code,
    names and product words are Latin in Chinese texts too.
    """
    latin = sum(map(len, _LATIN.findall(text)))
    if not text.isascii():
        chinese, others = _scripts()
        han = sum(map(len, chinese.findall(text)))
        other = sum(map(len, others.findall(text)))
        if other > han + latin // 4:
            return "other"
        if han and han * 4 >= latin:
            return "zh"
    return "en" if latin and _reads_english(text) else "other"


def _reads_english(text: str) -> bool:
    words = _WORDS.findall(text[:_SAMPLE].lower())
    foreign = sum(word in _FOREIGN for word in words)
    return foreign < 2 or foreign <= sum(word in _ENGLISH for word in words)
