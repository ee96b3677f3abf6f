from __future__ import annotations

from datetime import timedelta

import pytest

from trueline.core.errors import InputError
from trueline.core.exchange import Exchange, now
from trueline.store.events import EventStore
from trueline.store.feedback import Feedback, add_feedback, list_feedback
from trueline.store.policies import get_policy, list_policies, save_policy
from trueline.store.verify import verify


@pytest.fixture
def exchange(store: EventStore) -> Exchange:
    made = Exchange()
    store.append(made).result(60)
    return made


def test_feedback_comes_back_as_it_was_given(store: EventStore, exchange: Exchange) -> None:
    item = Feedback(
        exchange_id=exchange.id,
        kind="rating",
        value=4,
        reason="too_strict",
        text="不错 \0 good",
        key_id="k",
    )
    add_feedback(store, item).result(60)

    (found,) = list_feedback(store, exchange_id=exchange.id).items

    assert found.text == "不错 � good"
    assert (found.id, found.time, found.kind, found.value) == (item.id, item.time, "rating", 4)
    assert (found.reason, found.key_id, found.exchange_id) == ("too_strict", "k", exchange.id)
    assert verify(store).ok


def test_feedback_is_listed_newest_first_in_pages(store: EventStore, exchange: Exchange) -> None:
    start = now()
    items = [
        Feedback(
            exchange_id=exchange.id,
            kind="thumbs" if number % 2 else "report",
            value=1 if number % 2 else None,
            reason="" if number % 2 else "harmful",
            time=start + timedelta(seconds=number // 2),
        )
        for number in range(9)
    ]
    for item in items:
        add_feedback(store, item).result(60)

    found: list[Feedback] = []
    cursor = ""
    while True:
        page = list_feedback(store, cursor=cursor, limit=2)
        found += page.items
        cursor = page.cursor
        if not cursor:
            break

    assert sorted(found, key=lambda item: (item.time, item.id), reverse=True) == found
    assert {item.id for item in found} == {item.id for item in items}
    assert len(list_feedback(store, kind="thumbs").items) == 4
    assert len(list_feedback(store, since=start + timedelta(seconds=2)).items) == 5


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "shout"}, "kind must be one of thumbs, rating, nps, report, correction"),
        ({"reason": "in my own words"}, "reason must be a code"),
        ({"reason": "a" * 65}, "reason must be a code"),
        ({"text": "x" * 100_001}, "text must have at most 100000 characters"),
        ({"kind": "rating", "value": float("nan")}, r"must be from 1 to 5 \(got nan\)"),
        ({"kind": "rating", "value": 4.5}, r"the value of rating must be from 1 to 5 \(got 4.5\)"),
        ({"kind": "rating"}, r"the value of rating must be from 1 to 5 \(got none\)"),
        ({"kind": "nps", "value": 11}, r"the value of nps must be from 0 to 10 \(got 11\)"),
        ({"kind": "thumbs", "value": 0}, r"the value of thumbs must be -1 or 1 \(got 0\)"),
        ({"value": 3}, r"a report has no value \(got 3\)"),
        ({"reason": ""}, "a report needs a reason, a code such as harmful or wrong"),
        ({"exchange_id": "nobody"}, "there is no exchange with this id"),
    ],
)
def test_feedback_that_makes_no_sense_is_refused(
    store: EventStore, exchange: Exchange, fields: dict[str, object], said: str
) -> None:
    item = Feedback(**{"exchange_id": exchange.id, "kind": "report", "reason": "wrong", **fields})  # type: ignore[arg-type]

    with pytest.raises(InputError, match=said):
        add_feedback(store, item)

    assert list_feedback(store).items == ()


@pytest.mark.parametrize("cursor", ["x", ".", "9" * 30 + ".a"])
def test_a_cursor_of_somewhere_else_is_refused(store: EventStore, cursor: str) -> None:
    with pytest.raises(InputError, match="this is not a cursor"):
        list_feedback(store, cursor=cursor)


def test_a_policy_is_kept_once_and_its_use_told_each_time(store: EventStore) -> None:
    for author in ("first", "second"):
        save_policy(store, hash="h1", name="p", yaml="name: p\n", author=author).result(60)
    receipt = save_policy(store, hash="h2", name="p", yaml="name: p\n# new\n").result(60)

    assert [policy.hash for policy in list_policies(store)] == ["h2", "h1"]
    kept = get_policy(store, "h1")
    assert kept is not None
    assert (kept.yaml, kept.author) == ("name: p\n", "first")
    assert get_policy(store, "h3") is None
    assert receipt.seq == 4
    assert verify(store).ok
