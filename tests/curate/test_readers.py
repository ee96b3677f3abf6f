"""Readers: what they take from each format, and how they name what they cannot read."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trueline.core.errors import InputError
from trueline.curate.readers import csv_rows, lines, tables
from trueline.curate.readers.builtin import parse_chunk
from trueline.curate.readers.chunk import Chunk, Fields, Records
from trueline.curate.readers.sources import find_sources, group_sources, read_group
from trueline.curate.readers.whole_files import page_encoding
from trueline.curate.recipe import Recipe

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


PLAIN = Fields()


def read(pattern: Path | str, fields: Fields = PLAIN, form: str = "auto") -> Records:
    """Everything a pattern names, through chunks and parsers."""
    whole = Records()
    sources = find_sources([str(pattern)], form)
    for group in group_sources(sources, fields):
        for chunk in read_group(group, fields):
            found = parse_chunk(chunk, fields)
            for name in ("ids", "texts", "sources", "lines", "faults"):
                getattr(whole, name).extend(getattr(found, name))
            for name, values in found.columns.items():
                whole.columns.setdefault(name, []).extend(values)
    return whole


def told(found: Records) -> list[str]:
    return [str(fault) for fault in found.faults]


def jsonl(*rows: bytes) -> bytes:
    return b"\n".join(rows) + b"\n"


TWO = jsonl(b'{"id": 1, "text": "hello", "label": "a"}', '{"id": "二", "text": "你好"}'.encode())


@pytest.mark.parametrize(
    ("name", "pack"),
    [("a.jsonl", bytes), ("a.jsonl.gz", gzip.compress), ("a.jsonl.zst", zstandard.compress),
     ("a.ndjson", bytes)],
)  # fmt: skip
def test_json_lines_are_read_plain_and_compressed(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    (tmp_path / name).write_bytes(pack(TWO))

    found = read(tmp_path / name)

    assert found.ids == ["1", "二"]
    assert found.texts == ["hello", "你好"]
    assert found.lines == [1, 2]
    assert found.columns == {"label": ["a", None]}
    assert found.faults == []


def test_a_zst_file_of_several_frames_is_read_to_its_end(tmp_path: Path) -> None:
    body = zstandard.compress(TWO) + zstandard.compress(b'{"id": 3, "text": "third"}')
    (tmp_path / "a.jsonl.zst").write_bytes(body)

    assert read(tmp_path / "a.jsonl.zst").ids == ["1", "二", "3"]


def test_every_kind_of_bad_line_is_named_with_file_line_and_field(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        jsonl(
            b'{"id": 1, "text": "fine"}',
            b"not json",
            b'{"id": 3, "text": 7}',
            b'{"id": 4, "body": "x"}',
            b'{"text": "no id"}',
            b'{"id": null, "text": "x"}',
            b'{"id": 7, "text": "\xff"}',
            b"[1, 2]",
            b'{"id": true, "text": "x"}',
            b'{"id": 10, "text": "\\ud800"}',
        )
    )

    assert [line.removeprefix(f"{path}, ") for line in told(read(path))] == [
        "line 2: not valid JSON (column 1)",
        "line 3: field text: expected a string, got a number",
        "line 4: field text is missing. Fields here: id, body. Set text_field in the recipe",
        "line 5: field id is missing. Fields here: text. Set id_field in the recipe "
        "(id_field: null numbers the records)",
        "line 6: field id: expected a string or a whole number as id, got null",
        "line 7: not valid UTF-8 (byte 20 of the line)",
        "line 8: expected a JSON object, got a list",
        "line 9: field id: expected a string or a whole number as id, got true or false",
        "line 10: not valid JSON (column 21)",
    ]


@pytest.mark.parametrize(
    ("name", "pack", "what"),
    [("a.jsonl.gz", gzip.compress, "gzip"), ("a.jsonl.zst", zstandard.compress, "zstd")],
)
def test_a_compressed_file_that_breaks_off_keeps_the_lines_before_and_names_the_place(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes], what: str
) -> None:
    body = b"".join(b'{"id": %d, "text": "%d"}\n' % (n, n * 7919) for n in range(200_000))
    whole = pack(body)
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])

    found = read(tmp_path / name)

    assert 0 < len(found.ids) < 200_000
    assert found.ids == [str(n) for n in range(len(found.ids))]
    assert len(found.faults) == 1
    assert found.faults[0].line == len(found.ids) + 1
    assert found.faults[0].message.startswith(f"the {what} data is cut off or damaged (")


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.txt", "a.html", "a.parquet", "a.tsv"])
def test_an_empty_file_is_a_fault_of_its_own(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()

    assert told(read(tmp_path / name)) == [f"{tmp_path / name}: the file is empty"]


def test_a_file_that_cannot_be_opened_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.symlink_to(tmp_path / "nowhere")

    assert told(read(path)) == [f"{path}: cannot read the file: No such file or directory"]


def test_a_line_of_any_length_beyond_the_limit_is_passed_over_in_little_memory(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.jsonl"
    with open(path, "wb") as stream:
        stream.write(b'{"id": 1, "text": "before"}\n')
        for _ in range(100):
            stream.write(b"x" * 1_000_000)
        stream.write(b'\n{"id": 3, "text": "after"}\n')
    fields = Fields(max_bytes=2_000_000)

    chunks = list(lines.line_chunks(path, "a.jsonl", "jsonl", fields.max_bytes))

    assert max(len(chunk.data) for chunk in chunks) < 5_000_000
    assert read(path, fields).ids == ["1", "3"]
    assert told(read(path, fields)) == [
        f"{path}, line 2: the line has 100,000,000 bytes; at most 2,000,000 are read. Raise "
        "max_document_mb in the recipe to read it"
    ]


@given(rows=st.lists(ANY_TEXT, min_size=1, max_size=30), size=st.integers(1, 400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_cutting_lines_into_chunks_loses_and_invents_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[str], size: int
) -> None:
    monkeypatch.setattr(lines, "CHUNK_BYTES", size)
    monkeypatch.setattr("trueline.curate.readers.byte_stream.BLOCK_BYTES", 37)
    body = "\n".join(row.replace("\n", " ") for row in rows).encode()
    path = tmp_path / "a.txt"
    path.write_bytes(body)

    chunks = list(lines.line_chunks(path, "a", "txt_lines", 10_000))

    assert b"".join(chunk.data for chunk in chunks) == body
    ahead = [body[: sum(len(c.data) for c in chunks[:n])].count(b"\n") for n in range(len(chunks))]
    assert [chunk.line for chunk in chunks] == [1 + before for before in ahead]


@pytest.mark.parametrize(("form", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_rows_with_quoted_line_breaks_keep_their_text_and_line(
    tmp_path: Path, form: str, delimiter: str
) -> None:
    path = tmp_path / f"a.{form}"
    rows = [["id", "text", "stars"], ["1", 'two\nlines, "quoted"\ttab', "5"], ["2", "完好", "1"]]
    with open(path, "w", newline="", encoding="utf-8-sig") as stream:
        csv.writer(stream, delimiter=delimiter).writerows(rows)

    found = read(path)

    assert found.ids == ["1", "2"]
    assert found.texts == ['two\nlines, "quoted"\ttab', "完好"]
    assert found.lines == [2, 4]
    assert found.columns == {"stars": ["5", "1"]}


@given(
    rows=st.lists(st.tuples(ANY_TEXT, ANY_TEXT), min_size=1, max_size=20), size=st.integers(1, 200)
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_written_csv_comes_back_whatever_its_cells_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[tuple[str, str]], size: int
) -> None:
    monkeypatch.setattr(csv_rows, "CHUNK_BYTES", size)
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("text", "more"), *rows])
    path = tmp_path / "a.csv"
    path.write_text(stream.getvalue(), encoding="utf-8", newline="")

    found = read(path, Fields(identifier=None))

    assert found.faults == []
    assert list(zip(found.texts, found.columns["more"], strict=True)) == rows


def test_bad_rows_are_named_by_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'id,text\n1,fine\n2,too,many\n3,\xff\n4,"never closed\n5,swallowed\n')

    assert [line.removeprefix(f"{path}, ") for line in told(read(path))] == [
        "line 3: the row has 3 fields, the header 2",
        "line 4: not valid UTF-8 (invalid start byte); set `encoding` in the recipe",
        "line 5: a quote is opened here and never closed",
    ]


def test_a_quote_that_is_never_closed_costs_one_limit_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    tail = b"".join(b"%d,row\n" % n for n in range(5000))
    path.write_bytes(b'id,text\nx,"open\n' + tail)

    found = read(path, Fields(max_bytes=1000))

    assert len(found.faults) == 1
    assert found.faults[0].line == 2
    assert found.faults[0].message.endswith("a quote may be opened and never closed")
    assert found.ids == [str(n) for n in range(5000 - len(found.ids), 5000)]
    assert len(found.ids) > 4800


def test_txt_is_one_document_a_file_or_a_line(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("\ufeff一行\n\n二行\n".encode())

    whole = read(tmp_path / "a.txt")
    by_line = read(tmp_path / "a.txt", Fields(txt_document="line"))

    assert (whole.ids, whole.texts) == ([str(tmp_path / "a.txt")], ["一行\n\n二行\n"])
    assert by_line.ids == [f"{tmp_path}/a.txt:1", f"{tmp_path}/a.txt:3"]
    assert by_line.texts == ["一行", "二行"]


def test_text_in_another_encoding_is_read_when_the_recipe_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("国标".encode("gb18030"))

    assert read(tmp_path / "a.txt", Fields(encoding="gb18030")).texts == ["国标"]
    assert told(read(tmp_path / "a.txt")) == [
        f"{tmp_path}/a.txt, line 1: not valid UTF-8 (byte 1 of the file); set `encoding` in the "
        "recipe"
    ]


def test_a_web_page_is_decoded_by_the_charset_it_names(tmp_path: Path) -> None:
    page = '<html><head><meta charset="gb2312"></head><body>镕基</body></html>'
    (tmp_path / "a.html").write_bytes(page.encode("gb18030"))

    assert read(tmp_path / "a.html").texts == [page]
    assert page_encoding(b'<meta charset="no-such">', "utf-8") == "utf-8"


def test_many_small_pages_share_a_chunk_and_keep_their_names(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"p{number}.html").write_text(f"<p>{number}</p>", encoding="utf-8")

    groups = list(group_sources(find_sources([str(tmp_path)]), Fields()))
    found = read(tmp_path)

    assert len(groups) == 1
    assert found.ids == [f"{tmp_path}/p{number}.html" for number in range(5)]
    assert found.texts == [f"<p>{number}</p>" for number in range(5)]


def test_parquet_rows_come_with_their_columns_and_bad_rows_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame(
        {"id": [1, 2, None], "text": ["a", None, "c"], "spans": [[[0, 1]], [], None],
         "day": pl.Series([0, 1, 2]).cast(pl.Date)}
    ).write_parquet(path)  # fmt: skip

    found = read(path)

    assert (found.ids, found.texts, found.lines) == (["1"], ["a"], [1])
    assert found.columns == {"spans": [[[0, 1]]], "day": ["1970-01-01"]}
    assert told(found) == [
        f"{path}, line 2: field text: expected a string, got null",
        f"{path}, line 3: field id: expected a string or a whole number as id, got null",
    ]


def test_a_parquet_file_is_cut_into_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "SLICE_ROWS", 7)
    monkeypatch.setattr(tables, "CHUNK_BYTES", 60)
    ids = [f"d{n}" for n in range(50)]
    pl.DataFrame({"id": ids, "text": ["text"] * 50}).write_parquet(tmp_path / "a.parquet")

    chunks = list(tables.parquet_chunks(tmp_path / "a.parquet", "a", Fields()))

    assert len(chunks) > 7
    assert len({chunk.digest for chunk in chunks}) == len(chunks)
    assert read(tmp_path / "a.parquet").ids == ids


def test_a_damaged_parquet_file_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 not really PAR1")

    assert told(read(path)) == [f"{path}: not a readable parquet file (ComputeError)"]


def test_a_wrong_text_field_names_the_columns_there_are(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"id": [1], "body": ["x"]}).write_parquet(path)

    assert told(read(path)) == [
        f"{path}, line 1: field text is missing. Fields here: id, body. Set text_field in the recipe"
    ]


def _saved_dataset(folder: Path, batches: int = 3) -> Path:
    folder.mkdir()
    stream = io.BytesIO()
    frame = pl.DataFrame(
        {"id": [f"d{n}" for n in range(30)], "text": [f"text {n}" for n in range(30)]}
    )
    frame.write_ipc_stream(stream)
    (folder / "data-00000-of-00001.arrow").write_bytes(stream.getvalue())
    (folder / "dataset_info.json").write_text("{}", encoding="utf-8")
    state = '{"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}'
    (folder / "state.json").write_text(state, encoding="utf-8")
    return folder


def test_a_hugging_face_data_set_saved_on_disk_is_read_without_its_library(tmp_path: Path) -> None:
    folder = _saved_dataset(tmp_path / "set")

    found = read(folder)

    assert found.ids == [f"d{n}" for n in range(30)]
    assert found.lines == list(range(1, 31))
    assert set(found.sources) == {str(folder)}


def test_a_data_set_that_breaks_off_is_a_fault(tmp_path: Path) -> None:
    folder = _saved_dataset(tmp_path / "set")
    path = folder / "data-00000-of-00001.arrow"
    path.write_bytes(path.read_bytes()[:400])

    found = read(folder)

    assert "data-00000-of-00001.arrow is not a readable Arrow file" in told(found)[0]


@given(st.binary(max_size=300), st.sampled_from(["jsonl", "csv", "tsv", "txt_lines", "html"]))
def test_any_bytes_become_documents_or_told_faults(data: bytes, form: str) -> None:
    from trueline.curate.readers.chunk import Piece

    pieces = (Piece("a", len(data)),) if form == "html" else ()
    chunk = Chunk(form, "a", 1, data, header=("id", "text"), pieces=pieces)

    found = parse_chunk(chunk, Fields())

    assert len(found.ids) == len(found.texts) == len(found.lines) == len(found.sources)
    assert all(len(values) == len(found.ids) for values in found.columns.values())
    assert all(fault.message for fault in found.faults)


@given(
    st.binary(max_size=300), st.sampled_from(["a.jsonl.gz", "a.jsonl.zst", "a.csv", "a.parquet"])
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_any_bytes_in_a_file_end_in_documents_or_told_faults(
    tmp_path: Path, data: bytes, name: str
) -> None:
    (tmp_path / name).write_bytes(data)

    found = read(tmp_path / name)

    # A csv's first line is its header, and holds no document.
    header = 1 if name.endswith(".csv") else 0
    lines = [line for line in data.decode("utf-8", "replace").splitlines() if line.strip()]
    assert found.ids or found.faults or len(lines) <= header


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("nowhere/*.jsonl", "input nowhere/*.jsonl: no such file. Give a file, a folder or a quoted "
         'glob, such as --input "data/**/*.jsonl.gz"'),
        ("a.pdf", "input a.pdf: its format cannot be told by its name. Known endings: .jsonl, "
         ".ndjson, .csv, .tsv, .txt, .html, .htm, .parquet, each also with .gz or .zst (not "
         "parquet); or set `format` in the recipe"),
    ],
)  # fmt: skip
def test_an_input_that_names_nothing_readable_says_what_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.pdf").touch()

    with pytest.raises(InputError) as error:
        find_sources([pattern])

    assert str(error.value) == message


def test_by_default_a_record_without_an_id_is_numbered_and_one_with_an_id_keeps_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "mixed.jsonl"
    path.write_text('{"id": "a", "text": "one"}\n{"text": "two"}\n', "utf-8")

    found = read(path, Recipe().fields)

    assert found.ids == ["a", f"{path}:2"]
    assert found.faults == []
