"""Frozen records that travel between the parts: Span, Score, GradedScore, Verdict, Context.

>>> Span(3, 14, "cn_mobile").end
14
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Literal

Role = Literal["prompt", "reply", "document", "tool_result"]


class Action(IntEnum):
    """What the policy does about a finding, from mildest to strictest.

    The action of a verdict is the strictest action of its scores, so actions compare.
    """

    ALLOW = 0
    FLAG = 1
    REDACT = 2
    REWRITE = 3
    BLOCK = 4

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, name: str) -> Action:
        """`Action.parse("block")`; a KeyError names an unknown action."""
        return cls[name.upper()]


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `[start, end)` of the original text, in code points, and what they are."""

    start: int
    end: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """What one scorer found in one text.

    `value` runs from 0 to 1; higher means more of the category. `label` is the kind within
    the category (`cn_mobile` within `privacy`). `reason` never quotes the text.
    `fault` is set when the scorer failed and could not tell.
    """

    category: str
    value: float
    spans: tuple[Span, ...] = ()
    scorer: str = ""
    reason: str = ""
    label: str = ""
    fault: bool = False


@dataclass(frozen=True, slots=True)
class GradedScore:
    """A score held against the policy: its threshold, and the action that follows."""

    category: str
    value: float
    threshold: float
    action: Action
    spans: tuple[Span, ...] = ()
    scorer: str = ""
    reason: str = ""
    label: str = ""
    fault: bool = False

    def as_json(self) -> dict[str, Any]:
        """The shape the command line and the gateway answer with."""
        return {
            "category": self.category,
            "label": self.label,
            "score": round(self.value, 4),
            "threshold": round(self.threshold, 4),
            "action": str(self.action),
            "spans": [[span.start, span.end] for span in self.spans],
            "scorer": self.scorer,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Context:
    """What the Judge may know beside the text.

    `history` holds earlier turns, oldest first, as plain texts. `language` is `zh`, `en`
    or `` (unknown). `attributes` carries a caller's own values to a caller's own scorers.
    """

    role: Role = "prompt"
    history: tuple[str, ...] = ()
    language: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Verdict:
    """The Judge's answer about one text.

    `scores` holds what reached its threshold, strictest first, then what did not but was
    scored above zero. `redacted_text` has every span whose action is REDACT or stricter
    replaced; it equals the text when there is none. `faults` names scorers that failed.
    """

    action: Action
    scores: tuple[GradedScore, ...]
    redacted_text: str
    policy_hash: str
    role: Role = "prompt"
    faults: tuple[str, ...] = ()

    @property
    def categories(self) -> tuple[str, ...]:
        """Categories that reached their threshold, each once, strictest first."""
        return tuple(dict.fromkeys(s.category for s in self.scores if s.action > Action.ALLOW))

    def as_json(self) -> dict[str, Any]:
        """The shape the command line and the gateway answer with."""
        return {
            "action": str(self.action),
            "scores": [score.as_json() for score in self.scores],
            "redacted_text": self.redacted_text,
            "policy_hash": self.policy_hash,
        }
