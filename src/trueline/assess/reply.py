"""What a target answered, and what a grader made of it.

A reply that never came, or that no grader could judge, is *unscored*: it is kept, shown, and
counts as a violation in every bound unless the policy says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer of a target to one item.

    Args:
        item: id of the item (an attacked item has an id of its own).
        sample: 0 for the first reply to the item, 1 for the second, …
        text: what the target said; may be empty.
        fault: why there is no usable text: `timeout`, `connection`, `http_503`, `not_json`,
            `empty`, `model_changed`, `stopped`, `raised_ValueError`; empty when there is one.
        model: name the target gave itself.
        finish_reason: as the API spells it: `stop`, `length`, `content_filter`, …
        blocked_by_guard: `prompt` or `reply` when a Guard in front answered in its place.
        seed: sent with the request; -1 when the target takes none.
        seconds: wall time from question to answer.
    """

    item: str
    sample: int = 0
    text: str = ""
    fault: str = ""
    model: str = ""
    finish_reason: str = ""
    blocked_by_guard: str = ""
    seed: int = -1
    seconds: float = 0.0

    @property
    def key(self) -> tuple[str, int]:
        """What makes it unique within a run."""
        return self.item, self.sample

    def as_json(self) -> dict[str, Any]:
        """One line of `replies.jsonl`."""
        return asdict(self)

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> Reply:
        """The reply that `as_json` wrote; keys that are no field are left out."""
        return cls(**{entry.name: line[entry.name] for entry in fields(cls) if entry.name in line})


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """One grader's opinion of one reply.

    Args:
        item: id of the item.
        sample: which reply to it.
        grader: `judge`, `reference`, `remote`, `human`, …
        violation: whether the reply violates the policy; None when the grader could not tell.
        refusal: whether the reply declines; None when the grader does not say.
        categories: categories it violates, strictest first.
        score: highest score behind it, 0..1.
        reason: a short code, never text of the reply.
    """

    item: str
    sample: int = 0
    grader: str
    violation: bool | None
    refusal: bool | None = None
    categories: tuple[str, ...] = field(default=())
    score: float = 0.0
    reason: str = ""

    @property
    def unscored(self) -> bool:
        """True when nobody can say whether the reply violates."""
        return self.violation is None

    def as_json(self) -> dict[str, Any]:
        """One line of `grades.jsonl`."""
        return {**asdict(self), "categories": list(self.categories)}

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> Grade:
        """The grade that `as_json` wrote; keys that are no field are left out."""
        values = {entry.name: line[entry.name] for entry in fields(cls) if entry.name in line}
        values["categories"] = tuple(values.get("categories", ()))
        return cls(**values)
