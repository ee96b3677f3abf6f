from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event, text

from trueline.core.errors import InputError, MissingExtraError, StoreError
from trueline.core.exchange import Exchange, new_id
from trueline.core.records import Action
from trueline.store.events import EventStore
from trueline.store.queries import count_exchanges, get_exchange, list_exchanges
from trueline.store.verify import verify

WHOLE = Exchange(
    time=datetime(2026, 3, 1, 8, 0, 0, 123456, tzinfo=UTC),
    route="/v1/chat/completions",
    key_id="key1",
    model="模型",
    upstream="http://127.0.0.1:9/v1",
    stream=True,
    shadow=True,
    action=Action.BLOCK,
    prompt_action=Action.FLAG,
    reply_action=Action.BLOCK,
    categories=("privacy", "violence"),
    scores={"prompt": [{"category": "privacy", "score": 0.91, "spans": [[1, 3]]}], "reply": []},
    prompt_text='第一行\n"引号" \\ 😀',
    reply_text="plain",
    policy_name="default",
    policy_hash="0123456789abcdef",
    language="zh",
    status=403,
    error="upstream_timeout",
    latency_ms=12.345678,
    guard_ms=0.1,
    upstream_ms=1e-9,
    prompt_chars=10,
    reply_chars=5,
    user="u1",
    attributes={"tenant": "north", "n": [1, None, True]},
)


@contextmanager
def nothing_commits(store: EventStore) -> Iterator[None]:
    """Another connection holds the lock that every commit needs."""
    with store.database.writer.connect() as connection, connection.begin():
        if not store.database.is_sqlite:  # SQLite's BEGIN IMMEDIATE has taken it already
            connection.execute(text("LOCK TABLE chains IN ACCESS EXCLUSIVE MODE"))
        yield


def test_an_exchange_comes_back_as_it_was_stored(store: EventStore) -> None:
    receipt = store.append(WHOLE).result(60)

    found = get_exchange(store, WHOLE.id)

    assert found is not None
    assert found.exchange == WHOLE
    assert found.receipt == receipt
    assert not found.texts_pruned


def test_an_acknowledged_exchange_is_visible_to_another_connection(url: str) -> None:
    with EventStore.open(url) as writer, EventStore.open(url, read_only=True) as reader:
        writer.append(WHOLE).result(60)

        assert count_exchanges(reader) == 1


def test_records_of_one_store_form_one_chain(
    store: EventStore, fill: Callable[..., list[Exchange]]
) -> None:
    fill(10)

    events = list_exchanges(store).events

    assert [found.receipt.seq for found in events] == list(range(11, 1, -1))
    assert {found.receipt.chain_id for found in events} == {store.chain_id}


def test_many_appenders_share_commits(store: EventStore) -> None:
    commits: list[object] = []
    event.listen(store.database.writer, "commit", commits.append)

    async def storm() -> None:
        await asyncio.gather(*(store.append_async(Exchange()) for _ in range(500)))

    asyncio.run(storm())

    assert count_exchanges(store) == 500
    assert len(commits) < 100
    assert verify(store).ok


def test_nobody_is_answered_before_the_commit_ends(store: EventStore) -> None:
    store.append(Exchange()).result(60)

    with nothing_commits(store):
        waiting = [store.append(Exchange()) for _ in range(5)]
        assert not any(future.done() for future in waiting)
        assert store.pending == 5

    assert [future.result(60).seq for future in waiting] == [3, 4, 5, 6, 7]


def test_the_same_exchange_twice_is_stored_once(store: EventStore) -> None:
    first = store.append(WHOLE).result(60)

    again = [store.append(WHOLE), store.append(Exchange()), store.append(WHOLE)]

    assert again[0].result(60) == again[2].result(60) == first
    assert again[1].result(60).seq == first.seq + 1
    assert count_exchanges(store) == 2
    assert verify(store).ok


def test_the_same_exchange_twice_in_one_batch_is_stored_once(store: EventStore) -> None:
    store.append(Exchange()).result(60)
    twin = Exchange(prompt_text="twin")

    with nothing_commits(store):
        store.append(Exchange())
        futures = [store.append(entry) for entry in (twin, Exchange(), twin)]

    assert futures[0].result(60) == futures[2].result(60)
    assert futures[1].result(60)
    assert count_exchanges(store) == 4
    assert verify(store).ok


def test_another_exchange_under_a_stored_id_is_refused(store: EventStore) -> None:
    store.append(WHOLE).result(60)

    future = store.append(replace(WHOLE, prompt_text="something else"))

    with pytest.raises(InputError) as error:
        future.result(60)
    assert str(error.value) == f"exchange {WHOLE.id} is already stored with other content"


@pytest.mark.parametrize(
    "fields",
    [
        {"model": None},
        {"model": 7},
        {"error": b"bytes"},
        {"status": 2**40},
        {"prompt_chars": 2**70},
        {"prompt_text": 7},
        {"scores": {"prompt": [object()]}},
        {"time": "now"},
        {"id": None},
    ],
)
def test_a_record_that_cannot_be_stored_spoils_no_other(
    store: EventStore, fields: dict[str, object]
) -> None:
    bad = Exchange(**{"id": new_id(), **fields})  # type: ignore[arg-type]
    store.append(Exchange()).result(60)
    with nothing_commits(store):
        store.append(Exchange())
        futures = [store.append(entry) for entry in (Exchange(), bad, Exchange())]

    assert futures[0].result(60)
    assert futures[2].result(60)
    with pytest.raises(InputError, match="cannot be stored"):
        futures[1].result(60)
    assert count_exchanges(store) == 4
    assert verify(store).ok


def test_what_no_database_stores_is_replaced(store: EventStore) -> None:
    broken = "a\0b\ud800c"
    exchange = Exchange(
        model=broken,
        prompt_text=broken,
        reply_text=broken,
        categories=(broken,),
        attributes={broken: [broken]},
        latency_ms=float("nan"),
        guard_ms=float("inf"),
    )
    store.append(exchange).result(60)

    found = get_exchange(store, exchange.id)

    whole = "a�b�c"
    assert found is not None
    assert found.exchange.model == found.exchange.prompt_text == found.exchange.reply_text == whole
    assert found.exchange.categories == (whole,)
    assert found.exchange.attributes == {whole: [whole]}
    assert (found.exchange.latency_ms, found.exchange.guard_ms) == (0.0, 0.0)
    assert verify(store).ok


def test_a_surrogate_pair_becomes_its_character(store: EventStore) -> None:
    exchange = Exchange(prompt_text="\ud83d\ude00")
    store.append(exchange).result(60)

    found = get_exchange(store, exchange.id)

    assert found is not None
    assert found.exchange.prompt_text == "😀"


def test_a_full_queue_makes_callers_wait_for_room(url: str) -> None:
    with EventStore.open(url, max_pending=4) as store:
        store.append(Exchange()).result(60)
        done: list[int] = []

        async def storm() -> None:
            tasks = [asyncio.create_task(store.append_async(Exchange())) for _ in range(20)]
            for _ in range(50):
                await asyncio.sleep(0)
            done.append(store.pending)
            gate.__exit__(None, None, None)
            await asyncio.gather(*tasks)

        gate = nothing_commits(store)
        gate.__enter__()
        asyncio.run(storm())

        assert done == [4]
        assert count_exchanges(store) == 21


def test_a_full_queue_blocks_a_thread_until_there_is_room(sqlite_url: str) -> None:
    with EventStore.open(sqlite_url, max_pending=2) as store:
        store.append(Exchange()).result(60)

        with nothing_commits(store):
            thread = threading.Thread(target=lambda: [store.append(Exchange()) for _ in range(6)])
            thread.start()
            thread.join(0.05)
            assert thread.is_alive()
            assert store.pending == 2

        thread.join(60)
        assert not thread.is_alive()
    with EventStore.open(sqlite_url, read_only=True) as store:
        assert count_exchanges(store) == 7


def test_cancelling_a_caller_neither_loses_its_record_nor_harms_others(store: EventStore) -> None:
    impatient = Exchange()

    async def storm() -> None:
        await store.append_async(Exchange())
        with nothing_commits(store):
            task = asyncio.create_task(store.append_async(impatient))
            other = asyncio.create_task(store.append_async(Exchange()))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await other

    asyncio.run(storm())

    assert get_exchange(store, impatient.id) is not None
    assert count_exchanges(store) == 3


def test_closing_writes_what_is_queued(url: str) -> None:
    store = EventStore.open(url)
    futures = [store.append(Exchange()) for _ in range(300)]

    store.close()

    assert all(future.done() for future in futures)
    with EventStore.open(url, read_only=True) as again:
        assert count_exchanges(again) == 300


def test_a_closed_store_refuses_to_write(sqlite_url: str) -> None:
    store = EventStore.open(sqlite_url)
    store.close()

    with pytest.raises(StoreError) as error:
        store.append(Exchange())

    assert str(error.value) == "the event store is closed; open it again to write"


def test_a_read_only_store_refuses_to_write(url: str) -> None:
    EventStore.open(url).close()

    with EventStore.open(url, read_only=True) as store, pytest.raises(StoreError) as error:
        store.append(Exchange())

    assert str(error.value).endswith("was opened for reading only")


def test_a_sqlite_commit_waits_for_the_disk(sqlite_url: str) -> None:
    with EventStore.open(sqlite_url) as store, store.database.writer.connect() as connection:
        journal = connection.execute(text("PRAGMA journal_mode")).scalar()
        synchronous = connection.execute(text("PRAGMA synchronous")).scalar()

    assert (journal, synchronous) == ("wal", 2)  # 2 is FULL


@pytest.mark.postgres
def test_a_postgres_commit_waits_for_the_disk(postgres_url: str) -> None:
    with EventStore.open(postgres_url) as store:
        with store.database.writer.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {connection.engine.url.database} "
                                    "SET synchronous_commit = off"))  # fmt: skip
            connection.commit()
        with store.database.writer.connect() as connection:
            mode = connection.execute(text("SHOW synchronous_commit")).scalar()

    assert mode == "on"


@pytest.mark.parametrize(
    "wrong", ["mysql://host/db", "trueline.db", "", "sqlite://", "sqlite:///:memory:"]
)
def test_a_url_that_names_no_store_is_refused(wrong: str) -> None:
    with pytest.raises(InputError, match="the event store"):
        EventStore.open(wrong)


def test_postgres_without_its_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trueline.store.database.find_spec", lambda _name: None)

    with pytest.raises(MissingExtraError) as error:
        EventStore.open("postgresql://host/db")

    assert str(error.value) == (
        'PostgreSQL needs psycopg, which is not installed.\n  pip install "trueline[postgres]"'
    )


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no database " * 100, encoding="utf-8")

    with pytest.raises(StoreError) as error:
        EventStore.open(f"sqlite:///{path}")

    assert "the file is not a SQLite database" in str(error.value)


def test_a_password_never_shows_in_an_error() -> None:
    with pytest.raises(StoreError) as error:
        EventStore.open("postgresql://user:hunter2@127.0.0.1:1/db")

    assert "hunter2" not in str(error.value)
    assert "cannot be reached" in str(error.value)
