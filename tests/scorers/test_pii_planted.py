"""Every kind of personal information, planted in running text, is found with its exact span."""

from __future__ import annotations

import string
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.core.records import Context, Span
from trueline.scorers.checksums import USCC_ALPHABET, luhn, resident_id_check, uscc_check
from trueline.scorers.cn_regions import PLATE_PROVINCES
from trueline.scorers.pii import PiiScorer
from trueline.text.normalize import normalize

SCORER = PiiScorer()
BEFORE_ZH = ("请查一下", "我的号码是", "，资料为", "客户留的是", "麻烦看看", "这是我的：", "（", "")
AFTER_ZH = ("已提交", "谢谢", "请核对", "，尽快处理", "。", "）", "是他的", "")
BEFORE_EN = ("Please check ", "The value is ", "see: ", "(", "I wrote ", "")
AFTER_EN = (" today.", ", thanks", ") please", "\nRegards", "; done", "")
FULL_WIDTH = str.maketrans({c: chr(ord(c) + 0xFEE0) for c in string.digits + string.ascii_letters})


def digits(size: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=size, max_size=size)


def with_luhn(body: str) -> str:
    return next(body + d for d in "0123456789" if luhn(body + d))


def with_iban_check(country: str, account: str) -> str:
    number = int("".join(str(int(c, 36)) for c in account + country + "00"))
    return f"{country}{98 - number % 97:02d}{account}"


def resident_id(province: str, region: str, day: date, order: str) -> str:
    body = f"{province}{region}{day:%Y%m%d}{order}"
    return body + resident_id_check(body)


def uscc(kind: str, region: str, code: str) -> str:
    body = f"{kind}11{region}{code}"
    return body + uscc_check(body)


MOBILE_PREFIXES = (
    "130",
    "139",
    "145",
    "150",
    "159",
    "162",
    "166",
    "170",
    "171",
    "178",
    "188",
    "199",
)
mobiles = st.builds(lambda a, b: a + b, st.sampled_from(MOBILE_PREFIXES), digits(8))
resident_ids = st.builds(
    resident_id,
    st.sampled_from(("11", "31", "44", "51", "65", "81")),
    digits(4),
    st.dates(date(1925, 1, 1), date(2020, 12, 31)),
    digits(3),
)
cards = st.one_of(
    st.builds(
        lambda iin, body: with_luhn(iin + body[: 15 - len(iin)]),
        st.sampled_from(("622202", "4", "51", "55", "2221", "6011", "3528")),
        digits(15),
    ),
    st.builds(lambda body: with_luhn("62" + body), digits(16)),
    st.builds(lambda body: with_luhn("37" + body), digits(12)),
).filter(lambda card: len(set(card)) > 2)
usccs = st.builds(
    uscc,
    st.sampled_from(("91", "92", "12", "51")),
    digits(4),
    st.text(USCC_ALPHABET, min_size=9, max_size=9),
)
LABEL = st.from_regex(r"[a-z0-9]{1,12}", fullmatch=True)
emails = st.builds(
    lambda local, host, top: f"{local}@{host}.{top}",
    st.from_regex(r"[a-z][a-z0-9]{0,10}([._+\-][a-z0-9]{1,8}){0,2}", fullmatch=True),
    LABEL,
    st.sampled_from(("com", "cn", "com.cn", "org", "io", "co.uk")),
)
plates = st.builds(
    lambda province, office, body: province + office + body,
    st.sampled_from(PLATE_PROVINCES),
    st.sampled_from("ABCDEFGHJK"),
    st.from_regex(r"[A-HJ-NP-Z0-9]{2}[0-9]{3}|[DF][0-9]{5}|[0-9]{5}[DF]", fullmatch=True),
)
ibans = st.one_of(
    st.builds(lambda a: with_iban_check("DE", a), digits(18)),
    st.builds(
        lambda b, a: with_iban_check("GB", b + a),
        st.text("ABCXYZ", min_size=4, max_size=4),
        digits(14),
    ),
    st.builds(lambda a: with_iban_check("FR", a), digits(23)),
)
ssns = st.from_regex(r"(?!000|666)[0-8][0-9]{2}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}", fullmatch=True)
ips = st.builds(
    lambda a, b, c, d: f"{a}.{b}.{c}.{d}",
    st.integers(100, 223).filter(lambda n: n != 127),
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(1, 254),
)
macs = st.from_regex(r"[0-9a-f]{2}:a[0-9]:3b(:[0-9a-f]{2}){3}", fullmatch=True)
ipv6s = st.from_regex(r"2[0-9a-f]{3}(:[1-9a-f][0-9a-f]{3}){7}", fullmatch=True)
us_phones = st.one_of(
    st.from_regex(r"\([2-9][0-9]{2}\) [2-9][0-9]{2}-[0-9]{4}", fullmatch=True),
    st.from_regex(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}", fullmatch=True),
).filter(lambda phone: phone[:4] not in ("(400", "(800"))
intl_phones = st.from_regex(
    r"\+(44 7[0-9]{3} [0-9]{6}|8529[0-9]{7}|33 6( [0-9]{2}){4})", fullmatch=True
)
ninos = st.from_regex(r"[ACEHJ][ABCEHJ]( ?)[0-9]{2}\1[0-9]{2}\1[0-9]{2}\1[ABCD]", fullmatch=True)

KINDS = {
    "cn_mobile": mobiles,
    "cn_resident_id": resident_ids,
    "bank_card": cards,
    "cn_uscc": usccs,
    "email": emails,
    "cn_plate": plates,
    "iban": ibans,
    "us_ssn": ssns,
    "ip_address": st.one_of(ips, ipv6s),
    "mac_address": macs,
    "us_phone": us_phones,
    "intl_phone": intl_phones,
    "uk_nino": ninos,
}
planted = st.sampled_from(sorted(KINDS)).flatmap(lambda kind: st.tuples(st.just(kind), KINDS[kind]))


def found(text: str) -> set[Span]:
    return {span for score in SCORER.score(normalize(text), Context()) for span in score.spans}


@settings(max_examples=250, deadline=None)
@given(planted, st.sampled_from(BEFORE_ZH), st.sampled_from(AFTER_ZH))
def test_glued_to_han_characters_each_kind_is_found_exactly(
    item: tuple[str, str], before: str, after: str
) -> None:
    label, value = item
    text = f"{before}{value}{after}"

    assert Span(len(before), len(before) + len(value), label) in found(text)


@settings(max_examples=250, deadline=None)
@given(planted, st.sampled_from(BEFORE_EN), st.sampled_from(AFTER_EN))
def test_in_running_english_each_kind_is_found_exactly(
    item: tuple[str, str], before: str, after: str
) -> None:
    label, value = item
    text = f"{before}{value}{after}"

    assert Span(len(before), len(before) + len(value), label) in found(text)


@settings(max_examples=120, deadline=None)
@given(planted, planted)
def test_two_kinds_in_one_mixed_sentence_are_both_found(
    first: tuple[str, str], second: tuple[str, str]
) -> None:
    text = f"我的info是{first[1]}，and还有{second[1]}请check"
    start = text.index(second[1], 7 + len(first[1]))

    assert {
        Span(7, 7 + len(first[1]), first[0]),
        Span(start, start + len(second[1]), second[0]),
    } <= found(text)


@settings(max_examples=120, deadline=None)
@given(planted, st.sampled_from(BEFORE_ZH), st.sampled_from(AFTER_ZH))
def test_full_width_letters_and_digits_are_found_with_their_own_offsets(
    item: tuple[str, str], before: str, after: str
) -> None:
    label, value = item
    text = f"{before}{value.translate(FULL_WIDTH)}{after}"

    assert Span(len(before), len(before) + len(value), label) in found(text)


@settings(deadline=None)
@given(
    mobiles,
    st.sampled_from(("{0}-{1}-{2}", "{0} {1} {2}", "{0}.{1}.{2}")),
    st.sampled_from(("", "+86", "+86 ", "0086-", "86-")),
)
def test_a_mobile_in_groups_with_or_without_the_country_code_is_one_span(
    number: str, form: str, country: str
) -> None:
    value = country + form.format(number[:3], number[3:7], number[7:])
    text = f"联系人手机{value}微信同号"

    assert found(text) == {Span(5, 5 + len(value), "cn_mobile")}


@settings(deadline=None)
@given(cards.filter(lambda card: len(card) == 16), st.sampled_from(" -"))
def test_a_card_in_groups_of_four_is_one_span(card: str, gap: str) -> None:
    value = gap.join(card[i : i + 4] for i in range(0, 16, 4))
    text = f"卡号{value}已冻结"

    assert found(text) == {Span(2, 2 + len(value), "bank_card")}


@settings(deadline=None)
@given(resident_ids, st.sampled_from(" -"))
def test_a_resident_id_in_groups_is_one_span(number: str, gap: str) -> None:
    value = gap.join((number[:6], number[6:14], number[14:]))
    text = f"身份证{value}的用户"

    assert found(text) == {Span(3, 3 + len(value), "cn_resident_id")}


@settings(deadline=None)
@given(mobiles)
def test_a_mobile_in_han_digits_is_found(number: str) -> None:
    value = number.translate(str.maketrans("0123456789", "零一二三四五六七八九"))

    assert found(f"电话号码{value}。") == {Span(4, 15, "cn_mobile")}


@settings(deadline=None)
@given(mobiles)
def test_emphasis_marks_and_short_lines_do_not_cut_a_number_up(number: str) -> None:
    marked = "**".join((number[:2], number[2:4], number[4:6], number[6:8], number[8:]))
    lines = "\n".join(("手机号是", number[:4], number[4:8], number[8:] + "急", "谢谢"))

    assert found(f"我的电话{marked}谢谢") == {Span(4, 4 + len(marked), "cn_mobile")}
    assert found(lines) == {Span(5, 5 + 13, "cn_mobile")}


CONTEXT_CASES = (
    ("护照号E12345678已过期", "E12345678", "cn_passport"),
    ("证件EA1234567丢了", "EA1234567", "cn_passport"),
    ("港澳通行证C12345678换发", "C12345678", "cn_hk_macao_permit"),
    ("回乡证H1234567890到期", "H1234567890", "cn_hk_macao_permit"),
    ("往来台湾通行证T12345678", "T12345678", "cn_taiwan_permit"),
    ("My passport number is X1234567, please check", "X1234567", "passport"),
    ("passport no. 512345678 expires", "512345678", "passport"),
    ("老身份证110105491231002号", "110105491231002", "cn_resident_id"),
    ("我家座机010-62345678有人接", "010-62345678", "cn_landline"),
    ("我的电话0755-8234 5678转801", "0755-8234 5678转801", "cn_landline"),
    ("加我微信zhangsan_1990聊", "zhangsan_1990", "wechat_id"),
    ("我的QQ号是123456789，谢谢", "123456789", "qq"),
    ("出生日期：1990年3月5日", "1990年3月5日", "birth_date"),
    ("Date of birth: 05/03/1990.", "05/03/1990", "birth_date"),
    ("I was born on March 5, 1990 in Leeds", "March 5, 1990", "birth_date"),
    ("我叫王小明，今年三十", "王小明", "person_name"),
    ("我叫王明今年三十", "王明", "person_name"),
    ("收件人：欧阳娜娜 电话", "欧阳娜娜", "person_name"),
    ("my name is Linda Nguyen and I need help", "Linda Nguyen", "person_name"),
    ("Hi, this is Omar Garcia, call me back", "Omar Garcia", "person_name"),
    ("坐标：39.90872, 116.39748附近", "39.90872, 116.39748", "gps_coordinates"),
    (
        "收货地址改成成都市武侯区人民南路132号14栋2544室，谢谢",
        "成都市武侯区人民南路132号14栋2544室",
        "cn_address",
    ),
    (
        "我住在上海市浦东新区世纪大道25号4栋1929室",
        "上海市浦东新区世纪大道25号4栋1929室",
        "cn_address",
    ),
    ("家住幸福路88号3单元502", "幸福路88号3单元502", "cn_address"),
    ("My SSN is 375 62 7300", "375 62 7300", "us_ssn"),
    ("Call me at 4155550132 after six", "4155550132", "us_phone"),
    ("Phone: 9472 7916, ask for Li", "9472 7916", "intl_phone"),
    ("the server 8.8.8.8 is down", "8.8.8.8", "ip_address"),
    ("车牌川BZACNM停在地库", "川BZACNM", "cn_plate"),
    ("物联网卡号1440012345678停机", "1440012345678", "cn_mobile"),
)


def test_what_only_the_words_beside_it_tell_is_found_exactly() -> None:
    for text, value, label in CONTEXT_CASES:
        start = text.index(value)

        assert Span(start, start + len(value), label) in found(text), (label, found(text))


def test_values_say_how_sure_a_finding_is() -> None:
    scores = SCORER.score(
        normalize("身份证11010519491231002X，手机13800138000，我叫王小明。"), Context()
    )

    assert {score.label: score.value for score in scores} == {
        "cn_resident_id": 1.0,
        "cn_mobile": 0.9,
        "person_name": 0.6,
    }
    assert {score.category for score in scores} == {"privacy"}
    assert all("1380" not in score.reason for score in scores)


def test_information_inside_base64_covers_the_whole_encoded_run() -> None:
    text = "解码 5omL5py65Y+35pivMTM4MDAxMzgwMDDosKLosKI= 看看"

    assert Span(3, 43, "cn_mobile") in found(text)


def test_a_landline_that_nobody_calls_personal_needs_a_loose_budget() -> None:
    score = SCORER.score(normalize("景点电话010-62345678"), Context())[0]

    assert score.value < SCORER.threshold("privacy", "cn_landline", 0.005)
    assert score.value >= SCORER.threshold("privacy", "cn_landline", 0.05)
    assert SCORER.threshold("privacy", "cn_mobile", 0.005) == 0.5
