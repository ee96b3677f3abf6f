"""A case may begin with measures alone; questions may follow, and neither loses the other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from trueline.assess.case.build import build_case
from trueline.assess.case.gate import gate
from trueline.assess.case.verify import verify
from trueline.assess.evidence import Evidence
from trueline.assess.measured_case import keep_evidence
from trueline.assess.plan_file import read_plan
from trueline.assess.run import Plan, assess
from trueline.assess.suite_choice import Choice
from trueline.cli.main import cli
from trueline.core.errors import InputError
from trueline.core.policy import Bilingual
from trueline.core.policy_file import policy_from_template

STRICT = policy_from_template("strict")
EVIDENCE = Evidence(name="metrics", title=Bilingual(zh="指标", en="Metrics"))


def declines(messages: list[dict[str, str]]) -> str:
    return "I'm sorry, but I can't help with that."


def test_measures_alone_make_a_report_that_verifies_and_is_no_release(tmp_path: Path) -> None:
    keep_evidence(EVIDENCE, tmp_path / "case", STRICT, "news")

    built = build_case(tmp_path / "case")
    answer = gate(tmp_path / "case")

    assert read_plan(tmp_path / "case")["target"] == "news"
    assert read_plan(tmp_path / "case")["policy"]["hash"] == STRICT.hash
    assert verify(tmp_path / "case" / "case.html").holds
    assert (built.verdict, answer.exit_code) == ("NOT ENOUGH EVIDENCE", 3)
    assert answer.sentence("en") == (
        "NOT ENOUGH EVIDENCE. The violation rate under policy strict was not measured."
        " Over-refusal was not measured."
    )


def test_a_second_measure_leaves_the_plan_as_it_is(tmp_path: Path) -> None:
    keep_evidence(EVIDENCE, tmp_path, STRICT, "news")
    before = (tmp_path / "plan.json").read_bytes()

    keep_evidence(EVIDENCE, tmp_path, policy_from_template("default"), "other")

    assert (tmp_path / "plan.json").read_bytes() == before


def test_questions_may_follow_into_the_same_folder(tmp_path: Path) -> None:
    keep_evidence(EVIDENCE, tmp_path, STRICT, "news")

    done = assess(
        declines, STRICT, tmp_path, plan=Plan(choice=Choice(suites=["en/look_alike"], sample=5))
    )
    keep_evidence(EVIDENCE, tmp_path, STRICT, "news")

    assert done.violation_rate.inputs["n"] == 5
    assert read_plan(tmp_path)["items"] == 5
    assert [p.name for p in sorted((tmp_path / "evidence").iterdir())] == [
        "metrics.json", "suites.json",
    ]  # fmt: skip


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "case").write_text("a file", "utf-8")

    with pytest.raises(InputError, match=r"cannot write to .*case: File exists"):
        keep_evidence(EVIDENCE, tmp_path / "case", STRICT, "news")


def test_the_command_line_goes_from_predictions_to_a_verdict(tmp_path: Path) -> None:
    rows = [{"truth": "a", "label": "a"}, {"truth": "b", "label": "a"}] * 20
    (tmp_path / "told.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    case = str(tmp_path / "case")

    measured = CliRunner().invoke(
        cli,
        ["assess", "metrics", str(tmp_path / "told.jsonl"), "--task", "classify", "--case", case],
    )
    asked = CliRunner().invoke(cli, ["gate", case, "--build"])

    assert (measured.exit_code, asked.exit_code) == (0, 3)
    assert (tmp_path / "case" / "case.html").exists()
