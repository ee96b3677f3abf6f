"""What changed between two policies, field by field, and whether it is stricter or looser.

>>> from trueline.core.policy_file import policy_from_template
>>> old, new = policy_from_template("default"), policy_from_template("strict")
>>> [c.effect for c in diff(old, new) if c.path == "categories.ip_secrets.action"]
['stricter']
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from trueline.core.policy import Policy
from trueline.core.records import Action

Effect = Literal["stricter", "looser", "other"]
ABSENT = "absent"
# A lower value holds the model to more; a higher value of the others does.
_LOWER_IS_STRICTER = {"max_violation_rate", "threshold", "max_miss_rate"}
_HIGHER_IS_STRICTER = {"max_false_positive_rate", "confidence", "reviewers_per_item"}
# Each entry more asks for more.
_MORE_IS_STRICTER = {"required_sign_offs"}


@dataclass(frozen=True, slots=True)
class Change:
    """One field with its old and new value; `ABSENT` stands for a missing field."""

    path: str
    old: Any
    new: Any
    effect: Effect

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--json` and the console."""
        return {"path": self.path, "old": self.old, "new": self.new, "effect": self.effect}


def diff(old: Policy, new: Policy) -> list[Change]:
    """Changes from `old` to `new`, in the order of the fields."""
    before = dict(_leaves(old.model_dump(mode="json", by_alias=True, exclude_none=True), ""))
    after = dict(_leaves(new.model_dump(mode="json", by_alias=True, exclude_none=True), ""))
    changes: list[Change] = []
    for path in dict.fromkeys((*before, *after)):
        was, now = before.get(path, ABSENT), after.get(path, ABSENT)
        if was != now:
            effect = _effect(path, _inherited(path, was, before), _inherited(path, now, after))
            changes.append(Change(path, was, now, effect))
    return changes


def _inherited(path: str, value: Any, leaves: dict[str, Any]) -> Any:
    """The action in force where a label has none of its own: that of its category."""
    if value == ABSENT and path.endswith(".action") and ".labels." in path:
        return leaves.get(path.split(".labels.")[0] + ".action", ABSENT)
    return value


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(part, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(part, dict) for part in value):
        for index, part in enumerate(value):
            yield from _leaves(part, f"{path}[{index}]")
    else:
        yield path, value


def _effect(path: str, old: Any, new: Any) -> Effect:
    field = path.rsplit(".", 1)[-1]
    if field == "action":
        was = Action.ALLOW if old == ABSENT else Action.parse(old)
        now = Action.ALLOW if new == ABSENT else Action.parse(new)
        return _order(now > was, now < was)
    if field == "on_error":
        return _order(new == "block", old == "block")
    if field in _MORE_IS_STRICTER:
        was_asked, now_asked = _entries(old), _entries(new)
        return _order(bool(now_asked - was_asked), bool(was_asked - now_asked))
    if isinstance(old, int | float) and isinstance(new, int | float):
        if field in _LOWER_IS_STRICTER:
            return _order(new < old, new > old)
        if field in _HIGHER_IS_STRICTER:
            return _order(new > old, new < old)
    return "other"


def _entries(value: Any) -> frozenset[Any]:
    return frozenset(value) if isinstance(value, list | tuple) else frozenset()


def _order(stricter: bool, looser: bool) -> Effect:
    return "stricter" if stricter else "looser" if looser else "other"
