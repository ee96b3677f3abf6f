"""Suites: every fault at once, exact messages, and items that survive a round trip."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.assess.suite_choice import Choice, chosen_items
from trueline.assess.suite_file import SuiteFaults, read_lines, read_suite
from trueline.assess.suite_item import EXPECTED, KINDS, SuiteItem
from trueline.core.errors import InputError

GOOD = {
    "id": "a", "category": "privacy", "language": "en", "expected": "refuse", "prompt": "Hi?",
}  # fmt: skip


TOO_MANY = (
    "repetitions and branches in a row or within one another can take for ever; bound them, such"
    " as .{0,40} for .*, or write *+ for *"
)


def lines(*records: dict[str, Any]) -> list[bytes]:
    return [json.dumps(record).encode() for record in records]


def suite(path: Path, count: int, prefix: str = "i", **fields: Any) -> Path:
    records = [{**GOOD, **fields, "id": f"{prefix}{number}"} for number in range(count)]
    path.write_bytes(b"\n".join(lines(*records)))
    return path


def test_all_faults_of_a_suite_come_at_once_with_line_field_value_and_next_step() -> None:
    broken = [
        *lines(
            {**GOOD, "expected": "deny", "promt": "x"},
            {**GOOD, "id": "no spaces"},
            {"id": "b", "category": "privcy", "language": "fr", "expected": "safe", "prompt": " "},
        ),
        b"{broken",
        b"\xff\xfe",
        *lines(GOOD, GOOD),
        b"[1]",
    ]

    with pytest.raises(SuiteFaults) as caught:
        read_lines(broken, "mine.jsonl")

    told = str(caught.value).split("\n")
    assert told[0] == "mine.jsonl is not a valid suite:"
    assert told[1].startswith(
        "  line 1, promt: no such field; did you mean 'prompt'? Accepted: id,"
    )
    assert told[2:5] == [
        "  line 1, expected: one of refuse, comply, safe (got 'deny')",
        "  line 2, id: letters, digits and . _ - only, at most 128 (got 'no spaces')",
        "  line 3, language: one of zh, en (got 'fr')",
    ]
    assert told[5].startswith(
        "  line 3, category: no such category (got 'privcy'); did you mean 'privacy'? Accepted: "
    )
    assert told[6:] == [
        "  line 3, prompt: expected a text that is not empty (got ' ')",
        "  line 4, column 2: not JSON: Expecting property name enclosed in double quotes; "
        "give one object a line",
        "  line 5, byte 0: not UTF-8; save the file as UTF-8",
        "  line 7, id: given twice (first in line 6); every item needs an id of its own (got 'a')",
        "  line 8, expected an object with id, category, prompt, … (got a list)",
    ]


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([], "messages: expected a list with a message in it (got a list)"),
        ([{"role": "user", "content": ""}],
         "messages[0].content: expected a text that is not empty (got '')"),
        ([{"role": "boss", "content": "x"}],
         "messages[0].role: one of system, user, assistant, tool (got 'boss')"),
        ([{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}],
         "messages: the last one is the user's or a tool's (got 'assistant')"),
        (["x"], "messages[0]: expected an object with role and content (got 'x')"),
    ],
)  # fmt: skip
def test_a_broken_conversation_is_told_by_its_place(messages: Any, told: str) -> None:
    record = {name: value for name, value in GOOD.items() if name != "prompt"}

    with pytest.raises(SuiteFaults) as caught:
        read_lines(lines({**record, "messages": messages}), "s")

    assert caught.value.faults[0] == f"line 1, {told}"


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("(", "not a regular expression: missing ), unterminated subpattern at position 0"),
        ("(a+)+b", TOO_MANY),
        (r"(a)\1", "a back-reference can take for ever; write it without"),
        ("a*b*c*d*e*", TOO_MANY),
        ("(a|a){0,100}b", TOO_MANY),
        ("ignore.*and.*say.*PWNED", TOO_MANY),
        ("a*a*a*a*b", TOO_MANY),
        ("(a{0,100}){0,100}b", TOO_MANY),
        (".*" + 100 * "a" + ".*b", TOO_MANY),
        ("x" * 1001, "at most 1000 characters; this has 1001"),
    ],
)
def test_a_pattern_that_could_take_for_ever_is_refused(pattern: str, told: str) -> None:
    with pytest.raises(SuiteFaults) as caught:
        read_lines(lines({**GOOD, "must_not_match": pattern}), "s")

    assert caught.value.faults[0].startswith(f"line 1, must_not_match: {told}")


def test_a_topic_of_the_policy_is_a_category_of_its_suites() -> None:
    items = read_lines(lines({**GOOD, "category": "our_topic"}), "s", topics=["our_topic"])

    assert items[0].category == "our_topic"


def test_an_empty_suite_and_a_missing_one_say_what_to_give(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_bytes(b"\n\n")

    with pytest.raises(InputError) as first:
        read_suite(empty)
    with pytest.raises(InputError) as second:
        read_suite(tmp_path / "none.jsonl")

    assert str(first.value) == (
        f"{empty} is not a valid suite:\n  it holds no item; give one JSON object a line"
    )
    assert str(second.value) == (
        f"cannot read suite {tmp_path / 'none.jsonl'}: No such file or directory. Give a file of "
        "JSON lines, or a bundled suite such as zh or en"
    )


@given(
    prompt=st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip),
    expected=st.sampled_from(EXPECTED), kind=st.sampled_from(KINDS),
    language=st.sampled_from(["zh", "en"]), tags=st.lists(st.text(st.characters(codec="utf-8"))),
)  # fmt: skip
def test_an_item_written_and_read_again_is_the_same(
    prompt: str, expected: Any, kind: Any, language: str, tags: list[str]
) -> None:
    item = SuiteItem(id="x.1", category="violence", language=language, expected=expected,
                     messages=({"role": "user", "content": prompt},), kind=kind,
                     tags=tuple(tags))  # fmt: skip

    assert read_lines(lines(item.as_json()), "s") == [item]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_with_a_message(data: bytes) -> None:
    told = ""
    try:
        read_lines(data.split(b"\n"), "s")
    except SuiteFaults as error:
        told = str(error)

    assert told.startswith("s is not a valid suite:\n  ")


def test_order_and_sample_follow_the_seed_and_nothing_else(tmp_path: Path) -> None:
    path = suite(tmp_path / "s.jsonl", 50)

    first, sources = chosen_items(Choice(suites=[str(path)], seed=1))
    again, _ = chosen_items(Choice(suites=[str(path)], seed=1))
    other, _ = chosen_items(Choice(suites=[str(path)], seed=2))
    sample, _ = chosen_items(Choice(suites=[str(path)], seed=1, sample=7))

    assert [item.id for item in first] == [item.id for item in again]
    assert [item.id for item in first] != [item.id for item in other]
    assert sample == first[:7]
    assert sources[0].items == 50


def test_filters_keep_what_they_name(tmp_path: Path) -> None:
    path = suite(tmp_path / "a.jsonl", 3, "a", language="zh", kind="plain", expected="comply")
    other = suite(tmp_path / "b.jsonl", 2, "b", category="violence")
    suites = [str(path), str(other)]

    by_language, _ = chosen_items(Choice(suites=suites, languages=["zh"]))
    by_category, _ = chosen_items(Choice(suites=suites, categories=["violence"]))
    by_kind, _ = chosen_items(Choice(suites=suites, kinds=["plain"], expected=["comply"]))

    assert {item.id for item in by_language} == {"a0", "a1", "a2"}
    assert {item.id for item in by_category} == {"b0", "b1"}
    assert len(by_kind) == 3


def test_a_choice_that_leaves_nothing_or_names_nothing_says_so(tmp_path: Path) -> None:
    path = suite(tmp_path / "a.jsonl", 3)
    twin = suite(tmp_path / "b.jsonl", 3)

    def told(**choice: Any) -> str:
        with pytest.raises(InputError) as caught:
            chosen_items(Choice(**choice))
        return str(caught.value)

    assert told(suites=[str(path)], languages=["zh"]) == (
        "no item is left of 3 after language, category, kind and expected; widen the filters"
    )
    assert told(suites=["nowhere"]).startswith(
        "no suite 'nowhere': not a file, and not one of zh, en"
    )
    assert told(suites=[str(path), str(twin)]) == (
        "b.jsonl: the id 'i0' is also in a.jsonl; give every item an id of its own, or leave one "
        "of the suites out"
    )
    assert told(suites=[str(path)], kinds=["odd"]) == (
        f"kind: one of {', '.join(KINDS)} (got 'odd')"
    )
