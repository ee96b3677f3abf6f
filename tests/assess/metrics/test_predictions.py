"""Files of predictions: what is read, and what is said of those that cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.assess.metrics.predictions import TASKS, Task, read_lines, read_predictions
from trueline.core.errors import InputError


def message(lines: list[bytes], task: Task) -> str:
    with pytest.raises(InputError) as caught:
        read_lines(lines, "told.jsonl", task)
    return str(caught.value)


def test_all_faults_of_a_file_come_at_once_with_line_and_field() -> None:
    lines = [
        b'{"truth": "a"}',
        b"{",
        b"[1]",
        b'{"truth": "a", "label": ["a"]}',
        b'{"truth": "a", "label": "a", "scores": {"a": 0.9, "b": 0.4}}',
        b'{"truth": "a", "label": "a", "scores": {"a": 1.5}}',
        b'{"truth": "a", "label": "a", "groups": {"gender": null}, "fold": [1]}',
        b"\xff",
    ]

    assert message(lines, "classify") == (
        "told.jsonl has predictions that cannot be used:\n"
        "  told.jsonl:2, not valid JSON; a row is a JSON object on one line\n"
        "  told.jsonl:3, expected an object (got a list)\n"
        "  told.jsonl:8, byte 0: not UTF-8; save the file as UTF-8\n"
        "  told.jsonl:1, label: is required and missing for task classify\n"
        "  told.jsonl:4, label: expected a label (got a list)\n"
        "  told.jsonl:5, scores: expected to add up to 1 (got 1.3)\n"
        "  told.jsonl:6, scores.a: expected a number from 0 to 1 (got 1.5)\n"
        '  told.jsonl:7, groups: expected a group by attribute, such as {"gender": "female"} '
        "(got an object)\n"
        "  told.jsonl:7, fold: expected a number or a name (got a list)"
    )


@pytest.mark.parametrize(
    ("line", "task", "fault"),
    [
        ({"truth": ["O"], "tags": ["O", "O"]}, "tag",
         "tags: expected 1 tags, one for each of the truth (got 2)"),
        ({"truth": ["O"], "tags": ["PER"]}, "tag", "tags: tags are O, B-NAME and I-NAME (got 'PER')"),
        ({"truth": ["O"], "tags": [1]}, "tag", "tags: expected a list of tags (got a list)"),
        ({"truth": "a", "labels": ["a"]}, "multi-label", "truth: expected a list of labels (got 'a')"),
        ({"truth": "a", "text": 3}, "translate", "text: expected a text (got 3)"),
        ({"nll": -1, "tokens": 3}, "lm", "nll: expected a number of nats, 0 or more (got -1)"),
        ({"nll": 1, "tokens": 0}, "lm", "tokens: expected a whole number, 1 or more (got 0)"),
    ],
)  # fmt: skip
def test_a_fault_names_its_field_and_the_value_met(
    line: dict[str, Any], task: Task, fault: str
) -> None:
    assert message([json.dumps(line).encode()], task) == (
        f"told.jsonl has predictions that cannot be used:\n  told.jsonl:1, {fault}"
    )


def test_many_faults_are_counted_and_not_all_shown() -> None:
    told = message([b"{}"] * 30, "classify")

    assert told.count("\n") == 21
    assert told.endswith("\n  and 40 more")


def test_an_empty_file_and_a_missing_one_say_what_to_give(tmp_path: Path) -> None:
    assert message([b"", b"  "], "lm") == (
        "told.jsonl holds no predictions; give one JSON object a line"
    )
    with pytest.raises(InputError) as caught:
        read_predictions(tmp_path / "none.jsonl", "lm")
    assert str(caught.value) == (
        f"cannot read {tmp_path}/none.jsonl: No such file or directory. Give a file of JSON lines, "
        "as `trueline predict` writes them"
    )


def test_a_truth_of_another_length_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"label": "x"}\n', "utf-8")
    (tmp_path / "b.jsonl").write_text('{"label": "x"}\n{"label": "y"}\n', "utf-8")

    with pytest.raises(InputError) as caught:
        read_predictions(tmp_path / "a.jsonl", "classify", tmp_path / "b.jsonl")

    assert str(caught.value) == (
        f"{tmp_path}/a.jsonl has 1 rows and {tmp_path}/b.jsonl has 2; give the rows that the "
        "predictions were made from, in the same order"
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELD = st.sampled_from(
    ["truth", "label", "labels", "tags", "text", "nll", "tokens", "scores", "groups", "fold"]
)


@given(st.lists(st.dictionaries(FIELD, JSON), max_size=4), st.sampled_from(TASKS))
def test_whatever_a_line_holds_is_read_or_refused(rows: list[dict[str, Any]], task: Task) -> None:
    lines = [json.dumps(row).encode() for row in rows]

    try:
        found = read_lines(lines, "told.jsonl", task)
    except InputError:
        return

    assert len(found) == len(rows)
