"""`trueline assess ethics`: list, show, decide and sign."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from trueline.assess.ethics.checklist import checklist
from trueline.assess.ethics.decisions import read_entries
from trueline.assess.ethics.sign_off import sign_off_state
from trueline.assess.plan_file import SCHEMA, policy_yaml
from trueline.cli.assess_ethics import ethics
from trueline.core.errors import InputError
from trueline.core.policy_file import parse_policy

POLICY = parse_policy("""\
name: shop
regulations: [cn_interim_measures_2023]
categories: {privacy: {action: redact}}
review: {required_sign_offs: [compliance]}
""")
MEI = ("--as", "mei", "--role", "compliance")


@pytest.fixture
def case(tmp_path: Path) -> Path:
    plan = {
        "schema": SCHEMA, "options": {},
        "policy": {"hash": POLICY.hash, "yaml": policy_yaml(POLICY)},
    }  # fmt: skip
    (tmp_path / "plan.json").write_text(json.dumps(plan), "utf-8")
    return tmp_path


def run(case: Path, *arguments: str) -> Result:
    result = CliRunner().invoke(ethics, [str(case), *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_the_list_shows_every_question_and_the_missing_signature(case: Path) -> None:
    told = run(case, "list").output
    zh = run(case, "list", "--lang", "zh").output

    assert told.count("[open] ") == 11
    assert told.endswith(
        "11 questions: 0 accepted, 11 open, 0 need work, 0 with an objection\n"
        "compliance: signature missing\n"
    )
    assert zh.count("[未答] ") == 11
    assert zh.endswith("需改进 0，反对 0\ncompliance：缺少签字\n")


def test_a_question_shows_its_clause_and_how_it_was_checked(case: Path) -> None:
    run(case, "comment", "cn_interim_measures_2023.11", *MEI, "--comment", "ask legal")

    told = run(case, "show", "cn_interim_measures_2023.11").output
    zh = run(case, "show", "cn_interim_measures_2023.11", "--lang", "zh").output

    assert "clause: 生成式人工智能服务管理暂行办法, 11\n" in told
    assert "  checked: from memory, not verified\n" in told
    assert told.endswith(" mei (compliance) comment: ask legal\n")
    assert "  核对: 凭记忆，未核实\n" in zh


def test_decisions_are_recorded_and_a_signature_completes_the_case(case: Path) -> None:
    ids = [question.id for question in checklist(POLICY)]

    run(case, "assign", "case", "--to", "wei", *MEI)
    run(case, "needs-work", "case", "--as", "wei", "--role", "legal", "--comment", "no contact")
    accepted = run(case, "accept", *ids, *MEI)
    with pytest.raises(InputError, match=r"1 question is in need of work \(case\)"):
        run(case, "sign", *MEI)
    run(case, "accept", "case", "--as", "wei", "--role", "legal")
    signed = run(case, "sign", *MEI)

    assert accepted.output.splitlines()[0] == "accept: case (mei, compliance)"
    assert signed.output == "mei signed as compliance\n"
    assert sign_off_state(case, POLICY).missing == ()
    assert "compliance: signed by mei on " in run(case, "list").output
    assert (case / "evidence" / "ethics.json").exists()


def test_json_gives_one_question_a_line(case: Path) -> None:
    run(case, "object", "category.privacy", *MEI, "--comment", "no deletion")

    lines = [json.loads(line) for line in run(case, "list", "--json").stdout.splitlines()]
    objected = run(case, "list", "--json", "--state", "object").stdout
    shown = json.loads(run(case, "show", "category.privacy", "--json").stdout)

    assert len(lines) == 11
    assert json.loads(objected) == shown
    assert shown["state"] == "object"
    assert shown["entries"][0]["comment"] == "no deletion"


def test_one_unknown_question_records_none(case: Path) -> None:
    with pytest.raises(InputError, match="no question is called 'nothing'"):
        run(case, "accept", "case", "nothing", *MEI)

    assert read_entries(case) == []


def test_an_objection_needs_a_reason(case: Path) -> None:
    told = run(case, "object", "case", *MEI)

    assert told.exit_code == 2
    assert "Missing option '--comment'" in told.output


def test_a_folder_that_is_no_case_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not a case folder: it has no plan.json"):
        run(tmp_path, "list")
