"""The checklist with where each question stands, as plain data and for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from trueline.assess.ethics.checklist import Question, checklist
from trueline.assess.ethics.decisions import (
    EthicsEntry,
    assigned,
    read_entries,
    stands,
)
from trueline.assess.ethics.sign_off import SignOffState, sign_off_state
from trueline.assess.ethics.words import say
from trueline.assess.evidence import read_evidence
from trueline.core.policy import Policy

Standing = Literal["object", "needs_work", "accept", "open"]


@dataclass(frozen=True, slots=True)
class QuestionState:
    """A question, where it stands, who is to answer it, and all that was said."""

    question: Question
    standing: Standing
    assignee: str
    entries: tuple[EthicsEntry, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--json`."""
        return {
            **self.question.as_json(), "state": self.standing, "assignee": self.assignee,
            "entries": [entry.as_json() for entry in self.entries],
        }  # fmt: skip


def question_states(case: Path, policy: Policy) -> list[QuestionState]:
    """Every question of the policy; one objection outweighs any number of accepts."""
    entries = read_entries(case)
    positions, assignees = stands(entries), assigned(entries)
    return [
        QuestionState(
            question,
            _standing(positions.get(question.id, {})),
            assignees.get(question.id, ""),
            tuple(entry for entry in entries if entry.item == question.id),
        )
        for question in checklist(policy)
    ]


def counts(states: list[QuestionState]) -> Mapping[str, int]:
    """How many questions stand where."""
    found = Counter(state.standing for state in states)
    return {
        "total": len(states), "accepted": found["accept"], "open": found["open"],
        "needs_work": found["needs_work"], "objections": found["object"],
    }  # fmt: skip


def list_as_text(case: Path, policy: Policy, language: str, only: str = "") -> str:
    """One line a question, then who signed; `only` keeps the questions that stand there."""
    states = question_states(case, policy)
    lines = []
    for state in states:
        if only and state.standing != only:
            continue
        told = say(f"state.{state.standing}", language)
        who = f" → {state.assignee}" if state.assignee else ""
        lines.append(f"[{told}] {state.question.id}{who}\n    {state.question.ask(language)}")
    lines.append(say("summary", language, **counts(states)))
    return "\n".join([*lines, *_signatures(sign_off_state(case, policy), language)])


def question_as_text(case: Path, state: QuestionState, language: str) -> str:
    """One question with its clauses, their sources, the claims it bears on and what was said."""
    question = state.question
    lines = [f"{question.id} [{say(f'state.{state.standing}', language)}]", question.ask(language)]
    for reference in question.references:
        status = say(f"status.{reference.status}", language)
        lines += [
            "",
            f"{say('clause', language)}: {reference.title}, {reference.clause}",
            f"  {reference.text}",
            f"  {say('checked', language)}: {status}",
        ]
        lines += [f"  {say('source', language)}: {source}" for source in reference.sources]
    if claims := related_claims(case, question):
        lines += ["", f"{say('claims', language)}: {', '.join(claims)}"]
    for entry in state.entries:
        decision = say(f"decision.{entry.decision}", language)
        comment = f": {entry.comment}" if entry.comment else ""
        to = f" → {entry.assignee}" if entry.assignee else ""
        lines.append(f"  {entry.time} {entry.reviewer} ({entry.role}) {decision}{to}{comment}")
    return "\n".join(lines)


def related_claims(case: Path, question: Question) -> list[str]:
    """Claims of the case that name the question's category, with their outcome."""
    if question.kind != "category":
        return []
    category = question.id.removeprefix("category.")
    return [
        f"{claim.id} ({claim.outcome})"
        for path in sorted((case / "evidence").glob("*.json"))
        for claim in read_evidence(path).claims
        if category in claim.id.split(".")
    ]


def _standing(given: Mapping[str, EthicsEntry]) -> Standing:
    decisions = {entry.decision for entry in given.values()}
    for one in ("object", "needs_work", "accept"):
        if one in decisions:
            return one
    return "open"


def _signatures(state: SignOffState, language: str) -> list[str]:
    lines = [
        say("signed", language, role=role, **{k: entry[k] for k in ("reviewer", "date")})
        for role, entry in state.signed_by.items()
    ]
    lines += [
        say("outdated" if role in state.outdated else "missing", language, role=role)
        for role in dict.fromkeys((*state.missing, *state.outdated))
        if role not in state.signed_by
    ]
    return lines or [say("none_required", language)]
