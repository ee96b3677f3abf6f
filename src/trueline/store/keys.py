"""API keys: made once, shown once, kept as a hash.

A key carries 32 random bytes, so its plain SHA-256 cannot be turned back by trying: there
is nothing to guess, and no slow password hash is needed on every request.

    >>> secret = new_secret()
    >>> secret.startswith("tl-"), len(secret)
    (True, 46)
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import insert, select, update

from trueline.core.errors import InputError
from trueline.core.exchange import new_id, now
from trueline.store.batch import Change
from trueline.store.events import EventStore
from trueline.store.rows import microseconds, moment
from trueline.store.schema import api_keys

KeyRole = Literal["admin", "client", "reviewer", "viewer"]
ROLES: tuple[KeyRole, ...] = get_args(KeyRole)
PREFIX = "tl-"
_SECRET_BYTES = 32
_HINT_CHARS = 5
_MAX_NAME = 100
# Labels and decisions are kept by the name of the key.
_JUDGING = ("reviewer", "admin")
_MAX_RATE = 1_000_000


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key; never the key itself.

    `hint` is the key's beginning, to tell keys apart. `rate_limit` counts requests a
    minute; None is the server's default. `policy` names the policy that applies; empty is the server's.
    """

    id: str
    name: str
    role: KeyRole
    hint: str
    created: datetime
    policy: str = ""
    rate_limit: int | None = None
    expires: datetime | None = None
    revoked: datetime | None = None
    last_used: datetime | None = None

    def state(self, at: datetime | None = None) -> Literal["active", "expired", "revoked"]:
        """Whether the key opens anything at a moment (now when left out)."""
        if self.revoked is not None:
            return "revoked"
        if self.expires is not None and self.expires <= (at or now()):
            return "expired"
        return "active"

    def as_json(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {
            "id": self.id,
            "name": self.name,
            "role": self.role,
            "hint": self.hint,
            "state": self.state(),
            "policy": self.policy,
            "rate_limit": self.rate_limit,
            "created": self.created.isoformat(),
            "expires": _iso(self.expires),
            "revoked": _iso(self.revoked),
            "last_used": _iso(self.last_used),
        }


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made, with the secret that is never shown again."""

    key: ApiKey
    secret: str

    def __repr__(self) -> str:
        return f"NewKey({self.key!r}, secret=hidden)"


def new_secret() -> str:
    """A fresh secret: `tl-` and 32 random bytes in URL-safe base64."""
    return PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def secret_hash(secret: str) -> bytes:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def create_key(
    store: EventStore,
    name: str,
    *,
    role: str = "client",
    policy: str = "",
    rate_limit: int | None = None,
    expires: datetime | None = None,
) -> NewKey:
    """Make a key; the audit log tells of it.

    Raises:
        InputError: an empty name, an unknown role, a rate or an expiry out of range, or the name
            of another reviewer or admin whose key is active.
        StoreError: the store cannot be written.
    """
    _check(name, role, rate_limit, expires)
    if role in _JUDGING:
        _check_name_is_free(store, name)
    secret = new_secret()
    key_id, created = new_id(), now()
    row: dict[str, Any] = {
        "id": key_id,
        "key_hash": secret_hash(secret),
        "hint": secret[: len(PREFIX) + _HINT_CHARS],
        "name": name,
        "role": role,
        "policy": policy,
        "rate_limit": rate_limit,
        "created_us": microseconds(created),
        "expires_us": None if expires is None else microseconds(expires),
        "revoked_us": None,
    }
    statement = insert(api_keys).values(**row)
    store.change(
        Change("key.created", key_id, row["created_us"], key_body(row), (statement,))
    ).result()
    return NewKey(row_key({**row, "last_used_us": None}), secret)


def revoke_key(store: EventStore, key_id: str) -> ApiKey:
    """Close a key for good; other processes see it within `keyring.REFRESH_SECONDS`.

    Args:
        store: an open store.
        key_id: the key's id, or its beginning where that is unambiguous.

    Raises:
        InputError: no such key, or more than one.
        StoreError: the store cannot be written.
    """
    key, row = _find(store, key_id)
    if key.revoked is not None:
        return key
    row["revoked_us"] = microseconds(now())
    statement = update(api_keys).where(api_keys.c.id == key.id).values(revoked_us=row["revoked_us"])
    store.change(
        Change("key.revoked", key.id, row["revoked_us"], key_body(row), (statement,))
    ).result()
    return row_key(row)


def list_keys(store: EventStore) -> list[ApiKey]:
    """Every key ever made, oldest first."""
    with store.reading() as connection:
        rows = connection.execute(select(api_keys).order_by(api_keys.c.created_us, api_keys.c.id))
        return [row_key(row) for row in rows.mappings()]


def row_key(row: Mapping[Any, Any]) -> ApiKey:
    """The key a row holds."""
    return ApiKey(
        id=row["id"],
        name=row["name"],
        role=row["role"],
        hint=row["hint"],
        created=moment(row["created_us"]),
        policy=row["policy"],
        rate_limit=row["rate_limit"],
        expires=_moment(row["expires_us"]),
        revoked=_moment(row["revoked_us"]),
        last_used=_moment(row["last_used_us"]),
    )


def key_body(row: Mapping[Any, Any]) -> dict[str, Any]:
    """What the audit log keeps of a key: all that decides what it opens."""
    body = {name: row[name] for name in _AUDITED}
    body["key_hash"] = bytes(row["key_hash"]).hex()
    return body


_AUDITED = (
    "id",
    "hint",
    "name",
    "role",
    "policy",
    "rate_limit",
    "created_us",
    "expires_us",
    "revoked_us",
)


def _find(store: EventStore, key_id: str) -> tuple[ApiKey, dict[str, Any]]:
    wanted = key_id.strip().lower()
    with store.reading() as connection:
        rows = connection.execute(
            select(api_keys).where(api_keys.c.id.startswith(wanted, autoescape=True)).limit(2)
        ).mappings()
        found = [dict(row) for row in rows]
    if not wanted or not found:
        raise InputError("there is no key with this id; `trueline keys list` shows them")
    if len(found) > 1:
        raise InputError("more than one key's id begins like this; give more of it")
    return row_key(found[0]), found[0]


def _check(name: str, role: str, rate_limit: int | None, expires: datetime | None) -> None:
    if not name.strip() or len(name) > _MAX_NAME or not name.isprintable():
        raise InputError(f"a key's name must have 1 to {_MAX_NAME} printable characters")
    if role not in ROLES:
        raise InputError(f"a key's role must be one of {', '.join(ROLES)} (got {role!r})")
    if rate_limit is not None and not 1 <= rate_limit <= _MAX_RATE:
        raise InputError(
            f"a key's rate limit must be from 1 to {_MAX_RATE} requests a minute (got {rate_limit})"
        )
    if expires is not None and expires <= now():
        raise InputError("a key's expiry must lie in the future")


def _check_name_is_free(store: EventStore, name: str) -> None:
    for key in list_keys(store):
        if key.role in _JUDGING and key.name == name and key.state() == "active":
            raise InputError(
                f"{key.role} key {key.id} has the name {name!r} already, and labels and decisions "
                "are kept by name; choose another one, or revoke that key first: "
                f"trueline keys revoke {key.id}"
            )


def _moment(value: int | None) -> datetime | None:
    return None if value is None else moment(value)


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()
