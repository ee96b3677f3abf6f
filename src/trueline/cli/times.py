"""Moments on the command line: `2026-03-01`, `2026-03-01T08:00`, `24h`, `30d`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

_SPAN = re.compile(r"([0-9]{1,6})([smhdw])")
_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def parse_span(text: str) -> timedelta | None:
    """`90m`, `24h`, `30d`, `2w` as a length of time; None when it is none."""
    found = _SPAN.fullmatch(text.strip().lower())
    return None if found is None else int(found[1]) * _UNITS[found[2]]


class Moment(click.ParamType[datetime]):
    """A date, a time (UTC unless it says otherwise), or a span before or after now.

    Args:
        future: whether a span counts forward from now.
    """

    name = "moment"

    def __init__(self, *, future: bool = False) -> None:
        self._sign = 1 if future else -1

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        text = str(value)
        try:
            span = parse_span(text)
            if span is not None:
                return datetime.now(UTC) + self._sign * span
            moment = datetime.fromisoformat(text)
        except (ValueError, OverflowError):
            self.fail(
                "give a date (2026-03-01), a time (2026-03-01T08:00) or a span (24h, 30d)",
                param,
                ctx,
            )
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
