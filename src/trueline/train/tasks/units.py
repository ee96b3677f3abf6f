"""The units that are tagged: single Han characters, and words of other scripts.

A token never reaches over two units, so that tags fit whatever the tokenizer has learned.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from transformers import PreTrainedTokenizerFast

from trueline.train.models import id_or_zero

# Han characters and every other sign that is no letter or digit stand alone; the rest runs on.
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_UNIT = re.compile(rf"[{_HAN}]|[^\W_{_HAN}]+(?:['’][^\W_{_HAN}]+)?|\S")


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of a text: `text[start:end]`; `spaced` when it reads ` text`."""

    text: str
    start: int
    end: int
    spaced: bool


def units(text: str) -> list[Unit]:
    """Units of a text, in order.

    >>> [unit.text for unit in units("小王 met Ann.")]
    ['小', '王', 'met', 'Ann', '.']
    """
    found: list[Unit] = []
    for match in _UNIT.finditer(text):
        start, piece = match.start(), match.group()
        # A space before a Han character says nothing: words that come as a list have none there.
        spaced = start > 0 and text[start - 1].isspace() and not re.match(f"[{_HAN}]", piece)
        found.append(Unit(piece, start, match.end(), spaced))
    return found


def units_of_words(words: Sequence[str], tags: Sequence[str]) -> tuple[list[Unit], list[str]]:
    """Units and tags of words that were split elsewhere; Han words become characters.

    A word's tag goes to its first character, the others continue it.
    """
    found: list[Unit] = []
    spread: list[str] = []
    place = 0
    for word, tag in zip(words, tags, strict=True):
        pieces = [word] if not re.search(f"[{_HAN}]", word) else [u.text for u in units(word)]
        for number, piece in enumerate(pieces or [word]):
            han = bool(re.match(f"[{_HAN}]", piece))
            spaced = bool(found) and number == 0 and not han
            place += int(spaced)
            found.append(Unit(piece, place, place + len(piece), spaced))
            place += len(piece)
            spread.append(tag if number == 0 else f"I-{tag[2:]}" if tag[:2] == "B-" else tag)
    return found, spread


def unit_ids(tokenizer: PreTrainedTokenizerFast, parts: Sequence[Unit]) -> list[list[int]]:
    """Ids of each unit; at least one each."""
    return [list(_ids(tokenizer, unit.text, unit.spaced)) for unit in parts]


@lru_cache(maxsize=65536)
def _ids(tokenizer: PreTrainedTokenizerFast, text: str, spaced: bool) -> tuple[int, ...]:
    shown = f" {text}" if spaced else text
    ids = tokenizer.backend_tokenizer.encode(shown, add_special_tokens=False).ids
    return tuple(ids) or (id_or_zero(tokenizer.unk_token_id),)
