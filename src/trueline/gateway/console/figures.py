"""Numbers and times as the pages write them.

>>> milliseconds(0.6234), milliseconds(1234.0), percent(0.995), whole(12345)
('0.62 ms', '1.2 s', '99.5%', '12,345')
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_MAX_ZONE = 64


def milliseconds(value: float | None) -> str:
    """A duration with two or three telling digits; a dash where none was measured."""
    if value is None:
        return "–"
    if value >= 1000:
        return f"{value / 1000:.1f} s"
    digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:.{digits}f} ms"


def percent(value: float) -> str:
    """A share in percent without idle digits."""
    return f"{value * 100:.2f}".rstrip("0").rstrip(".") + "%"


def share(value: float) -> str:
    """A measured share in percent, with one digit below ten."""
    return f"{value * 100:.1f}%" if 0 < value < 0.1 else f"{value * 100:.0f}%"


def rate(value: float) -> str:
    """A rate in percent with two telling digits below one percent.

    >>> rate(0.0), rate(0.000123), rate(0.0087), rate(0.0234), rate(0.5)
    ('0%', '0.012%', '0.87%', '2.3%', '50%')
    """
    shown = 100 * value
    if shown == 0:
        return "0%"
    if shown < 0.001:
        return "<0.001%"
    digits = 3 if shown < 0.1 else 2 if shown < 1 else 1 if shown < 10 else 0
    return f"{shown:.{digits}f}%"


def signed(value: float) -> str:
    """A score as a whole number with its sign.

    >>> signed(12.4), signed(-0.2), signed(-31.0)
    ('+12', '0', '−31')
    """
    whole = round(value)
    return "0" if whole == 0 else f"+{whole}" if whole > 0 else f"−{-whole}"


def whole(value: float) -> str:
    """A count with thousands set apart; halves keep their digit."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def short_hash(value: str) -> str:
    """The first twelve digits of a content hash."""
    return value.removeprefix("sha256:")[:12]


def local_time(moment: datetime, zone: tzinfo, *, seconds: bool = True) -> str:
    """A time in the reader's zone."""
    pattern = "%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M"
    shown = moment.astimezone(zone).strftime(pattern)
    return shown if zone is not UTC else f"{shown} UTC"


def short_time(moment: datetime, zone: tzinfo, present: datetime) -> str:
    """A time in the reader's zone, without the year when it is the present one."""
    shown = moment.astimezone(zone)
    same = shown.year == present.astimezone(zone).year
    return shown.strftime("%m-%d %H:%M:%S" if same else "%Y-%m-%d %H:%M:%S")


@lru_cache(maxsize=256)
def zone_of(name: str) -> tzinfo:
    """The zone a browser names, such as `Asia/Shanghai`; UTC when it is not known here."""
    if not name or len(name) > _MAX_ZONE:
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return UTC
