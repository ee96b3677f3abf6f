"""Faults of a policy: told in both languages, placed without a word of the file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from trueline.core.errors import PolicyError
from trueline.core.model_fields import fields_at
from trueline.core.policy import Policy
from trueline.core.policy_file import load_policy, parse_policy

FAULTY = """\
name: 3
max_violation_rate: 3
confidence: .nan
time_budget_ms: 1.5
memory: {turns: many}
masking: {enabled: maybe, categories: 3}
streaming: []
categories:
  violense: {action: stop, acton: 1, applies_to: []}
  Violence: {action: block}
topics: {a: {zh: 1, en: '', action: flag, examples: [a]}}
privacy_budget: {dp_epsilon: 0}
remote_judge: {url: x}
regulations: [eu_ai_akt]
name: y
"""


def faults_of(text: str, folder: Path | None = None) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, source="policy.yaml", folder=folder)
    return caught.value


def test_the_whole_message_can_be_had_in_chinese(tmp_path: Path) -> None:
    text = (
        "name: x\nmax_violation_rate: 3\ncategories:\n  sexual: {acton: block}\nname: y\n"
        "lexicons:\n  - {category: violence, file: none.txt}\n"
    )

    assert faults_of(text, tmp_path).told("zh") == (
        "policy.yaml 不是有效的策略：\n"
        "  第 2 行，max_violation_rate：应小于或等于 1（填写的是 3）\n"
        "  第 4 行，categories.sexual.action：必填，但没有填写\n"
        "  第 4 行，categories.sexual.acton：这里没有这个字段，是不是 'action'？可用："
        f"{'、'.join(fields_at(Policy, ('categories', 'sexual')))}（填写的是 'block'）\n"
        "  第 5 行，name：重复填写（首次在第 1 行）\n"
        "  第 7 行，lexicons[0].category：categories 中没有它的规则（填写的是 'violence'）\n"
        "  第 7 行，lexicons[0].file：读不到 none.txt：文件不存在"
    )


def test_no_kind_of_fault_is_told_in_english_to_a_chinese_reader() -> None:
    told = [fault.told("zh") for fault in faults_of(FAULTY).faults]

    assert len(told) > 20
    for line in told:
        message = line.partition("：")[2].partition("可用：")[0]
        words = re.sub(r"'[^']*'|（填写的是 .*）|格式 \S+", "", message)
        assert re.search(r"[一-鿿]", words), line
        assert not re.search(r"[A-Za-z]{3}", words.replace("true", "").replace("false", "")), line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: [x\n", "第 2 行第 1 列：不是有效的 YAML：缺少 ',' 或 ']'"),
        ("a: b: c\n", "第 1 行第 5 列：不是有效的 YAML：此处不能有 ':'，请检查缩进或给文本加引号"),
        ("- a\n", "第 1 行：策略由字段与值组成，例如 'name: mine'"),
        ("a: " + "[" * 99, "第 1 行：嵌套过深，不是策略"),
        ("name: x\x00\n", "第 1 行：不是有效的 YAML：不能含有控制字符"),
        ("name: !!python/name:os.system\n", "第 1 行：不是有效的 YAML：不接受类型标签（! 开头）"),
    ],
)
def test_a_text_that_is_no_policy_is_refused_in_chinese(text: str, said: str) -> None:
    assert faults_of(text).told("zh") == f"policy.yaml 不是有效的策略：\n  {said}"


def test_bytes_that_are_not_utf8_are_told_in_chinese(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(b"name: x\ndescription: \xff\n")

    with pytest.raises(PolicyError) as caught:
        load_policy(path)

    assert caught.value.faults[0].told("zh") == (
        "第 2 行：不是有效的 UTF-8（第 21 字节），请另存为 UTF-8"
    )


def test_a_fault_is_its_english_line() -> None:
    fault = faults_of("name: x\nconfidence: 2\ncategories: {violence: {action: flag}}\n").faults[0]

    assert fault == fault.told("en") == f"line 2, {fault.detail('en')}"
    assert fault.detail("en") == "confidence: Input should be less than 1 (got 2)"
    assert fault.detail("zh") == "confidence：应小于 1（填写的是 2）"


def test_the_place_of_a_fault_holds_no_word_of_the_file() -> None:
    text = (
        "name: 'call 13800138000'\ncategories:\n  violence: {action: '13800138000'}\n"
        "  privacy: {action: redact, labels: {'张三 13800138000': {action: 3}}}\n"
    )

    assert [fault.place for fault in faults_of(text).faults] == [
        "line 1 name (string_pattern_mismatch)",
        "line 3 categories.violence.action (literal_error)",
        "line 4 categories.privacy.labels (literal_error)",
    ]
