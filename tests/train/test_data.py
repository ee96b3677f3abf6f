"""Rows: read with their place, split without leaks, and refused in one line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.train.rows import write_rows

from trueline.core.errors import InputError
from trueline.train.data import (
    DataRow,
    find_files,
    fold,
    place_of,
    read_data,
    read_files,
    split_share,
)
from trueline.train.recipe import DataOptions


def test_rows_of_plain_and_packed_files_come_in_order_with_place_and_hash(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", [{"text": "一"}, {"text": "二"}])
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b'\n{"text": "c"}\n'))

    rows, files = read_files([f"{tmp_path}/*"], "data.train")

    assert [row["text"] for row in rows] == ["一", "二", "c"]
    assert [place_of(row) for row in rows][-1] == f"{tmp_path}/b.jsonl.gz:2"
    assert [(file.rows, len(file.sha256)) for file in files] == [(2, 64), (1, 64)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a": 1}\n{"a": \n', "PATH:2: not valid JSON (unexpected end of data). A row is a JSON object on one line"),
        ("[1]\n", "PATH:1: a row is a JSON object on one line, not list"),
        ("\n\n", "data.train: PATH holds no rows. Give a file with a JSON object a line"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_named_with_line_and_next_step(
    tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(InputError) as told:
        read_files([str(path)], "data.train")

    assert str(told.value).replace(str(path), "PATH") == message


def test_a_file_that_is_not_there_is_named_with_the_next_step() -> None:
    with pytest.raises(InputError) as told:
        find_files(["no/such.jsonl"], "data.dev")

    assert str(told.value) == (
        f"data.dev: no file is called 'no/such.jsonl' (from {Path.cwd()}). Mend the name in the "
        "recipe, or give one with --set data.dev=FILE"
    )


def test_a_packed_file_that_is_broken_off_says_so(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}\n' * 1000)[:30])

    with pytest.raises(InputError) as told:
        read_files([str(path)], "data.train")

    assert str(told.value).startswith(f"cannot read {path}: ")
    assert str(told.value).endswith("Mend or replace the file")


@given(st.lists(st.integers(0, 12), min_size=2, max_size=40), st.integers(2, 5), st.integers(0, 9))
def test_folds_hold_each_row_once_and_equal_rows_together(
    values: list[int], folds: int, seed: int
) -> None:
    rows = [DataRow({"text": value}, f"row {number}") for number, value in enumerate(values)]

    parts = [fold(rows, number, folds, seed) for number in range(folds)]

    assert sorted(row.place for _, inside in parts for row in inside) == sorted(
        row.place for row in rows
    )
    for outside, inside in parts:
        assert not {row["text"] for row in outside} & {row["text"] for row in inside}
        assert len(outside) + len(inside) == len(rows)


def test_the_share_for_dev_is_about_the_share_asked_for() -> None:
    rows = [DataRow({"text": number}, "") for number in range(1000)]

    for share in (0.05, 0.2, 0.8):
        train, dev = split_share(rows, share, 3)
        assert abs(len(dev) / 1000 - share) < 0.02
        assert len(train) + len(dev) == 1000


def test_max_rows_takes_rows_from_the_whole_file(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", [{"n": number} for number in range(100)])
    options = DataOptions(train=(str(path),), max_rows=10, dev_share=0)

    data = read_data(options, 0)

    assert [row["n"] for row in data.train] == list(range(0, 100, 10))
    assert data.files["train"][0].rows == 100
