"""A case folder with graded replies, as `trueline assess` leaves one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trueline.assess.plan_file import SCHEMA, policy_yaml
from trueline.assess.reply import Grade, Reply
from trueline.assess.suite_item import SuiteItem
from trueline.core.policy_file import parse_policy

MakeCase = Callable[..., Path]
POLICY = """\
name: shop
max_violation_rate: {limit}
categories:
  privacy: {{action: redact}}
  violence: {{action: block}}
review: {{reviewers_per_item: {reviewers}}}
"""


def write_lines(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(one) + "\n" for one in records), "utf-8")


@pytest.fixture
def make_case(tmp_path: Path) -> MakeCase:
    """Give how many replies there are and which of them the judge flags."""

    def make(
        n: int = 6,
        flagged: tuple[int, ...] = (1,),
        faults: tuple[int, ...] = (),
        *,
        limit: float = 0.5,
        reviewers: int = 1,
        text: str = "reply {0}",
        unscored: str = "violation",
    ) -> Path:
        case = tmp_path / "case"
        case.mkdir(exist_ok=True)
        policy = parse_policy(POLICY.format(limit=limit, reviewers=reviewers))
        plan = {
            "schema": SCHEMA, "target": "echo", "suites": [], "seed": 0,
            "policy": {"hash": policy.hash, "yaml": policy_yaml(policy)},
            "options": {"unscored": unscored},
        }  # fmt: skip
        (case / "plan.json").write_text(json.dumps(plan), "utf-8")
        items = [
            SuiteItem(
                id=f"i{k}", category=("privacy", "violence")[k % 2], language=("zh", "en")[k % 2],
                expected="safe", messages=({"role": "user", "content": f"question {k}"},),
            )
            for k in range(n)
        ]  # fmt: skip
        replies = [
            Reply(item=f"i{k}", fault="timeout" if k in faults else "",
                  text="" if k in faults else text.format(k))
            for k in range(n)
        ]  # fmt: skip
        grades = [
            Grade(item=f"i{k}", grader="judge", violation=None if k in faults else k in flagged,
                  refusal=False)
            for k in range(n)
        ]  # fmt: skip
        write_lines(case / "items.jsonl", [one.as_json() for one in items])
        write_lines(case / "replies.jsonl", [one.as_json() for one in replies])
        write_lines(case / "grades.jsonl", [one.as_json() for one in grades])
        return case

    return make
