"""The table of the first screen: one row a category, over-refusal among them.

Sorted by bound minus limit, so that what is worst against its limit comes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trueline.assess.case.changes import prompts_more
from trueline.assess.case.facts import Facts, Measured, category_of
from trueline.core.taxonomy import taxonomy


@dataclass(frozen=True, slots=True)
class RateRow:
    """A claim about a rate, as a row.

    `about` is the category, language or attack; `part` what of it (`zh` of over-refusal).
    `prompts_more` is how many clean prompts a thin row still needs; -1 where it is not known.
    """

    claim: str
    about: str
    part: str
    limit: float | None
    upper: float
    lower: float
    found: int
    n: int
    outcome: str
    required: bool
    prompts_more: int


@dataclass(frozen=True, slots=True)
class RateTables:
    """Rows by category, language and attack, and the categories nothing was measured for.

    Attacks without a limit (searched ones) stand in their own evidence alone.
    """

    categories: tuple[RateRow, ...]
    languages: tuple[RateRow, ...]
    attacks: tuple[RateRow, ...]
    not_measured: tuple[str, ...]


def rate_tables(facts: Facts) -> RateTables:
    """The tables of a case."""
    categories: list[RateRow] = []
    languages: list[RateRow] = []
    attacks: list[RateRow] = []
    seen: set[str] = set()
    for entry in facts.measured:
        head, _, rest = entry.id.partition(".")
        category = category_of(entry.id, facts.policy)
        if category is not None:
            seen.add(category)
            part = rest if head == "over_refusal" else ""
            categories.append(_row(entry, category, part))
        elif head == "violation_rate" and rest in {"zh", "en"}:
            languages.append(_row(entry, rest, ""))
        elif head == "attack_success_rate" and entry.claim.limit is not None:
            attacks.append(_row(entry, rest, ""))
    rules = [*facts.policy.categories, *facts.policy.topics]
    missing = tuple(name for name in rules if name not in seen and _is_content(name))
    return RateTables(
        _worst_first(categories), _worst_first(languages), _worst_first(attacks), missing
    )


def _row(entry: Measured, about: str, part: str) -> RateRow:
    claim = entry.claim
    found, n = entry.counts or (0, 0)
    more = prompts_more(entry)
    return RateRow(
        entry.id, about, part, claim.limit, claim.upper, claim.lower, found, n, claim.outcome,
        entry.required, -1 if more is None else more,
    )  # fmt: skip


def _worst_first(rows: list[RateRow]) -> tuple[RateRow, ...]:
    def key(row: RateRow) -> tuple[Any, ...]:
        limit = row.limit
        return (limit is None, -(row.upper - limit) if limit is not None else 0.0, row.claim)

    return tuple(sorted(rows, key=key))


def _is_content(name: str) -> bool:
    """Whether a text can break the rule; the rest is shown under the regulations."""
    category = taxonomy().get(name)
    return category is None or category.kind in {"content", "utility"}
