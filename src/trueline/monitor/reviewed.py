"""What people found, beside what the scorers had said of the same texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select

from trueline.core.records import Action
from trueline.store.events import EventStore
from trueline.store.reviews import Part, list_items
from trueline.store.schema import exchanges

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One text that people settled.

    Args:
        item_id, exchange_id, part: which text.
        random: whether it was drawn at random; `probability` with which chance.
        violates: what people found; None when they were unsure.
        categories: the categories they named.
        scores: highest stored score of each category, 0 when there is none.
        blocked: whether the guard held the text up (redacted, rewritten or blocked it).
        language, policy_hash: of the exchange.
    """

    item_id: str
    exchange_id: str
    part: Part
    random: bool
    probability: float | None
    violates: bool | None
    categories: tuple[str, ...]
    scores: Mapping[str, float]
    blocked: bool
    language: str
    policy_hash: str


def read_reviewed(store: EventStore) -> list[Reviewed]:
    """Every settled item, oldest first; items whose exchange was pruned are left out.

    Raises:
        StoreError: the store cannot be read.
    """
    items = list_items(store, states=("done",))
    rows = _exchanges(store, [item.exchange_id for item in items])
    found: list[Reviewed] = []
    for item in items:
        row = rows.get(item.exchange_id)
        if row is None:
            continue
        action = row.prompt_action if item.part == "prompt" else row.reply_action
        found.append(
            Reviewed(
                item.id, item.exchange_id, item.part, item.drawn_for == "random",
                item.probability,
                {"violates": True, "fine": False}.get(item.label),
                item.categories, part_scores(orjson.loads(row.scores), item.part),
                action > Action.FLAG, row.language, row.policy_hash,
            )
        )  # fmt: skip
    return found


def part_scores(scores: Mapping[str, Any], part: Part) -> dict[str, float]:
    """The highest score of each category in a part of an exchange."""
    highest: dict[str, float] = {}
    for channel, graded in scores.items():
        if channel.startswith(part):
            for score in graded:
                name, value = str(score["category"]), float(score["score"])
                highest[name] = max(value, highest.get(name, 0.0))
    return highest


def random_sample(reviewed: Iterable[Reviewed]) -> list[Reviewed]:
    """Only what was drawn at random: the rest says nothing about rates."""
    return [one for one in reviewed if one.random]


def _exchanges(store: EventStore, ids: Sequence[str]) -> dict[str, Any]:
    columns = exchanges.c
    wanted = list(dict.fromkeys(ids))
    rows: dict[str, Any] = {}
    with store.reading() as connection:
        for start in range(0, len(wanted), _CHUNK):
            query = select(
                columns.id, columns.scores, columns.prompt_action, columns.reply_action,
                columns.language, columns.policy_hash,
            ).where(columns.id.in_(wanted[start : start + _CHUNK]))  # fmt: skip
            rows |= {row.id: row for row in connection.execute(query)}
    return rows
