from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, text

from trueline.core.errors import InputError
from trueline.core.exchange import now
from trueline.store.events import EventStore
from trueline.store.keyring import KeyRing
from trueline.store.keys import create_key, list_keys, new_secret, revoke_key
from trueline.store.verify import verify


def test_a_key_opens_until_it_is_revoked(store: EventStore) -> None:
    made = create_key(store, "bot", role="reviewer", policy="strict", rate_limit=60)

    with KeyRing(store) as ring:
        key = ring.authenticate(made.secret)
        assert key is not None
        assert (key.name, key.role, key.policy, key.rate_limit) == ("bot", "reviewer", "strict", 60)
        assert ring.authenticate(made.secret[:-1]) is None
        assert ring.authenticate("") is None
        assert ring.authenticate("\ud800") is None

        revoke_key(store, made.key.id)
        ring.refresh()

        assert ring.authenticate(made.secret) is None
        found = ring.find(made.secret)
        assert found is not None
        assert found.state() == "revoked"


def test_the_secret_is_stored_nowhere(store: EventStore) -> None:
    made = create_key(store, "bot")

    with store.reading() as connection:
        rows = [
            *connection.execute(text("SELECT * FROM api_keys")),
            *connection.execute(text("SELECT * FROM audit")),
        ]

    body = made.secret.removeprefix("tl-")
    assert body[:9] not in repr(rows)
    assert made.secret not in repr(made)
    assert made.secret.startswith(made.key.hint)


def test_secrets_carry_32_random_bytes() -> None:
    secrets = {new_secret() for _ in range(1000)}

    assert len(secrets) == 1000
    assert all(len(secret) == 46 and secret.startswith("tl-") for secret in secrets)


def test_an_expired_key_opens_nothing(store: EventStore) -> None:
    made = create_key(store, "bot", expires=now() + timedelta(hours=1))

    assert made.key.state(now() + timedelta(minutes=59)) == "active"
    assert made.key.state(now() + timedelta(minutes=61)) == "expired"


def test_keys_are_listed_oldest_first(store: EventStore) -> None:
    for name in ("one", "two", "three"):
        create_key(store, name)

    assert [key.name for key in list_keys(store)] == ["one", "two", "three"]


def test_a_change_by_another_process_is_seen_without_asking(url: str) -> None:
    with (
        EventStore.open(url) as server,
        EventStore.open(url) as operator,
        KeyRing(server, refresh_seconds=0.02) as ring,
    ):
        assert ring.empty

        made = create_key(operator, "bot")
        wait_until(lambda: ring.authenticate(made.secret) is not None)
        revoke_key(operator, made.key.id)
        wait_until(lambda: ring.authenticate(made.secret) is None)

        assert not ring.empty


def wait_until(true: Callable[[], bool]) -> None:
    """Poll until it is so; only a hang takes the whole minute."""
    deadline = now() + timedelta(seconds=60)
    while not true():
        assert now() < deadline
        threading.Event().wait(0.005)


def test_the_last_known_keys_stay_when_the_store_cannot_be_read(sqlite_url: str) -> None:
    with EventStore.open(sqlite_url) as store:
        made = create_key(store, "bot")
        failures: list[bool] = []
        with KeyRing(store, refresh_seconds=0.01) as ring:

            def fail(*_: object) -> None:
                failures.append(True)
                raise OSError

            event.listen(store.database.reader, "begin", fail)
            wait_until(lambda: len(failures) > 2)

            assert ring.authenticate(made.secret) is not None
            event.remove(store.database.reader, "begin", fail)


def test_when_a_key_was_last_used_is_written(store: EventStore) -> None:
    made = create_key(store, "bot")
    create_key(store, "idle")
    before = now()

    with KeyRing(store) as ring:
        ring.authenticate(made.secret)

    used, idle = list_keys(store)
    assert used.last_used is not None
    assert used.last_used >= before - timedelta(seconds=1)
    assert idle.last_used is None
    assert verify(store).ok


def test_a_key_is_revoked_by_the_beginning_of_its_id(store: EventStore) -> None:
    made = create_key(store, "bot")

    revoked = revoke_key(store, made.key.id[:20])
    again = revoke_key(store, made.key.id)

    assert revoked.state() == "revoked"
    assert again.revoked == revoked.revoked


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("", "there is no key with this id; `trueline keys list` shows them"),
        ("zzz", "there is no key with this id; `trueline keys list` shows them"),
        ("%", "there is no key with this id; `trueline keys list` shows them"),
        ("0", "more than one key's id begins like this; give more of it"),
    ],
)
def test_a_key_that_is_not_clear_is_not_revoked(store: EventStore, wanted: str, said: str) -> None:
    create_key(store, "one")
    create_key(store, "two")

    with pytest.raises(InputError) as error:
        revoke_key(store, wanted)

    assert str(error.value) == said
    assert all(key.revoked is None for key in list_keys(store))


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        ("", {}, "a key's name must have 1 to 100 printable characters"),
        ("a\nb", {}, "a key's name must have 1 to 100 printable characters"),
        ("a" * 101, {}, "a key's name must have 1 to 100 printable characters"),
        ("a", {"role": "root"}, "a key's role must be one of admin, client, reviewer, viewer"),
        ("a", {"rate_limit": 0}, "a key's rate limit must be from 1 to 1000000 requests a minute"),
        ("a", {"expires": datetime(2020, 1, 1, tzinfo=UTC)}, "expiry must lie in the future"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(
    store: EventStore, name: str, fields: dict[str, object], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        create_key(store, name, **fields)  # type: ignore[arg-type]

    assert list_keys(store) == []


@pytest.mark.parametrize("role", ["reviewer", "admin"])
def test_two_live_keys_of_people_who_judge_cannot_share_a_name(
    store: EventStore, role: str
) -> None:
    first = create_key(store, "ann", role=role).key

    with pytest.raises(InputError) as error:
        create_key(store, "ann", role="reviewer")

    assert str(error.value) == (
        f"{role} key {first.id} has the name 'ann' already, and labels and decisions are kept by "
        f"name; choose another one, or revoke that key first: trueline keys revoke {first.id}"
    )
    create_key(store, "ann", role="client")
    revoke_key(store, first.id)
    assert create_key(store, "ann", role=role).key.name == "ann"
