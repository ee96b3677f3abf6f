"""Safety cases in the console: verdicts, withdrawals, verification, and the report's sandbox."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.assess.case.case_folders import write_case
from tests.console.client import Reader, shown
from tests.console.conftest import StartConsole

from trueline.assess.case.build import build_case
from trueline.assess.ethics.decisions import EthicsEntry, add_entries
from trueline.core.withdrawals import FILE, resolve, withdraw
from trueline.gateway.console.case_folders import case_folders

HOSTILE = "<script>alert(1)</script>"


def make_case(folder: Path) -> Path:
    """A built case whose verdict is RELEASE."""
    folder.mkdir(parents=True)
    write_case(folder)
    build_case(folder, pdf=False)
    return folder


def test_a_case_is_listed_with_its_verdict_and_can_be_opened(
    start: StartConsole, tmp_path: Path
) -> None:
    case = make_case(tmp_path / "cases/spring")
    console = start(cases=str(tmp_path / "cases"))

    with Reader(console.url) as reader, Reader(console.url, "zh") as chinese:
        listed, page = shown(reader.get("/cases")), shown(reader.get("/cases/spring"))
        listed_zh = shown(chinese.get("/cases"))
        report = reader.get("/cases/spring/report?lang=en")
        kept = reader.get("/cases/spring/files/case.json")

    assert "spring RELEASE" in listed
    assert "spring 可以发布" in listed_zh
    assert "Open the report" in page
    assert report.content == (case / "case.html").read_bytes()
    assert kept.content == (case / "case.json").read_bytes()
    assert kept.headers["content-disposition"].startswith("attachment;")


def test_the_report_is_kept_in_a_sandbox_of_its_own(start: StartConsole, tmp_path: Path) -> None:
    make_case(tmp_path / "cases/spring")
    console = start(cases=str(tmp_path / "cases"))

    with Reader(console.url) as reader:
        policy = reader.get("/cases/spring/report").headers["content-security-policy"]
        own = reader.get("/cases/spring").headers["content-security-policy"]

    assert policy.startswith("sandbox allow-scripts; default-src 'none';")
    assert "allow-same-origin" not in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1]
    assert "frame-ancestors 'none'" in policy
    assert own.startswith("default-src 'self'")


def test_a_withdrawn_claim_is_loud_and_takes_the_verdict_away(
    start: StartConsole, tmp_path: Path
) -> None:
    case = make_case(tmp_path / "cases/spring")
    console = start(cases=str(tmp_path / "cases"))
    withdraw(case / FILE, "violation_rate", alarm="a1", reason=f"above the limit {HOSTILE}")

    with Reader(console.url) as reader, Reader(console.url, "zh") as chinese:
        listed, page = shown(reader.get("/cases")), reader.get("/cases/spring")
        listed_zh = shown(chinese.get("/cases"))
        resolve(case / FILE, "violation_rate", alarm="a1", reason="rolled back")
        after = shown(reader.get("/cases"))

    assert "spring HOLD 1 withdrawn when built: RELEASE" in listed
    assert "The verdict RELEASE no longer holds until the alarm is dealt with." in listed
    assert "暂缓发布 已撤回 1 项 生成时：可以发布" in listed_zh
    assert "violation_rate" in shown(page)
    assert HOSTILE not in page.text
    assert "spring RELEASE" in after
    assert "withdrawn 1" not in after


def test_verification_says_what_was_computed_again(start: StartConsole, tmp_path: Path) -> None:
    make_case(tmp_path / "cases/spring")
    console = start(cases=str(tmp_path / "cases"))

    with Reader(console.url) as reader:
        page = reader.post("/cases/spring/verify", {})

    assert page.status_code == 200
    assert "Verified" in shown(page)
    assert "claims were computed again and nothing differs. sha256:" in shown(page)


def test_verification_finds_a_changed_report(start: StartConsole, tmp_path: Path) -> None:
    case = make_case(tmp_path / "cases/spring")
    html = (case / "case.html").read_text("utf-8")
    (case / "case.html").write_text(html.replace("<h1", "<h1 class=x", 1), encoding="utf-8")
    console = start(cases=str(tmp_path / "cases"))

    with Reader(console.url) as reader:
        page = reader.post("/cases/spring/verify", {})

    assert "Verification failed" in shown(page)
    assert "case.html: line" in shown(page)


def test_cases_of_the_monitor_file_are_shown_too(start: StartConsole, tmp_path: Path) -> None:
    case = make_case(tmp_path / "elsewhere/live")
    rules = tmp_path / "monitor.yaml"
    rules.write_text(f"safety_case: {case}\n", encoding="utf-8")
    console = start(monitor=str(rules), cases=str(tmp_path / "none"))

    with Reader(console.url) as reader:
        words = shown(reader.get("/cases"))

    assert "live RELEASE" in words


def test_a_case_that_was_not_built_says_how(start: StartConsole, tmp_path: Path) -> None:
    (tmp_path / "cases/raw").mkdir(parents=True)
    (tmp_path / "cases/raw/plan.json").write_text("{}", encoding="utf-8")
    console = start(cases=str(tmp_path / "cases"))

    with Reader(console.url) as reader:
        listed, page = shown(reader.get("/cases")), shown(reader.get("/cases/raw"))
        report = reader.get("/cases/raw/report")

    assert "raw not built" in listed
    assert f"trueline gate {tmp_path / 'cases/raw'} --build" in page
    assert report.status_code == 404


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"base": {}, "derived": {}}', "null"])
def test_a_broken_case_is_named_and_the_list_goes_on(
    start: StartConsole, tmp_path: Path, content: str
) -> None:
    make_case(tmp_path / "cases/whole")
    (tmp_path / "cases/broken").mkdir()
    (tmp_path / "cases/broken/case.json").write_text(content, encoding="utf-8")
    console = start(cases=str(tmp_path / "cases"))

    with Reader(console.url) as reader:
        listed, page = shown(reader.get("/cases")), shown(reader.get("/cases/broken"))

    assert "whole RELEASE" in listed
    assert "case.json cannot be read as a safety case" in page


def test_a_tampered_list_of_withdrawals_is_called_out(tmp_path: Path) -> None:
    case = make_case(tmp_path / "cases/spring")
    withdraw(case / FILE, "violation_rate", alarm="a1", reason="above the limit")
    line = json.loads((case / FILE).read_text("utf-8"))
    (case / FILE).write_text(json.dumps({**line, "claim": "other"}) + "\n", encoding="utf-8")

    found = case_folders([tmp_path / "cases"])[0]

    assert "withdrawals.jsonl" in found.fault
    assert "was tampered with" in found.fault
    assert found.stands == "UNKNOWN"


def with_verdict(case: Path, verdict: str) -> None:
    content = json.loads((case / "case.json").read_text("utf-8"))
    content["derived"]["ruling"]["verdict"] = verdict
    (case / "case.json").write_text(json.dumps(content), encoding="utf-8")


def test_a_withdrawal_holds_a_case_that_had_not_enough_evidence(tmp_path: Path) -> None:
    case = make_case(tmp_path / "cases/spring")
    with_verdict(case, "NOT ENOUGH EVIDENCE")
    before = case_folders([case])[0].stands
    withdraw(case / FILE, "violation_rate", alarm="a1", reason="above the limit")

    assert before == "NOT ENOUGH EVIDENCE"
    assert case_folders([case])[0].stands == "HOLD"


def test_an_objection_after_the_report_takes_its_verdict_away(
    start: StartConsole, tmp_path: Path
) -> None:
    case = make_case(tmp_path / "cases/spring")
    entry = EthicsEntry(item="case.purpose", decision="object", reviewer="wei", role="legal",
                        comment="no notice")  # fmt: skip
    add_entries(case, [entry])
    console = start(cases=str(tmp_path / "cases"))

    with Reader(console.url) as reader, Reader(console.url, "zh") as chinese:
        listed, page = shown(reader.get("/cases")), shown(reader.get("/cases/spring"))
        listed_zh = shown(chinese.get("/cases"))

    assert "spring OLDER THAN ITS EVIDENCE when built: RELEASE" in listed
    assert "spring 报告早于其证据 生成时：可以发布" in listed_zh
    assert f"Build it again: trueline gate {case} --build" in page


@pytest.mark.parametrize("change", ["changed", "added", "removed"])
def test_a_report_is_older_than_evidence_that_changed(tmp_path: Path, change: str) -> None:
    case = make_case(tmp_path / "cases/spring")
    file = sorted((case / "evidence").glob("*.json"))[0]
    before = case_folders([case])[0].stands
    if change == "removed":
        file.unlink()
    else:
        target = file if change == "changed" else file.with_name("new.json")
        target.write_bytes(file.read_bytes() + b"\n")

    assert (before, case_folders([case])[0].stands) == ("RELEASE", "OUTDATED")


@pytest.mark.parametrize(
    "path",
    ["nothing", "..%2fcases", "spring/files/plan.json", "spring/files/..%2fcase.json",
     "spring/files/case.pdf"],
)  # fmt: skip
def test_an_address_leads_to_the_files_of_a_case_alone(
    start: StartConsole, tmp_path: Path, path: str
) -> None:
    make_case(tmp_path / "cases/spring")
    console = start(cases=str(tmp_path / "cases"))

    with Reader(console.url) as reader:
        page = reader.get(f"/cases/{path}")

    assert page.status_code == 404


def test_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    make_case(tmp_path / "a/case")
    make_case(tmp_path / "b/case")

    found = case_folders([tmp_path / "a", tmp_path / "b"])

    assert len({case.id for case in found}) == 2


def test_an_empty_folder_says_where_it_looked(start: StartConsole, tmp_path: Path) -> None:
    console = start(cases=str(tmp_path / "none"))

    with Reader(console.url) as reader:
        words = shown(reader.get("/cases"))

    assert "No safety case yet" in words
    assert str(tmp_path / "none") in words
