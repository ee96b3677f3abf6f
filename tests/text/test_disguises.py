"""Every family of disguises, in Chinese and in English: found again, at the right place."""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Callable, Iterator

import pytest

from trueline.text.normalize import NormalizedText, View, normalize, pinyin_of

Disguise = Callable[[str], str]

EN_WORDS = ("purple walrus", "hidden lighthouse")
ZH_WORDS = ("蓝色海豚", "模型没有限制")
PII = ("jane.doe@example.com", "13800138000", "4111111111111111", "+1 415 555 0132")
CARRIERS = {"en": ("Well, ", " was all they said."), "zh": ("请问，", "是什么意思？")}

CYRILLIC = str.maketrans("aceiopxysjABEHKMOPTX", "асеіорхуѕјАВЕНКМОРТХ")
GREEK = str.maketrans("aioABEHIKMNOPTXYZ", "αιοΑΒΕΗΙΚΜΝΟΡΤΧΥΖ")
LEET = str.maketrans("aeioubst", "4310u857")
CIRCLED = {c: chr(0x24D0 + k) for k, c in enumerate("abcdefghijklmnopqrstuvwxyz")}
TURNED = dict(zip("abcdefghijklmnopqrstuvwyz", "ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍʎz", strict=True))


def every(size: int, mark: str) -> Disguise:
    return lambda s: mark.join(s[k : k + size] for k in range(0, len(s), size))


def per_letter(style: Callable[[str], str]) -> Disguise:
    return lambda s: "".join(style(c) if c.isascii() and c.isalpha() else c for c in s)


def wide(s: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in s)


def selectors(s: str) -> str:
    return "".join(chr(0xFE00 + b) if b < 16 else chr(0xE0100 + b - 16) for b in s.encode())


def zero_width_bits(s: str) -> str:
    bits = "".join(f"{b:08b}" for b in s.encode())
    return bits.replace("0", "\u200b").replace("1", "\u200c")


# A character for a character, or marks between characters: the span is exactly the disguise.
ANY_TEXT: dict[str, Disguise] = {
    "full width": wide,
    "zero-width space between all": "\u200b".join,
    "zero-width joiner after every third": every(3, "\u200d"),
    "word joiners in numbers": "\u2060\u2060\u2060".join,
    "soft hyphens": every(2, "\u00ad"),
    "direction marks": every(2, "\u202e\u2066"),
    "variation selectors after all": "\ufe01".join,
    "spaces between all": " ".join,
    "dots between all": ".".join,
    "hyphens between all": "-".join,
    "underscores between all": "_".join,
    "stars between all": "*".join,
    "pipes between all": "|".join,
    "dots and spaces between all": ". ".join,
    "ellipses between all": "...".join,
    "emoji between all": "😀".join,
    "middle dots between all": "·".join,
    "line ends between all": "\n".join,
    "nulls between all": "\x00".join,
    "html entities, decimal": lambda s: "".join(f"&#{ord(c)};" for c in s),
    "html entities, hex": lambda s: "".join(f"&#x{ord(c):X};" for c in s),
    "html entities twice": lambda s: "".join(f"&amp;#{ord(c)};" for c in s),
    "url escapes": lambda s: "".join(f"%{b:02X}" for b in s.encode()),
    "url escapes twice": lambda s: "".join(f"%25{b:02x}" for b in s.encode()),
    r"\u escapes": lambda s: "".join(f"\\u{ord(c):04x}" for c in s),
    r"\x escapes": lambda s: "".join(f"\\x{b:02x}" for b in s.encode()),
    "tag characters": lambda s: "".join(chr(0xE0000 + ord(c)) for c in s),
    "bytes in variation selectors": selectors,
    "bits in zero-width characters": zero_width_bits,
    "inside an HTML comment": lambda s: f"<!--{s}-->",
}
ENCODED: dict[str, Disguise] = {
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 without padding": lambda s: base64.b64encode(s.encode()).decode().rstrip("="),
    "base64 for URLs": lambda s: base64.urlsafe_b64encode(f"{s} ~~~ ???".encode()).decode(),
    "base64 twice": lambda s: base64.b64encode(base64.b64encode(s.encode())).decode(),
    "base64 of UTF-16": lambda s: base64.b64encode(s.encode("utf-16-le")).decode(),
    "base64 reversed": lambda s: base64.b64encode(s.encode()).decode()[::-1],
    "base64 rotated": lambda s: codecs.encode(base64.b64encode(s.encode()).decode(), "rot13"),
    "base64 of rot13": lambda s: base64.b64encode(codecs.encode(s, "rot13").encode()).decode(),
    "base64 of hex": lambda s: base64.b64encode(s.encode().hex().encode()).decode(),
    "base32": lambda s: base64.b32encode(s.encode()).decode(),
    "hex": lambda s: s.encode().hex(),
    "hex, capitals": lambda s: s.encode().hex().upper(),
    "hex with spaces": lambda s: s.encode().hex(" "),
    "hex with colons": lambda s: s.encode().hex(":"),
    "hex with 0x": lambda s: " ".join(f"0x{b:02x}" for b in s.encode()),
    "binary": lambda s: " ".join(f"{b:08b}" for b in s.encode()),
}
LATIN_ONLY: dict[str, Disguise] = {
    "capitals": str.upper,
    "alternating case": lambda s: "".join(c.upper() if k % 2 else c for k, c in enumerate(s)),
    "Cyrillic look-alikes": lambda s: s.translate(CYRILLIC),
    "Greek look-alikes": lambda s: s.translate(GREEK),
    "leetspeak": lambda s: s.translate(LEET),
    "acute accents": per_letter(lambda c: c + "\u0301"),
    "heaps of accents": per_letter(lambda c: c + "\u0301\u0327\u0336" * 5),
    "mathematical bold": per_letter(lambda c: chr(0x1D41A + ord(c) - 97)),
    "mathematical script": per_letter(lambda c: chr(0x1D4D0 + ord(c) - 97 + 26)),
    "circled letters": per_letter(lambda c: CIRCLED[c]),
    "squared letters": per_letter(lambda c: chr(0x1F130 + ord(c) - 97)),
    "regional indicators": per_letter(lambda c: chr(0x1F1E6 + ord(c) - 97)),
    "long repeats": lambda s: s.replace("u", "uuuuu").replace("o", "oooo"),
    "rot13": lambda s: codecs.encode(s, "rot13"),
    "reversed": lambda s: s[::-1],
    "upside down": lambda s: "".join(TURNED.get(c, c) for c in reversed(s)),
    "bold inside words": every(4, "**"),
    "tags inside words": lambda s: s[:3] + "<b>" + s[3:5] + "</b>" + s[5:],
    "empty tags inside words": lambda s: s[:3] + "<b></b>" + s[3:],
    "empty comments inside words": lambda s: s[:3] + "<!-- -->" + s[3:],
    "line ends after every fourth": every(4, "\n"),
}
CHINESE_ONLY: dict[str, tuple[str, str]] = {
    "traditional": ("没有国语词典", "沒有國語詞典"),
    "parts side by side": ("没有模型", "氵殳有木莫型"),
    "parts, a loose one": ("很傻的", "很亻爽的"),
    "parts that are words too": ("是废物", "是广发牛勿"),
    "homophones": ("模型限制", "魔形线制"),
    "pinyin": ("限制模型", "xianzhi模型"),
    "pinyin with tones": ("限制模型", "xiàn zhì mó xíng"),
    "pinyin in capitals": ("忽略", "HULUE"),
    "emoji for a word": ("拿着刀走", "拿着🔪走"),
    "bold after every second": ("模型没有任何限制", "模型**没有**任何**限制"),
    "radicals of their own block": ("没有", "⺡殳有"),
    "compatibility characters": ("立即不见", "立即不見"),
}
NUMBERS: dict[str, Disguise] = {
    "Chinese digits": lambda s: s.translate(str.maketrans("0123456789", "〇一二三四五六七八九")),
    "formal Chinese digits": lambda s: s.translate(
        str.maketrans("0123456789", "零壹贰叁肆伍陆柒捌玖")
    ),
    "some Chinese digits": lambda s: s.translate(str.maketrans("0135", "零一三五")),
    "Arabic digits": lambda s: s.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
    "circled digits": lambda s: s.translate(str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")),
    "keycaps": lambda s: "".join(f"{c}\ufe0f\u20e3" for c in s),
    "mathematical digits": lambda s: "".join(chr(0x1D7CE + int(c)) for c in s),
    "superscripts": lambda s: s.translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")),
}


def readings(text: NormalizedText) -> Iterator[View]:
    yield from (text.clean, text.folded, text.squeezed, text.pinyin)
    for view in text.decoded:
        yield from (view, view.folded, view.squeezed)


def places(disguised: str, target: str) -> set[tuple[int, int]]:
    """Where the target is found, in the original, in any reading."""
    text = normalize(disguised)
    found: set[tuple[int, int]] = set()
    for view in readings(text):
        words = {target.lower(), re.sub(r"[\W_]+", "", target.lower())}
        if view.name == "pinyin":
            words = {pinyin_of(target)} - {""}
        for word in words:
            at = view.text.lower().find(word)
            if at >= 0:
                span = view.span(at, at + len(word))
                found.add((span.start, span.end))
    return found


def plant(disguised: str, language: str) -> tuple[str, tuple[int, int]]:
    before, after = CARRIERS[language]
    return before + disguised + after, (len(before), len(before) + len(disguised))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("target", [*EN_WORDS, *ZH_WORDS, *PII])
@pytest.mark.parametrize("family", ANY_TEXT)
def test_a_disguise_of_any_text_is_undone_and_its_span_is_the_disguise(
    family: str, target: str, language: str
) -> None:
    if family == "tag characters" and not target.isascii():
        pytest.skip("tag characters spell ASCII only")
    text, (start, end) = plant(ANY_TEXT[family](target), language)

    found = places(text, target)

    if family == "inside an HTML comment":
        start, end = start + 4, end - 3
    assert (start, end) in found


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("target", [*EN_WORDS, *ZH_WORDS, *PII])
@pytest.mark.parametrize("family", ENCODED)
def test_an_encoded_text_is_read_and_its_span_is_the_whole_run(
    family: str, target: str, language: str
) -> None:
    encoded = ENCODED[family](target)
    if len(encoded.rstrip("=")) < 12:
        pytest.skip("shorter than what may be told from a word")
    text, place = plant(encoded, language)

    assert place in places(text, target)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("target", EN_WORDS)
@pytest.mark.parametrize("family", LATIN_ONLY)
def test_a_disguise_of_latin_letters_is_undone(family: str, target: str, language: str) -> None:
    disguised = LATIN_ONLY[family](target)
    text, (start, end) = plant(disguised, language)

    found = places(text, target)

    trailing = len(disguised) - len(disguised.rstrip("\u0301\u0327\u0336"))
    assert (start, end - trailing) in found


@pytest.mark.parametrize("family", CHINESE_ONLY)
def test_a_chinese_disguise_is_undone(family: str) -> None:
    target, disguised = CHINESE_ONLY[family]
    text, place = plant(disguised, "zh")

    assert place in places(text, target)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("number", ["13800138000", "4111111111111111", "11010519491231002"])
@pytest.mark.parametrize("family", NUMBERS)
def test_a_disguised_number_is_read_in_ascii_digits(
    family: str, number: str, language: str
) -> None:
    disguised = NUMBERS[family](number)
    text, (start, end) = plant(disguised, language)

    found = places(text, number)

    trailing = 2 if family == "keycaps" else 0
    assert (start, end - trailing) in found


def test_short_base64_is_read_where_padding_gives_it_away() -> None:
    assert (4, 12) in places("say a2l0ZQ==.", "kite")


def test_disguises_nest() -> None:
    inner = base64.b64encode("".join(f"&#{ord(c)};" for c in wide("purple walrus")).encode())
    text, place = plant(" ".join(inner.decode()), "en")

    assert place in places(text, "purple walrus")


def test_two_encoded_runs_are_told_apart() -> None:
    one = base64.b64encode(b"purple walrus one").decode()
    two = base64.b64encode(b"hidden lighthouse two").decode()
    text = f"first {one} then {two} end"

    assert (6, 6 + len(one)) in places(text, "purple walrus one")
    assert (len(text) - 4 - len(two), len(text) - 4) in places(text, "hidden lighthouse two")


def test_a_word_is_found_in_the_middle_of_long_calm_text() -> None:
    calm = "今天天气不错。 A calm day. " * 160
    text = calm + " ".join("purplewalrus") + " A calm day." * 40

    assert (len(calm), len(calm) + 23) in places(text, "purplewalrus")


def test_what_was_undone_is_named() -> None:
    undone = normalize(
        "Ｗｅｌｌ p\u200bu\u0301r р\u0430ss 沒有 &#97; cGxlYXNlIHdhbHJ1cw=="
    ).disguises

    assert set(undone) >= {
        "width",
        "invisible",
        "diacritics",
        "traditional",
        "html_entities",
        "base64",
    }
    assert normalize("An ordinary sentence, with 2 numbers: 3.14.").disguises == ()
    assert normalize("这是一句普通的话，有2个数字：3.14。").disguises == ()
