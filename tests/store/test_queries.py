from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from trueline.core.errors import InputError
from trueline.core.exchange import Exchange
from trueline.core.records import Action
from trueline.store.events import EventStore
from trueline.store.overview import Traffic, overview
from trueline.store.queries import (
    Filter,
    count_exchanges,
    export_exchanges,
    get_exchange,
    list_exchanges,
)
from trueline.store.rollups import bucket, percentile

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
COUNT = 120


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def varied(count: int = COUNT) -> list[Exchange]:
    """Exchanges ten seconds apart, some at the same moment, in no order of arrival."""
    chance = random.Random(7)
    made = [
        Exchange(
            time=at(10 * (number // 2)),
            action=chance.choice([Action.ALLOW, Action.ALLOW, Action.FLAG, Action.BLOCK]),
            categories=tuple(
                chance.sample(["privacy", "violence", "sexual"], chance.randint(0, 2))
            ),
            key_id=chance.choice(["a", "b"]),
            model=chance.choice(["small", "large"]),
            language=chance.choice(["zh", "en", "other"]),
            error=chance.choice(["", "", "upstream_timeout"]),
            prompt_text=f"Prompt 100%_{number} 中文",
            reply_text=f"answer {number}",
            latency_ms=chance.lognormvariate(4, 1),
            guard_ms=chance.random(),
            shadow=chance.random() < 0.1,
        )
        for number in range(count)
    ]
    chance.shuffle(made)
    return made


@pytest.fixture
def filled(store: EventStore) -> EventStore:
    for future in [store.append(exchange) for exchange in varied()]:
        future.result(60)
    return store


FILTERS: list[tuple[Filter, Callable[[Exchange], bool]]] = [
    (Filter(), lambda _: True),
    (Filter(since=at(200)), lambda e: e.time >= at(200)),
    (Filter(until=at(200)), lambda e: e.time < at(200)),
    (Filter(since=at(100), until=at(300)), lambda e: at(100) <= e.time < at(300)),
    (Filter(action=Action.BLOCK), lambda e: e.action is Action.BLOCK),
    (Filter(action=Action.ALLOW), lambda e: e.action is Action.ALLOW),
    (Filter(category="privacy"), lambda e: "privacy" in e.categories),
    (
        Filter(category="sexual", action=Action.FLAG, since=at(50)),
        lambda e: "sexual" in e.categories and e.action is Action.FLAG and e.time >= at(50),
    ),
    (Filter(key_id="a"), lambda e: e.key_id == "a"),
    (Filter(language="zh"), lambda e: e.language == "zh"),
    (Filter(model="large"), lambda e: e.model == "large"),
    (Filter(errors_only=True), lambda e: bool(e.error)),
    (Filter(text="prompt 100%_1"), lambda e: "100%_1" in e.prompt_text),
    (Filter(text="ANSWER 7"), lambda e: "answer 7" in e.reply_text),
    (Filter(text="中文", key_id="b"), lambda e: e.key_id == "b"),
    (Filter(text="%"), lambda _: True),
    (Filter(text="nowhere"), lambda _: False),
    (
        Filter(category="violence", text="answer", model="small", errors_only=True),
        lambda e: "violence" in e.categories and e.model == "small" and bool(e.error),
    ),
]


def test_every_filter_finds_exactly_what_matches_newest_first(filled: EventStore) -> None:
    everything = varied()
    wanted_ids = {found.exchange.time: found for found in export_exchanges(filled)}
    assert len(wanted_ids) == COUNT // 2

    for where, matches in FILTERS:
        found: list[Exchange] = []
        cursor, pages = "", 0
        while pages == 0 or cursor:
            page = list_exchanges(filled, where, cursor=cursor, limit=7)
            assert len(page.events) <= 7
            found += [event.exchange for event in page.events]
            cursor, pages = page.cursor, pages + 1

        assert [(e.time, e.id) for e in found] == sorted(
            ((e.time, e.id) for e in found), reverse=True
        )
        assert sorted(e.prompt_text for e in found) == sorted(
            e.prompt_text for e in everything if matches(e)
        ), where
        assert count_exchanges(filled, where) == len(found)
        assert [e.exchange for e in export_exchanges(filled, where)] == found[::-1]
        assert len(list(export_exchanges(filled, where, limit=3))) == min(3, len(found))


def test_a_page_stays_while_new_exchanges_arrive(filled: EventStore) -> None:
    first = list_exchanges(filled, limit=10)
    before = list_exchanges(filled, cursor=first.cursor, limit=10)
    filled.append(Exchange(time=at(99999))).result(60)

    after = list_exchanges(filled, cursor=first.cursor, limit=10)

    assert after == before


def test_a_search_that_looks_at_too_much_stops_and_goes_on(
    filled: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trueline.store.queries.SCAN_LIMIT", 25)
    where = Filter(text="answer 1")
    found, cursor, stops = [], "", 0
    while True:
        page = list_exchanges(filled, where, cursor=cursor, limit=50)
        found += [event.exchange.reply_text for event in page.events]
        stops += not page.complete
        cursor = page.cursor
        if not cursor:
            break

    assert stops == 4
    assert sorted(found) == sorted(e.reply_text for e in varied() if "answer 1" in e.reply_text)


@pytest.mark.parametrize("cursor", ["x", "1", ".", "9" * 30 + ".a", "²." + "a", "--1.a"])
def test_a_cursor_of_somewhere_else_is_refused(store: EventStore, cursor: str) -> None:
    with pytest.raises(InputError) as error:
        list_exchanges(store, cursor=cursor)

    assert str(error.value) == "this is not a cursor of this store; start again without one"


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_out_of_range_is_refused(store: EventStore, limit: int) -> None:
    with pytest.raises(InputError, match="limit must be from 1 to 1000"):
        list_exchanges(store, limit=limit)


def test_an_unknown_id_is_none(store: EventStore) -> None:
    assert get_exchange(store, "nobody") is None


@pytest.mark.parametrize(
    ("where", "index"),
    [
        (Filter(), "ix_exchanges_time"),
        (Filter(since=START), "ix_exchanges_time"),
        (Filter(action=Action.BLOCK), "ix_exchanges_action"),
        (Filter(category="privacy"), "PRIMARY KEY (category"),
        (Filter(key_id="a"), "ix_exchanges_key"),
        (Filter(language="zh"), "ix_exchanges_language"),
        (Filter(errors_only=True), "ix_exchanges_error"),
        (Filter(text="x"), "ix_exchanges_time"),
    ],
)
def test_a_page_is_read_through_an_index(
    sqlite_url: str, where: Filter, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EventStore.open(sqlite_url) as store:
        asked: list[tuple[str, object]] = []
        from sqlalchemy import event

        event.listen(
            store.database.reader,
            "before_cursor_execute",
            lambda _c, _cur, statement, parameters, *_: asked.append((statement, parameters)),
        )
        list_exchanges(store, where, cursor="1.a")
        statement, parameters = next(entry for entry in asked if "SELECT" in entry[0])
        with store.database.writer.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
            steps = [row[3] for row in plan]

    assert any(index in step for step in steps), steps
    assert not any(step.startswith("SCAN exchanges") and "INDEX" not in step for step in steps)


def brute_force(exchanges: list[Exchange]) -> dict[str, object]:
    def count(values: list[str]) -> dict[str, int]:
        return {value: values.count(value) for value in set(values)}

    return {
        "total": len(exchanges),
        "errors": sum(bool(e.error) for e in exchanges),
        "shadow": sum(e.shadow for e in exchanges),
        "actions": count([str(e.action) for e in exchanges]),
        "categories": count([c for e in exchanges for c in e.categories]),
        "languages": count([e.language for e in exchanges]),
    }


def counted(traffic: Traffic) -> dict[str, object]:
    return {
        "total": traffic.total,
        "errors": traffic.errors,
        "shadow": traffic.shadow,
        "actions": dict(traffic.actions),
        "categories": dict(traffic.categories),
        "languages": dict(traffic.languages),
    }


@pytest.mark.parametrize(("minutes", "buckets"), [(10, 10), (10, 3), (10, 1), (600, 4)])
def test_the_overview_counts_exactly(filled: EventStore, minutes: int, buckets: int) -> None:
    until = START + timedelta(minutes=minutes)

    found = overview(filled, START, until, buckets=buckets)

    exchanges = varied()
    assert counted(found.whole) == brute_force(exchanges)
    assert len(found.buckets) <= buckets
    assert found.buckets[0].start == START
    assert found.buckets[-1].end >= until
    for part in found.buckets:
        inside = [e for e in exchanges if part.start <= e.time < part.end]
        assert counted(part) == brute_force(inside)


def test_a_long_period_in_many_buckets_is_read_by_the_hour(filled: EventStore) -> None:
    found = overview(filled, START - timedelta(days=30), START + timedelta(days=1), buckets=1000)

    assert (found.bucket_seconds, len(found.buckets)) == (3600, 31 * 24)
    assert found.whole.total == COUNT


def test_the_overview_sums_the_chains_of_all_writers(url: str) -> None:
    for _ in range(3):
        with EventStore.open(url) as store:
            store.append(Exchange(time=START)).result(60)
            store.append(Exchange(time=START)).result(60)

    with EventStore.open(url, read_only=True) as store:
        assert overview(store, START, at(60)).whole.total == 6


def test_counts_survive_a_failed_commit(store: EventStore) -> None:
    store.append(Exchange(time=START)).result(60)
    store.append(Exchange(time=START, model=None)).exception(60)  # type: ignore[arg-type]
    store.append(Exchange(time=START)).result(60)

    assert overview(store, START, at(60)).whole.total == 2


def test_an_overview_of_nothing_is_empty(store: EventStore) -> None:
    found = overview(store, START, at(3600), buckets=6)

    assert [part.total for part in found.buckets] == [0] * 6
    assert found.whole.latency.p50 is None


def test_percentiles_are_within_their_promise(filled: EventStore) -> None:
    latencies = sorted(e.latency_ms for e in varied())

    latency = overview(filled, START, at(600)).whole.latency

    for share, value in ((0.5, latency.p50), (0.95, latency.p95), (0.99, latency.p99)):
        exact = latencies[max(0, -(-int(share * 100 * COUNT) // 100) - 1)]
        assert value == pytest.approx(exact, rel=0.045)


@given(st.lists(st.floats(0.011, 1e7), min_size=1, max_size=60), st.floats(0.01, 1.0))
@settings(max_examples=200)
def test_any_percentile_of_any_times_is_within_its_promise(
    times: list[float], share: float
) -> None:
    histogram: dict[str, int] = {}
    for time in times:
        histogram[bucket(time)] = histogram.get(bucket(time), 0) + 1

    value = percentile(histogram, share)

    rank = max(1, -(-share * len(times) // 1))
    assert value == pytest.approx(sorted(times)[int(rank) - 1], rel=0.045)


@pytest.mark.parametrize(
    ("since", "until", "buckets", "said"),
    [
        (START, START - timedelta(hours=1), 10, "must end after it begins"),
        (START, at(60), 0, "buckets must be from 1 to 1000"),
        (START, at(60), 1001, "buckets must be from 1 to 1000"),
    ],
)
def test_an_impossible_period_is_refused(
    store: EventStore, since: datetime, until: datetime, buckets: int, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        overview(store, since, until, buckets=buckets)


def test_a_reader_sees_one_unchanging_view(store: EventStore) -> None:
    store.append(Exchange()).result(60)
    with store.reading() as connection:
        count = text("SELECT COUNT(*) FROM exchanges")
        before = connection.execute(count).scalar()
        store.append(Exchange()).result(60)
        after = connection.execute(count).scalar()

    assert (before, after) == (1, 1)
