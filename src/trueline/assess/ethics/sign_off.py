"""Who must sign a case off, who has, and what stands in the way.

A signature is under a policy and under the case's claims as they were. When either changes, it is
outdated and the role is missing again. A role is also missing while somebody calls for work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trueline.assess.ethics.checklist import checklist
from trueline.assess.ethics.claims_digest import claims_digest
from trueline.assess.ethics.decisions import (
    EthicsEntry,
    add_entries,
    read_entries,
    stands,
)
from trueline.core.errors import InputError
from trueline.core.policy import Policy

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class SignOffState:
    """Where the review of a case stands.

    Args:
        required: roles that must sign.
        missing: those of them without a signature that counts.
        objections: questions that somebody objects to.
        needs_work: questions for which somebody calls for work.
        signed_by: for each role that signed, the entry that counts.
        entries: everything decided, oldest first, as plain data.
        outdated: roles whose signature is under another policy or other numbers.
        open: questions that nobody accepted.
    """

    required: tuple[str, ...]
    missing: tuple[str, ...]
    objections: tuple[str, ...]
    needs_work: tuple[str, ...]
    signed_by: Mapping[str, Mapping[str, Any]]
    entries: tuple[Mapping[str, Any], ...]
    outdated: tuple[str, ...] = ()
    open: tuple[str, ...] = field(default=())

    @property
    def complete(self) -> bool:
        """Whether nothing that people must do stands in the way of RELEASE."""
        return not (self.missing or self.objections)


def sign_off_state(case: Path, policy: Policy) -> SignOffState:
    """The state of a case under a policy.

    Raises:
        InputError: `ethics.jsonl` was tampered with.
    """
    entries = read_entries(case)
    positions = stands(entries)
    objections = tuple(_with(positions, "object"))
    needs_work = tuple(_with(positions, "needs_work"))
    signed: dict[str, EthicsEntry] = {}
    for entry in entries:
        if entry.decision == "sign_off":
            signed[entry.role] = entry
    claims = claims_digest(case) if signed else ""
    outdated = tuple(
        role
        for role, entry in signed.items()
        if (entry.policy, entry.claims) != (policy.hash, claims)
    )
    counting = {role: entry for role, entry in signed.items() if role not in outdated}
    required = tuple(dict.fromkeys(policy.review.required_sign_offs))
    accepted = {
        item for item, given in positions.items()
        if any(entry.decision == "accept" for entry in given.values())
    }  # fmt: skip
    return SignOffState(
        required=required,
        missing=required if needs_work else tuple(r for r in required if r not in counting),
        objections=objections,
        needs_work=needs_work,
        signed_by={role: entry.as_json() for role, entry in counting.items()},
        entries=tuple(entry.as_json() for entry in entries),
        outdated=outdated,
        open=tuple(one.id for one in checklist(policy) if one.id not in accepted),
    )


def sign(
    case: Path, policy: Policy, *, reviewer: str, role: str, comment: str = "", time: str = ""
) -> None:
    """Sign the case off in a role; every question must have been accepted by somebody.

    Raises:
        InputError: questions are open, or somebody objects or calls for work.
    """
    state = sign_off_state(case, policy)
    for what, found, step in (
        ("not answered", state.open, "answer them: trueline assess ethics CASE accept ID..."),
        ("under objection", state.objections, "settle them first"),
        ("in need of work", state.needs_work, "settle them first"),
    ):
        if found:
            shown = ", ".join(found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
            count = "1 question is" if len(found) == 1 else f"{len(found)} questions are"
            raise InputError(f"{case}: {count} {what} ({shown}); {step}")
    entry = EthicsEntry(
        item=role, decision="sign_off", reviewer=reviewer, role=role, comment=comment,
        policy=policy.hash, claims=claims_digest(case),
    )  # fmt: skip
    add_entries(case, [entry], time=time)


def _with(positions: Mapping[str, Mapping[str, EthicsEntry]], decision: str) -> list[str]:
    return [
        item
        for item, given in positions.items()
        if any(entry.decision == decision for entry in given.values())
    ]
