"""The numbers of threshold rules: from the last minutes of traffic and from the machine."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from trueline.core.exchange import now
from trueline.monitor.rules import Level
from trueline.store.events import EventStore
from trueline.store.overview import overview

#: Minutes of traffic behind latencies and rates.
WINDOW = timedelta(minutes=5)


class MachineLevels:
    """Reads the levels; holds the processor time of the last reading.

    Memory and processor are those of this process, the disk that of the SQLite file; on
    PostgreSQL the disk is another machine's and there is no reading.
    """

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._cpu: tuple[float, float] | None = None

    def __call__(self) -> Mapping[Level, float | None]:
        """Every level; None where there is no reading."""
        end = now()
        traffic = overview(self._store, end - WINDOW, buckets=1).whole
        return {
            "latency_p99_ms": traffic.latency.p99,
            "guard_p99_ms": traffic.guard.p99,
            "error_rate": traffic.errors / traffic.total if traffic.total else None,
            "events_a_minute": traffic.total / (WINDOW.total_seconds() / 60),
            "memory_mb": resident_mb(),
            "cpu_share": self._cpu_share(),
            "disk_free_mb": self._disk_free_mb(),
        }

    def _cpu_share(self) -> float | None:
        here = (time.process_time(), time.monotonic())
        before, self._cpu = self._cpu, here
        if before is None or here[1] <= before[1]:
            return None
        return (here[0] - before[0]) / (here[1] - before[1])

    def _disk_free_mb(self) -> float | None:
        database = self._store.database
        if not database.is_sqlite or not database.url.database:
            return None
        try:
            return shutil.disk_usage(Path(database.url.database).parent).free / 1e6
        except OSError:
            return None


def resident_mb() -> float | None:
    """Memory of this process in MB; None where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
