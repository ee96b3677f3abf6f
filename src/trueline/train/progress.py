"""How far a training run is: a bar with tokens a second and time left, or a line now and then."""

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

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._bar = stream is not None and stream.isatty()
        self._steps = self._first = 0
        self._began = self._drawn = time.monotonic()
        self._tokens = 0
        self._measured = ""

    def begin(self, step: int, steps: int) -> None:
        """Start at `step` of `steps`."""
        self._steps, self._first, self._tokens = steps, step, 0
        self._began = self._drawn = time.monotonic()

    def advance(self, step: int, tokens: int, loss: float) -> None:
        """One step more is done, with so many tokens; `loss` in nats."""
        self._tokens += tokens
        now = time.monotonic()
        if self._stream is None or now - self._drawn < (
            REDRAW_SECONDS if self._bar else LINE_SECONDS
        ):
            return
        self._drawn = now
        seconds = max(now - self._began, 1e-9)
        done = step - self._first
        left = seconds / done * (self._steps - step) if done else 0.0
        share = step / self._steps if self._steps else 1.0
        told = (
            f"step {step:,} of {self._steps:,}, loss {loss:.4f}{self._measured}, "
            f"{self._tokens / seconds:,.0f} tokens a second, {clock(left)} left"
        )
        if self._bar:
            filled = int(BAR * share)
            bar = "█" * filled + "·" * (BAR - filled)
            self._stream.write(f"\r\x1b[K{bar} {share:4.0%}  {told}")
        else:
            self._stream.write(told + "\n")
        self._stream.flush()

    def measured(self, name: str, value: float) -> None:
        """The latest figure on dev, shown with each step."""
        self._measured = f", {name} {value:.4f}"

    def say(self, line: str) -> None:
        """A line of its own."""
        if self._stream is not None:
            self._stream.write(("\r\x1b[K" if self._bar else "") + line + "\n")
            self._stream.flush()


def clock(seconds: float) -> str:
    """`1:02:03` or `2:03`."""
    whole = int(seconds)
    if whole >= 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}"
