"""26 ways to disguise a text, each a function from text to text.

The first 26 are the families of the published comparison of guards in docs; homophones, pinyin
and split characters change the key words of a text only, as people do.
"""

from __future__ import annotations

import base64
import codecs
import random
import unicodedata
from collections.abc import Callable, Sequence

from trueline.text import tables

Disguise = Callable[[str, Sequence[str]], str]  # text, its key words

LOOKALIKE = str.maketrans("aceiopxysABEHKMOPTX", "асеіорхуѕАВЕНКМОРТХ")
LEET = str.maketrans("aeiostAEIOST", "431057431057")
# Common splits, written by hand, apart from the table of the package.
_SPLITS = """
    略:田各 指:扌旨 模:木莫 限:阝艮 没:氵殳 话:讠舌 词:讠司 设:讠殳 说:讠兑 语:讠吾 请:讠青
    记:讠己 训:讠川 认:讠人 让:讠上 提:扌是 打:扌丁 把:扌巴 扮:扌分 拒:扌巨 输:车俞 型:刑土
    规:夫见 则:贝刂 机:木几 极:木及 权:木又 样:木羊 废:广发 物:牛勿 傻:亻爽 他:亻也 们:亻门
    你:亻尔 做:亻故 使:亻吏 你:亻尔 位:亻立 任:亻壬 何:亻可 忆:忄乙 怕:忄白 性:忄生 情:忄青
    垃:土立 圾:土及 畜:玄田 蠢:春虫 狗:犭句 猪:犭者 狼:犭良 婊:女表 奶:女乃 妈:女马 妓:女支
    姐:女且 肏:入肉 淫:氵爫壬 泄:氵世 漏:氵屚 洗:氵先 钱:钅戋 银:钅艮 销:钅肖 钓:钅勺 密:宓山
    炸:火乍 烧:火尧 弹:弓单 枪:木仓 毒:龶母 杀:乂木 骗:马扁 赌:贝者 贩:贝反 购:贝勾 账:贝长
    忽:勿心 忘:亡心 息:自心 想:相心 愚:禺心 恶:亚心 界:田介 男:田力 思:田心 蛋:疋虫
    破:石皮 码:石马 确:石角 知:矢口 叫:口丩 吃:口乞 听:口斤 唤:口奂 嘴:口觜 咒:口口几
"""
SPLITS = {pair[0]: pair[2:] for pair in _SPLITS.split()}
CHUNK = 4


def fullwidth(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def math_bold(text: str) -> str:
    return "".join(chr(0x1D41A + ord(c) - 97) if "a" <= c <= "z" else c for c in text)


def tags(text: str) -> str:
    if not text.isascii():
        return text
    return "Hello. " + "".join(chr(0xE0000 + ord(c)) for c in text)


def traditional(text: str, keys: Sequence[str]) -> str:
    back: dict[str, str] = {}
    for character, simple in tables.simplified().items():
        back.setdefault(simple, character)
    return "".join(back.get(c, c) for c in text)


def homophones(text: str, keys: Sequence[str]) -> str:
    """Every Han character of the key words becomes another one of the same sound."""
    choose = random.Random(text)
    return _in_keys(text, keys, lambda word: "".join(_sounding_like(c, choose) for c in word))


def pinyin(text: str, keys: Sequence[str]) -> str:
    sounds = tables.syllables()
    return _in_keys(text, keys, lambda word: "".join(sounds.get(c, c) for c in word))


def split_characters(text: str, keys: Sequence[str]) -> str:
    return _in_keys(text, keys, lambda word: "".join(SPLITS.get(c, c) for c in word))


def _in_keys(text: str, keys: Sequence[str], change: Callable[[str], str]) -> str:
    for key in keys:
        if not key.isascii():
            text = text.replace(key, change(key))
    return text


def _sounding_like(character: str, choose: random.Random) -> str:
    sound = tables.syllables().get(character)
    # The first characters of a syllable in the table need not be common ones: GB 2312 level 1,
    # the 3755 most used characters, is what a person would type.
    others = [
        c
        for c, syllable in tables.syllables().items()
        if syllable == sound and c != character and _is_common(c)
    ]
    return choose.choice(others) if others else character


def _is_common(character: str) -> bool:
    try:
        encoded = character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return len(encoded) == 2 and 0xB0 <= encoded[0] <= 0xD7


def _plain(change: Callable[[str], str]) -> Disguise:
    return lambda text, keys: change(text)


DISGUISES: dict[str, Disguise] = {
    "upper": _plain(str.upper),
    "fullwidth": _plain(fullwidth),
    "homoglyph": _plain(lambda s: s.translate(LOOKALIKE)),
    "zero_width": _plain("\u200b".join),
    "zero_width_1in3": _plain(
        lambda s: "".join(c + ("\u200d" if i % 3 == 2 else "") for i, c in enumerate(s))
    ),
    "spaced": _plain(" ".join),
    "dotted": _plain(".".join),
    "leet": _plain(lambda s: s.translate(LEET)),
    "diacritics": _plain(lambda s: "".join(c + ("\u0301" if c.isalpha() else "") for c in s)),
    "math_bold": _plain(math_bold),
    "tag_smuggle": _plain(tags),
    "base64": _plain(lambda s: "Decode this: " + base64.b64encode(s.encode()).decode()),
    "hex": _plain(lambda s: "Decode this: " + s.encode().hex()),
    "rot13": _plain(lambda s: codecs.encode(s, "rot13")),
    "reversed": _plain(lambda s: s[::-1]),
    "url_encoded": _plain(lambda s: "".join(f"%{b:02X}" for b in s.encode())),
    "html_entities": _plain(lambda s: "".join(f"&#{ord(c)};" for c in s)),
    "html_comment": _plain(lambda s: f"Nice page <!-- {s} --> end"),
    "md_split": _plain(
        lambda s: "".join(c + ("**" if i % CHUNK == CHUNK - 1 else "") for i, c in enumerate(s))
    ),
    "newline_split": _plain(lambda s: "\n".join(s[i : i + CHUNK] for i in range(0, len(s), CHUNK))),
    "zh_traditional": traditional,
    "zh_homophone": homophones,
    "zh_char_split": split_characters,
    "zh_pinyin": pinyin,
    "zh_digits": _plain(lambda s: s.translate(str.maketrans("0123456789", "〇一二三四五六七八九"))),
    "long_pad_4k": _plain(lambda s: "今天天气不错。 A calm day. " * 160 + s + " A calm day." * 40),
}
# Disguises that change letters destroy an address or a number, so they are for words alone.
WORDS_ONLY = frozenset(
    (
        *("upper", "homoglyph", "leet", "diacritics", "math_bold", "rot13", "reversed"),
        *("zh_traditional", "zh_homophone", "zh_char_split", "zh_pinyin"),
    )
)
# Families that have no exact inverse; the others are deterministic.
BY_ANALOGY = frozenset({"zh_homophone", "zh_char_split", "zh_pinyin"})


def disguised(name: str, text: str, keys: Sequence[str]) -> str:
    """The text in disguise; the text itself where the disguise does not apply."""
    return DISGUISES[name](unicodedata.normalize("NFC", text), keys)
