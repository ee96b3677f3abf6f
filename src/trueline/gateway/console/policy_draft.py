"""A draft policy checked and held against the policy in force; nothing is put in force.

>>> from trueline.core.policy_file import policy_from_template, template_text
>>> current = policy_from_template("default")
>>> outcome = judge_draft(template_text("strict"), current)
>>> outcome.faults, outcome.stricter > 0
((), True)
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from trueline.core.errors import PolicyError
from trueline.core.policy import Policy
from trueline.core.policy_diff import ABSENT, diff
from trueline.core.policy_file import parse_policy

MAX_DRAFT = 200_000
MAX_VALUE = 300


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; `line` is 0 when it belongs to no line."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class ShownChange:
    """One changed field with its values as text."""

    path: str
    old: str
    new: str
    effect: str


@dataclass(frozen=True, slots=True)
class DraftOutcome:
    """What became of a draft: its faults, or its differences from the policy in force."""

    lines: tuple[str, ...]
    faults: tuple[Fault, ...] = ()
    changes: tuple[ShownChange, ...] = ()
    hash: str = ""

    @property
    def faulty(self) -> frozenset[int]:
        """Numbers of the lines with a fault."""
        return frozenset(fault.line for fault in self.faults)

    @property
    def stricter(self) -> int:
        """How many changes hold texts to more."""
        return sum(change.effect == "stricter" for change in self.changes)

    @property
    def looser(self) -> int:
        """How many changes hold texts to less."""
        return sum(change.effect == "looser" for change in self.changes)


def judge_draft(
    text: str, current: Policy, absent: str = ABSENT, language: str = "en"
) -> DraftOutcome:
    """Check a draft and compare it.

    Args:
        text: YAML as pasted. Word-list files it names are not read.
        current: the policy in force.
        absent: what stands for a field that one of the two does not have.
        language: `zh` or `en`, for the faults.
    """
    lines = tuple(text.splitlines())
    try:
        policy = parse_policy(text, source="draft")
    except PolicyError as error:
        faults = tuple(Fault(fault.line, fault.detail(language)) for fault in error.faults)
        return DraftOutcome(lines, faults=faults)
    return DraftOutcome(lines, changes=shown_changes(current, policy, absent), hash=policy.hash)


def shown_changes(old: Policy, new: Policy, absent: str = ABSENT) -> tuple[ShownChange, ...]:
    """The differences of two policies with their values as text."""
    return tuple(
        ShownChange(
            change.path, _shown(change.old, absent), _shown(change.new, absent), change.effect
        )
        for change in diff(old, new)
    )


def _shown(value: object, absent: str) -> str:
    if value == ABSENT:
        return absent
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}…"
