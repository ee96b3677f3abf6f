"""Disguises of characters: the text stays readable, its letters change.

Each takes a text and a random generator and gives the text in disguise. The families are those
that `trueline.text` undoes; they are written here by themselves, so that one does not test the
other's tables.
"""

from __future__ import annotations

import base64
import codecs
import random
from collections.abc import Callable
from functools import cache

from trueline.text import tables

Disguise = Callable[[str, random.Random], str]

_LOOKALIKE = str.maketrans("aceiopxysABEHKMOPTX", "асеіорхуѕАВЕНКМОРТХ")
_LEET = str.maketrans("aeiostAEIOST", "431057431057")
_KEYS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj",
    "i": "uo", "j": "hk", "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o",
    "q": "wa", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "x": "zc",
    "y": "tu", "z": "x",
}  # fmt: skip
# Common splits, written by hand, apart from the table that undoes them.
_SPLITS_TABLE = """
    略:田各 指:扌旨 模:木莫 限:阝艮 没:氵殳 话:讠舌 词:讠司 设:讠殳 说:讠兑 语:讠吾 请:讠青
    记:讠己 训:讠川 认:讠人 让:讠上 提:扌是 打:扌丁 把:扌巴 扮:扌分 拒:扌巨 输:车俞 型:刑土
    规:夫见 则:贝刂 机:木几 极:木及 权:木又 样:木羊 物:牛勿 他:亻也 们:亻门 你:亻尔 做:亻故
    使:亻吏 位:亻立 任:亻壬 何:亻可 怕:忄白 性:忄生 情:忄青 妈:女马 姐:女且 漏:氵屚 洗:氵先
    钱:钅戋 银:钅艮 销:钅肖 钓:钅勺 密:宓山 炸:火乍 烧:火尧 弹:弓单 枪:木仓 毒:龶母 骗:马扁
    赌:贝者 贩:贝反 购:贝勾 账:贝长 忘:亡心 息:自心 想:相心 破:石皮 码:石马 确:石角 知:矢口
    叫:口丩 吃:口乞 听:口斤 唤:口奂
"""
_MEANINGFUL_SHARE = 0.4  # of Han characters that a partial disguise changes


def full_width(text: str, choose: random.Random) -> str:
    """ASCII as its full-width twins."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def zero_width(text: str, choose: random.Random) -> str:
    """An invisible character after every letter."""
    return "".join(c + choose.choice("\u200b\u200c\u200d\u2060") for c in text)


def homoglyph(text: str, choose: random.Random) -> str:
    """Latin letters as Cyrillic ones that look alike."""
    return text.translate(_LOOKALIKE)


def spacing(text: str, choose: random.Random) -> str:
    """A space between all characters."""
    return " ".join(text)


def punctuation(text: str, choose: random.Random) -> str:
    """A mark between all characters."""
    return choose.choice(".*_-").join(text)


def leet(text: str, choose: random.Random) -> str:
    """Letters as digits."""
    return text.translate(_LEET)


def typo(text: str, choose: random.Random) -> str:
    """One letter in twelve replaced by its neighbour on the keyboard, or two swapped."""
    letters = list(text)
    for index, letter in enumerate(letters):
        if not letter.isascii() or not letter.isalpha() or choose.random() > 1 / 12:
            continue
        if index + 1 < len(letters) and choose.random() < 0.5:
            letters[index], letters[index + 1] = letters[index + 1], letters[index]
        else:
            letters[index] = choose.choice(_KEYS[letter.lower()])
    return "".join(letters)


def traditional(text: str, choose: random.Random) -> str:
    """Simplified characters as traditional ones."""
    return "".join(_to_traditional().get(c, c) for c in text)


def pinyin(text: str, choose: random.Random) -> str:
    """Two in five Chinese characters as their syllable."""
    sounds = tables.syllables()
    return _some_han(text, choose, lambda c: sounds.get(c, c))


def homophone(text: str, choose: random.Random) -> str:
    """Two in five Chinese characters as another common one of the same sound."""

    def other(character: str) -> str:
        same = _sounding().get(tables.syllables().get(character, ""), "")
        others = [c for c in same if c != character]
        return choose.choice(others) if others else character

    return _some_han(text, choose, other)


def split_characters(text: str, choose: random.Random) -> str:
    """Chinese characters as their parts."""
    return "".join(_splits().get(c, c) for c in text)


def base64_coded(text: str, choose: random.Random) -> str:
    """The whole request in base64."""
    return base64.b64encode(text.encode("utf-8", "replace")).decode()


def hex_coded(text: str, choose: random.Random) -> str:
    """The whole request in hexadecimal."""
    return text.encode("utf-8", "replace").hex()


def url_coded(text: str, choose: random.Random) -> str:
    """The whole request as percent escapes."""
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "replace"))


def rot13(text: str, choose: random.Random) -> str:
    """Latin letters moved by thirteen."""
    return codecs.encode(text, "rot13")


def backwards(text: str, choose: random.Random) -> str:
    """The request from its end to its beginning."""
    return text[::-1]


def is_han(character: str) -> bool:
    """Whether a character is Chinese."""
    return "\u4e00" <= character <= "\u9fff"


def _some_han(text: str, choose: random.Random, change: Callable[[str], str]) -> str:
    return "".join(
        change(c) if is_han(c) and choose.random() < _MEANINGFUL_SHARE else c for c in text
    )


@cache
def _splits() -> dict[str, str]:
    return {pair[0]: pair[2:] for pair in _SPLITS_TABLE.split()}


@cache
def _to_traditional() -> dict[str, str]:
    back: dict[str, str] = {}
    for character, simple in tables.simplified().items():
        back.setdefault(simple, character)
    return back


@cache
def _sounding() -> dict[str, str]:
    """Common characters by syllable: GB 2312 level 1, the 3,755 most used."""
    found: dict[str, str] = {}
    for character, syllable in tables.syllables().items():
        encoded = character.encode("gb2312", "ignore")
        if len(encoded) == 2 and 0xB0 <= encoded[0] <= 0xD7:
            found[syllable] = found.get(syllable, "") + character
    return found
