"""Copy an event store to a file while it is written, and put such a copy in place.

    >>> import tempfile, pathlib
    >>> from trueline.store.events import EventStore
    >>> folder = tempfile.TemporaryDirectory(); place = pathlib.Path(folder.name)
    >>> url = f"sqlite:///{place / 'events.db'}"
    >>> with EventStore.open(url) as store: copied = back_up(store, place / "copy.db")
    >>> copied.bytes > 0
    True
    >>> folder.cleanup()

PostgreSQL has its own tools for this, and the messages name them.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from trueline.core.errors import InputError, StoreError
from trueline.store.database import connect
from trueline.store.events import EventStore
from trueline.store.verify import verify

# Pages copied before others may write again: about 4 MB, so that nobody waits long.
_PAGES = 1000
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy and the records its chains hold."""

    path: Path
    bytes: int
    records: int


def back_up(store: EventStore, path: Path, progress: Progress | None = None) -> Copied:
    """Copy a SQLite store to a new file; writers go on meanwhile.

    The copy is checked against its hash chains before it gets its name, so a file that is there
    is whole.

    Args:
        store: an open store.
        path: must not exist.
        progress: told the pages that are left and all of them, now and then.

    Raises:
        InputError: PostgreSQL, or a file that exists.
        StoreError: the copy cannot be written, or does not verify.
    """
    database = store.database
    if not database.is_sqlite or not database.url.database:
        raise InputError(
            "a PostgreSQL store is backed up with its own tools:\n"
            "  pg_dump --format=custom --file=trueline.dump DATABASE\n"
            "  pg_restore --dbname=DATABASE trueline.dump"
        )
    if path.exists():
        raise InputError(f"{path} exists; give a new file")
    partial = path.with_name(path.name + ".partial")
    try:
        partial.unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(database.url.database)) as source,
            closing(sqlite3.connect(partial)) as target,
        ):
            # One view from beginning to end: without it every write of another starts it anew.
            source.isolation_level = None
            source.execute("BEGIN")
            source.execute("SELECT 1 FROM chains LIMIT 1").fetchone()
            source.backup(
                target, pages=_PAGES,
                progress=None if progress is None else lambda _s, left, all_: progress(left, all_),
            )  # fmt: skip
        records = _verified(partial)
        os.replace(partial, path)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"cannot back up to {path}: {error}") from None
    finally:
        partial.unlink(missing_ok=True)
    return Copied(path, path.stat().st_size, records)


def restore(path: Path, url: str) -> Copied:
    """Put a copy in place as a new SQLite store.

    Args:
        path: a copy that `back_up` made.
        url: where to, such as `sqlite:///trueline.db`; must not exist.

    Raises:
        InputError: PostgreSQL, a store that exists, or a copy that is not there.
        StoreError: the copy does not verify, or cannot be put in place.
    """
    database = connect(url)
    target = Path(database.url.database or "")
    is_sqlite = database.is_sqlite
    database.dispose()
    if not is_sqlite:
        raise InputError(
            "a PostgreSQL store is restored with its own tools:\n"
            "  pg_restore --dbname=DATABASE trueline.dump"
        )
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    if target.exists():
        raise InputError(f"{target} exists; move it away first, or restore to another file")
    partial = target.with_name(target.name + ".partial")
    try:
        shutil.copyfile(path, partial)
        records = _verified(partial)
        os.replace(partial, target)
    except OSError as error:
        raise StoreError(f"cannot restore to {target}: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)
    return Copied(target, target.stat().st_size, records)


def _verified(path: Path) -> int:
    """Records in the chains of a copy.

    Raises:
        StoreError: it is no store, or a record does not fit its chain.
    """
    with EventStore.open(f"sqlite:///{path}", read_only=True) as copy:
        report = verify(copy)
    if not report.ok:
        raise StoreError(
            f"{path.name}: a record does not fit its chain; `trueline events verify` names it"
        )
    return sum(chain.records for chain in report.chains)
