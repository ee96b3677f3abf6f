"""Stop words of Chinese and English: words that carry grammar rather than content.

>>> "the" in stop_words(), "的" in stop_words(), "not" in stop_words()
(True, True, False)
>>> "not" in stop_words(negations=True)
True
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def stop_words(negations: bool = False) -> frozenset[str]:
    """Both lists, lower case; with `negations` also the words that turn a sentence round."""
    found = _read("stop_words_zh.txt") | _read("stop_words_en.txt")
    return found | negation_words() if negations else found - negation_words()


@cache
def negation_words() -> frozenset[str]:
    """Words that negate, in both languages, lower case."""
    return _read("negations.txt")


def _read(name: str) -> frozenset[str]:
    text = files("trueline.curate.words").joinpath("data", name).read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return frozenset(" ".join(lines).split())
