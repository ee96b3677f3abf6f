"""Files that arrive one after the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.curate.runs import data, ledger, outputs, records, run_json, write_jsonl

from trueline.core.errors import InputError
from trueline.curate import curate
from trueline.curate.follow import follow_folder
from trueline.curate.recipe_file import parse_recipe
from trueline.curate.run import CurateRun

RECIPE = parse_recipe("steps:\n  - step: lowercase\n  - step: exact_duplicates\n")


def _aged(path: Path, seconds: float = 60) -> Path:
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))
    return path


def _looks(*before: Callable[[], object]) -> Callable[[], bool]:
    """Do one thing between each two looks at the folder, then end the watch."""
    waiting: Iterator[Callable[[], object]] = iter(before)

    def wait() -> bool:
        action = next(waiting, None)
        if action is None:
            return False
        action()
        return True

    return wait


def _watch(inbox: Path, out: Path, *before: Callable[[], object]) -> list[CurateRun]:
    return list(follow_folder(RECIPE, inbox, out=out, wait=_looks(*before)))


def test_arriving_files_are_appended_and_earlier_documents_win(tmp_path: Path) -> None:
    inbox, out = tmp_path / "inbox", tmp_path / "out"
    inbox.mkdir()
    _aged(write_jsonl(inbox / "z.jsonl", records(10)))
    copies = [{"id": f"late{n}", "text": records(10)[n]["text"]} for n in range(5)]

    runs = _watch(inbox, out, lambda: _aged(write_jsonl(inbox / "a.jsonl", copies)))

    assert [run.counts.documents for run in runs] == [10, 10]
    assert runs[1].counts.inputs == 15
    assert data(out)["id"].to_list() == [f"d{n}" for n in range(10)]
    assert ledger(out)["partner"].to_list()[10:] == [f"d{n}" for n in range(5)]
    assert run_json(out)["phases"][0]["reused"] == 1


def test_the_end_of_a_watch_is_one_run_over_all_files_in_order_of_arrival(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    _aged(write_jsonl(inbox / "z.jsonl", records(10)))
    _watch(
        inbox, tmp_path / "out", lambda: _aged(write_jsonl(inbox / "a.jsonl", records(8, 6)[4:]))
    )

    curate(RECIPE, input=[str(inbox / "z.jsonl"), str(inbox / "a.jsonl")], out=tmp_path / "one")

    assert outputs(tmp_path / "out") == outputs(tmp_path / "one")


def test_a_file_being_written_is_left_until_it_is_quiet(tmp_path: Path) -> None:
    inbox, out = tmp_path / "inbox", tmp_path / "out"
    inbox.mkdir()
    _aged(write_jsonl(inbox / "a.jsonl", records(3)))
    fresh = write_jsonl(inbox / "b.jsonl", records(3, start=3))
    ahead = fresh.stat().st_mtime + 3600
    os.utime(fresh, (ahead, ahead))
    _aged(write_jsonl(inbox / "c.jsonl.tmp", records(3, start=6)))
    _aged(write_jsonl(inbox / ".hidden.jsonl", records(3, start=9)))

    runs = _watch(inbox, out, lambda: _aged(fresh, 7200))

    assert [run.counts.inputs for run in runs] == [3, 6]


def test_a_file_that_arrives_by_rename_is_taken(tmp_path: Path) -> None:
    inbox, out = tmp_path / "inbox", tmp_path / "out"
    inbox.mkdir()
    half = _aged(write_jsonl(inbox / "a.jsonl.part", records(3)))

    runs = _watch(inbox, out, lambda: half.rename(inbox / "a.jsonl"))

    assert [run.counts.inputs for run in runs] == [3]


def test_a_watch_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    inbox, out = tmp_path / "inbox", tmp_path / "out"
    inbox.mkdir()
    _aged(write_jsonl(inbox / "z.jsonl", records(4)))
    _watch(inbox, out)
    _aged(write_jsonl(inbox / "a.jsonl", records(4, start=4)), 7200)

    runs = _watch(inbox, out)

    assert data(out)["id"].to_list() == [f"d{n}" for n in range(8)]
    assert runs[-1].counts.inputs == 8
    assert run_json(out)["phases"][0]["reused"] == 1


def test_a_file_that_vanishes_is_told(tmp_path: Path) -> None:
    inbox, out = tmp_path / "inbox", tmp_path / "out"
    inbox.mkdir()
    gone = _aged(write_jsonl(inbox / "a.jsonl", records(4)))
    _watch(inbox, out)
    gone.unlink()

    with pytest.raises(InputError) as told:
        _watch(inbox, out)

    assert str(told.value) == (
        f"{gone} was taken in before and is gone now. Put it back, or start afresh with another "
        "--out"
    )


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError) as told:
        _watch(tmp_path / "none", tmp_path / "out")

    assert str(told.value) == (
        f"--follow {tmp_path}/none: no such folder. Make it, or give another one"
    )
