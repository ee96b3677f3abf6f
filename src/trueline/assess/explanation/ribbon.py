"""A text whose pieces are shaded by what they added: red raises, blue lowers.

>>> drawing = ribbon([Piece("good", 1.0), Piece(" and ", 0.0), Piece("bad", -0.5)],
...     title=Bilingual(zh="归因", en="Attribution"))
>>> drawing.count("<rect")
2
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

from trueline.assess import svg
from trueline.assess.svg import Tone
from trueline.core.policy import Bilingual

_SIZE = 17.0
_LINE = 34.0
_EDGE = 10.0
#: Shares of the strongest piece below this are left unshaded.
_FAINTEST = 0.04
_STRONGEST = 0.62
_NARROW, _WIDE = frozenset("iljtfrI.,:;'|!()[] "), frozenset("mwMW@%")
#: Characters that a drawing shows; the rest is told.
MOST_CHARACTERS = 1200


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters that belong together, and what they added."""

    text: str
    weight: float


def ribbon(pieces: Sequence[Piece], *, title: Bilingual) -> str:
    """The text in lines, each piece on its shade; the number is in the hint."""
    strongest = max((abs(piece.weight) for piece in pieces), default=0.0) or 1.0
    parts: list[str] = []
    x, y = _EDGE, _LINE * 0.75
    shown = 0
    for piece in pieces:
        # A long piece may be cut at the end of a line; its shade goes on below.
        for text in _lines(piece.text):
            if text == "\n":
                x, y = _EDGE, y + _LINE
                continue
            if x == _EDGE:
                text = text.lstrip()
            wide = _width(text)
            if x > _EDGE and x + wide > svg.WIDTH - _EDGE:
                x, y, text = _EDGE, y + _LINE, text.lstrip()
                wide = _width(text)
            share = abs(piece.weight) / strongest
            if share >= _FAINTEST and text.strip():
                tone: Tone = "fail" if piece.weight > 0 else "plain"
                parts.append(
                    svg.rect(x, y - _SIZE, wide, _SIZE * 1.35, tone=tone, round_by=3,
                             opacity=_STRONGEST * share, hint=f"{piece.weight:+.3f}")
                )  # fmt: skip
            if text.strip():
                parts.append(_fitted(x, y, text, wide))
            x += wide
        shown += len(piece.text)
        if shown > MOST_CHARACTERS:
            parts.append(svg.text(x + 4, y, "…", size=_SIZE))
            break
    return svg.document(title, y + _LINE * 0.5, parts)


def words(text: str, weights: Sequence[float]) -> list[Piece]:
    """A text cut into Latin words and single other characters, weights summed.

    Args:
        text: any.
        weights: one for each character.
    """
    pieces: list[Piece] = []
    joined = False
    for character, weight in zip(text, weights, strict=True):
        letter = character.isascii() and (character.isalnum() or character == "'")
        if joined and letter:
            last = pieces[-1]
            pieces[-1] = Piece(last.text + character, last.weight + weight)
        else:
            pieces.append(Piece(character, weight))
        joined = letter
    return pieces


def _lines(text: str) -> list[str]:
    """The text cut at line breaks, and into parts that fit a line."""
    found: list[str] = []
    for number, line in enumerate(text.split("\n")):
        found += ["\n"] if number else []
        room = svg.WIDTH - 2 * _EDGE
        start = 0
        while start < len(line):
            end = start + 1
            while end < len(line) and _width(line[start : end + 1]) <= room:
                end += 1
            found.append(line[start:end])
            start = end
    return found


def _width(text: str) -> float:
    """About how wide a text is in a proportional font; `_fitted` evens out the rest."""
    return _SIZE * sum(
        1.0
        if east_asian_width(c) in "WF"
        else 0.3
        if c in _NARROW
        else 0.86
        if c in _WIDE
        else 0.68
        if c.isupper()
        else 0.56
        for c in text
    )


def _fitted(x: float, y: float, text: str, wide: float) -> str:
    """Text set to the width it is given, so that shades fit in every font."""
    drawn = svg.text(x, y, text, size=_SIZE)
    return drawn.replace(
        "<text ",
        f'<text textLength="{svg.number(wide)}" lengthAdjust="spacingAndGlyphs" xml:space="preserve" ',
        1,
    )
