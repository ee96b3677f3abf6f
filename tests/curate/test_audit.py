from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from trueline.core.errors import InputError
from trueline.curate.audit import AuditRecord, bound, draw, record, residual_bound
from trueline.curate.pii_windows import find_in_batch
from trueline.stats.bounds import clopper_pearson_lower, hypergeometric_upper


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    for part in range(2):
        numbers = range(part * 100, part * 100 + 100)
        pl.DataFrame({
            "id": [f"d{n}" for n in numbers],
            "text": [f"第{n}篇。天气很好。" for n in numbers],
        }).write_parquet(tmp_path / "data" / f"part-0000{part}.parquet")  # fmt: skip
    return tmp_path


def _rows(sheet: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in sheet.read_text("utf-8").splitlines()]


def _fill(sheet: Path, holds: Any) -> None:
    rows = _rows(sheet)
    for row in rows:
        row["holds_pii"] = holds(row)
    sheet.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


def test_a_sheet_holds_a_random_sample_of_the_kept_documents(run: Path, tmp_path: Path) -> None:
    sheet = draw(run, 40, seed=3)

    rows = _rows(sheet)
    assert len({row["text"] for row in rows}) == 40
    assert all(set(row) == {"id", "text", "holds_pii"} for row in rows)
    assert all(row["holds_pii"] is None for row in rows)
    assert not any(row["id"].startswith("d") for row in rows)


def test_the_seed_alone_chooses_the_sample(run: Path) -> None:
    samples = []
    for seed in (1, 1, 2):
        samples.append(draw(run, 30, seed).read_text("utf-8"))
        (run / "audit" / "plan.json").unlink()

    assert samples[0] == samples[1] != samples[2]


def test_every_document_is_drawn_about_as_often(run: Path) -> None:
    times = dict.fromkeys((f"第{n}篇。天气很好。" for n in range(200)), 0)
    for seed in range(120):
        for row in _rows(draw(run, 50, seed)):
            times[row["text"]] += 1
        (run / "audit" / "plan.json").unlink()

    # Binomial(120, 1/4): mean 30, standard deviation 4.7.
    assert min(times.values()) > 30 - 4.5 * 4.7
    assert max(times.values()) < 30 + 4.5 * 4.7


def test_canaries_look_like_the_others_and_hold_a_value(run: Path) -> None:
    sheet = draw(run, 20, seed=1, canaries=8)

    rows = _rows(sheet)
    planted = [bool(found) for found in find_in_batch([row["text"] for row in rows])]
    plan = json.loads((run / "audit" / "plan.json").read_text("utf-8"))
    assert len(rows) == 28
    assert planted == [plan["rows"][row["id"]]["canary"] for row in rows]


def test_an_audit_becomes_a_bound_on_the_kept_documents(run: Path) -> None:
    sheet = draw(run, 60)
    _fill(sheet, lambda row: row["id"] == "a00007")
    told = record(run)

    found = bound(run)

    assert told == AuditRecord(200, 60, 1, 0, 0, told.data_digest)
    assert found.documents == hypergeometric_upper(1, 60, 200)
    assert found.statement == (
        "At most 6.50 % of the 200 documents this run kept hold personal information, 95 %."
    )
    assert found.statement_zh == (
        "本次运行保留的 200 篇文档中，仍含个人信息的至多 6.50 %（置信度 95 %）。"
    )
    assert json.loads((run / "audit" / "bound.json").read_text("utf-8"))["share"] == found.share


def test_an_auditor_who_misses_canaries_loosens_the_bound(run: Path) -> None:
    draw(run, 60, canaries=20)
    plan = json.loads((run / "audit" / "plan.json").read_text("utf-8"))
    canaries = [name for name, row in plan["rows"].items() if row["canary"]]
    _fill(run / "audit" / "sheet.jsonl", lambda row: row["id"] in canaries[:15])
    told = record(run)

    found = residual_bound(told)

    recall = clopper_pearson_lower(15, 20, 0.975)
    assert (told.found, told.canaries_found) == (0, 15)
    assert found.auditor_recall == recall
    assert found.share == pytest.approx(hypergeometric_upper(0, 60, 200, 0.975) / 200 / recall)


def test_a_bound_is_never_rounded_down() -> None:
    found = residual_bound(AuditRecord(100_000, 300, 0, 0, 0, ""))

    assert 0.0099 < found.share < 0.01
    assert "At most 1.00 %" in found.statement


def test_an_auditor_who_finds_no_canary_proves_nothing() -> None:
    assert residual_bound(AuditRecord(200, 60, 0, 10, 0, "")).share == 1.0


def test_every_line_that_is_not_filled_is_named(run: Path) -> None:
    sheet = draw(run, 5)
    rows = _rows(sheet)
    lines = [
        json.dumps({**rows[0], "holds_pii": True}),
        json.dumps({**rows[1], "holds_pii": "no"}),
        json.dumps(rows[2]),
        "{broken",
        json.dumps({"id": "zz", "holds_pii": False}),
        json.dumps({**rows[0], "holds_pii": False}),
        json.dumps({"holds_pii": False}),
    ]
    sheet.write_text("\n".join(lines), "utf-8")

    with pytest.raises(InputError) as fault:
        record(run)

    assert str(fault.value) == (
        f"{sheet} is not a filled audit sheet:\n"
        '  line 2, holds_pii: should be true or false (got "no")\n'
        "  line 3, holds_pii: should be true or false (got null)\n"
        "  line 4, text: not JSON\n"
        "  line 5, id: 'zz' was not drawn\n"
        f"  line 6, id: '{rows[0]['id']}' stands twice\n"
        "  line 7, id: missing\n"
        "  set holds_pii to true or false on every line, and leave the rest as drawn"
    )


def test_missing_lines_are_named(run: Path) -> None:
    sheet = draw(run, 5)
    _fill(sheet, lambda row: False)
    lines = sheet.read_text("utf-8").splitlines()
    sheet.write_text("\n".join(lines[1:]), "utf-8")

    with pytest.raises(InputError, match="1 drawn documents are missing, first a00001"):
        record(run)


def test_a_bound_does_not_speak_of_changed_data(run: Path) -> None:
    _fill(draw(run, 5), lambda row: False)
    record(run)
    pl.DataFrame({"id": ["new"], "text": ["x"]}).write_parquet(run / "data" / "part-2.parquet")

    with pytest.raises(InputError) as fault:
        bound(run)

    assert str(fault.value) == (
        f"the data in {run} has changed since the audit; its bound no longer speaks of "
        f"this data. Remove {run / 'audit'} and draw anew"
    )


def test_a_sheet_in_work_is_not_overwritten(run: Path) -> None:
    draw(run, 5)

    with pytest.raises(InputError, match="is drawn already and not recorded"):
        draw(run, 5)


def test_what_comes_first_is_said(run: Path, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="no sample is drawn\n  draw one: trueline data audit draw"
    ):
        record(run)
    with pytest.raises(InputError, match="no audit is recorded\n  draw a sample: trueline data"):
        bound(run)
    with pytest.raises(InputError, match="has no documents in data/; there is nothing to audit"):
        draw(tmp_path / "audit", 3)
