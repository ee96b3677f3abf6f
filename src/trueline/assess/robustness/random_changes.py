"""Change texts at random: words by an attack, or characters as a tired typist would.

Nobody looks at the classifier here, so the share of texts whose label turns is a rate of a named
population (texts like these, changed like this), and an exact bound on it holds.

    >>> noisy("the quick brown fox", 0.0, Random(1))
    'the quick brown fox'
"""

from __future__ import annotations

from functools import cache
from random import Random

from trueline.assess.robustness.substitutions import common_characters, variants
from trueline.assess.robustness.units import replaced, units

#: Share of the units that a random attack rewrites, at least one.
CHANGED_SHARE = 0.2
#: Shares of characters that noise touches, for the curve.
NOISE_RATES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def randomly_rewritten(
    text: str, attack: str, random: Random, share: float = CHANGED_SHARE
) -> str | None:
    """The text with randomly chosen units written another way; None where none can be.

    Args:
        text: of any length.
        attack: name in `substitutions.ATTACKS`.
        random: chooses units and spellings.
        share: of all units, at least one.
    """
    places = units(text)
    wanted = max(1, round(share * len(places)))
    changes: dict[int, str] = {}
    for position in random.sample(range(len(places)), len(places)):
        if len(changes) >= wanted:
            break
        if found := variants(attack, places[position], random):
            changes[position] = random.choice(found)
    return replaced(text, places, changes) if changes else None


def noisy(text: str, rate: float, random: Random) -> str:
    """The text as typed in haste: digits, spaces and marks stay.

    Each letter and Chinese character is, with probability `rate`, replaced, left out, doubled or
    swapped with the next.

    Reference: Belinkov & Bisk (2018), ICLR, arXiv:1711.02173.
    """
    pieces: list[str] = []
    place = 0
    while place < len(text):
        character = text[place]
        place += 1
        if not character.isalpha() or random.random() >= rate:
            pieces.append(character)
            continue
        kind = random.randrange(4)
        if kind == 0:
            pieces.append(_another(character, random))
        elif kind == 2:
            pieces.append(character * 2)
        elif kind == 3 and place < len(text) and text[place].isalpha():
            pieces += [text[place], character]
            place += 1
    return "".join(pieces)


def _another(character: str, random: Random) -> str:
    if character >= "\u3400":
        return random.choice(_common())
    letter = random.choice(_LETTERS)
    return letter.upper() if character.isupper() else letter


@cache
def _common() -> list[str]:
    return sorted(common_characters())
