"""Names that stand in for people: plainly made up, alike for everyone, telling no gender.

Chinese: a common family name and two of the placeholder characters 甲乙丙丁…, as reports write
people who must not be named. English: a given name borne by all and a made-up family name.

    >>> numbers = iter((3, 1, 2))
    >>> han_name(lambda limit: next(numbers))
    '刘乙丙'
    >>> is_made_up("刘乙丙"), is_made_up("刘德华"), is_made_up("Robin Alderquill")
    (True, False, True)
"""

from __future__ import annotations

from collections.abc import Callable

from trueline.scorers.cn_regions import SURNAMES


def _words(text: str) -> list[str]:
    return text.split()


_PLACEHOLDERS = "甲乙丙丁戊己庚辛壬癸"
_GIVEN = _words(
    "Alex Arden Ariel Aubrey Avery Bailey Blair Brook Cameron Casey Charlie Corey Dakota Dana "
    "Devon Drew Eden Ellis Emery Finley Frankie Hayden Jamie Jesse Jody Jordan Kelly Kendall "
    "Lane Lee Logan Marley Morgan Noel Parker Peyton Quinn Reese Riley River Robin Rowan Rory "
    "Sage Sasha Shannon Shay Skyler Sidney Taylor"
)
_FIRST = _words(
    "Alder Amber Ash Birch Black Bram Bright Cinder Clover Copper Elder Ember Fallow Fern Flint "
    "Hazel Heather Holly Iron Ivory Larch Linden Marsh Moss Oaken Pebble Quarry Reed Sable Silver "
    "Sparrow Thistle Umber Velvet Willow Yarrow"
)
_LAST = _words(
    "quill gleam spindle thimble lantern whistle kettle candle pocket ribbon saddle tinder tumble "
    "wander wicket winkle"
)
_FAMILY = frozenset(first + last for first in _FIRST for last in _LAST)


def han_name(below: Callable[[int], int]) -> str:
    """A Chinese name; `below(n)` draws a number from 0 to n - 1."""
    surname = SURNAMES[below(len(SURNAMES))]
    return surname + _PLACEHOLDERS[below(10)] + _PLACEHOLDERS[below(10)]


def english_name(below: Callable[[int], int]) -> str:
    """An English name; `below(n)` draws a number from 0 to n - 1."""
    given = _GIVEN[below(len(_GIVEN))]
    return f"{given} {_FIRST[below(len(_FIRST))]}{_LAST[below(len(_LAST))]}"


def is_made_up(name: str) -> bool:
    """Whether a name is one of those that stand in for others."""
    if len(name) == 3 and name[0] in SURNAMES:
        return name[1] in _PLACEHOLDERS and name[2] in _PLACEHOLDERS
    given, _, family = name.partition(" ")
    return given in _GIVEN and family in _FAMILY
