"""What holds for every text: offsets, locality, calm on ordinary and on hostile input."""

from __future__ import annotations

import base64
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.text.normalize import NormalizedText, View, normalize

ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)
# Pieces that meet in disguises, so that the fuzz reaches the code behind them.
PIECES = st.lists(
    st.one_of(
        ANY,
        st.sampled_from(
            [
                "&#105;", "&amp;", "%69", "%e4%bd%a0", "\\u4f60", "\\x41\\x42", "<!-- -->", "a<b>b",
                "木莫", "广发", "牛勿", "亻爽", "沒", "🔪", "一三八零零一三八", "p\u0430ss", "1gn0r3", "fuuuuun",
                "k.i.t.e", "a b c d e f", "**", "\n", "\u200b", "\u0301", "\ufe0f", "\U000e0041", "ｗｉｄｅ",
                "aGVsbG8gd29ybGQgYWdhaW4=", "68656c6c6f20776f726c64", "\ud83d", "\ude00", "İ", "ß", "ﬃ",
                "\ufe01\ufe02\ufe03", ".- -... -.-. -.. . ..-.", "01101000 01101001 01101001", "ﷺ",
            ]
        ),
    ),
    max_size=12,
).map("".join)  # fmt: skip


def every_view(text: NormalizedText) -> list[View]:
    views = [text.clean, text.folded, text.squeezed, text.pinyin]
    for view in text.decoded:
        views += [view, view.folded, view.squeezed]
    return views


def monotone(view: View) -> bool:
    return not any(way in view.name for way in ("reversed", "turned"))


@given(PIECES)
@settings(max_examples=150, deadline=None)
def test_every_character_of_every_view_stands_for_something_of_the_original(text: str) -> None:
    for view in every_view(normalize(text)):
        spans = [view.span(k, k + 1) for k in range(len(view.text))]

        assert all(0 <= span.start < span.end <= len(text) for span in spans), view
        if monotone(view):
            assert all(a.start <= b.start and a.end <= b.end for a, b in pairwise(spans)), view


@given(PIECES, st.integers(-3, 80), st.integers(-3, 80))
@settings(max_examples=80, deadline=None)
def test_a_span_lies_within_the_original_whatever_is_asked(text: str, start: int, end: int) -> None:
    for view in every_view(normalize(text)):
        span = view.span(start, end, "x")

        assert 0 <= span.start <= span.end <= len(text)
        assert span.label == "x"


@given(PIECES)
@settings(max_examples=80, deadline=None)
def test_a_span_covers_the_spans_of_its_characters(text: str) -> None:
    view = normalize(text).squeezed
    if not view.text:
        return

    whole = view.span(0, len(view.text))

    parts = [view.span(k, k + 1) for k in range(len(view.text))]
    assert (whole.start, whole.end) == (parts[0].start, parts[-1].end)


@given(ANY)
@settings(max_examples=120, deadline=None)
def test_the_clean_view_holds_no_invisible_character_and_no_surrogate(text: str) -> None:
    clean = normalize(text).clean.text

    assert not any(c in clean for c in "\u200b\u200d\u2060\ufeff\ufe0f\x00\u202e")
    assert not any("\ud800" <= c <= "\udfff" for c in clean)
    clean.encode()


@given(PIECES)
@settings(max_examples=80, deadline=None)
def test_normalizing_twice_gives_the_same(text: str) -> None:
    one, other = normalize(text), normalize(text)

    assert [v.text for v in every_view(one)] == [v.text for v in every_view(other)]
    assert one.disguises == other.disguises
    assert one.language == other.language


@pytest.mark.parametrize(
    "text",
    [
        "See e.g. the U.S.A. and the U.K., i.e. 3.14 or 2.718, at 10:30 a.m. on 2024-05-06.",
        "Options a b c, or A B C D E; grades 1 2 3 4 5 6 7 8.",
        "Mail jane.doe@example.com or see https://example.com/a_b-c/d.html?x=1&y=2#top now.",
        "The servers 8.8.8.8, 10.0.0.1 and 2001:db8::1 run version 1.2.3.4.",
        "def f(x, *args, **kwargs):\n    return x ** 2 + sum(args) / len(kwargs)\n",
        "for (i = 0; i < n; i++) { a[i] = b[i] & 0xff; }",
        "x = y + 1 ; z = x - y * 2 ; w = [0, 1, 1, 0, 1, 0, 0, 1]",
        "| a | b | c |\n|---|---|---|\n| 1 | 2 | 3 |\n",
        "- one\n- two\n- three\n\n1. first\n2. second\n",
        "apple\nmango\nlemon\ngrape\n",
        "2019\n2020\n2021\n2022\n",
        "05-12\n06-13\n07-14\n08-15\n",
        "It costs $1,240.50 (50% off), i.e. 100% of it & more <soon>.",
        "My card is 4111 1111 1111 1111 and my phone +1 415 555 0132 or 138-0013-8000.",
        "AKIAIOSFODNN7EXAMPLE and 550e8400-e29b-41d4-a716-446655440000",
        "今天的天气很好,我们去公园散步吧。",
        "2020 年 1 月 9 日,我在北京 3 号楼等了 15 分钟。",
        "一共二十三个人,三五成群,十有八九来自一二线城市。",
        "床前明月光\n疑是地上霜\n举头望明月\n低头思故乡",
        "广发证券的女子明天去木材市场。",
        "Привет, а как у тебя дела? Всё хорошо, а у вас?",
        "Καλημέρα σε όλους",
        "The angle α = 0.05 and β is small.",
    ],
)
def test_ordinary_writing_reads_the_same_in_the_clean_view(text: str) -> None:
    clean = normalize(text).clean

    assert clean.text == text
    assert normalize(text).disguises in {(), ("leetspeak",)}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("你好，世界！（真的？）“是”", '你好,世界!(真的?)"是"'),
        ("don’t — “stop”…", 'don\'t - "stop"…'),
        ("café naïve Ångström", "cafe naive Angstrom"),
        ("ｘ＝１", "x=1"),
        ("50 m² at 20 ℃", "50 m2 at 20 °C"),
    ],
)
def test_documented_folding_of_ordinary_text(text: str, clean: str) -> None:
    assert normalize(text).clean.text == clean


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Hello WORLD", "hello world"),
        (
            "covid19, mp3, b2b, 10am, 5th, 4x4, i18n, h2o",
            "covid19, mp3, b2b, 10am, 5th, 4x4, i18n, h2o",
        ),
        ("www.example.com", "www.example.com"),
        ("我爱你🐶", "我爱你🐶"),
        ("10 apples + 3 pears!", "10 apples + 3 pears!"),
        ("繁體字", "繁体字"),
    ],
)
def test_folding_leaves_ordinary_spelling(text: str, folded: str) -> None:
    assert normalize(text).folded.text == folded


@given(st.text("ab .-1&#;%xé字木莫\u200b", max_size=80), st.integers(1, 40))
@settings(max_examples=120, deadline=None)
def test_what_stands_far_before_the_end_does_not_change_as_the_text_grows(
    more: str, size: int
) -> None:
    calm = "An ordinary sentence stands here first, and 这里还有一句普通的话。"
    short, long = normalize(calm + more[:size]), normalize(calm + more)

    for one, other in ((short.clean, long.clean), (short.folded, long.folded)):
        assert one.text[:40] == other.text[:40]


HOSTILE = {
    "one letter": "a" * 200_000,
    "one Chinese character": "傻" * 200_000,
    "dots between": "a." * 100_000,
    "spaces": " " * 200_000,
    "line ends": "\n" * 200_000,
    "nulls": "\x00" * 200_000,
    "lone surrogates": "\ud800" * 200_000,
    "combining marks": "e" + "\u0301" * 200_000,
    "zero-width": "a\u200b" * 100_000,
    "full width": "ａ" * 200_000,
    "tag characters": "\U000e0041" * 200_000,
    "variation selectors": "\U000e0131" * 200_000,
    "look-alikes": "а" * 200_000,
    "percent": "%25" * 66_000,
    "ampersands": "&" * 200_000,
    "nested entities": "&" + "amp;" * 49_000 + "lt;",
    "open comments": "<!--" * 50_000,
    "open tags": "a<b" + " " * 199_000,
    "base64 of base64": base64.b64encode(base64.b64encode(b"hello there " * 9_000)).decode(),
    "many base64 words": "aGVsbG8gd29y " * 15_000,
    "hex": "41" * 100_000,
    "hex pairs": "41 " * 66_000,
    "bits": "01000001" * 25_000,
    "Morse": ".- " * 66_000,
    "leetspeak": "h4x " * 50_000,
    "parts": "木莫" * 100_000,
    "radicals": "亻" * 200_000,
    "ligatures": "ﷺ" * 200_000,
    "stars": "ab**" * 50_000,
    "short lines": "abc\n" * 50_000,
    "Chinese digits": "一-" * 100_000,
    "emoji": "🐴" * 200_000,
    "paths": "/abcdefghijkL1" * 14_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_of_200_kb_is_read_in_full(name: str) -> None:
    # Nothing is timed here, but a quadratic step would take minutes at this length.
    text = HOSTILE[name]

    normalized = normalize(text)

    for view in (normalized.clean, normalized.squeezed, normalized.pinyin, *normalized.decoded):
        span = view.span(0, len(view.text))
        assert 0 <= span.start <= span.end <= len(text)


def test_decoding_stops_at_a_depth() -> None:
    text = "the quick brown fox jumps"
    for _ in range(6):
        text = base64.b64encode(text.encode()).decode()

    names = [view.name for view in normalize(text).decoded]

    assert max(name.count("base64") for name in names) == 3


def test_text_that_grows_is_held_back_by_what_it_says_not_by_what_it_fills() -> None:
    hidden = "walrus".replace("", "\u200b" * 30)

    held = normalize("A calm beginning. " + hidden).held_from(6)

    assert held <= len("A calm beginning. ") + 30


def test_an_encoded_run_at_the_end_is_held_back_from_its_beginning() -> None:
    assert normalize("Decode: " + "QUJD" * 50).held_from(6) == 8


def test_aligned_tells_whole_characters_from_pieces_in_the_pinyin_view() -> None:
    view = normalize("方案").pinyin

    assert view.text == "fangan"
    assert view.aligned(0, 4)
    assert not view.aligned(0, 3)
    assert not view.aligned(1, 6)


def test_importing_the_text_layer_brings_no_table_package_and_no_numpy() -> None:
    script = (
        "import sys; import trueline.text.normalize; "
        "print([m for m in ('numpy','pypinyin','opencc','jieba','html.entities') if m in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
