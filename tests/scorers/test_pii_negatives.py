"""Numbers and codes that look like personal information and are none."""

from __future__ import annotations

import uuid
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.core.records import Context
from trueline.scorers.checksums import iban_mod97, luhn, resident_id_check, uscc_check
from trueline.scorers.pii import PiiScorer
from trueline.text.normalize import normalize

SCORER = PiiScorer()


def labels(text: str) -> set[str]:
    return {score.label for score in SCORER.score(normalize(text), Context())}


def digits(low: int, high: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=low, max_size=high)


@pytest.mark.parametrize(
    "text",
    [
        "这款手机卖12999.00元值不值",
        "Is $1,299,000 a fair price in 2024?",
        "总额为13800138000元",
        "共收到13912345678.50美元",
        "¥13812345678",
        "会议时间2024-05-01 12:30:45，别迟到",
        "时间戳1714550400000和1714550400",
        "ISBN 978-7-302-12345-0",
        "订单号20240501123456789012已发货",
        "运单号SF1234567890123在途",
        "订单号13912345678请查",
        "tracking number 1Z999AA10123456784",
        "Build 5f7aa444a16747ebb38425b139a538e822702955 fails on version 6.20.9",
        "升级到v1.2.3.4版本",
        "Chrome/120.0.60.109 Safari/537.36",
        "see section 1.2.3.4 of the manual",
        "OID 1.3.6.1.4.1.311.21.20",
        "localhost 127.0.0.1 and 0.0.0.0",
        "子网掩码255.255.255.0",
        "圆周率3.14159265358979323846",
        "x = 0.13912345678",
        "客服热线400-800-8888打不通怎么办",
        "拨打10086或95588或12306",
        "std::vector<int>::iterator it; a::b",
        "时间是12:30:45:10",
        "npm install react@18.2.0 and logo@2x.png",
        "@username 你好，see @everyone",
        "git clone git@github.com:owner/project.git",
        "postgres://app:s3cretPW9x@db.example.internal:5432/main",
        "沪A股指数12345点",
        "型号E12345678缺货",
        "公元前221年到1911年",
        "北京地铁10号线从海淀区到朝阳区",
        "景山前街4号在北京市东城区景山前街4号",
        "他出生于1964年9月10日",
        "这部电影的外文名字叫Saw",
        "2024年05月01日至2025年06月30日，共426天",
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
        "二零二四年一月一日，一二三四五六七八九十",
        "我叫你不要去",
        "the wechat payment channel is closed, QQ music 2023",
        "3*4=12, 1380+138000=139380, 2^64=18446744073709551616",
        "hash: d41d8cd98f00b204e9800998ecf8427e",
        "RGB(138,001,380) #138001",
        "Terms 2023.10.11.12 apply",
        "CVE-2024-12345 and RFC 7519",
        "100000-200000-300000-400000",
    ],
)
def test_ordinary_numbers_are_no_personal_information(text: str) -> None:
    assert labels(text) == set()


@settings(max_examples=120, deadline=None)
@given(st.uuids(version=4))
def test_a_guid_holds_no_phone_card_or_identity_number(value: uuid.UUID) -> None:
    assert labels(f"请求编码{value}失败") == set()
    assert labels(f"trace {value} failed") == set()


@settings(max_examples=120, deadline=None)
@given(st.binary(min_size=16, max_size=32))
def test_a_hexadecimal_hash_holds_nothing_but_what_it_is_called(value: bytes) -> None:
    hashed = "a" + value.hex() + "f"

    assert labels(f"哈希{hashed}校验") == set()


@settings(max_examples=120, deadline=None)
@given(digits(20, 60))
def test_nothing_is_found_inside_a_longer_run_of_digits(run: str) -> None:
    assert labels(f"编码{run}结束") == set()
    assert labels(f"value {run} end") == set()


@settings(deadline=None)
@given(digits(11, 14), st.integers(1, 9))
def test_a_card_with_a_wrong_check_digit_is_none(body: str, shift: int) -> None:
    right = next(d for d in "0123456789" if luhn("6222" + body + d))
    wrong = str((int(right) + shift) % 10)

    assert "bank_card" in labels(f"银行卡6222{body}{right}")
    assert "bank_card" not in labels(f"银行卡6222{body}{wrong}")


@settings(deadline=None)
@given(st.dates(date(1930, 1, 1), date(2020, 1, 1)), digits(3, 3), st.integers(1, 10))
def test_a_resident_id_with_a_wrong_check_character_is_none(
    day: date, order: str, shift: int
) -> None:
    body = f"110105{day:%Y%m%d}{order}"
    alphabet = "0123456789X"
    wrong = alphabet[(alphabet.index(resident_id_check(body)) + shift) % 11]

    assert labels(f"身份证号{body}{wrong}已提交") & {"cn_resident_id"} == set()


@pytest.mark.parametrize("part", ["990105", "110105"])
def test_a_resident_id_needs_a_province_and_a_date(part: str) -> None:
    body = f"{part}19491331002" if part == "110105" else f"{part}19491231002"

    assert "cn_resident_id" not in labels(f"身份证号{body}{resident_id_check(body)}")


@settings(deadline=None)
@given(digits(8, 8), st.integers(1, 30))
def test_a_credit_code_with_a_wrong_check_character_is_none(code: str, shift: int) -> None:
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = f"91350100M{code}"
    right = uscc_check(body)
    wrong = alphabet[(alphabet.index(right) + shift) % 31]

    assert labels(f"税号{body}{right}开票") == {"cn_uscc"}
    assert labels(f"税号{body}{wrong}开票") == set()


@settings(deadline=None)
@given(digits(18, 18))
def test_an_iban_with_a_wrong_remainder_is_none(account: str) -> None:
    wrong = next(
        f"DE{n:02d}{account}" for n in range(2, 99) if not iban_mod97(f"DE{n:02d}{account}")
    )

    assert "iban" not in labels(f"转账到{wrong}，谢谢")


@pytest.mark.parametrize(
    "number", ["000-12-3456", "666-12-3456", "912-12-3456", "123-00-4567", "123-45-0000"]
)
def test_an_ssn_that_was_never_assigned_is_none(number: str) -> None:
    assert "us_ssn" not in labels(f"My SSN is {number}")


def test_an_address_octet_above_255_makes_no_address() -> None:
    assert labels("the server is 300.168.12.44 or 192.168.256.1") == set()


def test_a_mobile_segment_nobody_was_assigned_needs_a_word() -> None:
    assert labels("编码15412345678") == set()
    assert labels("手机号15412345678") == {"cn_mobile"}
