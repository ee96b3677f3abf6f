"""Keys in memory, so that checking one costs a hash and a look-up.

A thread reads the keys again every second: a key made or revoked by any process counts
everywhere within `REFRESH_SECONDS`. While the database cannot be read the last known keys
stay in force; nothing can be answered then anyway, since nothing can be logged.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime

from sqlalchemy import bindparam, select, update

from trueline.core.errors import StoreError
from trueline.core.exchange import now
from trueline.store.closing import Closing
from trueline.store.events import EventStore
from trueline.store.keys import ApiKey, row_key, secret_hash
from trueline.store.rows import microseconds
from trueline.store.schema import api_keys

log = logging.getLogger(__name__)

REFRESH_SECONDS = 1.0
# When a key was last used is written this often, not at every request.
LAST_USED_SECONDS = 60.0


class KeyRing(Closing):
    """Answers which key a secret is, from memory.

    Args:
        store: an open store; keys are read at once.
        refresh_seconds: how long a change elsewhere may stay unseen.

    Raises:
        StoreError: the keys cannot be read.
    """

    def __init__(self, store: EventStore, *, refresh_seconds: float = REFRESH_SECONDS) -> None:
        self._store = store
        self._refresh_seconds = refresh_seconds
        self._keys: dict[bytes, ApiKey] = {}
        self._used: dict[str, datetime] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._failing = False
        self.refresh()
        self._thread = threading.Thread(target=self._run, name="trueline-keys", daemon=True)
        self._thread.start()

    @property
    def empty(self) -> bool:
        """Whether no key was ever made."""
        return not self._keys

    def find(self, secret: str) -> ApiKey | None:
        """The key of this secret, whatever its state; None when it was never made."""
        return self._keys.get(secret_hash(secret))

    def authenticate(self, secret: str) -> ApiKey | None:
        """The key of this secret when it is neither revoked nor expired."""
        key = self.find(secret)
        moment = now()
        if key is None or key.state(moment) != "active":
            return None
        self._used[key.id] = moment
        return key

    def refresh(self) -> None:
        """Read the keys again.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._lock, self._store.reading() as connection:
            rows = connection.execute(select(api_keys)).mappings()
            self._keys = {bytes(row["key_hash"]): row_key(row) for row in rows}

    def close(self) -> None:
        """Stop reading, and write when keys were last used."""
        self._stop.set()
        self._thread.join()
        self._write_used()

    def _run(self) -> None:
        rounds = max(1, round(LAST_USED_SECONDS / self._refresh_seconds))
        turn = 0
        while not self._stop.wait(self._refresh_seconds):
            turn += 1
            try:
                self.refresh()
            except StoreError as error:
                if not self._failing:
                    log.warning("keys.refresh_failed", extra={"reason": str(error)})
                self._failing = True
            else:
                self._failing = False
                if turn % rounds == 0:
                    self._write_used()

    def _write_used(self) -> None:
        used, self._used = self._used, {}
        database = self._store.database
        if not used or database.read_only:
            return
        statement = (
            update(api_keys)
            .where(api_keys.c.id == bindparam("key"))
            .values(last_used_us=bindparam("used"))
        )
        rows = [{"key": key, "used": microseconds(at)} for key, at in used.items()]
        try:
            with database.writer.connect() as connection, connection.begin():
                connection.execute(statement, rows)
        except database.faults as error:
            log.warning("keys.last_used_failed", extra={"kind": type(error).__name__})
