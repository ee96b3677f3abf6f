"""One review item as the page shows it: texts, what the guard did, categories with their keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from trueline.core.exchange import Exchange
from trueline.core.records import Action
from trueline.gateway.console.events import Side, exchange_side
from trueline.gateway.console.highlight import visible
from trueline.gateway.console.site import Site, Visit
from trueline.store.feedback import list_feedback
from trueline.store.queries import get_exchange
from trueline.store.reviews import PARTS, Part, ReviewItem, ReviewLabel

# Letters of the page's own commands (show, guard, violates, fine, unsure, skip) are left out.
CATEGORY_KEYS = "123456789abcdehijklmnopqtwxyz"
MAX_REMARKS = 5
MAX_REMARK = 1000


@dataclass(frozen=True, slots=True)
class CategoryChoice:
    """A category a reviewer may name; `key` ticks it, empty where the keys have run out."""

    id: str
    name: str
    key: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class ItemView:
    """What the page shows of an item.

    `sides` is empty when the record was removed. `remarks` are what users said of the exchange.
    `my_label` is what this reviewer said before; `labels` are told of settled items only.
    """

    item: ReviewItem
    time: datetime | None
    sides: tuple[Side, ...]
    remarks: tuple[str, ...]
    categories: tuple[CategoryChoice, ...]
    my_label: str
    labels: tuple[ReviewLabel, ...]

    @property
    def blurred(self) -> bool:
        """Whether there is any text to blur."""
        return any(side.pieces for side in self.sides) or bool(self.remarks)


def item_view(
    site: Site,
    visit: Visit,
    item: ReviewItem,
    labels: Sequence[ReviewLabel],
    reviewer: str,
    chosen: Sequence[str] | None = None,
) -> ItemView:
    """Read everything one item needs.

    Args:
        site: gives store and policy.
        visit: whose language it is shown in.
        item: what is judged.
        labels: all that was said of it.
        reviewer: whose own label is shown.
        chosen: categories ticked in a form that was sent back; None for a fresh one.

    Raises:
        StoreError: the store cannot be read.
    """
    event = get_exchange(site.state.store, item.exchange_id)
    names = site.category_names(visit.lang)
    mine = next((one for one in labels if one.reviewer == reviewer), None)
    ticked = chosen if chosen is not None else mine.categories if mine else ()
    sides: tuple[Side, ...] = ()
    if event is not None:
        shown = [part for part in PARTS if part == item.part or _has(event.exchange, part)]
        sides = tuple(exchange_side(event, part, names, visit) for part in shown)
    return ItemView(
        item=item,
        time=event.exchange.time if event is not None else None,
        sides=sides,
        remarks=_remarks(site, item) if item.drawn_for == "report" else (),
        categories=_choices(site, item.part, names, ticked),
        my_label=mine.label if mine else "",
        labels=tuple(labels) if item.state == "done" else (),
    )


def known_categories(site: Site, part: Part, names: Sequence[str]) -> tuple[str, ...]:
    """Those of the names that the page offers for a prompt or a reply."""
    offered = {choice.id for choice in _choices(site, part, {}, ())}
    return tuple(dict.fromkeys(name for name in names if name in offered))


def _choices(
    site: Site, part: Part, names: Mapping[str, str], ticked: Sequence[str]
) -> tuple[CategoryChoice, ...]:
    """The policy's categories and topics for this part, always in the policy's order."""
    policy = site.state.policies.current.policy
    offered = [
        name
        for name, rule in (*policy.categories.items(), *policy.topics.items())
        if policy.action_for(name) > Action.ALLOW and part in rule.applies_to
    ]
    return tuple(
        CategoryChoice(
            name,
            names.get(name, name),
            CATEGORY_KEYS[index] if index < len(CATEGORY_KEYS) else "",
            name in ticked,
        )
        for index, name in enumerate(offered)
    )


def _has(exchange: Exchange, part: Part) -> bool:
    return bool(exchange.prompt_chars if part == "prompt" else exchange.reply_chars)


def _remarks(site: Site, item: ReviewItem) -> tuple[str, ...]:
    found = list_feedback(site.state.store, exchange_id=item.exchange_id, limit=50).items
    said = [one for one in found if one.kind in ("report", "correction") and one.text]
    return tuple(visible(one.text[:MAX_REMARK]) for one in said[:MAX_REMARKS])
