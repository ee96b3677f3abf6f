"""What people have said so far: the draw, everybody's labels, and what follows for each reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from trueline.assess.review.draw import Draw
from trueline.core.chained_file import append_lines, read_lines
from trueline.core.errors import InputError

FILE = "reviews.jsonl"

#: What a person may say of a reply.
Answer = Literal["violates", "ok", "unsure"]
ANSWERS: tuple[Answer, ...] = ("violates", "ok", "unsure")


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One person's word on one reply.

    Args:
        reply: id of the reply (`GradedReply.id`).
        item: id of the item it answers.
        answer: whether it violates the policy.
        refusal: whether it declines.
        labeller: who.
        adjudicates: settles what others disagree on.
        time: when, in UTC.
    """

    reply: str
    item: str
    answer: Answer
    refusal: bool
    labeller: str
    adjudicates: bool = False
    time: str = ""

    def as_json(self) -> dict[str, Any]:
        """The line of `reviews.jsonl`, without what the chain adds."""
        return {
            "kind": "label", "reply": self.reply, "item": self.item, "answer": self.answer,
            "refusal": self.refusal, "labeller": self.labeller, "adjudicates": self.adjudicates,
        }  # fmt: skip


@dataclass(frozen=True)
class ReviewState:
    """All that `reviews.jsonl` says.

    Args:
        draws: every sample that was drawn, oldest first; the last one counts.
        labels: in the order given; a person's later word on a reply replaces the earlier one.
    """

    draws: Sequence[Draw]
    labels: Sequence[Label]

    @property
    def draw(self) -> Draw | None:
        """The sample that counts."""
        return self.draws[-1] if self.draws else None

    @cached_property
    def by_reply(self) -> Mapping[str, Mapping[str, Label]]:
        """For each reply the latest label of each labeller; adjudications left out."""
        found: dict[str, dict[str, Label]] = {}
        for label in self.labels:
            if not label.adjudicates:
                found.setdefault(label.reply, {})[label.labeller] = label
        return found

    @cached_property
    def adjudicated(self) -> Mapping[str, Label]:
        """The latest adjudication of each reply."""
        return {label.reply: label for label in self.labels if label.adjudicates}

    def final(self, reply: str) -> Label | None:
        """The word that counts; None while the reply is open.

        Open is a reply that too few people labelled, that they disagree on, or that somebody is
        unsure about and nobody adjudicated.
        """
        settled = self.adjudicated.get(reply)
        if settled is not None:
            return None if settled.answer == "unsure" else settled
        given = list(self.by_reply.get(reply, {}).values())
        enough = self.draw is not None and len(given) >= self.draw.reviewers
        if not enough or len({label.answer for label in given}) != 1:
            return None
        return None if given[0].answer == "unsure" else given[-1]

    def disputed(self, reply: str) -> bool:
        """Whether enough people labelled it and an adjudicator is needed."""
        given = self.by_reply.get(reply, {})
        enough = self.draw is not None and len(given) >= self.draw.reviewers
        return enough and reply not in self.adjudicated and self.final(reply) is None


def read_review(case: Path) -> ReviewState:
    """The state of a case's review; empty when there is none.

    Raises:
        InputError: the file was tampered with, or a line is of no kind known here.
    """
    draws: list[Draw] = []
    labels: list[Label] = []
    path = case / FILE
    for line in read_lines(path):
        try:
            if line["kind"] == "draw":
                draws.append(Draw.from_json(line))
            elif line["kind"] == "label" and line["answer"] in ANSWERS:
                labels.append(Label(
                    reply=line["reply"], item=line["item"], answer=line["answer"],
                    refusal=line["refusal"], labeller=line["labeller"],
                    adjudicates=line["adjudicates"], time=line["time"],
                ))  # fmt: skip
            else:
                raise ValueError
        except (KeyError, TypeError, ValueError):
            raise InputError(
                f"{path}, line {line['seq']}: neither a draw nor a label; "
                "it was written by another version of Trueline"
            ) from None
    return ReviewState(draws, labels)


def add_draw(case: Path, draw: Draw) -> None:
    """Record a sample; durable when this returns."""
    append_lines(case / FILE, [draw.as_json()])


def add_labels(case: Path, labels: Sequence[Label]) -> None:
    """Record labels; durable when this returns.

    Raises:
        InputError: a labeller without a name.
    """
    for label in labels:
        check_name(label.labeller, "--as")
    append_lines(case / FILE, [label.as_json() for label in labels])


def check_name(name: str, option: str) -> None:
    """Refuse a name that says nobody or cannot be shown.

    Raises:
        InputError: the message names the option.
    """
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise InputError(
            f"{option} needs a name of 1 to 100 printable characters (got {ascii(name)[:60]})"
        )
