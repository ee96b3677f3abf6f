"""Withdrawals are a chain: what was said stays said, and an open one stays open."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        with pytest.raises(InputError, match=r"line [123]"):
            read_withdrawals(path)


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2), (1, 2), (0, 1, 1, 2)])
def test_lines_moved_or_taken_out_are_refused(path: Path, order: tuple[int, ...]) -> None:
    three(path)
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[at] for at in order), "utf-8")

    with pytest.raises(InputError, match="a line was changed, moved or taken out"):
        read_withdrawals(path)


def test_a_torn_line_is_named_and_nothing_is_appended_after_it(path: Path) -> None:
    three(path)
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.raises(InputError) as refused:
        withdraw(path, "c", alarm="a", reason="r")

    assert str(refused.value) == (
        f"{path}, line 3: not a withdrawal; mend it from a copy of the file"
    )


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
