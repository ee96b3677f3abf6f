from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from trueline.cli.data import data
from trueline.core.errors import InputError


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    pl.DataFrame({
        "id": [f"d{n}" for n in range(100)],
        "text": [f"text {n}" for n in range(100)],
        "language": ["en"] * 100,
    }).write_parquet(tmp_path / "data" / "part-00000.parquet")  # fmt: skip
    return tmp_path


def _call(*arguments: object) -> Result:
    return CliRunner().invoke(data, [str(argument) for argument in arguments])


def test_an_audit_goes_from_draw_to_bound(run: Path) -> None:
    drawn = _call("audit", "draw", run, "--n", 30)
    sheet = Path(drawn.stdout.strip())
    filled = sheet.read_text("utf-8").replace('"holds_pii": null', '"holds_pii": false')
    sheet.write_text(filled, "utf-8")
    recorded = _call("audit", "record", run)

    told = _call("audit", "bound", run)

    assert sheet == run / "audit" / "sheet.jsonl"
    assert recorded.stdout == "0 of 30 audited documents hold personal information\n"
    assert told.stdout == (
        "At most 8.00 % of the 100 documents this run kept hold personal information, 95 %.\n"
    )
    assert told.exit_code == 0


def test_a_bound_above_the_share_that_is_wanted_exits_1(run: Path) -> None:
    sheet = Path(_call("audit", "draw", run, "--n", 30).stdout.strip())
    filled = sheet.read_text("utf-8").replace('"holds_pii": null', '"holds_pii": true')
    sheet.write_text(filled, "utf-8")
    _call("audit", "record", run)

    told = _call("audit", "bound", run, "--max-share", 0.01, "--json")

    assert told.exit_code == 1
    assert json.loads(told.stdout)["found"] == 30


def test_a_sheet_that_is_not_filled_is_an_error_of_the_user(run: Path) -> None:
    _call("audit", "draw", run, "--n", 2)

    told = _call("audit", "record", run)

    assert isinstance(told.exception, InputError)
    assert "line 1, holds_pii: should be true or false (got null)" in str(told.exception)


def test_counts_are_printed_with_what_they_cost(run: Path) -> None:
    told = _call("counts", run, "--by", "language", "--dp-epsilon", 4, "--policy", "default")

    lines = told.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["zh", "en", "other"]
    assert 80 < int(lines[1].split()[1]) < 120
    assert told.stderr == (
        "nine counts in ten are within 0.58; spent ε 4, δ 0 of this data set's budget\n"
    )


def test_counts_beyond_the_policys_budget_are_refused(run: Path) -> None:
    told = _call("counts", run, "--by", "language", "--dp-epsilon", 9, "--policy", "default")

    assert isinstance(told.exception, InputError)
    assert "spent ε 0, δ 0; asked ε 9, δ 0; in all ε 8, δ 1e-06" in str(told.exception)
    assert not (run / "dp_ledger.jsonl").exists()
