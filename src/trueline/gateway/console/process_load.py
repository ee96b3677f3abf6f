"""Memory and processor time of this process, between two looks a while apart."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

from trueline.monitor.levels import resident_mb

#: The share is that of the last so many seconds, whoever looks in between.
SPAN_SECONDS = 30.0
_LEAST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Load:
    """`memory_mb` in MB, `cpu_share` of one core (2.0: two cores); None without a reading."""

    memory_mb: float | None
    cpu_share: float | None


class ProcessLoad:
    """Holds readings of the processor time; safe to ask from several threads.

    >>> ProcessLoad().read().cpu_share is None     # one look says nothing yet
    True
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readings: deque[tuple[float, float]] = deque(maxlen=1000)

    def read(self) -> Load:
        """The load since the oldest reading of the last `SPAN_SECONDS`."""
        here = (time.monotonic(), time.process_time())
        with self._lock:
            while len(self._readings) > 1 and here[0] - self._readings[1][0] >= SPAN_SECONDS:
                self._readings.popleft()
            before = self._readings[0] if self._readings else here
            if not self._readings or here[0] - self._readings[-1][0] >= _LEAST_SECONDS:
                self._readings.append(here)
        seconds = here[0] - before[0]
        share = (here[1] - before[1]) / seconds if seconds >= _LEAST_SECONDS else None
        return Load(resident_mb(), share)
