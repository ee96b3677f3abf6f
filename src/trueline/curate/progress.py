"""How far a run is: a bar with rate and time left on a terminal, one line a phase elsewhere."""

from __future__ import annotations

import time
from typing import TextIO

BAR = 24
REDRAW_SECONDS = 0.2


class Progress:
    """Writes to stderr; silent when `stream` is None.

    Args:
        stream: where to write; a terminal gets a bar.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._bar = stream is not None and stream.isatty()
        self._title, self._total, self._done, self._documents = "", 0, 0, 0
        self._began = self._drawn = 0.0

    def begin(self, title: str, total: int) -> None:
        """Start a phase; `total` counts bytes, batches or files, whatever `advance` counts."""
        self._title, self._total, self._done, self._documents = title, total, 0, 0
        self._began = time.monotonic()
        self._drawn = 0.0

    def advance(self, amount: int, documents: int = 0) -> None:
        """`amount` more is done, and `documents` more documents with it."""
        self._done += amount
        self._documents += documents
        now = time.monotonic()
        if self._bar and now - self._drawn >= REDRAW_SECONDS:
            self._drawn = now
            self._draw(now)

    def end(self, note: str = "") -> None:
        """Close a phase with one line that stays."""
        if self._stream is None:
            return
        seconds = time.monotonic() - self._began
        rate = f", {self._documents / seconds:,.0f} a second" if seconds > 0.1 else ""
        start = "\r\x1b[K" if self._bar else ""
        documents = f"{self._documents:,} documents" if self._documents else ""
        parts = [part for part in (documents, note) if part]
        self._stream.write(f"{start}{self._title}: {', '.join(parts) or 'done'} "
                           f"in {seconds:.1f} s{rate if self._documents else ''}\n")  # fmt: skip
        self._stream.flush()

    def say(self, line: str) -> None:
        """A line of its own."""
        if self._stream is not None:
            self._stream.write(("\r\x1b[K" if self._bar else "") + line + "\n")
            self._stream.flush()

    def _draw(self, now: float) -> None:
        if self._stream is None:
            return
        share = min(1.0, self._done / self._total) if self._total else 0.0
        seconds = max(now - self._began, 1e-9)
        left = seconds * (1 - share) / share if share else 0.0
        filled = int(BAR * share)
        bar = "█" * filled + "·" * (BAR - filled)
        self._stream.write(
            f"\r\x1b[K{self._title[:40]} {bar} {share:4.0%}  "
            f"{self._documents:,} documents, {self._documents / seconds:,.0f} a second, "
            f"{_clock(left)} left"
        )
        self._stream.flush()


def _clock(seconds: float) -> str:
    whole = int(seconds)
    if whole >= 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}"
