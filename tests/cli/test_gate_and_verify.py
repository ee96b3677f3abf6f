"""`trueline gate` and `trueline verify`: whole outputs, exit codes, both languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.assess.case.case_folders import MADE, passing, rate, write_case, write_suites

from trueline.assess.case import sources
from trueline.assess.case.build import build_case
from trueline.assess.ethics.sign_off import SignOffState
from trueline.cli.main import main
from trueline.core.withdrawals import FILE, withdraw


@pytest.fixture(autouse=True)
def no_sign_offs(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = SignOffState((), (), (), (), {}, ())
    monkeypatch.setattr(sources, "sign_off_state", lambda case, policy: nothing)


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return write_case(tmp_path / "case")


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    told = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, told.out, told.err


def test_release_ends_with_0_and_one_sentence(
    capsys: pytest.CaptureFixture[str], case: Path
) -> None:
    build_case(case, made=MADE)

    english = run(capsys, "gate", case)
    chinese = run(capsys, "gate", case, "--lang", "zh")

    assert english == (
        0,
        "RELEASE. At confidence 95 % at most 0.6 % of replies violate policy default 1 (limit"
        " 1 %), graded without a judge; 500 prompts, 0 violations, 0 unscored.\n",
        "",
    )
    assert chinese == (
        0,
        "可以发布。在 95 % 的置信水平下，违反策略 default 1 的回复不超过 0.6 %（上限 1 %），"
        "未使用会出错的评判器；共 500 条提示，违规 0 条，未能评分 0 条。\n",
        "",
    )


def test_hold_ends_with_1_and_its_first_reason(
    capsys: pytest.CaptureFixture[str], case: Path
) -> None:
    claims = [c for c in passing() if c.id != "violation_rate"]
    write_suites(case, [*claims, rate("violation_rate", 40, 500)])

    code, out, err = run(capsys, "gate", case)

    assert code == 1
    assert out == (
        "HOLD. At confidence 95 % at most 10.29 % of replies violate policy default 1 (limit 1 %),"
        " graded without a judge; 500 prompts, 40 violations, 0 unscored. The violation rate is"
        " above its limit: ≥ 6.09 % (40 / 500).\n"
    )
    assert err == (
        f"note: the report in {case} is missing or older than what it rests on; write it anew:"
        f" trueline gate {case} --build\n"
    )


def test_not_enough_evidence_ends_with_3(capsys: pytest.CaptureFixture[str], case: Path) -> None:
    write_suites(case, passing(), settings={"graders": ["judge"]})

    code, out, _ = run(capsys, "gate", case, "--build", "--json")

    answer = json.loads(out)
    assert code == answer["exit_code"] == 3
    assert answer["verdict"] == "NOT ENOUGH EVIDENCE"
    assert answer["reasons"][0]["code"] == "not_reviewed"
    assert answer["changes"][0]["code"] == "labels"
    assert answer["current"] is True
    assert (case / "case.html").exists()


def test_a_withdrawal_after_the_report_holds_at_once(
    capsys: pytest.CaptureFixture[str], case: Path
) -> None:
    build_case(case, made=MADE)
    withdraw(case / FILE, "violation_rate", alarm="surge-1", reason="2 % since Monday")

    code, out, err = run(capsys, "gate", case)

    assert code == 1
    assert out.endswith("Production withdrew the violation rate: 2 % since Monday.\n")
    assert "is missing or older than what it rests on" in err


def test_a_report_is_gated_once_it_verifies(capsys: pytest.CaptureFixture[str], case: Path) -> None:
    build_case(case, made=MADE)
    page = case / "case.html"

    whole = run(capsys, "gate", page)
    page.write_text(page.read_text("utf-8").replace(">RELEASE<", ">HOLD<", 1), "utf-8")
    code, out, err = run(capsys, "gate", page)

    assert whole[0] == 0
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {page} does not verify: line ")


def test_verify_says_what_was_compared(capsys: pytest.CaptureFixture[str], case: Path) -> None:
    built = build_case(case, made=MADE)

    code, out, err = run(capsys, "verify", case / "case.html", "--evidence", case)

    assert (code, err) == (0, "")
    assert out == (
        f"{case}/case.html: verified, RELEASE; 9 claims\n"
        "  claims and verdict from their counts\n"
        "  regulations from the claims\n"
        "  every byte of the page\n"
        "  2 files of evidence\n"
        f"  content {built.digest}\n"
    )


def test_verify_tells_one_difference_and_ends_with_1(
    capsys: pytest.CaptureFixture[str], case: Path
) -> None:
    build_case(case, made=MADE)
    page = case / "case.html"
    page.write_bytes(page.read_bytes().replace(b"0.6 %", b"0.1 %", 1))

    code, out, err = run(capsys, "verify", page)
    machine, told, _ = run(capsys, "verify", page, "--json")

    assert (code, out) == (1, "")
    assert err.startswith(f"{page}: line ")
    assert err.count("\n") == 1
    assert machine == 1
    assert json.loads(told)["holds"] is False


def test_a_folder_that_is_no_case_ends_with_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(capsys, "gate", tmp_path) == (
        2, "",
        f"error: {tmp_path} is not a case folder: it has no plan.json.\n"
        "  Make one with: trueline assess TARGET --policy POLICY --out CASE\n",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["case.html", "case.json"])
def test_a_report_in_its_folder_is_held_by_a_later_withdrawal(
    capsys: pytest.CaptureFixture[str], case: Path, name: str
) -> None:
    build_case(case, made=MADE)
    before = run(capsys, "gate", case / name)
    withdraw(case / FILE, "violation_rate", alarm="surge-1", reason="2 % since Monday")

    code, out, err = run(capsys, "gate", case / name)

    assert (before[0], before[2]) == (0, "")
    assert code == 1
    assert out.endswith("Production withdrew the violation rate: 2 % since Monday.\n")
    assert err == f"note: {case / FILE} is newer than {name} and counts\n"


def test_a_report_that_lies_alone_says_that_it_knows_of_no_withdrawals(
    capsys: pytest.CaptureFixture[str], case: Path, tmp_path: Path
) -> None:
    build_case(case, made=MADE)
    alone = tmp_path / "alone.html"
    alone.write_bytes((case / "case.html").read_bytes())

    code, _, err = run(capsys, "gate", alone)

    assert code == 0
    assert err == (
        f"note: {alone} lies in no case folder: withdrawals that came after it are not known here;"
        " give the case folder to count them\n"
    )
