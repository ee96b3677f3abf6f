"""Entries of the word lists: the bundled ones, stored encoded, and the policy's own.

The bundled lists are offensive by nature, so they are kept as zlib + base85 of a table
with one entry a line. `recipes/lexicon/build.py` makes the file and can print it.

    >>> entries, exceptions = starter_entries()
    >>> all(0 < entry.value <= 1 for entry in entries)
    True
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from trueline.core.policy import Policy
from trueline.scorers.syllable_pairs import is_rare_in_pinyin
from trueline.text.normalize import normalize

COLUMNS = ("folded", "squeezed", "pinyin", "category", "label", "value", "disguises")
SPLIT, REVERSED, ROT13 = "s", "r", "t"
# Below these lengths reversed and rot13 forms of a user's word collide with ordinary text.
MIN_REVERSED_LATIN, MIN_REVERSED_HAN, MIN_ROT13 = 5, 3, 5


@dataclass(frozen=True, slots=True)
class Entry:
    """One word or phrase, in the forms in which the views of a text show it.

    `pinyin` is empty where the sound alone would hit ordinary text. `disguises` holds the
    letters of the disguises searched for: `s` split by separators, `r` reversed, `t` rot13.
    """

    folded: str
    squeezed: str
    pinyin: str
    category: str
    label: str
    value: float
    disguises: str


@cache
def starter_entries() -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """The bundled entries, and the longer harmless phrases inside which none counts."""
    return _read("starter.tsv.b85")


def policy_entries(policy: Policy) -> Iterator[Entry]:
    """The policy's own words; duplicates and words without any letter are left out."""
    for lexicon in policy.lexicons:
        for word in dict.fromkeys(lexicon.words):
            entry = user_entry(word, lexicon.category, lexicon.label, lexicon.value)
            if entry.squeezed:
                yield entry


def user_entry(word: str, category: str, label: str, value: float) -> Entry:
    """An entry for a word nobody has checked against ordinary text: cautious disguises."""
    text = normalize(word)
    folded, squeezed = text.folded.text.strip(), text.squeezed.text
    han = sum(is_han(character) for character in squeezed)
    disguises = SPLIT if len(squeezed) > 1 else ""
    if han == 0:
        disguises += REVERSED if len(squeezed) >= MIN_REVERSED_LATIN else ""
        disguises += ROT13 if len(squeezed) >= MIN_ROT13 and squeezed.isascii() else ""
    elif len(squeezed) >= MIN_REVERSED_HAN:
        disguises += REVERSED
    if squeezed == squeezed[::-1]:
        disguises = disguises.replace(REVERSED, "")
    pinyin = text.pinyin.text if han and is_rare_in_pinyin(squeezed) else ""
    return Entry(folded or squeezed, squeezed, pinyin, category, label, value, disguises)


def encode(entries: Iterable[Entry], exceptions: Iterable[str]) -> str:
    """The text of a bundled list."""
    lines = ["\t".join(("!", phrase)) for phrase in exceptions]
    for entry in entries:
        fields = (*(getattr(entry, column) for column in COLUMNS[:5]), f"{entry.value:g}")
        lines.append("\t".join((*fields, entry.disguises)))
    packed = base64.b85encode(zlib.compress("\n".join(lines).encode(), 9)).decode()
    return "\n".join(packed[i : i + 96] for i in range(0, len(packed), 96)) + "\n"


def decode(text: str) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """Entries and exceptions of a bundled list: the inverse of `encode`."""
    table = zlib.decompress(base64.b85decode("".join(text.split()))).decode()
    entries: list[Entry] = []
    exceptions: list[str] = []
    for line in table.splitlines():
        fields = line.split("\t")
        if fields[0] == "!":
            exceptions.append(fields[1])
            continue
        folded, squeezed, pinyin, category, label, value, disguises = fields
        entries.append(Entry(folded, squeezed, pinyin, category, label, float(value), disguises))
    return tuple(entries), tuple(exceptions)


def is_han(character: str) -> bool:
    """True for a Han character of the basic block, extension A or a supplementary plane."""
    code = ord(character)
    return 0x4E00 <= code <= 0x9FFF or 0x3400 <= code <= 0x4DBF or code >= 0x20000


def _read(name: str) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    source = files("trueline.scorers").joinpath("lexicon_data", name)
    return decode(source.read_text(encoding="ascii"))
