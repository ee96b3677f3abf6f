from __future__ import annotations

import threading
from pathlib import Path

import pytest

from trueline.core.errors import InputError, StoreError
from trueline.core.exchange import Exchange
from trueline.store.backup import back_up, restore
from trueline.store.events import EventStore
from trueline.store.queries import get_exchange
from trueline.store.verify import verify


def test_a_copy_made_while_others_write_is_whole(tmp_path: Path) -> None:
    with EventStore.open(f"sqlite:///{tmp_path / 'events.db'}") as store:
        first = Exchange()
        store.append(first).result(60)
        done = threading.Event()

        def write() -> None:
            while not done.is_set():
                store.append(Exchange()).result(60)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            copied = back_up(store, tmp_path / "copy.db")
        finally:
            done.set()
            writer.join()

    with EventStore.open(f"sqlite:///{tmp_path / 'copy.db'}") as copy:
        assert get_exchange(copy, first.id) is not None
        assert verify(copy).ok
    assert copied.records >= 2
    assert not list(tmp_path.glob("*.partial"))


def test_a_store_that_is_written_all_the_time_is_copied_once_through(tmp_path: Path) -> None:
    left: list[int] = []
    with EventStore.open(f"sqlite:///{tmp_path / 'events.db'}") as store:
        text = "x" * 20_000
        for receipt in [store.append(Exchange(prompt_text=text)) for _ in range(600)]:
            receipt.result(60)

        def write_on(pages: int, _all: int) -> None:
            left.append(pages)
            store.append(Exchange(prompt_text=text)).result(60)

        back_up(store, tmp_path / "copy.db", write_on)

    assert len(left) > 1
    assert left == sorted(left, reverse=True)  # it never began anew


def test_a_copy_is_put_back_and_goes_on(tmp_path: Path) -> None:
    with EventStore.open(f"sqlite:///{tmp_path / 'events.db'}") as store:
        kept = Exchange()
        store.append(kept).result(60)
        back_up(store, tmp_path / "copy.db")

    put = restore(tmp_path / "copy.db", f"sqlite:///{tmp_path / 'new.db'}")

    with EventStore.open(f"sqlite:///{put.path}") as store:
        store.append(Exchange()).result(60)
        assert get_exchange(store, kept.id) is not None
        assert verify(store).ok


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'events.db'}"
    with EventStore.open(url) as store:
        store.append(Exchange()).result(60)
        back_up(store, tmp_path / "copy.db")

        with pytest.raises(InputError) as backing:
            back_up(store, tmp_path / "copy.db")
    with pytest.raises(InputError) as restoring:
        restore(tmp_path / "copy.db", url)

    assert str(backing.value) == f"{tmp_path / 'copy.db'} exists; give a new file"
    assert str(restoring.value) == (
        f"{tmp_path / 'events.db'} exists; move it away first, or restore to another file"
    )


def test_a_damaged_copy_is_refused(tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_bytes(b"SQLite format 3\0" + b"x" * 5000)

    with pytest.raises(StoreError):
        restore(tmp_path / "copy.db", f"sqlite:///{tmp_path / 'new.db'}")

    assert not (tmp_path / "new.db").exists()
    assert not list(tmp_path.glob("*.partial"))


def test_postgresql_is_told_its_own_tools(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        restore(tmp_path / "copy.db", "postgresql://localhost/trueline")

    assert str(error.value) == (
        "a PostgreSQL store is restored with its own tools:\n"
        "  pg_restore --dbname=DATABASE trueline.dump"
    )
