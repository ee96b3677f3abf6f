"""The chain tells every byte that was changed and every line that was taken, put in or moved."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.core import chained_file
from trueline.core.chained_file import Line, append_after, append_lines, read_lines
from trueline.core.errors import InputError

TIME = "2026-11-22T09:00:00Z"
records = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.text(max_size=5) | st.integers() | st.booleans()),
    min_size=2, max_size=5,
)  # fmt: skip


def write(path: Path, count: int = 4) -> bytes:
    for number in range(count):
        append_lines(path, [{"label": f"字{number}"}], time=TIME)
    return path.read_bytes()


@cache
def chain() -> tuple[bytes, bytes]:
    """The bytes of a chain and of its head."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.jsonl"
        return write(path), path.with_name("x.jsonl.head").read_bytes()


def lay(folder: str, content: bytes) -> Path:
    path = Path(folder) / "x.jsonl"
    path.write_bytes(content)
    path.with_name("x.jsonl.head").write_bytes(chain()[1])
    return path


@settings(max_examples=25)
@given(records)
def test_what_was_appended_is_read_again(given_records: list[dict[str, object]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.jsonl"

        append_lines(path, given_records[:1])
        append_lines(path, given_records[1:])

        kept = [{k: v for k, v in line.items() if k in "abc"} for line in read_lines(path)]
        assert kept == given_records


@settings(max_examples=150)
@given(st.data())
def test_any_changed_byte_is_told(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        whole = chain()[0]
        at = data.draw(st.integers(0, len(whole) - 1))
        byte = data.draw(st.integers(0, 255).filter(lambda value: value != whole[at]))

        path = lay(folder, whole[:at] + bytes([byte]) + whole[at + 1 :])

        with pytest.raises(InputError, match="was tampered with"):
            read_lines(path)


@given(st.permutations(range(4)), st.integers(0, 4))
def test_lines_taken_out_moved_or_put_in_twice_are_told(order: list[int], kept: int) -> None:
    with TemporaryDirectory() as folder:
        lines = chain()[0].splitlines(keepends=True)
        changed = [lines[number] for number in order[:kept]]

        for new in (changed, [*lines[:2], lines[1], *lines[2:]]):
            if new == lines:
                continue
            path = lay(folder, b"".join(new))
            with pytest.raises(InputError, match="was tampered with"):
                read_lines(path)


def test_a_torn_last_line_is_passed_over_and_cut_off_before_more_is_appended(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.jsonl"
    whole = write(path)
    path.write_bytes(whole + whole[:30])

    assert len(read_lines(path)) == 4
    append_lines(path, [{"label": "next"}], time=TIME)

    assert path.read_bytes().startswith(whole)
    assert [line["label"] for line in read_lines(path)][-1] == "next"


def test_a_process_killed_between_line_and_head_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    write(path, 3)
    head = (tmp_path / "x.jsonl.head").read_bytes()
    append_lines(path, [{"label": "last"}], time=TIME)

    (tmp_path / "x.jsonl.head").write_bytes(head)

    assert len(read_lines(path)) == 4
    append_lines(path, [{"label": "more"}], time=TIME)
    assert len(read_lines(path)) == 5


def test_the_message_names_every_line_and_the_next_step(tmp_path: Path) -> None:
    path = tmp_path / "reviews.jsonl"
    lines = write(path).splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1].replace(b"seq", b"sep") + lines[2] + lines[3])

    with pytest.raises(InputError) as told:
        read_lines(path)

    assert str(told.value) == (
        f"{path} was tampered with:\n"
        "  line 2: was changed: its hash does not fit it\n"
        "  line 3: does not follow the line before it\n"
        "  Put back a copy of reviews.jsonl and reviews.jsonl.head that is whole."
    )


def test_lines_cut_off_at_the_end_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "reviews.jsonl"
    lines = write(path).splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2]))

    with pytest.raises(InputError, match=r"  2 of 4 lines are missing at the end\n"):
        read_lines(path)
    path.unlink()
    with pytest.raises(InputError, match=r"  4 of 4 lines are missing at the end\n"):
        read_lines(path)


def test_a_chain_written_anew_does_not_fit_the_old_head(tmp_path: Path) -> None:
    path, other = tmp_path / "reviews.jsonl", tmp_path / "other.jsonl"
    write(path)
    append_lines(other, [{"label": "forged"}] * 4, time=TIME)

    path.write_bytes(other.read_bytes())

    with pytest.raises(InputError, match=r"line 4: is not the line that reviews.jsonl.head names"):
        read_lines(path)


def test_a_line_spelled_in_another_way_is_told_although_it_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    whole = write(path)

    for new in (whole.replace(b',"', b', "', 1), whole.replace(b'"label"', b'"\\u006cabel"', 1)):
        path.write_bytes(new)
        with pytest.raises(InputError, match="line 1: was changed"):
            read_lines(path)


def test_what_is_appended_may_depend_on_the_lines_before_and_may_be_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    write(path, 2)

    def count(lines: Sequence[Line]) -> Sequence[Line]:
        return [{"label": f"{len(lines)} before"}]

    def refuse(lines: Sequence[Line]) -> Sequence[Line]:
        raise InputError("no more")

    (added,) = append_after(path, count, time=TIME)
    with pytest.raises(InputError, match="no more"):
        append_after(path, refuse, time=TIME)

    assert (added["label"], added["seq"]) == ("2 before", 3)
    assert len(read_lines(path)) == 3


@pytest.mark.parametrize("before", [0, 3])
def test_a_reader_beside_a_writer_is_told_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    path = tmp_path / "x.jsonl"
    if before:
        write(path, before)
    looks = [chained_file._head_text, chained_file._data]
    left = [2, 2]  # looks beside which somebody appends

    def beside(number: int) -> None:
        if left[number]:
            left[number] -= 1
            monkeypatch.undo()
            append_lines(path, [{"label": "a"}, {"label": "b"}], time=TIME)
            patch()

    def head_text(where: Path) -> str | None:
        found = looks[0](where)
        beside(0)
        return found  # type: ignore[return-value]

    def data(where: Path) -> bytes:
        found = looks[1](where)
        beside(1)
        return found  # type: ignore[return-value]

    def patch() -> None:
        monkeypatch.setattr(chained_file, "_head_text", head_text)
        monkeypatch.setattr(chained_file, "_data", data)

    patch()

    first, later = read_lines(path), read_lines(path)

    assert len(first) >= before + 2
    assert len(later) > len(first)


def test_a_first_append_killed_before_its_head_is_written_can_be_read_and_appended_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.jsonl"
    written = chained_file._write

    def killed(handle: int, whole: int, data: bytes) -> None:
        written(handle, whole, data)
        raise KeyboardInterrupt

    monkeypatch.setattr(chained_file, "_write", killed)
    with pytest.raises(KeyboardInterrupt):
        append_lines(path, [{"label": "a"}, {"label": "b"}], time=TIME)
    monkeypatch.undo()

    assert [line["label"] for line in read_lines(path)] == ["a", "b"]
    append_lines(path, [{"label": "c"}], time=TIME)
    assert len(read_lines(path)) == 3


@pytest.mark.parametrize("count", [1, 3])
def test_a_head_that_was_taken_away_is_told(tmp_path: Path, count: int) -> None:
    path = tmp_path / "x.jsonl"
    write(path, count)
    (tmp_path / "x.jsonl.head").unlink()

    with pytest.raises(InputError, match=r"x\.jsonl\.head is missing"):
        read_lines(path)
