"""Ways to write a word so that a person still reads it, Chinese and English.

    >>> from random import Random
    >>> variants("pinyin", Unit(0, 2, "手机", True), Random(0))
    ['shouji', 'sj']
    >>> sorted(variants("synonym", Unit(0, 6, "parcel", False), Random(0)))
    ['package']

Word changes follow TextFooler and PWWS, character changes DeepWordBug and VIPER; the Chinese
ones (similar shape, same sound, pinyin, characters apart) are those that evaders use.

References: Jin et al. (2020), AAAI, arXiv:1907.11932; Ren et al. (2019), ACL, P19-1103; Gao et
al. (2018), arXiv:1801.04354; Eger et al. (2019), NAACL, arXiv:1903.11508; Zhang et al. (2020),
Argot, IJCAI (Chinese).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from random import Random

from trueline.assess.robustness.units import Unit
from trueline.text import tables
from trueline.text.synonyms import synonyms_of

#: At most so many ways to write one unit are tried.
MOST_VARIANTS = 6
ZERO_WIDTH = ("\u200b", "\u200d", "\u2060")
# Rows of a QWERTY keyboard; neighbours are beside one another or one row up or down.
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
# What Mandarin speakers of many regions do not tell apart, and input methods call fuzzy sounds.
_FUZZY = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("f", "h"))
_FUZZY_ENDS = (("ang", "an"), ("eng", "en"), ("ing", "in"))


def variants(attack: str, unit: Unit, random: Random) -> list[str]:
    """At most `MOST_VARIANTS` ways to write a unit, other than its own; may be none.

    Args:
        attack: a name of `ATTACKS`.
        unit: what is written.
        random: decides which of many ways are taken.

    Raises:
        KeyError: an attack that does not exist.
    """
    ways = list(dict.fromkeys(way for way in ATTACKS[attack](unit, random) if way != unit.text))
    if len(ways) > MOST_VARIANTS:
        ways = random.sample(ways, MOST_VARIANTS)
    return ways


def _synonym(unit: Unit, random: Random) -> Iterable[str]:
    return synonyms_of(unit.text)


def _homoglyph(unit: Unit, random: Random) -> Iterator[str]:
    if unit.chinese:
        for place, character in enumerate(unit.text):
            for other in (*_look_alikes().get(character, ""), *_traditional().get(character, "")):
                yield _put(unit.text, place, other)
        return
    posing = _posing()
    known = [place for place, letter in enumerate(unit.text) if letter in posing]
    for place in random.sample(known, min(3, len(known))):
        yield _put(unit.text, place, random.choice(posing[unit.text[place]]))
    if known:
        yield "".join(random.choice(posing[c]) if c in posing else c for c in unit.text)


def _homophone(unit: Unit, random: Random) -> Iterator[str]:
    if not unit.chinese:
        found = _english_homophones().get(unit.text.lower(), ())
        yield from (word.capitalize() if unit.text[:1].isupper() else word for word in found)
        return
    for place, character in enumerate(unit.text):
        same = _by_syllable().get(tables.syllables().get(character, ""), "")
        others = [other for other in same if other != character]
        for other in random.sample(others, min(3, len(others))):
            yield _put(unit.text, place, other)


def _pinyin(unit: Unit, random: Random) -> Iterator[str]:
    syllables = [tables.syllables().get(character, "") for character in unit.text]
    if unit.chinese and all(syllables):
        yield "".join(syllables)
        if len(syllables) > 1:
            yield "".join(syllable[0] for syllable in syllables)


def _spacing(unit: Unit, random: Random) -> Iterator[str]:
    text = unit.text
    if len(text) == 1:
        if unit.chinese:
            yield from (text + " ", text + "·", text + "_")
        return
    yield from (" ".join(text), "·".join(text), ".".join(text))
    place = random.randrange(1, len(text))
    yield f"{text[:place]} {text[place:]}"


def _typo(unit: Unit, random: Random) -> Iterator[str]:
    text = unit.text
    if unit.chinese:
        for place, character in enumerate(text):
            near = [other for s in _fuzzy(tables.syllables().get(character, ""))
                    for other in _by_syllable().get(s, "")]  # fmt: skip
            for other in random.sample(near, min(3, len(near))):
                yield _put(text, place, other)
        return
    if len(text) < 3:
        return
    for _ in range(2):
        place = random.randrange(len(text))
        near_keys = _neighbours().get(text[place].lower(), "")
        if near_keys:
            key = random.choice(near_keys)
            yield _put(text, place, key.upper() if text[place].isupper() else key)
    place = random.randrange(1, len(text))
    yield text[:place] + text[place + 1 :]
    yield text[:place] + text[place] + text[place:]


def _swap(unit: Unit, random: Random) -> Iterator[str]:
    text = unit.text
    # English words stay readable while their first and last letters stand (DeepWordBug).
    places = range(len(text) - 1) if unit.chinese else range(1, len(text) - 2)
    for place in places:
        yield text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def _zero_width(unit: Unit, random: Random) -> Iterator[str]:
    for mark in ZERO_WIDTH:
        yield mark.join(unit.text) if len(unit.text) > 1 else unit.text + mark


Substitution = Callable[[Unit, Random], Iterable[str]]
#: The attacks in the order they are reported.
ATTACKS: Mapping[str, Substitution] = {
    "synonym": _synonym,
    "homoglyph": _homoglyph,
    "homophone": _homophone,
    "pinyin": _pinyin,
    "spacing": _spacing,
    "typo": _typo,
    "swap": _swap,
    "zero_width": _zero_width,
}


@cache
def common_characters() -> frozenset[str]:
    """The 3,755 most used Chinese characters: level 1 of GB/T 2312-1980 (B0A1 to D7F9)."""
    return frozenset(
        bytes((high, low)).decode("gb2312")
        for high in range(0xB0, 0xD8)
        for low in range(0xA1, 0xFF)
        if (high, low) <= (0xD7, 0xF9)
    )


@cache
def _by_syllable() -> dict[str, str]:
    found: dict[str, str] = {}
    for character, syllable in tables.syllables().items():
        if character in common_characters():
            found[syllable] = found.get(syllable, "") + character
    return found


@cache
def _fuzzy(syllable: str) -> tuple[str, ...]:
    """Syllables easily taken for this one."""
    found: list[str] = []
    for one, other in (*_FUZZY, *(pair[::-1] for pair in _FUZZY)):
        if syllable.startswith(one) and not syllable.startswith(one + "h"):
            found.append(other + syllable[len(one) :])
    for one, other in (*_FUZZY_ENDS, *(pair[::-1] for pair in _FUZZY_ENDS)):
        if syllable.endswith(one):
            found.append(syllable[: -len(one)] + other)
    return tuple(dict.fromkeys(s for s in found if s in _by_syllable() and s != syllable))


@cache
def _posing() -> dict[str, list[str]]:
    """Latin letter -> letters of other scripts that look like it."""
    strong, _ = tables.homoglyphs()
    found: dict[str, list[str]] = {}
    for look_alike, letter in strong.items():
        found.setdefault(letter, []).append(look_alike)
    return found


@cache
def _traditional() -> dict[str, str]:
    found: dict[str, str] = {}
    for traditional, simple in tables.simplified().items():
        found[simple] = found.get(simple, "") + traditional
    return found


@cache
def _look_alikes() -> dict[str, str]:
    found: dict[str, str] = {}
    for group in _groups("look_alikes_zh.txt"):
        for character in group:
            found[character] = found.get(character, "") + group.replace(character, "")
    return found


@cache
def _english_homophones() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for group in _groups("homophones_en.txt"):
        words = group.split()
        for word in words:
            found.setdefault(word, tuple(other for other in words if other != word))
    return found


def _groups(name: str) -> list[str]:
    text = files("trueline.assess.robustness").joinpath("data", name).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@cache
def _neighbours() -> dict[str, str]:
    found: dict[str, str] = {}
    for row, keys in enumerate(_ROWS):
        for column, key in enumerate(keys):
            near = [keys[c] for c in (column - 1, column + 1) if 0 <= c < len(keys)]
            for other in (row - 1, row + 1):
                if 0 <= other < len(_ROWS):
                    # Each row stands half a key further right than the one above.
                    shift = (0, 1) if other < row else (-1, 0)
                    near += [_ROWS[other][column + s] for s in shift
                             if 0 <= column + s < len(_ROWS[other])]  # fmt: skip
            found[key] = "".join(near)
    return found


def _put(text: str, place: int, other: str) -> str:
    return text[:place] + other + text[place + 1 :]
