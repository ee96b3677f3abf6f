from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from trueline.core.exchange import Exchange
from trueline.store.events import EventStore
from trueline.store.feedback import Feedback, add_feedback, list_feedback
from trueline.store.overview import overview
from trueline.store.prune import prune
from trueline.store.queries import Filter, count_exchanges, export_exchanges, list_exchanges
from trueline.store.schema import exchange_categories
from trueline.store.verify import verify

START = datetime(2026, 1, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trueline.store.prune.SLICE", 4)


def ten_days(store: EventStore) -> list[Exchange]:
    """One exchange and one remark a day."""
    exchanges = [
        Exchange(time=day(number), prompt_text=f"prompt of day {number}", categories=("privacy",))
        for number in range(10)
    ]
    for exchange in exchanges:
        store.append(exchange).result(60)
        remark = Feedback(
            exchange_id=exchange.id,
            kind="report",
            reason="wrong",
            text="remark",
            time=exchange.time,
        )
        add_feedback(store, remark).result(60)
    return exchanges


def entries(store: EventStore) -> int:
    with store.reading() as connection:
        return int(
            connection.execute(select(func.count()).select_from(exchange_categories)).scalar_one()
        )


def test_old_exchanges_go_and_the_chain_still_verifies(store: EventStore) -> None:
    exchanges = ten_days(store)

    report = prune(store, day(7), author="operator")

    assert (report.exchanges, report.feedback) == (7, 7)
    left = [found.exchange for found in export_exchanges(store)]
    assert left == exchanges[7:]
    assert len(list_feedback(store).items) == 3
    assert entries(store) == 3
    found = verify(store)
    assert found.ok
    assert sum(chain.pruned for chain in found.chains) == 7


def test_texts_alone_can_go(store: EventStore) -> None:
    ten_days(store)

    report = prune(store, day(7), texts_only=True)

    assert (report.exchanges, report.feedback) == (7, 7)
    events = list(export_exchanges(store))
    assert [event.exchange.prompt_text for event in events] == [""] * 7 + [
        f"prompt of day {number}" for number in (7, 8, 9)
    ]
    assert [event.texts_pruned for event in events] == [True] * 7 + [False] * 3
    assert [item.text for item in list_feedback(store).items] == ["remark"] * 3 + [""] * 7
    assert verify(store).ok


def test_pruning_goes_on_where_it_stopped(store: EventStore) -> None:
    ten_days(store)

    removed = [
        prune(store, day(3), texts_only=True).exchanges,
        prune(store, day(3), texts_only=True).exchanges,
        prune(store, day(5), texts_only=True).exchanges,
        prune(store, day(2)).exchanges,
        prune(store, day(6)).exchanges,
        prune(store, day(6)).exchanges,
        prune(store, day(99)).exchanges,
    ]

    assert removed == [3, 0, 2, 2, 4, 0, 4]
    assert count_exchanges(store) == 0
    assert verify(store).ok
    store.append(Exchange()).result(60)
    assert verify(store).ok


def test_the_chain_of_another_process_is_pruned_while_it_writes(url: str) -> None:
    with EventStore.open(url) as server, EventStore.open(url) as operator:
        ten_days(server)

        prune(operator, day(99))
        server.append(Exchange()).result(60)

        assert count_exchanges(server) == 1
        assert verify(operator).ok


def test_a_late_record_waits_for_those_before_it(store: EventStore) -> None:
    for number in (1, 5, 2, 3):
        store.append(Exchange(time=day(number))).result(60)

    prune(store, day(4))

    assert sorted(found.exchange.time for found in export_exchanges(store)) == [
        day(2),
        day(3),
        day(5),
    ]
    assert verify(store).ok


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM exchanges WHERE seq = (SELECT MIN(seq) FROM exchanges)",
        "UPDATE exchanges SET prompt_text = 'x' WHERE seq = (SELECT MIN(seq) FROM exchanges)",
        "UPDATE exchanges SET prompt_text = NULL, reply_text = NULL, text_salt = NULL",
        "DELETE FROM audit WHERE kind = 'checkpoint'",
        "DELETE FROM audit WHERE kind = 'feedback' AND seq < 5",
        "DELETE FROM feedback",
    ],
)
def test_tampering_after_pruning_is_found(store: EventStore, change: str) -> None:
    ten_days(store)
    prune(store, day(6))
    assert verify(store).ok

    with store.database.writer.connect() as connection:
        connection.execute(text(change))
        connection.commit()

    assert not verify(store).ok


def test_counts_outlive_the_exchanges_they_count(store: EventStore) -> None:
    ten_days(store)

    prune(store, day(99))

    whole = overview(store, START, day(11)).whole
    assert (whole.total, whole.categories) == (10, {"privacy": 10})


def test_pruned_texts_are_gone_from_the_files(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with EventStore.open(f"sqlite:///{path}") as store:
        ten_days(store)
        prune(store, day(99), texts_only=True)

        left = b"".join(file.read_bytes() for file in tmp_path.iterdir())

    assert b"prompt of day" not in left
    assert b"remark" not in left


def test_pruned_exchanges_are_no_longer_found(store: EventStore) -> None:
    ten_days(store)
    prune(store, day(5))

    assert len(list_exchanges(store, Filter(category="privacy")).events) == 5
    assert list_exchanges(store, Filter(text="prompt of day 4")).events == ()
