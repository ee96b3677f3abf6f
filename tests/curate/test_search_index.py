"""The full-text index and `trueline data search`: Chinese, English, filters, staleness."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from tests.curate.run_folders import write_data

from trueline.cli.data_search import search as command
from trueline.core.errors import InputError
from trueline.curate.search_index import (
    INDEX,
    build_index,
    index_text,
    match_expression,
    search,
    snippet,
)

DOCUMENTS: list[dict[str, Any]] = [
    {"id": "1", "text": "退款还没有到账，客服说要等三天。", "language": "zh", "split": "train", "label": "neg"},
    {"id": "2", "text": "包装很好，ＡＢＣ１２型号，下次再买。", "language": "zh", "split": "test", "label": "pos"},
    {"id": "3", "text": "The parcel came late; the refund 退款 came later.", "language": "en", "split": "train", "label": "neg"},
    {"id": "4", "text": "Café crème, refund refund refund.", "language": "en", "split": "dev", "label": None},
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_data(tmp_path, DOCUMENTS[:2])
    write_data(tmp_path, DOCUMENTS[2:], "part-00001")
    return tmp_path


def ids(folder: Path, query: str, **only: str) -> list[str]:
    return sorted(hit.id for hit in search(folder, query, only=only).hits)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("退款", ["1", "3"]),
        ("账", ["1"]),
        ("退款还没有到账", ["1"]),
        ("款退", []),
        ("退款 客服", ["1"]),
        ("退款refund", []),
        ("refund 退款", ["3"]),
        ("REFUND", ["3", "4"]),
        ("cafe", ["4"]),
        ("abc12", ["2"]),
        ("ＡＢＣ", []),
        ('"came late"', ["3"]),
        ('"late came"', []),
        ("parcel", ["3"]),
        ("parce", []),
    ],
)
def test_a_query_finds_what_holds_all_its_words(
    folder: Path, query: str, expected: list[str]
) -> None:
    assert ids(folder, query) == expected


def test_filters_narrow_hits_and_total(folder: Path) -> None:
    assert ids(folder, "退款", language="zh") == ["1"]
    assert ids(folder, "refund", split="dev") == ["4"]
    assert ids(folder, "refund", label="neg") == ["3"]
    assert search(folder, "refund", only={"language": "zh"}).total == 0


def test_more_mentions_rank_higher_and_limit_keeps_the_total(folder: Path) -> None:
    found = search(folder, "refund", limit=1)

    assert (found.total, [hit.id for hit in found.hits]) == (2, ["4"])
    assert found.hits[0].score > 0


def test_the_index_is_made_anew_when_the_data_changes(folder: Path) -> None:
    assert ids(folder, "parcel") == ["3"]

    write_data(folder, [{"id": "5", "text": "another parcel"}], "part-00002")

    assert ids(folder, "parcel") == ["3", "5"]


def test_a_broken_index_is_made_anew(folder: Path) -> None:
    (folder / INDEX).write_bytes(b"not a database")

    assert ids(folder, "parcel") == ["3"]


def test_jsonl_data_is_indexed_as_well(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in DOCUMENTS)
    (tmp_path / "data" / "part-00000.jsonl").write_text(lines, "utf-8")

    assert build_index(tmp_path) == 4
    assert ids(tmp_path, "退款") == ["1", "3"]
    assert search(tmp_path, "客服").hits[0].snippet == "退款还没有到账，「客服」说要等三天。"


def test_the_index_holds_no_text(folder: Path) -> None:
    build_index(folder)

    held = (folder / INDEX).read_bytes()
    assert "退款还没有".encode() not in held
    assert b"parcel came late" not in held


@pytest.mark.parametrize("query", ["", "  ", "。，！", '""', "***"])
def test_a_query_without_a_word_is_refused(folder: Path, query: str) -> None:
    with pytest.raises(InputError) as told:
        search(folder, query)

    assert str(told.value) == (
        "the query holds no letter or digit to search for\n  give a word or two"
    )


@given(st.text(max_size=30) | st.text(alphabet='a退"*() NOTAND:^-', max_size=20))
def test_any_query_is_a_valid_expression(query: str) -> None:
    import sqlite3
    from contextlib import closing

    match = match_expression(query)

    if match:
        with closing(sqlite3.connect(":memory:")) as database:
            database.execute("CREATE VIRTUAL TABLE t USING fts5(x)")
            database.execute("SELECT * FROM t WHERE t MATCH ?", (match,)).fetchall()


@given(st.text(alphabet="ab 退款，１ａ\n", max_size=40))
def test_index_text_adds_spaces_and_takes_nothing_away(text: str) -> None:
    import unicodedata

    plain = unicodedata.normalize("NFKC", text)
    assert "".join(index_text(text).split()) in {"".join(plain.split()), "".join(text.split())}


def test_a_snippet_marks_every_needle_and_shows_that_text_goes_on() -> None:
    text = "x" * 100 + " refund of 退款 " + "y" * 100

    assert (
        snippet(text, ["退款", "refund"], width=12) == "…xxxxxxxxxxx 「refund」 of 「退款」 yyyyy…"
    )
    assert snippet("short", ["absent"]) == "short"


def test_a_folder_without_data_is_told_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(InputError) as told:
        search(tmp_path, "x")

    assert str(told.value) == (
        f"{tmp_path}/data holds no data set\n"
        f"  make one: trueline curate RECIPE.yaml --out {tmp_path}"
    )


def test_a_broken_data_file_is_named(tmp_path: Path) -> None:
    write_data(tmp_path, DOCUMENTS)
    (tmp_path / "data" / "part-00001.parquet").write_bytes(b"PAR1 broken")

    with pytest.raises(InputError) as told:
        build_index(tmp_path)

    assert str(told.value).startswith(f"{tmp_path}/data/part-00001.parquet cannot be read")
    assert str(told.value).endswith("run `trueline curate` again; it rewrites what is broken")
    assert not (tmp_path / INDEX).exists()


def test_data_without_the_filter_columns_is_searched_too(tmp_path: Path) -> None:
    write_data(tmp_path, [{"id": "1", "text": "退款"}])

    [hit] = search(tmp_path, "退款").hits

    assert (hit.language, hit.split, hit.label) == ("", "", "")


def test_the_command_prints_hits_and_tells_the_total(folder: Path) -> None:
    found = CliRunner().invoke(command, ["退款", "--data", str(folder), "--language", "zh"])

    assert found.stdout == "1 (zh, train, neg)  「退款」还没有到账，客服说要等三天。\n"
    assert found.stderr == "1 of 1 documents\n"
    assert found.exit_code == 0


def test_the_command_prints_json_lines(folder: Path) -> None:
    found = CliRunner().invoke(command, ["parcel", "--data", str(folder), "--json"])

    assert json.loads(found.stdout) == {
        "id": "3",
        "score": pytest.approx(0.9, abs=0.9),
        "snippet": "The 「parcel」 came late; the refund 退款 came later.",
        "language": "en",
        "split": "train",
        "label": "neg",
        "file": "part-00001.parquet",
    }
    assert found.stderr == ""


def test_the_command_says_no_when_nothing_is_found(folder: Path) -> None:
    found = CliRunner().invoke(command, ["xyzzy", "--data", str(folder)])

    assert (found.stdout, found.exit_code) == ("", 1)


def test_rows_of_a_large_file_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    texts = [f"word{at} common" for at in range(9000)]
    frame = pl.DataFrame({"id": [str(at) for at in range(9000)], "text": texts})
    frame.write_parquet(tmp_path / "data" / "part-00000.parquet")

    assert search(tmp_path, "word8999").hits[0].snippet == "「word8999」 common"
    assert search(tmp_path, "common").total == 9000
