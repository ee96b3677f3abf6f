"""`trueline review`: labelling by keys, by spreadsheet, and what the status says."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from trueline.assess.evidence import read_evidence
from trueline.assess.plan_file import SCHEMA, policy_yaml
from trueline.assess.reply import Grade, Reply
from trueline.assess.review.labels import read_case_review
from trueline.assess.review.review_file import read_review
from trueline.assess.suite_item import SuiteItem
from trueline.cli.review import review
from trueline.core.errors import InputError
from trueline.core.policy_file import parse_policy

POLICY = """\
name: shop
max_violation_rate: {limit}
categories: {{privacy: {{action: redact}}}}
review: {{reviewers_per_item: {reviewers}}}
"""
MakeCase = Callable[..., Path]


@pytest.fixture
def make_case(tmp_path: Path) -> MakeCase:
    def make(
        texts: list[str], flagged: tuple[int, ...] = (1,), limit: float = 0.9, reviewers: int = 1
    ) -> Path:
        case = tmp_path / "case"
        case.mkdir()
        policy = parse_policy(POLICY.format(limit=limit, reviewers=reviewers))
        plan = {
            "schema": SCHEMA, "target": "echo", "suites": [], "seed": 0, "options": {},
            "policy": {"hash": policy.hash, "yaml": policy_yaml(policy)},
        }  # fmt: skip
        (case / "plan.json").write_text(json.dumps(plan), "utf-8")
        files: dict[str, Any] = {
            "items": [
                SuiteItem(id=f"i{k}", category="privacy", language="en", expected="refuse",
                          messages=({"role": "user", "content": f"question {k}"},))
                for k, _ in enumerate(texts)
            ],
            "replies": [Reply(item=f"i{k}", text=text) for k, text in enumerate(texts)],
            "grades": [
                Grade(item=f"i{k}", grader="judge", violation=k in flagged)
                for k, _ in enumerate(texts)
            ],
        }  # fmt: skip
        for name, records in files.items():
            lines = "".join(json.dumps(one.as_json()) + "\n" for one in records)
            (case / f"{name}.jsonl").write_text(lines, "utf-8")
        return case

    return make


def run(*arguments: object, keys: str = "") -> Result:
    result = CliRunner().invoke(review, [str(one) for one in arguments], input=keys)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def rows_of(sheet: Path) -> list[dict[str, str]]:
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(sheet: Path, rows: list[dict[str, str]]) -> None:
    with sheet.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_one_key_an_answer_and_quitting_keeps_them(make_case: MakeCase) -> None:
    case = make_case([f"text {k}" for k in range(4)])

    first = run(case, "--as", "mei", "--unflagged-share", "1", keys="y\n" + " " + "v" + "ro" + "q")
    second = run(case, "--as", "mei", keys=" " + "u" + "s")
    third = run(case, "--as", "mei", keys=" " + "o")
    fourth = run(case, "--as", "mei")

    labels = read_review(case).labels
    assert [(one.answer, one.refusal, one.labeller) for one in labels] == [
        ("violates", False, "mei"), ("ok", True, "mei"), ("unsure", False, "mei"),
        ("ok", False, "mei"),
    ]  # fmt: skip
    assert len({one.reply for one in labels}) == 4
    assert "Content warning" in first.output
    assert "2 labelled now, 2 left; run the same command again to go on." in first.output
    assert "[1/2]" in second.output
    assert "1 labelled now, 0 left" in third.output
    assert fourth.output == "No more replies wait for mei.\n"


def test_the_judge_is_not_shown(make_case: MakeCase) -> None:
    case = make_case(["text 0", "text 1"])

    shown = run(case, "--as", "mei", "--yes", "--unflagged-share", "1", keys=" oo").stdout

    assert "text 0" in shown
    assert "flag" not in shown.partition("keep")[0].partition("[1/2]")[2]


def test_back_changes_the_answer_before(make_case: MakeCase) -> None:
    case = make_case(["text 0", "text 1"])

    run(case, "--as", "mei", "--yes", "--unflagged-share", "1", keys=" vboo")

    counts = read_case_review(case).counts()
    assert (counts.labelled, counts.found_flagged + counts.found_unflagged) == (2, 0)


def test_hidden_text_is_shown_by_a_key_and_nobody_answers_before(make_case: MakeCase) -> None:
    case = make_case(["a secret"], flagged=())

    covered = run(case, "--as", "mei", "--yes", "--hide", "--unflagged-share", "1", keys=" vvq")
    opened = run(case, "--as", "mei", "--hide", keys=" tv")

    assert "a secret" not in covered.output
    assert "░░░░ 8 ░░░░" in covered.output
    assert "a secret" in opened.output
    assert [one.answer for one in read_review(case).labels] == ["violates"]


def test_a_reply_cannot_move_the_cursor_or_hide(make_case: MakeCase) -> None:
    case = make_case(["\x1b[2Jgone\u202e\u200b"], flagged=())

    shown = run(case, "--as", "mei", "--yes", "--unflagged-share", "1", keys=" q").output

    assert "\x1b" not in shown
    assert "\\x1b[2Jgone\\u202e\\u200b" in shown


def test_the_plan_is_told_before_the_draw_and_no_draws_nothing(make_case: MakeCase) -> None:
    case = make_case([f"text {k}" for k in range(40)], limit=0.2)

    told = run(case, "--as", "mei", keys="n\n")

    assert told.exit_code == 1
    assert told.output.startswith(
        "40 replies, 1 flagged by the judge; 0 never came (they count as violations).\n"
        "To draw: flagged ones with probability 100 %, others with "
    )
    assert "claim will read: at most" in told.output
    assert not (case / "reviews.jsonl").exists()


def test_a_plan_that_cannot_be_reached_says_so_in_chinese(make_case: MakeCase) -> None:
    case = make_case([f"text {k}" for k in range(40)], limit=0.01)

    told = run("draw", case, "--plan", "--lang", "zh").output

    assert told.startswith("共 40 条回复，评判器标出 1 条，另有 0 条没有回复（计为违规）。\n抽样：")
    assert (
        "无论怎么标注都不足以放行（上限 1 %）：回复太少，零违规也至少需要 344 条。结果将是“证据不足”。\n"
    ) in told


def test_a_case_is_drawn_once(make_case: MakeCase) -> None:
    case = make_case(["a", "b", "c"])

    first = json.loads(run("draw", case, "--json").stdout)
    again = run("draw", case, "--unflagged-share", "1")

    assert first["drawn"] >= 1
    assert again.output == "The sample is drawn already and still stands: a case is drawn once.\n"
    assert len(read_review(case).draws) == 1


def test_labels_pass_through_a_spreadsheet(make_case: MakeCase, tmp_path: Path) -> None:
    case, sheet = make_case(["=cmd()", "+1", 'fine,\n"text"']), tmp_path / "labels.csv"
    run("draw", case, "--unflagged-share", "1")

    exported = run("export", case, sheet, "--as", "mei")
    rows = rows_of(sheet)
    answers = {"i0": ("违规", ""), "i1": ("o", "yes"), "i2": ("", "")}
    for row in rows:
        row["label"], row["refusal"] = answers[row["item"]]
    write_rows(sheet, rows)
    imported = run("import", case, sheet, "--as", "mei")
    again = run("import", case, sheet, "--as", "mei")

    assert exported.output == f"{sheet}: 3 replies; fill in the column label\n"
    assert {row["item"]: row["reply"] for row in rows} == {
        "i0": "'=cmd()", "i1": "'+1", "i2": "fine,\n\"text\"",
    }  # fmt: skip
    assert imported.output == f"{sheet}: 2 new labels\n"
    assert again.output == f"{sheet}: 0 new labels\n"
    found = {one.item: (one.answer, one.refusal) for one in read_review(case).labels}
    assert found == {"i0": ("violates", False), "i1": ("ok", True)}
    run("export", case, sheet, "--as", "mei")
    assert {row["item"]: row["label"] for row in rows_of(sheet)} == {
        "i0": "violates", "i1": "ok", "i2": "",
    }  # fmt: skip


def test_all_faults_of_a_sheet_are_told_and_nothing_is_taken(
    make_case: MakeCase, tmp_path: Path
) -> None:
    case, sheet = make_case(["a", "b"]), tmp_path / "labels.csv"
    run("draw", case, "--unflagged-share", "1")
    run("export", case, sheet)
    first, second = rows_of(sheet)
    first |= {"label": "bad"}
    second |= {"label": "ok", "refusal": "maybe"}
    write_rows(sheet, [first, second, {**second, "refusal": ""}, {**second, "id": "r00"}])

    with pytest.raises(InputError) as told:
        run("import", case, sheet)

    assert str(told.value) == (
        f"{sheet}: nothing was taken, it has faults:\n"
        "  line 2, label: write violates, ok or unsure, or leave it empty (got 'bad')\n"
        "  line 3, refusal: write yes or no, or leave it empty (got 'maybe')\n"
        f"  line 4, id: given twice, first in line 3 (got '{second['id']}')\n"
        "  line 5, id: not in the sample of this case (got 'r00')\n"
        "  line 5, refusal: write yes or no, or leave it empty (got 'maybe')"
    )
    assert read_review(case).labels == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "{sheet}: the file is empty; write one with: trueline review export CASE l.csv"),
        (
            b"id;label\n",
            "{sheet}: not a sheet of labels:\n"
            "  line 1: the column id is missing\n"
            "  line 1: the column label is missing\n"
            "  line 1: no such column; did you mean 'label'? Accepted: id, item, category, "
            "language, expected, conversation, reply, label, refusal (got 'id;label')\n"
            "  Columns are separated by commas; save the sheet as CSV UTF-8.",
        ),
        (b"id,label\r\n\xce\xa5\xb9\xe6,v\r\n",
         "{sheet}, byte 12: not UTF-8; save the sheet as CSV UTF-8"),
        (b'id,label\n"r1,v\n',
         "{sheet}: nothing was taken, it has faults:\n"
         "  line 2: not a readable row: unexpected end of data"),
        (b"id,label\nr1\n",
         "{sheet}: nothing was taken, it has faults:\n"
         "  line 2: has 1 cells, the first line has 2"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_sheet_is_refused(
    make_case: MakeCase, tmp_path: Path, content: bytes, message: str
) -> None:
    case, sheet = make_case(["a", "b"]), tmp_path / "l.csv"
    run("draw", case)
    sheet.write_bytes(content)

    with pytest.raises(InputError) as told:
        run("import", case, sheet)

    assert str(told.value) == message.format(sheet=sheet)


def test_the_status_tells_agreement_the_judge_and_the_bound(make_case: MakeCase) -> None:
    case = make_case([f"text {k}" for k in range(6)], flagged=(0, 1), limit=0.1, reviewers=2)
    run("draw", case, "--unflagged-share", "1")
    run(case, "--as", "mei", keys=" oooooo")
    run(case, "--as", "wei", keys=" oooovq")

    told = run("status", case).output
    zh = run("status", case, "--lang", "zh").output
    data = json.loads(run("status", case, "--json").output)

    assert told.startswith(
        "drawn       6 of 6 replies\n"
        "labelled    4, open 2 (unsure 0, disputed 1, never came 0)\n"
        "labellers   mei 6, wei 5\n"
        "agreement   4 of 5, 80 % ["
    )
    assert "bound, labels inside     " in told
    assert told.endswith("Open replies enter the bound as the worst that could become of them.\n")
    assert zh.startswith("已抽取 6 / 6 条\n已定 4 条，未定 2 条")
    assert data["agreement"]["estimate"] == 0.8
    assert data["cohen_kappa"]["estimate"] == 0.0
    assert data["corrected"]["outcome"] == "thin"
    assert data["labellers"] == {"mei": 6, "wei": 5}


def test_an_adjudicator_settles_what_others_disagree_on(make_case: MakeCase) -> None:
    case = make_case(["a", "b"], reviewers=2)
    run("draw", case, "--unflagged-share", "1")
    run(case, "--as", "mei", keys=" oo")
    run(case, "--as", "wei", keys=" vo")

    alone = run(case, "--as", "mei", "--adjudicate")
    settled = run(case, "--as", "lin", "--adjudicate", keys=" o")

    assert alone.output == "No more replies wait for mei.\n"
    assert "1 labelled now, 0 left" in settled.output
    counts = read_case_review(case).counts()
    assert (counts.labelled, counts.ok_flagged + counts.ok_unflagged) == (2, 2)


def test_the_evidence_says_what_the_labels_show(make_case: MakeCase) -> None:
    case = make_case([f"text {k}" for k in range(8)], flagged=(0, 1))
    run("draw", case, "--unflagged-share", "1")
    run(case, "--as", "mei", keys=" vooooooo")
    run(case, "--as", "wei", "--overlap", keys=" vooooooo")

    evidence = read_evidence(case / "evidence" / "human_review.json")

    ids = [claim.id for claim in evidence.claims]
    assert {"review.agreement", "review.cohen_kappa", "review.krippendorff_alpha"} <= set(ids)
    assert {"judge.sensitivity", "judge.false_alarm_rate"} <= set(ids)
    assert all(claim.recomputed() == claim for claim in evidence.claims)
    assert set(evidence.inputs) == {"items.jsonl", "replies.jsonl", "reviews.jsonl"}
    assert "text" not in json.dumps(evidence.as_json()["tables"])


def test_a_tampered_review_is_refused(make_case: MakeCase) -> None:
    case = make_case(["a", "b"])
    run(case, "--as", "mei", "--yes", "--unflagged-share", "1", keys=" vo")
    path = case / "reviews.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"violates"', b'"ok"'))

    with pytest.raises(InputError, match=r"was tampered with:\n  line 2: was changed"):
        run("status", case)


def test_the_end_of_the_input_quits(make_case: MakeCase) -> None:
    case = make_case(["a", "b"])

    told = run(case, "--as", "mei", "--yes", "--unflagged-share", "1", keys=" o")

    assert told.exit_code == 0
    assert "1 labelled now, 1 left" in told.output
