"""The data tables beside this module, each read once and when first needed."""

from __future__ import annotations

from functools import cache
from os.path import dirname, join
from typing import NamedTuple

_FOLDER = join(dirname(__file__), "data")


def _lines(name: str) -> list[str]:
    with open(join(_FOLDER, name), encoding="utf-8") as file:
        return file.read().split("\n")


@cache
def simplified() -> dict[str, str]:
    """Traditional character -> simplified character, within the basic plane."""
    traditional, simple, *_ = _lines("simplified.txt")
    return dict(zip(traditional, simple, strict=True))


@cache
def syllables() -> dict[str, str]:
    """Chinese character -> its commonest syllable, without tone, ü written v."""
    table: dict[str, str] = {}
    for line in _lines("pinyin.txt"):
        syllable, _, characters = line.partition(" ")
        table.update(dict.fromkeys(characters, syllable))
    return table


@cache
def homoglyphs() -> tuple[dict[str, str], dict[str, str]]:
    """Look-alike -> ASCII letter: those that deceive alone, and those too weak to."""
    lines = _lines("homoglyphs.txt")
    plain, letters, astral, astral_letters, weak, weak_letters, *_ = lines
    strong = dict(zip(plain + astral, letters + astral_letters, strict=True))
    return strong, dict(zip(weak, weak_letters, strict=True))


class OneIsL(NamedTuple):
    """When a 1 inside a word is an l: by its two neighbours, unless the next two say not."""

    pairs: frozenset[str]
    exceptions: frozenset[str]

    def __call__(self, before: str, after: str) -> bool:
        """`before` is one letter, `after` up to two; `_` is the edge of a word."""
        return (before + after[:1] in self.pairs) != (before + after in self.exceptions)


@cache
def one_is_l() -> OneIsL:
    """Whether 1 reads as l rather than i, for each way it may stand in an English word."""
    rows = [line.split(" ") for line in _lines("one_is_l.txt") if line]
    return OneIsL(
        frozenset(row[0] + after for row, *_ in rows for after in row[1:]),
        frozenset(row[0] + after for row, *more in rows for after in more),
    )


@cache
def split_characters() -> list[str]:
    """Lines `parts character` and `?parts character before after`; see `parts.py`."""
    return [line for line in _lines("split_characters.txt") if line]


@cache
def synonym_groups() -> list[list[str]]:
    """Groups of words of one meaning, English and Chinese."""
    lines = _lines("synonyms_en.txt") + _lines("synonyms_zh.txt")
    return [line.split() for line in lines if line and not line.startswith("#")]
