"""Undo disguises of single characters: Unicode look, invisible marks, smuggled bytes.

    >>> undress("\U0001d424\u200bil\u0301l").text
    'kill'

Everything here looks at one run of characters at a time, so that a longer text never changes
what a shorter one became.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from trueline.text.offsets import Step, rewrite

# Punctuation and spaces with a plain twin. They are part of ordinary text (Chinese
# punctuation, typographic quotes), so replacing them is no disguise undone.
TWINS = (
    ("，", ","), ("：", ":"), ("！", "!"), ("？", "?"), ("；", ";"), ("（", "("), ("）", ")"),
    ("“", '"'), ("”", '"'), ("‘", "'"), ("’", "'"), ("—", "-"), ("–", "-"), ("\u3000", " "),
    ("\u00a0", " "), ("‑", "-"), ("％", "%"), ("～", "~"),
)  # fmt: skip
# Runs of ordinary characters, which nothing here changes.
_PLAIN = (
    " -~\t\n\r\u4e00-\u9fff\u3400-\u4dbf、。〈-】〔-〗\u3041-\u3096\u30a1-\u30fe\uac00-\ud7a3"
    "…·•×÷°±€£¥§©\u2190-\u22ff\u2500-\u2767\u2794-\u27bf\U0001f300-\U0001f64f\U0001f680-\U0001f6ff\U0001f900-\U0001faff"
)
_ASCII_ODD = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_INVISIBLE = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# What NFKC leaves alone or renders unhelpfully.
_OWN = {
    **dict(zip("đĐłŁøØħĦıŧŦðÐƀɓƈɗɖɛɠɦɨɫɱɲŋɽʂʈʉʐƶⱥȼ", "dDlLoOhHitTdDbbcddegihlmnnrstuzzac", strict=True)),
    **dict(zip("❶❷❸❹❺❻❼❽❾➊➋➌➍➎➏➐➑➒➀➁➂➃➄➅➆➇➈⓵⓶⓷⓸⓹⓺⓻⓼⓽", "123456789" * 4, strict=True)),
    **dict(zip("⑴⑵⑶⑷⑸⑹⑺⑻⑼⒈⒉⒊⒋⒌⒍⒎⒏⒐", "123456789" * 2, strict=True)),
    **{chr(0x249C + k): chr(97 + k) for k in range(26)},  # ⒜
    **{chr(base + k): chr(65 + k) for base in (0x1F110, 0x1F150, 0x1F170, 0x1F1E6) for k in range(26)},
    "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "TH", "ẞ": "SS",
    "⓿": "0", "⓪": "0", "🄋": "0", "🄌": "0", "❿": "10", "➉": "10", "➓": "10", "\U0001f51f": "10",
    "´": "'", "ˈ": "'", "′": "'", "‛": "'", "„": '"', "‟": '"', "″": '"', "«": '"', "»": '"',
    "‐": "-", "‒": "-", "―": "-", "−": "-", "⁃": "-", "﹘": "-", "\x85": "\n", "\u2028": "\n",
    "\u2029": "\n", "\x0b": "\n", "\x0c": "\n", "\u2800": " ", "\u1680": " ", "¨": '"', "¯": "-",
    "⺅": "亻", "⺡": "氵", "⺘": "扌", "⺮": "竹", "⻏": "阝", "⻖": "阝", "⺾": "艹", "⻌": "辶", "⺨": "犭",
    "⺼": "月", "⺭": "礻", "⻂": "衤", "⻅": "见", "⻋": "车", "⻔": "门", "⻚": "页", "⺄": "乙",
}  # fmt: skip
# Part of emoji, of Persian and of soft-hyphenated text: dropped, but no disguise.
_EMOJI_JOINTS = frozenset(
    ("\ufe0f", "\u200d", "\ufe0f\u200d", "\u20e3", "\u00ad", "\ufeff", "\u200c", "\u200e")
)
_cache: dict[str, str] = {}
_CACHE_LIMIT = 20_000
LONGEST_PLAIN = 4  # one Arabic ligature stands for 18 characters; no disguise needs it


@cache
def _oddities() -> re.Pattern[str]:
    """Runs of each kind of oddity; a large pattern, made when the first one is met."""
    return re.compile(
        "(?P<flag>(?<=\U0001f3f4)[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f)"
        "|(?P<tags>[\U000e0001-\U000e007f]+)"
        "|(?P<selectors>[\ufe00-\ufe0f\U000e0100-\U000e01ef]{3,})"
        "|(?P<bits>[\u200b-\u200f\u2060-\u2064\ufeff]{16,})"
        "|(?P<surrogates>[\ud800-\udbff][\udc00-\udfff])"
        f"|(?P<invisible>[{_INVISIBLE}]+)"
        f"|(?P<marks>[{_MARKS}]+)"
        f"|(?P<letters>[^{_PLAIN}{_INVISIBLE}{_MARKS}]+)"
    )


@cache
def _odd() -> re.Pattern[str]:
    return re.compile(f"[^{_PLAIN}]")


def plain_marks(text: str) -> Step:
    """Full-width and typographic punctuation as ASCII, character for character."""
    if not text.isascii():
        for fancy, plain in TWINS:
            if fancy in text:
                text = text.replace(fancy, plain)
    return Step(text)


def is_odd(text: str) -> bool:
    """Whether anything in a text with plain marks is out of the ordinary."""
    return (_ASCII_ODD if text.isascii() else _odd()).search(text) is not None


def undress(text: str) -> Step:
    """Replace every character by its plainest form.

    NFKC, Latin letters without diacritics, digits of any script as ASCII digits, enclosed and
    regional letters as letters; invisible characters are dropped, and text smuggled in tag
    characters, variation selectors or zero-width bits is written out in its place.
    """
    text = plain_marks(text).text
    if not is_odd(text):
        return Step(text)
    found: dict[str, None] = {}
    return rewrite(text, _changes(text, found), found)


def _changes(text: str, found: dict[str, None]) -> Iterator[tuple[int, int, str]]:
    for match in _oddities().finditer(text):
        kind = match.lastgroup
        old = match[0]
        if kind == "letters":
            yield from _letters(match.start(), old, found)
            continue
        if kind == "tags":
            new = "".join(chr(ord(c) - 0xE0000) for c in old if "\U000e0020" <= c <= "\U000e007e")
            found["tag_characters"] = None
        elif kind == "selectors":
            new = _from_selectors(old)
            found["variation_selectors" if new else "invisible"] = None
        elif kind == "bits":
            new = _from_bits(old)
            found["zero_width_bits" if new else "invisible"] = None
        elif kind == "surrogates":
            new = old.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        else:
            new = ""
            if old not in _EMOJI_JOINTS:
                found["diacritics" if kind == "marks" else "invisible"] = None
        yield match.start(), match.end(), new


def _letters(start: int, run: str, found: dict[str, None]) -> Iterator[tuple[int, int, str]]:
    plain = [plain_character(c) for c in run]
    if any(map(_is_width, run)):
        found["width"] = None
    if any(
        new != old and new.isalnum() and _is_fancy(old) for old, new in zip(run, plain, strict=True)
    ):
        found["lettering"] = None
    if all(len(new) == 1 for new in plain):
        new = "".join(plain)
        if new != run:
            yield start, start + len(run), new
        return
    for at, (old, new) in enumerate(zip(run, plain, strict=True), start):
        if old != new:
            yield at, at + 1, new


def _is_width(character: str) -> bool:
    return "\uff10" <= character <= "\uff5a"


def _is_fancy(character: str) -> bool:
    """Letters of a shape that no language is written in: bold, circled, small capital."""
    return (
        character > "\u1cff" and not "\u1e00" <= character <= "\u1fff" and not _is_width(character)
    )


def plain_character(character: str) -> str:
    """The plainest form of one character: `plain_character("é") == "e"`."""
    plain = _cache.get(character)
    if plain is None:
        plain = _work_out(character)
        if len(_cache) < _CACHE_LIMIT:
            _cache[character] = plain
    return plain


def _work_out(character: str) -> str:
    own = _OWN.get(character)
    if own is not None:
        return own
    if "\ud800" <= character <= "\udfff":
        return "\ufffd"
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    plain = unicodedata.normalize("NFKC", character)
    if len(plain) > LONGEST_PLAIN:
        return character
    if (len(plain) == 1 and plain < "\u0370") or (
        len(plain) == 1 and "\u1e00" <= plain <= "\u1eff"
    ):  # Latin: leave the accent out
        plain = unicodedata.normalize("NFD", plain)
    plain = "".join(_OWN.get(c, c) for c in plain if not unicodedata.combining(c) or ord(c) > 0x36F)
    return plain if plain.strip() or not plain else " "


def _from_selectors(run: str) -> str:
    """Bytes hidden in variation selectors: VS1 is 0, VS256 is 255.

    Reference: Butler, "Smuggling arbitrary data through an emoji" (2025).
    """
    data = bytes(ord(c) - 0xFE00 if c <= "\ufe0f" else ord(c) - 0xE0100 + 16 for c in run)
    return printable(data)


def _from_bits(run: str) -> str:
    """Text hidden in two zero-width characters that stand for 0 and 1, eight to a byte."""
    symbols = sorted(set(run))
    if len(symbols) != 2:
        return ""
    for zero in symbols:
        bits = "".join("0" if c == zero else "1" for c in run)
        data = bytes(int(bits[k : k + 8], 2) for k in range(0, len(bits) - 7, 8))
        text = printable(data)
        if text:
            return text
    return ""


def printable(data: bytes) -> str:
    """The text these bytes spell in UTF-8, or nothing when they spell none."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text if is_text(text) else ""


def is_text(text: str) -> bool:
    """Whether somebody may have written this, rather than chance.

    Nine in ten characters can be seen; ASCII is mostly letters, digits and spaces; other
    characters are common Chinese, or nearly all from one small alphabet.
    """
    if not text:
        return False
    sample = text[:400]
    if text.isascii():
        good = sum(c.isalnum() or c in " \n" for c in sample)
        shown = sum(c.isprintable() or c in "\n\r\t" for c in sample)
        return good * 10 >= len(sample) * 6 and shown * 10 >= len(sample) * 9
    others = [c for c in sample if not c.isascii()]
    if sum(not c.isprintable() and c not in "\n\r\t" for c in sample) * 10 > len(sample):
        return False
    known = sum(map(_is_common, others))
    if known * 10 >= len(others) * 6:
        return True
    block = ord(others[0]) >> 8
    return len(others) > 3 and all(ord(c) >> 8 == block for c in others) and block < 0x20


def _is_common(character: str) -> bool:
    """Frequent Chinese characters, their punctuation, what disguises use, and emoji."""
    if character < "\u4e00" or character > "\u9fff":
        return (
            character >= "\U0001f300"
            or "\u2010" <= character <= "\u30ff"
            or ("\uff00" <= character <= "\uff5e")
        )
    try:
        return character.encode("gb2312")[0] <= 0xD7  # level 1: the 3,755 commonest
    except UnicodeEncodeError:
        try:
            return character.encode("big5")[0] <= 0xC6  # level 1 of the traditional set
        except UnicodeEncodeError:
            return False
