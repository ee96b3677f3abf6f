"""Who reads the console: a signed cookie behind the login page, and a token on every form.

A session names a key and ends after `SESSION_SECONDS`; it is signed with what the store
keeps of that key, so any worker can check it, a restart keeps it, and revoking the key ends
it. The form token is derived from a random cookie that no other site can read.

>>> token = form_token("a-random-visit")
>>> form_token_holds("a-random-visit", token), form_token_holds("another-visit", token)
(True, False)
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass

from sqlalchemy import select

from trueline.core.exchange import now
from trueline.store.events import EventStore
from trueline.store.keys import ApiKey, row_key
from trueline.store.schema import api_keys

SESSION_COOKIE = "trueline_session"
VISIT_COOKIE = "trueline_visit"
SESSION_SECONDS = 12 * 3600
_MAX_COOKIE = 256


@dataclass(frozen=True, slots=True)
class _StoredKey:
    key: ApiKey
    digest: bytes


def new_visit() -> str:
    """A fresh value for the visit cookie: 32 random bytes."""
    return secrets.token_urlsafe(32)


def form_token(visit: str) -> str:
    """The token that a form of this visit carries."""
    return hmac.new(visit.encode(), b"trueline form", hashlib.sha256).hexdigest()


def form_token_holds(visit: str, token: str) -> bool:
    """Whether a token belongs to a visit; never for an empty one."""
    return bool(visit) and hmac.compare_digest(form_token(visit).encode(), token.encode())


def session_cookie(store: EventStore, key_id: str, *, at: float | None = None) -> str:
    """The value of the session cookie for a key.

    Raises:
        StoreError: the store cannot be read.
    """
    expires = int((time.time() if at is None else at) + SESSION_SECONDS)
    body = f"{key_id}.{expires}.{secrets.token_urlsafe(9)}"
    stored = _stored_key(store, key_id)
    digest = stored.digest if stored is not None else secrets.token_bytes(32)
    return f"{body}.{_sign(digest, body)}"


def session_key(store: EventStore, cookie: str, *, at: float | None = None) -> ApiKey | None:
    """The key a session cookie stands for; None when it is forged, old, or the key closed.

    Raises:
        StoreError: the store cannot be read.
    """
    body, _, signature = cookie.rpartition(".")
    parts = body.split(".")
    if len(cookie) > _MAX_COOKIE or len(parts) != 3 or not parts[1].isdecimal():
        return None
    if int(parts[1]) <= (time.time() if at is None else at):
        return None
    stored = _stored_key(store, parts[0])
    if stored is None or stored.key.state(now()) != "active":
        return None
    signed = _sign(stored.digest, body).encode()
    return stored.key if hmac.compare_digest(signed, signature.encode()) else None


def _sign(digest: bytes, body: str) -> str:
    # The first step parts this use from any other that the stored digest might see.
    secret = hmac.new(digest, b"trueline console session", hashlib.sha256).digest()
    return hmac.new(secret, body.encode(), hashlib.sha256).hexdigest()


def _stored_key(store: EventStore, key_id: str) -> _StoredKey | None:
    with store.reading() as connection:
        row = (
            connection.execute(select(api_keys).where(api_keys.c.id == key_id))
            .mappings()
            .one_or_none()
        )
    return None if row is None else _StoredKey(row_key(row), bytes(row["key_hash"]))
