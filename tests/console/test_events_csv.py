"""CSV that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.core.exchange import Exchange
from trueline.core.spreadsheet import safe_cell
from trueline.gateway.console.events_csv import COLUMNS, csv_lines
from trueline.store.chain import Receipt
from trueline.store.queries import Event

STARTS = "=+-@\t\r\n＝＋－＠"


def rows_of(exchange: Exchange) -> list[dict[str, str]]:
    event = Event(exchange, Receipt("chain", 2, "ab" * 32))
    text = b"".join(csv_lines([event])).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("before", ["", " ", "\u3000", "\ufeff"])
def test_a_formula_becomes_text(start: str, before: str) -> None:
    cell = safe_cell(f"{before}{start}cmd|'/c calc'!A1")

    assert isinstance(cell, str)
    assert cell.startswith("'")


@given(st.text())
def test_no_text_starts_a_formula_and_none_is_lost(text: str) -> None:
    cell = safe_cell(text)

    assert isinstance(cell, str)
    assert not cell.startswith(tuple(STARTS))
    assert cell.removeprefix("'") == text.replace("\0", "\ufffd").removeprefix("'") or (
        cell == "'" + text
    )


def test_a_line_reads_back_with_every_column() -> None:
    exchange = Exchange(
        model="m",
        categories=("privacy", "ip_secrets"),
        prompt_text='=HYPERLINK("x")\n"quoted", 第二行',
        latency_ms=12.5,
    )

    rows = rows_of(exchange)

    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["prompt_text"] == '\'=HYPERLINK("x")\n"quoted", 第二行'
    assert rows[0]["categories"] == "privacy ip_secrets"
    assert rows[0]["latency_ms"] == "12.5"
    assert rows[0]["chain_seq"] == "2"


def test_a_lone_surrogate_does_not_break_the_export() -> None:
    rows = rows_of(Exchange(prompt_text="half \ud83d pair"))

    assert rows[0]["prompt_text"] == "half ? pair"
