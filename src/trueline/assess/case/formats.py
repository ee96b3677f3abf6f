"""Numbers as a report writes them: a bound is rounded to its safe side.

>>> percent_up(0.0100004), percent_up(0.01), percent_down(0.95999), percent(1 / 3)
('1.01 %', '1 %', '95.99 %', '33.33 %')
>>> percent_up(0.0000123), quoted(0.0087, 'at_most'), whole(12345)
('0.0013 %', '0.87 %', '12,345')
"""

from __future__ import annotations

import math
from datetime import UTC, datetime


def percent_up(share: float) -> str:
    """Rounded up, so that a bound above its limit never looks kept."""
    return _percent(share, math.ceil)


def percent_down(share: float) -> str:
    """Rounded down, for lower bounds."""
    return _percent(share, math.floor)


def percent(share: float) -> str:
    """The nearest, for estimates and limits."""
    return _percent(share, round)


def chance(share: float) -> str:
    """A probability; never 0 % or 100 % for what is not."""
    if 0 < share < 0.0001:
        return "<0.01 %"
    return ">99.99 %" if 0.9999 < share < 1 else percent(share)


def quoted(value: float, side: str) -> str:
    """A bound as a claim quotes it: up for `at_most`, down for `at_least`."""
    return percent_up(value) if side == "at_most" else percent_down(value)


def whole(number: float) -> str:
    """A count with its thousands apart."""
    return f"{number:,.0f}"


def decimal(value: float) -> str:
    """Four figures, for ratios and scores that are no share."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "−∞" if value < 0 else "–"
    return f"{value:.4g}"


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _percent(share: float, to: object) -> str:
    if not math.isfinite(share):
        return decimal(share)
    value = 100 * share
    digits = 2
    if 0 < abs(value) < 0.1:  # two figures of a small one
        digits = min(12, 1 - math.floor(math.log10(abs(value))))
    scale = 10.0**digits
    slack = {math.ceil: -1e-6, math.floor: 1e-6}.get(to, 0.0)  # type: ignore[call-overload]
    rounded = to(value * scale + slack) / scale  # type: ignore[operator]
    text = f"{rounded:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.')} %"
