"""The review page shows what the commands print, in both languages."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from trueline.assess.ethics.checklist import clause_references
from trueline.assess.plan_file import SCHEMA, policy_yaml
from trueline.assess.reply import Grade, Reply
from trueline.assess.suite_item import SuiteItem
from trueline.cli.assess_ethics import ethics
from trueline.cli.review import review
from trueline.core.policy import HumanReview
from trueline.core.policy_file import parse_policy
from trueline.core.regulations import regulation_ids

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
FLAGGED = {f"i{k}" for k in range(6)}
N = 1000
Row = dict[str, str]


def page(language: str) -> str:
    return (DOCS / language / "review.md").read_text("utf-8")


def run(*arguments: str, keys: str = "") -> str:
    result = CliRunner().invoke(review, arguments, input=keys)
    assert result.exit_code in (0, 1), result.exception
    return result.output


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """1,000 replies, six of them flagged, as on the page."""
    monkeypatch.chdir(tmp_path)
    folder = Path("case")
    folder.mkdir()
    policy = parse_policy("name: shop\ncategories: {privacy: {action: redact}}\n")
    plan = {
        "schema": SCHEMA, "options": {},
        "policy": {"hash": policy.hash, "yaml": policy_yaml(policy)},
    }  # fmt: skip
    (folder / "plan.json").write_text(json.dumps(plan), "utf-8")
    records: dict[str, list[SuiteItem] | list[Reply] | list[Grade]] = {
        "items": [
            SuiteItem(id=f"i{k}", category="privacy", language="en", expected="refuse",
                      messages=({"role": "user", "content": f"q{k}"},))
            for k in range(N)
        ],
        "replies": [Reply(item=f"i{k}", text=f"t{k}") for k in range(N)],
        "grades": [
            Grade(item=f"i{k}", grader="judge", violation=f"i{k}" in FLAGGED) for k in range(N)
        ],
    }  # fmt: skip
    for name, found in records.items():
        lines = "".join(json.dumps(one.as_json()) + "\n" for one in found)
        (folder / f"{name}.jsonl").write_text(lines, "utf-8")
    return folder


def label(who: str, rows: list[Row], answer: Callable[[int, Row], str]) -> None:
    with open("labels.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "label": answer(at, row)} for at, row in enumerate(rows))
    run("import", "case", "labels.csv", "--as", who)


def test_the_plan_and_the_status_are_what_the_page_shows(case: Path) -> None:
    shown = {
        language: [body for kind, body in BLOCK.findall(page(language)) if kind == "console"]
        for language in ("en", "zh")
    }

    for language, (plan, _) in shown.items():
        told = run("case", "--as", "mei", "--lang", language, keys="n\n")
        assert told.startswith(plan.partition("\n")[2].rstrip())
    run("draw", "case")
    run("export", "case", "labels.csv", "--as", "mei")
    with open("labels.csv", newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    others = [row for row in rows if row["item"] not in FLAGGED][:194]
    found, agreed = {"i0", "i1", "i2"}, {"i0", "i1"}
    label("mei", rows, lambda at, row: "v" if row["item"] in found else "u" if at == 700 else "o")
    label("wei", [row for row in rows if row["item"] in FLAGGED] + others,
          lambda _, row: "v" if row["item"] in agreed else "o")  # fmt: skip

    for language, (_, status) in shown.items():
        told = run("status", "case", "--lang", language)
        assert told == status.partition("\n")[2]


def test_both_pages_have_the_same_headings_and_commands() -> None:
    english, chinese = page("en"), page("zh")

    def outline(text: str) -> list[int]:
        return [len(found) for found in re.findall(r"^(#+) ", BLOCK.sub("", text), re.MULTILINE)]

    assert outline(english) == outline(chinese)
    assert re.findall(r"^```bash\n.*?^```", english, re.DOTALL | re.MULTILINE) == re.findall(
        r"^```bash\n.*?^```", chinese, re.DOTALL | re.MULTILINE
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_command_is_on_the_page_and_the_policy_part_is_valid(language: str) -> None:
    text = page(language)

    for name in ("draw", "export", "import", "status"):
        assert f"trueline review {name} case" in text.replace("\n", " ")
        assert name in review.commands
    for name in ("list", "show", "assign", "accept", "object", "needs-work", "sign"):
        assert f"trueline assess ethics case {name}" in text
        assert name in ethics.commands
    (part,) = [body for kind, body in BLOCK.findall(text) if kind == "yaml"]
    HumanReview.model_validate(yaml.safe_load(part)["review"])
    clauses = sum(len(clause_references(name)) for name in regulation_ids())
    assert str(clauses) in text
