"""Columns for a terminal, in which a Chinese character takes two places.

>>> print(text_table(("攻击", "n"), [["FGSM", "3"], ["噪声", "12"]]))
攻击  n
FGSM  3
噪声  12
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def text_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A heading and rows, columns two spaces apart."""
    lines = [list(columns), *map(list, rows)]
    widths = [max(width_of(line[at]) for line in lines) for at in range(len(columns))]
    return "\n".join(
        "  ".join(
            cell + " " * (width - width_of(cell)) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def width_of(text: str) -> int:
    """Places that a text takes in a terminal."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
