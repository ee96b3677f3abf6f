"""Withdrawals are a chain: what was said stays said, and an open one stays open."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.core.chained_file import append_lines
from trueline.core.errors import InputError
from trueline.core.withdrawals import (
    FILE,
    Withdrawal,
    open_withdrawals,
    read_withdrawals,
    resolve,
    withdraw,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "case" / FILE


def three(path: Path) -> None:
    withdraw(path, "violation_rate", alarm="a1", reason="比率升高", time="2026-11-22T09:00:00Z")
    withdraw(path, "violation_rate.privacy", alarm="a2", reason="b", time="2026-11-22T10:00:00Z")
    resolve(path, "violation_rate", alarm="a1", reason="rolled back", time="2026-11-22T11:00:00Z")


def test_no_file_is_nothing_withdrawn(path: Path) -> None:
    assert read_withdrawals(path) == ()


def test_what_was_written_is_read_and_only_the_resolved_is_closed(path: Path) -> None:
    three(path)

    lines = read_withdrawals(path)

    assert [(line.claim, line.resolved) for line in lines] == [
        ("violation_rate", False), ("violation_rate.privacy", False), ("violation_rate", True),
    ]  # fmt: skip
    assert [line.alarm for line in open_withdrawals(lines)] == ["a2"]


def test_a_claim_withdrawn_by_two_alarms_stays_withdrawn_until_both_are_resolved(
    path: Path,
) -> None:
    withdraw(path, "c", alarm="a1", reason="r")
    withdraw(path, "c", alarm="a2", reason="r")
    resolve(path, "c", alarm="a1", reason="r")

    assert [line.alarm for line in open_withdrawals(read_withdrawals(path))] == ["a2"]


def test_an_alarm_may_withdraw_again_after_it_was_resolved(path: Path) -> None:
    three(path)
    withdraw(path, "violation_rate", alarm="a1", reason="again")

    assert len(open_withdrawals(read_withdrawals(path))) == 2


def test_resolving_what_is_not_open_is_refused(path: Path) -> None:
    three(path)

    with pytest.raises(InputError) as refused:
        resolve(path, "violation_rate", alarm="a1", reason="twice")

    assert str(refused.value) == (
        f"{path}: claim 'violation_rate' is not withdrawn by alarm 'a1'; nothing to resolve"
    )
    assert len(read_withdrawals(path)) == 3


def test_every_changed_byte_of_a_line_is_refused(path: Path) -> None:
    three(path)
    whole = path.read_bytes()

    for place in range(0, len(whole), 7):
        if whole[place : place + 1] in {b"\n", b" "}:
            continue
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(InputError, match=r"line [123]: "):
            read_withdrawals(path)


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2), (1, 2), (0, 1, 1, 2), (0, 1), (0,), ()])
def test_lines_moved_or_taken_out_are_refused(path: Path, order: tuple[int, ...]) -> None:
    three(path)
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[at] for at in order), "utf-8")

    with pytest.raises(InputError, match="was tampered with"):
        read_withdrawals(path)


def test_a_withdrawal_cut_off_at_the_end_is_told_and_nothing_is_appended(path: Path) -> None:
    three(path)
    first, *_ = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first)

    for use in (
        lambda: read_withdrawals(path),
        lambda: withdraw(path, "c", alarm="a", reason="r"),
        lambda: resolve(path, "violation_rate", alarm="a1", reason="r"),
    ):
        with pytest.raises(InputError) as refused:
            use()
        assert str(refused.value) == (
            f"{path} was tampered with:\n"
            "  2 of 3 lines are missing at the end\n"
            "  Put back a copy of withdrawals.jsonl and withdrawals.jsonl.head that is whole."
        )
    assert path.read_bytes() == first


def test_a_line_torn_by_a_crash_was_never_said_and_makes_room_for_the_next(path: Path) -> None:
    three(path)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])

    assert len(read_withdrawals(path)) == 3
    withdraw(path, "c", alarm="a", reason="r")

    assert [line.claim for line in read_withdrawals(path)][3:] == ["c"]


def test_a_line_of_a_whole_chain_that_is_no_withdrawal_is_named(path: Path) -> None:
    three(path)
    append_lines(path, [{"claim": "c", "alarm": "a", "reason": "r", "resolved": "no"}])

    with pytest.raises(InputError) as refused:
        read_withdrawals(path)

    assert str(refused.value) == (
        f"{path}, line 4: not a withdrawal; mend it from a copy of the file"
    )


def test_processes_that_append_at_a_time_lose_nothing_and_break_nothing(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from trueline.core.withdrawals import withdraw\n"
        "for number in range(10):\n"
        "    withdraw(Path(sys.argv[1]), 'c', alarm=f'{sys.argv[2]}-{number}', reason='r')\n"
    )

    writers = [subprocess.Popen([sys.executable, "-c", program, str(path), name]) for name in "abc"]
    codes = [writer.wait() for writer in writers]

    assert codes == [0, 0, 0]
    assert {line.alarm for line in read_withdrawals(path)} == {
        f"{name}-{number}" for name in "abc" for number in range(10)
    }
    assert len(read_withdrawals(path)) == 30


@given(
    record=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_is_read_or_refused_with_one_message(
    tmp_path_factory: pytest.TempPathFactory, record: object
) -> None:
    path = tmp_path_factory.mktemp("any") / FILE
    path.write_text(json.dumps(record) + "\n", "utf-8")

    with pytest.raises(InputError):
        read_withdrawals(path)


def test_a_line_reads_back_as_it_was(path: Path) -> None:
    written = withdraw(path, "c", alarm="a", reason='\u2028 " 原因', time="2026-11-22T09:00:00Z")

    assert read_withdrawals(path) == (written,)
    assert Withdrawal(**written.as_json()) == written
