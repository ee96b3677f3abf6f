from __future__ import annotations

from datetime import timedelta

import pytest

from trueline.core.errors import InputError
from trueline.core.exchange import now
from trueline.store.alarms import Alarm, count_open, found_change, step
from trueline.store.events import EventStore
from trueline.store.review_history import (
    count_labelled,
    count_waiting,
    items_of,
    labels_of,
    list_settled,
)
from trueline.store.reviews import ReviewItem, ReviewLabel, add_items, label_item


def queued(store: EventStore, number: int) -> list[ReviewItem]:
    items = [
        ReviewItem(exchange_id=f"exchange{n}", part="reply", drawn_for="random")
        for n in range(number)
    ]
    add_items(store, items)
    return items


def test_settled_items_come_page_by_page_without_gap_or_repeat(store: EventStore) -> None:
    items = queued(store, 7)
    settled = [label_item(store, ReviewLabel(item.id, "ann", "fine")).id for item in items[:5]]
    seen: list[str] = []
    cursor = ""

    while True:
        page = list_settled(store, cursor=cursor, limit=2)
        seen += [item.id for item in page.items]
        cursor = page.cursor
        if not cursor:
            break

    assert seen == settled[::-1]


@pytest.mark.parametrize("cursor", ["nonsense", "1e9.x", "-1.x", "9" * 19, "²³.x"])
def test_a_cursor_of_another_kind_is_refused(store: EventStore, cursor: str) -> None:
    with pytest.raises(InputError, match="this is not a cursor of this store"):
        list_settled(store, cursor=cursor)


def test_labels_and_items_are_found_by_what_they_belong_to(store: EventStore) -> None:
    first, second, third = queued(store, 3)
    label_item(store, ReviewLabel(first.id, "ann", "fine"), needed=2)
    label_item(store, ReviewLabel(first.id, "bob", "violates", ("privacy",)), needed=2)

    labels = labels_of(store, [first.id, second.id])
    items = items_of(store, [second.exchange_id, third.exchange_id, "nowhere"])

    assert {id: [one.reviewer for one in said] for id, said in labels.items()} == {
        first.id: ["ann", "bob"]
    }
    assert {id: [one.id for one in found] for id, found in items.items()} == {
        second.exchange_id: [second.id], third.exchange_id: [third.id],
    }  # fmt: skip


def test_what_waits_is_counted_whatever_it_waits_for(store: EventStore) -> None:
    first, second, _ = queued(store, 3)
    label_item(store, ReviewLabel(first.id, "ann", "fine"))
    label_item(store, ReviewLabel(second.id, "ann", "fine"), needed=2)
    label_item(store, ReviewLabel(second.id, "bob", "unsure"), needed=2)

    assert count_waiting(store) == 2
    assert count_labelled(store, "ann", now() - timedelta(hours=1)) == 2
    assert count_labelled(store, "ann", now() + timedelta(hours=1)) == 0
    assert count_labelled(store, "eve", now() - timedelta(hours=1)) == 0


def test_only_alarms_nobody_has_seen_are_open(store: EventStore) -> None:
    alarms = [Alarm(rule=f"rule{n}") for n in range(3)]
    store.change(found_change(alarms)).result(30)
    step(store, alarms[0].id, "acknowledged", author="ann").result(30)

    assert count_open(store) == 2
