"""Exchange where people come from or whom they descend from, for another of the same kind.

Only words for people are exchanged (河南人, `an African man`), never a place alone: a fact about
a place would become false.

    >>> replace_all("a European woman and 河南人", people_swaps("a European woman and 河南人", 0))
    'an Asian woman and 上海人'
"""

from __future__ import annotations

import re

from trueline.curate.spans import Replacement, replace_all

__all__ = ["people_swaps", "replace_all"]

_REGION_NAMES = (
    "北京 天津 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 上海 湖北 湖南 广东 广西 海南 四川 重庆 "
    "贵州 云南 陕西 甘肃 青海 内蒙古 宁夏 新疆 西藏 东北 台湾 香港"
)
_REGIONS = tuple(_REGION_NAMES.split())
_ORIGINS = ("African", "American", "European", "Asian", "Chinese", "Indian", "Mexican", "Russian",
            "Japanese", "Brazilian", "Arab", "Korean")  # fmt: skip
_PEOPLE = (
    "man|men|woman|women|boy|boys|girl|girls|people|person|student|students|worker|workers|doctor"
    "|doctors|family|families|child|children|immigrant|immigrants|neighbor|neighbors|friend|friends"
)
_CHINESE = re.compile(
    rf"({'|'.join(sorted(_REGIONS, key=len, reverse=True))})(?=人(?![民均口才体工]))"
)
_ENGLISH = re.compile(
    rf"(?<![A-Za-z])(?:(?P<article>an?)(?P<gap> +))?(?P<origin>{'|'.join(_ORIGINS)})"
    rf"(?= +(?:{_PEOPLE})(?![A-Za-z]))",
    re.IGNORECASE,
)


def people_swaps(text: str, draw: int) -> list[Replacement]:
    """Replacements in order; one origin is exchanged for the same other one throughout.

    Args:
        text: a document.
        draw: any number; how far along its list an origin moves.
    """
    found = [
        Replacement(*match.span(), _other(_REGIONS, match.group(), draw))
        for match in _CHINESE.finditer(text)
    ]
    found += [
        Replacement(*match.span(), _in_english(match, draw)) for match in _ENGLISH.finditer(text)
    ]
    return sorted(found)


def _other(names: tuple[str, ...], name: str, draw: int) -> str:
    return names[(names.index(name) + 1 + draw % (len(names) - 1)) % len(names)]


def _in_english(match: re.Match[str], draw: int) -> str:
    known = next(name for name in _ORIGINS if name.lower() == match["origin"].lower())
    new = _other(_ORIGINS, known, draw)
    if match["article"] is None:
        return new
    # "European" begins with a consonant's sound.
    article = "an" if new[0] in "AEIO" and new != "European" else "a"
    if match["article"][0] == "A":
        article = article.capitalize()
    return f"{article}{match['gap']}{new}"
