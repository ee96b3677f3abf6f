"""Chinese and English: which of the two a reader wants, and the text in it.

>>> pick({"zh": "拦截", "en": "block"}, "zh")
'拦截'
>>> preferred("fr;q=0.9, zh-CN;q=0.8, en;q=0.7")
'zh'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Language = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
# A header longer than this is not one that a browser sends.
_MAX_HEADER = 1000


def pick(texts: Mapping[str, str], language: str) -> str:
    """The text in `language`; English when there is none in it.

    Args:
        texts: the same text by language, `zh` and `en`.
        language: `zh`, `en` or anything else, which reads as English.
    """
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


def known_language(name: str | None) -> Language | None:
    """`zh` for `zh`, `zh-CN`, `zh_Hant`, ...; `en` likewise; None for every other name."""
    primary = (name or "").strip().lower().replace("_", "-").split("-")[0]
    return "zh" if primary == "zh" else "en" if primary == "en" else None


def preferred(accept_language: str, default: Language = "en") -> Language:
    """The language a browser asks for first among the two.

    Args:
        accept_language: value of the header `Accept-Language` (RFC 9110, 12.5.4).
        default: the answer when the header names neither.
    """
    best, best_weight = default, 0.0
    for part in accept_language[:_MAX_HEADER].split(","):
        name, _, parameters = part.partition(";")
        language, weight = known_language(name), _weight(parameters)
        if language is not None and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0
