"""How far the questioning is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from typing import TextIO

BAR = 20
REDRAW_SECONDS = 0.2
LINE_SECONDS = 30.0


class Progress:
    """Writes to stderr; silent when `stream` is None.

    Args:
        stream: where to write; a terminal gets a bar.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._bar = stream is not None and stream.isatty()
        self._total = self._first = self._done = self._faults = 0
        self._began = self._drawn = time.monotonic()

    def begin(self, done: int, total: int) -> None:
        """Start with `done` of `total` replies there already."""
        self._total, self._first, self._done, self._faults = total, done, done, 0
        self._began = self._drawn = time.monotonic()
        if done:
            self.say(f"going on: {done:,} of {total:,} replies are there already")

    def advance(self, count: int, faults: int) -> None:
        """So many replies more, `faults` of them without a usable text."""
        self._done += count
        self._faults += faults
        now = time.monotonic()
        wait = REDRAW_SECONDS if self._bar else LINE_SECONDS
        if self._stream is None or (now - self._drawn < wait and self._done < self._total):
            return
        self._drawn = now
        seconds = max(now - self._began, 1e-9)
        new = self._done - self._first
        left = seconds / new * (self._total - self._done) if new else 0.0
        told = (
            f"{self._done:,} of {self._total:,} replies, {new / seconds:,.1f} a second, "
            f"{clock(left)} left"
        )
        if self._faults:
            told += f", {self._faults:,} without a usable text"
        if self._bar:
            share = self._done / self._total if self._total else 1.0
            filled = int(BAR * share)
            end = "\n" if self._done >= self._total else ""
            bar = "█" * filled + "·" * (BAR - filled)
            self._stream.write(f"\r\x1b[K{bar} {share:4.0%}  {told}{end}")
        else:
            self._stream.write(told + "\n")
        self._stream.flush()

    def say(self, line: str) -> None:
        """A line of its own."""
        if self._stream is not None:
            self._stream.write(("\r\x1b[K" if self._bar else "") + line + "\n")
            self._stream.flush()


def clock(seconds: float) -> str:
    """`1:02:03` or `2:03`.

    >>> clock(3723), clock(123.9)
    ('1:02:03', '2:03')
    """
    whole = int(seconds)
    if whole >= 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}"
