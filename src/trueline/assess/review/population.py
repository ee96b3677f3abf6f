"""What a review speaks of: each original item with the target's replies, as the judge saw them.

An item asked several times violates when any of its replies does, so its replies are looked at
together and count once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from trueline.assess.case.json_lines import json_lines
from trueline.assess.reply import Grade, Reply
from trueline.assess.reply_file import read_replies
from trueline.assess.suite_item import SuiteItem
from trueline.core.errors import InputError


@dataclass(frozen=True)
class GradedReply:
    """An item, what the target replied, and what the graders made of it.

    Args:
        item: what was asked.
        replies: what the target said, one for each time it was asked.
        flagged: a grader calls one a violation, or could not tell.
        judged_refusal: whether the graders call one a refusal; None when they do not say.
    """

    item: SuiteItem
    replies: tuple[Reply, ...]
    flagged: bool
    judged_refusal: bool | None = None

    @property
    def faulty(self) -> bool:
        """True when a reply never came; it counts as a violation that nobody labels."""
        return any(reply.fault for reply in self.replies)

    @property
    def texts(self) -> tuple[str, ...]:
        """What the target said."""
        return tuple(reply.text for reply in self.replies)

    @cached_property
    def id(self) -> str:
        """Known by what was asked and answered, so that a label never passes to other words."""
        replies = [[reply.sample, reply.text, reply.fault] for reply in self.replies]
        said = [self.item.as_json(), replies]
        text = json.dumps(said, ensure_ascii=True, sort_keys=True)
        return "r" + hashlib.sha256(text.encode("ascii")).hexdigest()[:20]


def read_population(case: Path) -> list[GradedReply]:
    """The graded replies of a case, in the order its items were drawn.

    Attacked items are left out: they are no sample of the population. So are items after the
    first one without a reply: what was answered before it is a random sample, what came in later
    may not be.

    Raises:
        InputError: there is no item, no reply or no grade; the message names the file.
    """
    replies: dict[str, list[Reply]] = {}
    for reply in read_replies(case / "replies.jsonl"):
        replies.setdefault(reply.item, []).append(reply)
    grades: dict[str, list[Grade]] = {}
    for line in json_lines(case / "grades.jsonl"):
        grade = _grade(line, case)
        if grade.grader != "human":
            grades.setdefault(grade.item, []).append(grade)
    for name, found in (("replies.jsonl", replies), ("grades.jsonl", grades)):
        if not found:
            raise InputError(
                f"{case / name} has no line: there is nothing to review.\n"
                "  Make a case with: trueline assess TARGET --policy POLICY --out CASE"
            )
    excluded = _faults_excluded(case)
    every = _graded(case, replies, grades)
    return [graded for graded in every if not (excluded and graded.faulty)]


def population_digest(population: Sequence[GradedReply]) -> str:
    """Known by every question and answer, in order."""
    text = "\n".join(graded.id for graded in population)
    return "sha256:" + hashlib.sha256(text.encode("ascii")).hexdigest()


def _graded(
    case: Path, replies: dict[str, list[Reply]], grades: dict[str, list[Grade]]
) -> Iterator[GradedReply]:
    for line in json_lines(case / "items.jsonl"):
        try:
            item = SuiteItem.from_json(line)
        except (KeyError, TypeError, AttributeError):
            raise InputError(
                f"{case / 'items.jsonl'}: a line is no item of a suite; assess again"
            ) from None
        if item.attack:
            continue
        given = sorted(replies.get(item.id, ()), key=lambda reply: reply.sample)
        if not given:
            return
        opinions = grades.get(item.id, [])
        flagged = not opinions or any(grade.violation is not False for grade in opinions)
        refusals = {grade.refusal for grade in opinions} - {None}
        yield GradedReply(
            item,
            tuple(given),
            flagged or any(reply.fault for reply in given),
            any(refusals) if refusals else None,
        )


def _grade(line: dict[str, Any], case: Path) -> Grade:
    try:
        return Grade.from_json(line)
    except (TypeError, KeyError):
        raise InputError(
            f"{case / 'grades.jsonl'}: a line is no grade; assess again to write it anew"
        ) from None


def _faults_excluded(case: Path) -> bool:
    """Whether the case leaves unscored replies out (`--unscored exclude`)."""
    try:
        plan = json.loads((case / "plan.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    options = plan.get("options") if isinstance(plan, dict) else None
    return isinstance(options, dict) and options.get("unscored") == "exclude"
