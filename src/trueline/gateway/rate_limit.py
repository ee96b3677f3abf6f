"""Requests a minute for each key, by token bucket.

>>> bucket = RateLimiter()
>>> [bucket.take("k", 2, now=0.0).allowed for _ in range(3)]
[True, True, False]
>>> bucket.take("k", 2, now=30.0).allowed
True
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

# Buckets of keys not seen for a while are dropped once there are this many.
MAX_BUCKETS = 10_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a key may still do; times are seconds."""

    allowed: bool
    limit: int
    remaining: int
    reset_seconds: float
    retry_after: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Header lines under OpenAI's names."""
        lines = [
            (b"x-ratelimit-limit-requests", b"%d" % self.limit),
            (b"x-ratelimit-remaining-requests", b"%d" % self.remaining),
            (b"x-ratelimit-reset-requests", b"%.3fs" % self.reset_seconds),
        ]
        if not self.allowed:
            lines.append((b"retry-after", b"%d" % self.retry_after))
        return lines


class RateLimiter:
    """Token buckets by name; each holds one minute's allowance and refills evenly."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, name: str, per_minute: int, *, now: float | None = None) -> Allowance:
        """Take one request from a bucket, if it holds one."""
        now = time.monotonic() if now is None else now
        rate = per_minute / 60.0
        held, since = self._buckets.get(name, (float(per_minute), now))
        held = min(float(per_minute), held + (now - since) * rate)
        allowed = held >= 1.0 - 1e-6  # sums of small refills fall short of a whole by a hair
        held = max(0.0, held - allowed)
        if len(self._buckets) >= MAX_BUCKETS and name not in self._buckets:
            self._forget_full(now)
        self._buckets[name] = (held, now)
        missing = 0.0 if allowed else (1.0 - held) / rate
        return Allowance(
            allowed, per_minute, int(held), (per_minute - held) / rate, max(1, math.ceil(missing))
        )

    def _forget_full(self, now: float) -> None:
        # One minute refills any bucket, so an older one equals a new one.
        self._buckets = {k: v for k, v in self._buckets.items() if now - v[1] < 60.0}
