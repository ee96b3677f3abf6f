from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from tests.monitor.traffic import exchange, write

from trueline.core.errors import InputError, StoreError
from trueline.core.exchange import Exchange
from trueline.core.records import Action
from trueline.monitor import review_draw
from trueline.monitor.review_draw import draw
from trueline.monitor.rules import ReviewDraw
from trueline.store.alarms import Alarm
from trueline.store.events import EventStore
from trueline.store.feedback import Feedback, add_feedback
from trueline.store.reviews import (
    Label,
    ReviewItem,
    ReviewLabel,
    add_items,
    get_item,
    label_item,
    list_items,
    list_labels,
    next_item,
    queue_counts,
)
from trueline.store.verify import verify


def queued(store: EventStore, count: int = 1) -> list[ReviewItem]:
    exchanges = [exchange(n) for n in range(count)]
    write(store, exchanges)
    items = [
        ReviewItem(exchange_id=e.id, part="reply", drawn_for="random", probability=0.5)
        for e in exchanges
    ]
    add_items(store, items)
    return items


def say(
    store: EventStore, item: ReviewItem, who: str, label: Label, needed: int = 1,
    categories: Sequence[str] = (),
) -> ReviewItem:  # fmt: skip
    return label_item(store, ReviewLabel(item.id, who, label, tuple(categories)), needed=needed)


def test_one_label_settles_an_item_when_one_reviewer_is_enough(store: EventStore) -> None:
    (item,) = queued(store)

    settled = say(store, item, "ann", "violates", categories=["privacy"])

    assert (settled.state, settled.label, settled.categories) == ("done", "violates", ("privacy",))
    found = get_item(store, item.id)
    assert found is not None
    assert found[0].state == "done"
    assert verify(store).ok


def test_two_reviewers_who_agree_settle_an_item(store: EventStore) -> None:
    (item,) = queued(store)

    first = say(store, item, "ann", "fine", needed=2)
    second = say(store, item, "bob", "fine", needed=2)

    assert (first.state, second.state, second.label) == ("open", "done", "fine")


def test_a_dispute_is_decided_by_a_third_person(store: EventStore) -> None:
    (item,) = queued(store)
    say(store, item, "ann", "fine", needed=2)

    disputed = say(store, item, "bob", "violates", needed=2, categories=["violence"])
    waiting = [next_item(store, who) for who in ("ann", "bob", "eve")]
    settled = say(store, item, "eve", "violates", needed=2, categories=["violence"])

    assert disputed.state == "disputed"
    assert [one and one.id for one in waiting] == [None, None, item.id]
    assert (settled.state, settled.label) == ("done", "violates")
    assert [one.adjudicates for one in list_labels(store)] == [False, False, True]


def test_a_reviewer_may_think_again_until_the_item_is_settled(store: EventStore) -> None:
    (item,) = queued(store)
    say(store, item, "ann", "unsure", needed=2)

    say(store, item, "ann", "fine", needed=2)
    say(store, item, "bob", "fine", needed=2)

    with pytest.raises(InputError) as error:
        say(store, item, "ann", "violates", needed=2)
    assert str(error.value) == "this item was settled meanwhile; the next one is waiting"
    assert [one.label for one in list_labels(store)] == ["fine", "fine"]


def test_two_who_save_at_once_are_both_heard(store: EventStore) -> None:
    items = queued(store, 12)

    def both(item: ReviewItem) -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda who: say(store, item, who, "fine", needed=2), ("ann", "bob")))

    for item in items:
        both(item)

    assert [item.state for item in list_items(store)] == ["done"] * 12
    assert len(list_labels(store)) == 24


def test_an_item_is_queued_once_for_each_reason(store: EventStore) -> None:
    (item,) = queued(store)
    again = ReviewItem(exchange_id=item.exchange_id, part="reply", drawn_for="random")
    other = ReviewItem(exchange_id=item.exchange_id, part="reply", drawn_for="report")

    assert add_items(store, [again, other]) == 1
    assert queue_counts(store).open_by_reason == {"random": 1, "report": 1}


def test_a_label_that_is_none_is_refused(store: EventStore) -> None:
    (item,) = queued(store)

    with pytest.raises(InputError) as error:
        say(store, item, "ann", "bad")  # type: ignore[arg-type]

    assert str(error.value) == "a label is one of violates, fine, unsure (got 'bad')"


def test_the_random_sample_has_the_size_it_was_given(store: EventStore) -> None:
    settings = ReviewDraw(random_share=0.2, uncertain_share=0.0)
    draw(store, settings)
    write(store, (exchange(n) for n in range(1500)))

    first = draw(store, settings)
    second = draw(store, settings)

    items = list_items(store)
    assert first == len(items)
    assert second == 0
    assert 480 <= len(items) <= 720  # 3,000 parts at 0.2, five standard deviations
    assert {item.probability for item in items} == {0.2}
    assert {item.part for item in items} == {"prompt", "reply"}


def test_a_blocked_prompt_has_no_reply_to_judge(store: EventStore) -> None:
    settings = ReviewDraw(random_share=1.0, uncertain_share=0.0)
    draw(store, settings)
    write(store, [exchange(1, prompt_action=Action.BLOCK, action=Action.BLOCK)])

    draw(store, settings)

    assert [item.part for item in list_items(store)] == ["prompt"]


def scored(number: int, value: float) -> Exchange:
    score = {"category": "violence", "score": value, "action": "allow", "threshold": 0.5}
    return exchange(number, scores={"prompt": [score]})


def test_scores_near_their_threshold_are_uncertain(store: EventStore) -> None:
    settings = ReviewDraw(random_share=0.0, uncertain_share=1.0, uncertain_margin=0.1)
    draw(store, settings)
    near, far = scored(1, 0.46), scored(2, 0.2)
    write(store, [near, far])

    draw(store, settings)

    (item,) = list_items(store)
    assert (item.exchange_id, item.part, item.drawn_for) == (near.id, "prompt", "uncertain")
    assert item.probability is None


def test_what_users_report_and_alarms_speak_of_goes_first(store: EventStore) -> None:
    settings = ReviewDraw(random_share=1.0, uncertain_share=0.0)
    draw(store, settings)
    plain, reported, bad = exchange(1), exchange(2), exchange(3, violates=True)
    write(store, [plain, reported, bad])
    for kind, value in (("report", None), ("thumbs", 1)):
        add_feedback(
            store,
            Feedback(
                exchange_id=reported.id if kind == "report" else plain.id,
                kind=kind,  # type: ignore[arg-type]
                value=value, reason="harmful" if kind == "report" else "",
            ),
        ).result(60)  # fmt: skip

    draw(store, settings, [Alarm(rule="violations")])

    order: list[tuple[str, str]] = []
    while (item := next_item(store, "ann")) is not None and len(order) < 3:
        order.append((item.exchange_id, item.drawn_for))
        say(store, item, "ann", "fine")
    assert order[::2] == [(bad.id, "alarm"), (reported.id, "report")]
    assert order[1][1] == "random"


def test_what_was_stored_before_the_first_draw_is_left_alone(store: EventStore) -> None:
    write(store, (exchange(n) for n in range(20)))

    assert draw(store, ReviewDraw(random_share=1.0)) == 0
    assert list_items(store) == []


def test_while_both_wait_every_second_item_of_a_reviewer_is_a_random_one(store: EventStore) -> None:
    exchanges = [exchange(n) for n in range(8)]
    write(store, exchanges)
    add_items(
        store,
        [
            ReviewItem(
                exchange_id=e.id, part="reply", drawn_for="report" if n < 6 else "random",
                priority=3.0 if n < 6 else 2.0,
            )
            for n, e in enumerate(exchanges)
        ],
    )  # fmt: skip

    order = []
    while (item := next_item(store, "ann")) is not None:
        order.append(item.drawn_for)
        say(store, item, "ann", "fine")

    assert order == ["report", "random", "report", "random", *["report"] * 4]


def test_a_report_is_drawn_however_many_remarks_came_after_it(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review_draw, "REPORTS_A_PAGE", 3)
    settings = ReviewDraw(random_share=0.0, uncertain_share=0.0)
    draw(store, settings)
    reported, praised = exchange(1), exchange(2)
    write(store, [reported, praised])
    add_feedback(
        store, Feedback(exchange_id=reported.id, kind="report", reason="harmful")
    ).result(60)  # fmt: skip
    for _ in range(7):
        add_feedback(store, Feedback(exchange_id=praised.id, kind="thumbs", value=1)).result(60)

    draw(store, settings)

    assert [(item.exchange_id, item.drawn_for) for item in list_items(store)] == [
        (reported.id, "report")
    ]


def test_a_label_that_the_database_refuses_is_a_store_error(store: EventStore) -> None:
    (item,) = queued(store)
    with store.database.writer.connect() as connection, connection.begin():
        connection.execute(text("DROP TABLE review_labels"))

    with pytest.raises(StoreError):
        say(store, item, "ann", "fine")
