"""Group commit: one thread writes whatever has queued up, in one transaction.

While one commit waits for the disk, the next batch gathers by itself: a lone record is
written at once, and under load a sync is shared by many. A caller is answered when its
record is durable, or with the StoreError that says why it is not.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue

from trueline.core.errors import InputError, StoreError, TruelineError
from trueline.core.exchange import Exchange
from trueline.store.batch import Change, Prepared, prepare
from trueline.store.chain import Receipt
from trueline.store.database import store_error
from trueline.store.session import Session

log = logging.getLogger(__name__)

MAX_BATCH = 256
MAX_PENDING = 4096
# Long prompts fill memory before the queue is full: it is bounded by characters as well.
MAX_PENDING_CHARS = 32_000_000
# How long a lost server is waited for before the callers are told.
PATIENCE_SECONDS = 5.0
ROOM_SECONDS = 30.0
# While records come so close that commits are shared, each waits this long for more company:
# with 64 clients it took 10 to 20 % off the processor time a request. A lone record never waits.
GATHER_SECONDS = 0.004
_CONFLICTS = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5

Entry = Exchange | Change


@dataclass(slots=True)
class Job:
    """A record on its way to the disk and who waits for it."""

    entry: Entry
    chars: int
    future: Future[Receipt] | asyncio.Future[Receipt]
    loop: asyncio.AbstractEventLoop | None = None


class Writer:
    """The queue, the thread that empties it, and the callers that wait.

    Args:
        session: the connection that writes; used by the thread alone.
        max_batch: most records in one commit.
        max_pending: most records that wait; beyond it callers wait for room.
        patience: seconds a lost server is tried again before callers are told.
    """

    def __init__(
        self,
        session: Session,
        *,
        max_batch: int = MAX_BATCH,
        max_pending: int = MAX_PENDING,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._session = session
        self._max_batch = max_batch
        self._max_pending = max_pending
        self._patience = patience
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._room = threading.Condition()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._is_busy = False  # the last commit served more than one record
        self._pending = 0
        self._pending_chars = 0
        self._closed = False
        self._thread: threading.Thread | None = None
        self._down = False

    @property
    def pending(self) -> int:
        """Records that wait to be written."""
        return self._pending

    @property
    def down(self) -> bool:
        """Whether the last attempt to write failed for all."""
        return self._down

    def submit(self, entry: Entry) -> Future[Receipt]:
        """Queue a record; blocks while the queue is full.

        Raises:
            StoreError: the store is closed, or the queue stayed full.
        """
        future: Future[Receipt] = Future()
        future.set_running_or_notify_cancel()
        job = Job(entry, _chars(entry), future)
        with self._room:
            if not self._room.wait_for(self._has_room, ROOM_SECONDS):
                raise StoreError(_TOO_SLOW)
            self._put(job)
        return future

    async def submit_async(self, entry: Entry) -> Receipt:
        """Queue a record and wait until it is durable, without blocking the event loop."""
        loop = asyncio.get_running_loop()
        job = Job(entry, _chars(entry), loop.create_future(), loop)
        while True:
            with self._room:
                if self._has_room():
                    self._put(job)
                    break
                freed: asyncio.Future[None] = loop.create_future()
                self._waiting.append((loop, freed))
            try:
                await asyncio.wait_for(freed, ROOM_SECONDS)
            except TimeoutError:
                raise StoreError(_TOO_SLOW) from None
        future = job.future
        assert isinstance(future, asyncio.Future)
        return await future

    def close(self) -> None:
        """Write what is queued, then end the thread and its connection."""
        with self._room:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
            self._room.notify_all()
            thread = self._thread
        if thread is None:
            self._session.reset()
        else:
            thread.join()

    def _has_room(self) -> bool:
        return self._closed or (
            self._pending < self._max_pending and self._pending_chars < MAX_PENDING_CHARS
        )

    def _put(self, job: Job) -> None:
        if self._closed:
            raise StoreError("the event store is closed; open it again to write")
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="trueline-store", daemon=True)
            self._thread.start()
        self._pending += 1
        self._pending_chars += job.chars
        self._queue.put(job)

    def _run(self) -> None:
        going = True
        while going:
            jobs, going = self._take()
            try:
                if jobs:
                    self._store(jobs)
            except Exception as error:
                # A fault of ours: the callers must not wait for ever.
                log.error("store.writer_fault", extra={"kind": type(error).__name__})
                self._session.reset()
                settle(jobs, store_error(self._session.database, error))
            finally:
                self._release(jobs)
        self._session.reset()

    def _take(self) -> tuple[list[Job], bool]:
        job = self._queue.get()
        if self._is_busy:
            time.sleep(GATHER_SECONDS)
        jobs: list[Job] = []
        with suppress(Empty):
            while job is not None:
                jobs.append(job)
                if len(jobs) >= self._max_batch:
                    break
                job = self._queue.get_nowait()
        self._is_busy = len(jobs) > 1
        return jobs, job is not None

    def _release(self, jobs: Sequence[Job]) -> None:
        with self._room:
            self._pending -= len(jobs)
            self._pending_chars -= sum(job.chars for job in jobs)
            waiting, self._waiting = self._waiting, []
            self._room.notify_all()
        for loop, freed in waiting:
            _call(loop, partial(_free, freed))

    def _store(self, jobs: Sequence[Job]) -> None:
        """Write a batch, whatever it takes; every job is settled when this returns."""
        ready: list[tuple[Job, Prepared | Change]] = []
        for job in jobs:
            try:
                entry = job.entry
                ready.append((job, prepare(entry) if isinstance(entry, Exchange) else entry))
            except InputError as error:
                settle([job], error)
        deadline = time.monotonic() + (0.0 if self._down else self._patience)
        conflicts, pause, recheck = 0, _FIRST_PAUSE, False
        while ready:
            try:
                if recheck:
                    ready = self._without_stored(ready)
                    if not ready:
                        return
                receipts = self._session.commit([entry for _, entry in ready])
            except self._session.faults as error:
                self._session.reset()
                recheck = True
                if self._session.blames_record(error):
                    conflicts += 1
                    if conflicts >= _CONFLICTS:
                        self._separately(ready, error)
                        return
                elif self._session.lost_server(error) and self._may_wait(deadline, pause):
                    pause = min(_LONGEST_PAUSE, pause * 2)
                else:
                    self._fail(ready, error)
                    return
            else:
                if self._down:
                    log.info("store.recovered", extra={"records": len(ready)})
                self._down = False
                settle_all([job for job, _ in ready], receipts)
                return

    def _may_wait(self, deadline: float, pause: float) -> bool:
        if time.monotonic() + pause > deadline:
            return False
        time.sleep(pause)
        return True

    def _without_stored(
        self, ready: Sequence[tuple[Job, Prepared | Change]]
    ) -> list[tuple[Job, Prepared | Change]]:
        """Settle what an earlier attempt, or an earlier call, has already made durable."""
        stored = self._session.stored([entry for _, entry in ready])
        rest: list[tuple[Job, Prepared | Change]] = []
        for job, entry in ready:
            found = stored.get(entry.id)
            if found is None:
                rest.append((job, entry))
            elif isinstance(found, Receipt):
                settle_all([job], [found])
            else:
                settle([job], found)
        return rest

    def _separately(
        self, ready: Sequence[tuple[Job, Prepared | Change]], error: BaseException
    ) -> None:
        """One record spoils the batch: write the others without it."""
        if len(ready) > 1:
            for job, _ in ready:
                self._store([job])
            return
        job = ready[0][0]
        kind = type(getattr(error, "orig", None) or error).__name__
        settle([job], InputError(f"the record cannot be stored: the database refused it ({kind})"))

    def _fail(self, ready: Sequence[tuple[Job, Prepared | Change]], error: BaseException) -> None:
        fault = store_error(self._session.database, error)
        if not self._down:
            log.error("store.down", extra={"records": len(ready), "reason": str(fault)})
        self._down = True
        settle([job for job, _ in ready], fault)


_TOO_SLOW = (
    "the event store cannot keep up: its queue stayed full; give it a faster disk or send "
    "less at once"
)


def settle(jobs: Sequence[Job], error: StoreError | InputError) -> None:
    """Tell every caller that its record is not stored, and why."""
    # A copy each: a raised exception collects the traceback of whoever raised it.
    _deliver([(job, type(error)(str(error))) for job in jobs])


def settle_all(jobs: Sequence[Job], receipts: Sequence[Receipt]) -> None:
    """Tell every caller that its record is durable."""
    _deliver(list(zip(jobs, receipts, strict=True)))


def _deliver(outcomes: Sequence[tuple[Job, Receipt | TruelineError]]) -> None:
    # One wake-up for an event loop, however many of its callers are in the batch.
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Job, Receipt | TruelineError]]] = {}
    for job, outcome in outcomes:
        if job.loop is None:
            _set(job, outcome)
        else:
            by_loop.setdefault(job.loop, []).append((job, outcome))
    for loop, group in by_loop.items():
        _call(loop, partial(_set_each, group))


def _set_each(outcomes: Sequence[tuple[Job, Receipt | TruelineError]]) -> None:
    for job, outcome in outcomes:
        _set(job, outcome)


def _set(job: Job, outcome: Receipt | TruelineError) -> None:
    if job.future.done():
        return
    if isinstance(outcome, TruelineError):
        job.future.set_exception(outcome)
    else:
        job.future.set_result(outcome)


def _free(room: asyncio.Future[None]) -> None:
    if not room.done():
        room.set_result(None)


def _call(loop: asyncio.AbstractEventLoop, what: Callable[[], object]) -> None:
    with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
        loop.call_soon_threadsafe(what)


def _chars(entry: Entry) -> int:
    if isinstance(entry, Change):
        return 0
    try:
        return len(entry.prompt_text) + len(entry.reply_text)
    except TypeError:
        return 0  # not a text: refused when the record is prepared
