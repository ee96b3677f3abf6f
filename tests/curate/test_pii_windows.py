from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.core.records import Context
from trueline.curate import pii_windows
from trueline.curate.pii_windows import find_in_batch, plain
from trueline.scorers.checksums import luhn, resident_id_check
from trueline.scorers.pii import PiiScorer, find_pii
from trueline.text.normalize import normalize


def _card(draw: random.Random) -> str:
    body = "62220" + "".join(draw.choice("0123456789") for _ in range(13))
    number = next(body + d for d in "0123456789" if luhn(body + d))
    return draw.choice([number, " ".join(number[i : i + 4] for i in range(0, 19, 4))])


def _resident_id(draw: random.Random) -> str:
    body = f"110105{draw.randint(1950, 2005)}{draw.randint(1, 12):02d}{draw.randint(1, 28):02d}"
    body += f"{draw.randint(0, 999):03d}"
    return body + resident_id_check(body)


def _mobile(draw: random.Random) -> str:
    number = f"13{draw.randint(10**8, 10**9 - 1)}"
    return draw.choice([number, f"+86 {number}", f"{number[:3]}-{number[3:7]}-{number[7:]}"])


def _sentence(draw: random.Random) -> str:
    digits = f"{draw.randint(0, 10**9)}"
    return draw.choice(
        [
            f"手机号是{_mobile(draw)}。",
            f"订单号{digits}已发货，",
            f"身份证{_resident_id(draw)}已登记",
            f"卡号：{_card(draw)}，",
            f"请发到 user_{digits}@mail.example.org 谢谢。",
            f"from 203.0.{draw.randint(0, 255)}.{draw.randint(0, 255)} last night. ",
            f"The SSN is {draw.randint(101, 664)}-{draw.randint(10, 99)}-{draw.randint(1000, 9999)}. ",
            f"call me at (415) 555-{draw.randint(1000, 9999)} ",
            f"host fe80:0:12:{draw.randint(1, 9999)}:9f:1:2:3 down, ",
            "mac 00:1A:2b:3C:4d:5E up ",
            f"车牌京A{draw.randint(10000, 99999)}停好 ",
            f"护照E{draw.randint(10**7, 10**8 - 1)}，",
            "IBAN GB82 WEST 1234 5698 7654 32 paid. ",
            "家住成都市武侯区人民南路132号14栋2544室，",
            "收货地址：朝阳路5号院3单元201 ",
            "我叫欧阳明月，来自外地。",
            "My name is Ann Lee and later flat lattes. ",
            f"生日：1990年{draw.randint(1, 12)}月3日 ",
            f"加微信zhang_{digits}聊 QQ：{digits} ",
            "hello, this is John Smith",
            "version v1.20.3.4, section 12.3.4.5; 2024-05-06 12:30:45. ",
            "税号91350100M000100Y43已开票 ",
            "NINO AB 12 34 56 C on file ",
            "坐标39.9042, 116.4074 附近",
            "\n",
            "第3组在2号楼开会，",
            "git@host:repo std::vector a::b ",
        ]
    )


def _document(seed: int) -> str:
    draw = random.Random(seed)
    return "".join(_sentence(draw) for _ in range(draw.randint(0, 12)))


@settings(max_examples=150, deadline=None)
@given(seeds=st.lists(st.integers(0, 10**9), max_size=12))
def test_windows_find_exactly_what_the_whole_text_search_finds(seeds: list[int]) -> None:
    texts = [_document(seed) for seed in seeds]

    found = find_in_batch(texts)

    assert found == [sorted(find_pii(plain(text))) for text in texts]


_PIECES = st.sampled_from([
    *"0123456789０９", "138", "0013", "8000", "@", ".", "-", "–", ":", "：", "::", " ", "\u3000", "(", ")", "+86",
    "a", "F", "GB", "E", "京", "A", "号", "栋", "一", "十", "路", "北京", "家住", "我叫", "张", "三", "qq", "WX",
    "My name is ", "Tom Fox", "lat", "gps", "1.2.3.4", "255", "\n", "，", "/", "·", "x", "X", "元", "订单", "电话",
    "\U0001f600", "\ud800", "İ", "车牌", "挂", "ip ", "$",
])  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(texts=st.lists(st.lists(_PIECES, max_size=30).map("".join), max_size=6))
def test_windows_agree_on_texts_made_of_what_patterns_look_for(texts: list[str]) -> None:
    found = find_in_batch(texts)

    assert found == [sorted(find_pii(plain(text))) for text in texts]


@pytest.mark.parametrize("seed", range(40))
def test_windows_agree_with_the_scorer_on_undisguised_documents(seed: int) -> None:
    text = _document(seed)
    scores = PiiScorer().score(normalize(text), Context(role="document"))
    whole = {(s.start, s.end, s.label, score.value) for score in scores for s in score.spans}

    (found,) = find_in_batch([text])

    assert set(found) <= whole
    # What the scorer has beyond it was read backwards, after decoding or out of numerals.
    decoded = {tuple(finding) for finding in find_pii(normalize(text).clean.text)}
    if normalize(text).clean.text == plain(text):
        assert set(found) == decoded


@given(seeds=st.lists(st.integers(0, 10**6), min_size=1, max_size=8), cut=st.integers(0, 8))
@settings(max_examples=50, deadline=None)
def test_findings_do_not_depend_on_the_batch(seeds: list[int], cut: int) -> None:
    texts = [_document(seed) for seed in seeds]

    assert find_in_batch(texts) == find_in_batch(texts[:cut]) + find_in_batch(texts[cut:])


def test_batches_longer_than_a_join_are_searched_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [_document(seed) for seed in range(30)]
    whole = find_in_batch(texts)

    monkeypatch.setattr(pii_windows, "JOIN_LIMIT", 100)

    assert find_in_batch(texts) == whole


def test_full_width_numbers_are_found_at_their_own_offsets() -> None:
    (found,) = find_in_batch(["手机１３８００１３８０００，谢谢"])

    assert [(f.start, f.end, f.label) for f in found] == [(2, 13, "cn_mobile")]


@pytest.mark.parametrize(
    "text",
    [
        "手机一三八零零一三八零零零",
        "手机1\u200b3\u200b8001\u200b38000",
        "电话 &#49;3800138000",
        "手机𝟏𝟑𝟖𝟎𝟎𝟏𝟑𝟖𝟎𝟎𝟎",
    ],
)
def test_disguises_the_fast_search_does_not_undo_are_those_its_page_names(text: str) -> None:
    scores = PiiScorer().score(normalize(text), Context())

    assert find_in_batch([text]) == [[]]
    assert [score.label for score in scores] == ["cn_mobile"]


def test_no_text_and_empty_texts_have_no_findings() -> None:
    assert find_in_batch([]) == []
    assert find_in_batch(["", ""]) == [[], []]


def test_a_hostile_text_is_searched_in_linear_time() -> None:
    hostile = ["1-" * 100_000, "@" * 50_000, "a:" * 100_000, "我叫" * 50_000, "号1" * 50_000]

    found = find_in_batch(hostile)

    assert len(found) == 5
