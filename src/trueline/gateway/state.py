"""Everything a running gateway holds; routes and the console get this one object."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field

from trueline.core.errors import StoreError
from trueline.gateway.auth import Authenticator
from trueline.gateway.metrics import Metrics
from trueline.gateway.policies import Policies
from trueline.gateway.rate_limit import RateLimiter
from trueline.gateway.settings import Settings
from trueline.gateway.tracing import Tracing
from trueline.gateway.upstream import Upstream
from trueline.guard.guard import Guard
from trueline.monitor.rules import Monitoring
from trueline.store.events import EventStore
from trueline.store.keyring import KeyRing
from trueline.store.policies import save_policy
from trueline.store.policy_versions import list_versions

log = logging.getLogger(__name__)

# How long an answer about the upstream and the store is good for.
PROBE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """What `/readyz` tells: a word for each part."""

    policy: str
    store: str
    upstream: str

    @property
    def ready(self) -> bool:
        """A faulty new policy file is reported, but the old policy still guards."""
        return self.store == "ok" and self.upstream == "ok"

    def as_json(self) -> dict[str, object]:
        return {
            "ready": self.ready,
            "policy": self.policy,
            "store": self.store,
            "upstream": self.upstream,
        }


@dataclass(slots=True)
class GatewayState:
    """Settings, policies, store, keys, metrics and upstream of one running gateway."""

    settings: Settings
    policies: Policies
    store: EventStore
    keys: KeyRing
    upstream: Upstream
    metrics: Metrics = field(default_factory=Metrics)
    limiter: RateLimiter = field(default_factory=RateLimiter)
    auth: Authenticator = field(init=False)
    monitoring: Monitoring | None = None
    tracing: Tracing | None = None
    stopping: bool = False
    _noted: set[str] = field(default_factory=set[str])
    _probe: tuple[float, str, str] = (float("-inf"), "", "")
    _probing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.auth = Authenticator(self.settings, self.keys)

    @property
    def guard(self) -> Guard:
        """The guard of the default policy."""
        return self.policies.current.guard

    @property
    def open(self) -> bool:
        """True while the API needs no key."""
        return self.auth.open

    @property
    def store_name(self) -> str:
        """The event store's URL as a user writes it, without a password."""
        return self.store.database.name.replace("+pysqlite", "").replace("+psycopg", "")

    async def readiness(self) -> Readiness:
        """The state of each part; store and upstream are asked at most every few seconds."""
        policy = "faulty: the previous one is used" if self.policies.fault else "ok"
        if self.stopping:
            return Readiness(policy, "stopping", "stopping")
        async with self._probing:
            if time.monotonic() - self._probe[0] > PROBE_SECONDS:
                store, reachable = await asyncio.gather(
                    asyncio.to_thread(self._store_state), self.upstream.reachable()
                )
                upstream = "ok" if reachable else "unreachable"
                self._probe = (time.monotonic(), store, upstream)
        _, store, upstream = self._probe
        if self.store.down:
            store = "not writable"
        return Readiness(policy, store, upstream)

    async def reload_policies(self, *, force: bool = False) -> str:
        """Read changed policy files off the event loop; gives the outcome's name."""
        outcome = await asyncio.to_thread(self._reload, force)
        if outcome != "unchanged":
            self.metrics.policy_reloads.add(outcome)
        return outcome

    def apply_versions(self) -> None:
        """Put in force what was approved, here or in another process on the same store.

        A store that cannot be read changes nothing: what is in force stays.
        """
        try:
            versions = list_versions(self.store, states=("active", "canary"))
            if self.policies.apply_versions(versions):
                self.note_policies()
        except StoreError as error:
            log.error("policy_versions_not_read", extra={"error": type(error).__name__})

    def note_policies(self) -> None:
        """Put into the log which policies are in force.

        Raises:
            StoreError: the store cannot be written.
        """
        for active in list(self.policies):  # a key may bring another meanwhile
            if active.policy.hash not in self._noted:
                save_policy(
                    self.store, hash=active.policy.hash, name=active.name, yaml=active.text
                ).result()
                self._noted.add(active.policy.hash)

    def _reload(self, force: bool) -> str:
        outcome = self.policies.reload(force=force)
        self.metrics.policy_faulty.set(1.0 if self.policies.fault else 0.0)
        self.apply_versions()
        try:
            self.note_policies()
        except StoreError as error:
            log.error("policy_not_noted", extra={"reason": str(error)})
        return outcome

    def _store_state(self) -> str:
        try:
            self.store.check()
        except StoreError:
            return "not readable"
        return "not writable" if self.store.database.read_only else "ok"
