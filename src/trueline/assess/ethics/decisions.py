"""What people decided about the questions of a checklist, in `CASE/ethics.jsonl`.

The file is a hash chain (`core.chained_file`): nothing is taken back, a later decision of the
same person replaces the earlier one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from trueline.core.chained_file import append_lines, read_lines
from trueline.core.errors import InputError

FILE = "ethics.jsonl"

#: `sign_off` is about a role, all others about a question.
Decision = Literal["assign", "comment", "accept", "object", "needs_work", "sign_off"]
DECISIONS: tuple[Decision, ...] = get_args(Decision)
#: Those that say where a person stands.
STANDS: tuple[Decision, ...] = ("accept", "object", "needs_work")
_MAX_COMMENT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EthicsEntry:
    """One line.

    Args:
        item: id of the question; for a sign-off, the role.
        decision: see `Decision`.
        reviewer: who decided.
        role: in which role.
        comment: why; objections and calls for work have one.
        assignee: who is to answer, when the decision is `assign`.
        policy: hash of the policy a sign-off is under.
        claims: digest of the claims a sign-off is under.
        time: when, in UTC, as `2026-11-22T09:00:00Z`.
    """

    item: str
    decision: Decision
    reviewer: str
    role: str
    comment: str = ""
    assignee: str = ""
    policy: str = ""
    claims: str = ""
    time: str = ""

    @property
    def date(self) -> str:
        """The day, in UTC."""
        return self.time[:10]

    def as_json(self) -> dict[str, Any]:
        """Plain data: the line of the file without its chain, and the day."""
        return {**{name: getattr(self, name) for name in (*_FIELDS, "time")}, "date": self.date}


_FIELDS = ("item", "decision", "reviewer", "role", "comment", "assignee", "policy", "claims")


def read_entries(case: Path) -> list[EthicsEntry]:
    """Every entry, oldest first; none when there is no file.

    Raises:
        InputError: the file was tampered with, or a line is of no kind known here.
    """
    path = case / FILE
    entries: list[EthicsEntry] = []
    for line in read_lines(path):
        try:
            values = {name: line[name] for name in (*_FIELDS, "time")}
            if values["decision"] not in DECISIONS:
                raise ValueError
        except (KeyError, ValueError):
            raise InputError(
                f"{path}, line {line['seq']}: not a decision; "
                "it was written by another version of Trueline"
            ) from None
        entries.append(EthicsEntry(**values))
    return entries


def add_entries(case: Path, entries: Sequence[EthicsEntry], *, time: str = "") -> None:
    """Append entries; durable when this returns.

    Raises:
        InputError: a name, role or comment that cannot stand, or a file that cannot be used.
    """
    for entry in entries:
        _check(entry)
    append_lines(
        case / FILE,
        [{name: getattr(entry, name) for name in _FIELDS} for entry in entries],
        time=time,
    )


def stands(entries: Sequence[EthicsEntry]) -> Mapping[str, Mapping[str, EthicsEntry]]:
    """For each question, where each person stands now."""
    found: dict[str, dict[str, EthicsEntry]] = {}
    for entry in entries:
        if entry.decision in STANDS:
            found.setdefault(entry.item, {})[entry.reviewer] = entry
    return found


def assigned(entries: Sequence[EthicsEntry]) -> Mapping[str, str]:
    """For each question, who is to answer it; the latest assignment counts."""
    return {entry.item: entry.assignee for entry in entries if entry.decision == "assign"}


def _check(entry: EthicsEntry) -> None:
    names = [("--as", entry.reviewer), ("--role", entry.role)]
    if entry.decision == "assign":
        names.append(("--to", entry.assignee))
    for option, name in names:
        if not name.strip() or len(name) > 100 or not name.isprintable():
            raise InputError(
                f"{option} needs 1 to 100 printable characters (got {ascii(name)[:60]})"
            )
    if entry.decision in ("object", "needs_work", "comment") and not entry.comment.strip():
        raise InputError(f"{entry.item}: say why with --comment TEXT")
    if len(entry.comment) > _MAX_COMMENT:
        raise InputError(
            f"--comment has {len(entry.comment)} characters; at most {_MAX_COMMENT} are kept"
        )
