from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from trueline.core.errors import StoreError
from trueline.core.exchange import Exchange
from trueline.store.chain import Receipt
from trueline.store.events import EventStore
from trueline.store.queries import count_exchanges, export_exchanges, get_exchange
from trueline.store.verify import verify

WRITER = Path(__file__).with_name("writer_process.py")


def start_writer(url: str, appenders: int, count: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(WRITER), url, str(appenders), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def stored_ids(store: EventStore) -> list[str]:
    return [found.exchange.id for found in export_exchanges(store)]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB of its own."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("acknowledged", [1, 40, 700])
def test_kill_9_under_load_loses_nothing_that_was_answered(url: str, acknowledged: int) -> None:
    process = start_writer(url, 16, 0)
    assert process.stdout is not None
    answered = [process.stdout.readline() for _ in range(acknowledged)]

    process.send_signal(signal.SIGKILL)
    answered += process.stdout.read().splitlines(keepends=True)
    process.wait()
    process.stdout.close()

    whole = [line.decode().strip() for line in answered if line.endswith(b"\n")]
    with EventStore.open(url) as store:
        ids = stored_ids(store)
        assert len(ids) == len(set(ids))
        assert set(whole) <= set(ids)
        assert len(ids) - len(whole) <= 16  # durable, but killed before it could say so
        assert verify(store).ok
        store.append(Exchange()).result(60)
        assert verify(store).ok


def test_two_processes_on_one_database_write_two_chains(url: str) -> None:
    processes = [start_writer(url, 8, 300) for _ in range(2)]
    answered = [process.communicate()[0].decode().split() for process in processes]

    with EventStore.open(url) as store:
        found = verify(store)
        ids = stored_ids(store)

    assert found.ok
    assert sorted(chain.records for chain in found.chains) == [301, 301]
    assert sorted(ids) == sorted(answered[0] + answered[1])


def test_a_full_database_fails_every_waiting_caller_and_recovers(sqlite_url: str) -> None:
    limit = {"pages": 150}

    def set_limit(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={limit['pages']}")

    with EventStore.open(sqlite_url) as store:
        event.listen(store.database.writer, "connect", set_limit)
        stored: list[str] = []
        failed: list[Future[Receipt]] = []
        while not failed:
            burst = [Exchange(prompt_text="x" * 5000) for _ in range(20)]
            futures = [store.append(exchange) for exchange in burst]
            for exchange, future in zip(burst, futures, strict=True):
                if future.exception(60) is None:
                    stored.append(exchange.id)
                else:
                    failed.append(future)
        error = failed[0].exception()

        assert isinstance(error, StoreError)
        assert str(error).endswith(
            "events.db: the disk is full; free some space or run `trueline events prune`"
        )
        assert store.down
        assert stored_ids(store) == stored

        limit["pages"] = 1_000_000
        store.append(Exchange()).result(60)

        assert not store.down
        assert count_exchanges(store) == len(stored) + 1
        assert verify(store).ok


def test_a_full_disk_fails_every_waiting_caller_and_recovers(tiny_disk: Path) -> None:
    with EventStore.open(f"sqlite:///{tiny_disk / 'events.db'}") as store:
        store.append(Exchange()).result(60)
        filler = tiny_disk / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(65536))
            except OSError:
                pass
        burst = [Exchange(prompt_text="y" * 50_000) for _ in range(30)]
        futures = [store.append(exchange) for exchange in burst]
        errors = [future.exception(60) for future in futures]

        assert any(errors)
        assert all(isinstance(error, StoreError) for error in errors if error)
        assert "the disk is full" in str(next(error for error in errors if error))

        filler.unlink()
        again = [store.append(exchange) for exchange in burst]

        assert all(future.result(60) for future in again)
        assert count_exchanges(store) == 31
        assert verify(store).ok


def test_a_file_that_turned_read_only_is_named(sqlite_url: str) -> None:
    def forbid(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA query_only=ON")

    with EventStore.open(sqlite_url) as store:
        event.listen(store.database.writer, "connect", forbid)
        error = store.append(Exchange()).exception(60)

        assert isinstance(error, StoreError)
        assert str(error).endswith(
            "events.db: the file or its folder is read-only; check its permissions and mount"
        )
        event.remove(store.database.writer, "connect", forbid)
        store.append(Exchange()).result(60)
        assert verify(store).ok


def test_a_store_on_a_read_only_disk_can_be_read_and_not_written(tiny_disk: Path) -> None:
    url = f"sqlite:///{tiny_disk / 'events.db'}"
    with EventStore.open(url) as store:
        store.append(Exchange()).result(60)
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)

    with EventStore.open(url, read_only=True) as reader:
        assert count_exchanges(reader) == 1
        assert verify(reader).ok
    with pytest.raises(StoreError, match="read-only"), EventStore.open(url) as writer:
        writer.append(Exchange()).result(60)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as error:
        EventStore.open(f"sqlite:///{tmp_path}/nowhere/events.db")

    assert "check that its folder exists and is not read-only" in str(error.value)


def test_a_database_locked_for_good_fails_with_advice(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trueline.store.database.BUSY_SECONDS", 0.05)
    with (
        EventStore.open(sqlite_url) as store,
        store.database.writer.connect() as other,
    ):
        with other.begin():
            error = store.append(Exchange()).exception(60)
        store.append(Exchange()).result(60)

        assert isinstance(error, StoreError)
        assert "another process keeps the file locked" in str(error)
        assert count_exchanges(store) == 1


def test_no_error_shows_what_users_wrote(sqlite_url: str, caplog: pytest.LogCaptureFixture) -> None:
    secret = "only-for-your-eyes"

    def forbid(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA query_only=ON")

    with EventStore.open(sqlite_url) as store:
        event.listen(store.database.writer, "connect", forbid)
        errors = [
            store.append(Exchange(prompt_text=secret, reply_text=secret)).exception(60),
            store.append(Exchange(prompt_text=secret, status="x")).exception(60),  # type: ignore[arg-type]
        ]

    for error in errors:
        assert error is not None
        assert secret not in repr(error)
        assert error.__cause__ is None
    assert secret not in caplog.text


class Load:
    """Threads that keep appending, and what each append came to."""

    def __init__(self, store: EventStore) -> None:
        self.stored: list[str] = []
        self.failed: list[str] = []
        self._store = store
        self._stop = threading.Event()
        self._some = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._run) for _ in range(8)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, count: int) -> None:
        for _ in range(count):
            assert self._some.acquire(timeout=60)

    def _run(self) -> None:
        while not self._stop.is_set():
            exchange = Exchange(prompt_text="load")
            error = self._store.append(exchange).exception(60)
            if error is None:
                self.stored.append(exchange.id)
                self._some.release()
            else:
                assert isinstance(error, StoreError), error
                self.failed.append(exchange.id)


def assert_nothing_lost_or_doubled(store: EventStore, load: Load) -> None:
    ids = stored_ids(store)
    assert len(ids) == len(set(ids))
    assert set(load.stored) <= set(ids)
    assert set(ids) <= set(load.stored) | set(load.failed)
    assert verify(store).ok


@pytest.mark.postgres
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_postgres_restart_under_load_loses_and_doubles_nothing(
    postgres: Any, postgres_url: str, mode: str
) -> None:
    with EventStore.open(postgres_url, patience=60) as store:
        with Load(store) as load:
            load.wait_for(50)
            postgres.stop(mode)
            postgres.start()
            load.wait_for(100)

        assert load.failed == []
        assert_nothing_lost_or_doubled(store, load)


@pytest.mark.postgres
def test_connections_cut_under_load_lose_and_double_nothing(postgres_url: str) -> None:
    cut = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with EventStore.open(postgres_url, patience=60) as store:
        with Load(store) as load, store.database.writer.connect() as killer:
            for _ in range(25):
                load.wait_for(20)
                killer.execute(cut)
                killer.commit()
        assert load.failed == []
        assert_nothing_lost_or_doubled(store, load)


@pytest.mark.postgres
def test_a_commit_whose_answer_was_lost_is_not_repeated(postgres_url: str) -> None:
    """The server commits, and the connection breaks before it can say so."""
    with EventStore.open(postgres_url, patience=60) as store:
        first = store.append(Exchange()).result(60)
        breaks = iter([True])

        def break_after_commit(connection: Any) -> None:
            if next(breaks, False):
                connection.connection.driver_connection.commit()
                connection.connection.driver_connection.close()

        event.listen(store.database.writer, "commit", break_after_commit)
        exchange = Exchange(prompt_text="once")
        receipt = store.append(exchange).result(60)
        after = store.append(Exchange()).result(60)

        assert [first.seq, receipt.seq, after.seq] == [2, 3, 4]
        found = get_exchange(store, exchange.id)
        assert found is not None
        assert found.receipt == receipt
        assert count_exchanges(store) == 3
        assert verify(store).ok


@pytest.mark.postgres
def test_a_server_that_stays_away_fails_callers_until_it_is_back(
    postgres: Any, postgres_url: str
) -> None:
    with EventStore.open(postgres_url, patience=0.2) as store:
        store.append(Exchange()).result(60)
        postgres.stop("fast")
        errors = [store.append(Exchange()).exception(60) for _ in range(3)]
        postgres.start()

        assert all(isinstance(error, StoreError) for error in errors)
        assert "the PostgreSQL server cannot be reached" in str(errors[-1])
        store.append(Exchange()).result(60)
        assert count_exchanges(store) == 2
        assert verify(store).ok


def test_a_fault_of_our_own_does_not_hang_callers(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EventStore.open(sqlite_url) as store:
        store.append(Exchange()).result(60)
        wrong: Callable[..., object] = lambda *_: 1 / 0  # noqa: E731
        monkeypatch.setattr("trueline.store.session.build_batch", wrong)
        error = store.append(Exchange()).exception(60)
        monkeypatch.undo()

        assert isinstance(error, StoreError)
        assert "ZeroDivisionError" in str(error)
        store.append(Exchange()).result(60)
        assert verify(store).ok
