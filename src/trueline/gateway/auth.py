"""Who is asking, and what a role may do.

On a loopback address with no keys made yet the API is open; then the Host and Origin headers
must be loopback too, so that no web page can reach it by DNS rebinding or a forged form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol
from urllib.parse import urlsplit

from trueline.gateway.api_error import ApiError
from trueline.gateway.settings import Settings, is_loopback
from trueline.store.keys import ApiKey, KeyRole

Right = Literal["use", "feedback", "read", "review", "admin"]

# What each role may do: use the model and the checks, give feedback, read the log, label what is
# in the review queue and acknowledge alarms, manage.
RIGHTS: Mapping[KeyRole, frozenset[Right]] = {
    "admin": frozenset({"use", "feedback", "read", "review", "admin"}),
    "client": frozenset({"use", "feedback"}),
    "reviewer": frozenset({"feedback", "read", "review"}),
    "viewer": frozenset({"read"}),
}


class Keys(Protocol):
    """The part of `trueline.store.keyring.KeyRing` that is used here."""

    @property
    def empty(self) -> bool: ...

    def authenticate(self, secret: str) -> ApiKey | None: ...


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request.

    `rate_limit` counts requests a minute; None is the server's default. `policy` names a
    policy; empty is the server's default.
    """

    key_id: str
    name: str
    role: KeyRole
    policy: str = ""
    rate_limit: int | None = None
    shadow: bool = False

    def may(self, right: Right) -> bool:
        """Whether the caller's role includes a right."""
        return right in RIGHTS[self.role]


OPEN = Caller("", "open", "admin")


class Authenticator:
    """Turns headers into a caller; `check_origin` goes before everything.

    Args:
        settings: where the gateway listens and which keys run in shadow mode.
        keys: the keys made so far.
    """

    def __init__(self, settings: Settings, keys: Keys) -> None:
        self._loopback = settings.is_loopback
        self._shadow_keys = frozenset(settings.shadow_keys)
        self._keys = keys
        self._callers: dict[str, tuple[ApiKey, Caller]] = {}

    @property
    def open(self) -> bool:
        """True while no key is needed."""
        return self._loopback and self._keys.empty

    def check_origin(self, headers: Mapping[bytes, bytes]) -> None:
        """Refuse what a foreign web page sends, while the API is open.

        Raises:
            ApiError: 403, naming the header.
        """
        if not self.open:
            return
        if not _names_loopback(headers.get(b"host", b"")):
            raise ApiError(
                403, "Without keys this server answers to localhost only (header Host). "
                "Make a key with: trueline keys create", "host_not_allowed",
            )  # fmt: skip
        origin = headers.get(b"origin")
        if origin is not None and not is_loopback(_origin_host(origin.decode("latin-1"))):
            raise ApiError(
                403, "Without keys this server does not answer to other web pages (header "
                "Origin). Make a key with: trueline keys create", "origin_not_allowed",
            )  # fmt: skip

    def authenticate(self, headers: Mapping[bytes, bytes]) -> Caller:
        """The caller behind the Authorization header.

        Raises:
            ApiError: 401 without a valid key.
        """
        if self.open:
            return OPEN
        value = headers.get(b"authorization", b"").decode("latin-1")
        scheme, _, secret = value.partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise ApiError(
                401, "Send an API key: 'Authorization: Bearer tl-...'. "
                "Keys are made with: trueline keys create", "missing_api_key",
                headers={"www-authenticate": "Bearer"},
            )  # fmt: skip
        return self.caller_of(secret.strip())

    def caller_of(self, secret: str) -> Caller:
        """The caller a key belongs to.

        Raises:
            ApiError: 401 when the key was never made, was revoked or has expired.
        """
        key = self._keys.authenticate(secret)
        if key is None:
            raise ApiError(
                401, "This API key is not valid: it was never made, was revoked or has expired.",
                "invalid_api_key", headers={"www-authenticate": "Bearer"},
            )  # fmt: skip
        known = self._callers.get(key.id)
        if known is not None and known[0] == key:
            return known[1]
        caller = Caller(
            key.id, key.name, key.role, key.policy, key.rate_limit, key.id in self._shadow_keys
        )
        self._callers[key.id] = (key, caller)
        return caller


@lru_cache(maxsize=256)
def _names_loopback(header: bytes) -> bool:
    """Whether a Host header, with or without a port, names this machine."""
    host = header.decode("latin-1")
    if host.startswith("["):
        return is_loopback(host.partition("]")[0][1:])
    return is_loopback(host.rpartition(":")[0] if ":" in host else host)


def _origin_host(origin: str) -> str:
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""
