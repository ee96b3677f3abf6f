"""The reader that policies, recipes and studies share: what is refused, in both languages."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trueline.core import strict_yaml
from trueline.core.faults import Fault, Message
from trueline.core.strict_yaml import (
    Kind,
    YamlFaults,
    compose,
    construct,
    describe,
    duplicate_keys,
    in_order,
    read_yaml,
    validation_faults,
)

TAGS = ("!!int", "!!float", "!!bool", "!!timestamp", "!!binary", "!!set", "!!omap", "!!null", "!x")


class Wheel(BaseModel):
    model_config = ConfigDict(extra="forbid")

    size: int = Field(lt=2**32)


class Cart(BaseModel):
    model_config = ConfigDict(extra="forbid")

    wheels: list[Wheel]
    load: float = Field(default=0.0, ge=0.5)


def refused(text: str, kind: Kind = "recipe") -> list[tuple[str, str]]:
    with pytest.raises(YamlFaults) as told:
        construct(compose(text, kind))
    return [(str(fault), fault.told("zh")) for fault in told.value.faults]


def cart_faults(text: str) -> list[Fault]:
    root = compose(text, "recipe")
    with pytest.raises(ValidationError) as told:
        Cart.model_validate(construct(root))
    found = validation_faults(told.value, Cart)
    return in_order(describe(finding, root) for finding in found)


@pytest.mark.parametrize(
    ("kind", "text", "english", "chinese"),
    [
        ("recipe", "- a\n",
         "line 1: a recipe is a mapping of fields, such as 'name: mine'",
         "第 1 行：配方由字段与值组成，例如 'name: mine'"),
        ("study", "",
         "line 1: a study is a mapping of fields, such as 'name: mine'",
         "第 1 行：研究由字段与值组成，例如 'name: mine'"),
        ("recipe", "a:\n  " + "[" * 99,
         "line 2: nested too deeply to be a recipe", "第 2 行：嵌套过深，不是配方"),
        ("recipe", "a: 1\n---\nb: 2\n",
         "line 2, column 1: not valid YAML: but found another document",
         "第 2 行第 1 列：不是有效的 YAML：一个文件只能有一份配方"),
        ("policy", "a: 1\n---\nb: 2\n",
         "line 2, column 1: not valid YAML: but found another document",
         "第 2 行第 1 列：不是有效的 YAML：一个文件只能有一份策略"),
        ("recipe", "a: 1\nb: !!int ''\n",
         "line 2: not valid YAML: the value does not fit its tag !!int",
         "第 2 行：不是有效的 YAML：值与它的类型标签（!! 开头）不符"),
        ("policy", "a: [1, !!bool x]\n",
         "line 1: not valid YAML: the value does not fit its tag !!bool",
         "第 1 行：不是有效的 YAML：值与它的类型标签（!! 开头）不符"),
        ("policy", "!!set {abc: }\n",
         "line 1: not valid YAML: expected a mapping, but found set",
         "第 1 行：不是有效的 YAML：此处应为字段与值的映射"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_such_file_says_so_in_both_languages(
    kind: Kind, text: str, english: str, chinese: str
) -> None:
    assert refused(text, kind) == [(english, chinese)]


def test_a_text_that_expands_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict_yaml, "MAX_NODES", 20)

    told = refused("a: &a [1, 2, 3, 4]\nb: &b [*a, *a]\nc: [*b, *b]\n")

    assert told == [("expands to more than 200000 values", "展开后超过 200000 个值")]


def test_a_file_that_is_too_long_or_not_utf8_is_refused_in_both_languages(tmp_path: Path) -> None:
    long, broken = tmp_path / "long.yaml", tmp_path / "broken.yaml"
    long.write_bytes(b"#" * 2_000_001)
    broken.write_bytes(b"name: x\nnote: \xff\n")

    told: list[Fault] = []
    for path in (long, broken):
        with pytest.raises(YamlFaults) as caught:
            read_yaml(path)
        told += caught.value.faults

    assert [(str(fault), fault.told("zh")) for fault in told] == [
        ("the file has 2000001 bytes; at most 2000000", "文件有 2000001 字节，至多 2000000 字节"),
        (
            "line 2: not valid UTF-8 (byte 14); save it as UTF-8",
            "第 2 行：不是有效的 UTF-8（第 14 字节），请另存为 UTF-8",
        ),
    ]


def test_faults_of_any_model_have_line_field_and_value_in_both_languages() -> None:
    text = "wheels:\n- sise: 3\n- size: 4294967296\nload: 0.25\ncolor: red\n"

    faults = cart_faults(text)

    assert [str(fault) for fault in faults] == [
        "line 2, wheels[0].sise: is not a field here; did you mean 'size'? Accepted: size (got 3)",
        "line 2, wheels[0].size: is required and missing",
        "line 3, wheels[1].size: Input should be less than 4294967296 (got 4294967296)",
        "line 4, load: Input should be greater than or equal to 0.5 (got 0.25)",
        "line 5, color: is not a field here. Accepted: wheels, load (got 'red')",
    ]
    assert [fault.told("zh") for fault in faults] == [
        "第 2 行，wheels[0].sise：这里没有这个字段，是不是 'size'？可用：size（填写的是 3）",
        "第 2 行，wheels[0].size：必填，但没有填写",
        "第 3 行，wheels[1].size：应小于 4294967296（填写的是 4294967296）",
        "第 4 行，load：应大于或等于 0.5（填写的是 0.25）",
        "第 5 行，color：这里没有这个字段。可用：wheels、load（填写的是 'red'）",
    ]


def test_faults_come_once_each_by_the_number_of_their_line() -> None:
    faults = [Fault("b", line=10), Fault("c", line=9), Fault("a"), Fault("a", line=10)]

    assert in_order([*faults, *faults]) == ["a", "line 9: c", "line 10: a", "line 10: b"]


def test_a_key_given_twice_is_told_at_any_depth_with_the_line_of_the_first() -> None:
    text = "a:\n- b: 1\n  c: 2\n  b: 3\nd: 1\nd: 2\n"

    faults = duplicate_keys(compose(text, "recipe"))

    assert faults == [
        "line 4, a[0].b: given twice (first in line 2)",
        "line 6, d: given twice (first in line 5)",
    ]
    assert [fault.told("zh") for fault in faults] == [
        "第 4 行，a[0].b：重复填写（首次在第 2 行）",
        "第 6 行，d：重复填写（首次在第 5 行）",
    ]


def test_a_message_of_one_language_stands_in_a_fault_as_it_is() -> None:
    root = compose("steps: [{step: x}]", "recipe")

    fault = describe((("steps", 0, "step"), "is not a step", "x"), root)

    assert (str(fault), fault.told("zh")) == (
        "line 1, steps[0].step: is not a step (got 'x')",
        "第 1 行，steps[0].step：is not a step（填写的是 'x'）",
    )
    assert not isinstance(fault.message, Message)


@given(tag=st.sampled_from(TAGS), value=st.text("0123456789abcxyz:-.=~ ", max_size=12))
def test_a_tagged_value_is_read_or_refused(tag: str, value: str) -> None:
    found: Any = None
    for text in (f"{tag} {{a: {value!r}}}", f"a: {tag} {value!r}", f"a: [{tag} {{{value!r}: }}]"):
        with contextlib.suppress(YamlFaults):
            found = construct(compose(text, "policy"))
            assert isinstance(found, dict)
