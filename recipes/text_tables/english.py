"""Whether a 1 inside an English word stands for i or for l."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path

from corpus import texts

LETTERS = "abcdefghijklmnopqrstuvwxyz "
_NEIGHBOURS = re.compile(r"(?=([a-z ])([il])([a-z ])([a-z ]?))")
_NOT_LETTERS = re.compile(r"[^a-z]+")


def one_is_l_table(folder: Path) -> str:
    """A row for each letter before: the letters after which make it an l, then exceptions.

    An exception is a pair of letters after (`pec`: piece, not plece) that turns the choice
    of the first one round. The space stands for the edge of a word.
    """
    single: Counter[str] = Counter()
    double: Counter[str] = Counter()
    words: Counter[str] = Counter()
    for text in texts(folder, "en_"):
        words.update(_NOT_LETTERS.sub(" ", text.lower()).split())
    for word, count in words.items():
        if len(word) > 1 and count > 4:
            for before, letter, after, later in _NEIGHBOURS.findall(f" {word} "):
                sign = count if letter == "l" else -count
                single[before + after] += sign
                if later:
                    double[before + after + later] += sign
    exceptions: dict[str, list[str]] = defaultdict(list)
    for key, sign in double.items():
        if (sign > 0) != (single[key[:2]] > 0) and abs(sign) > 20:
            exceptions[key[0]].append(key[1:].replace(" ", "_"))
    rows = []
    for before in LETTERS:
        after = "".join(c for c in LETTERS if single[before + c] > 0)
        row = f"{before}{after}".replace(" ", "_")
        rows.append(" ".join([row, *sorted(exceptions[before])]) + "\n")
    return "".join(rows)
