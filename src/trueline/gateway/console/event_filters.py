"""The filters of the events page: from the query string to the store's `Filter`, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from urllib.parse import urlencode

from trueline.core.errors import InputError
from trueline.core.exchange import now
from trueline.core.records import Action
from trueline.store.queries import Filter

WINDOWS: dict[str, timedelta] = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
}
MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the reader chose, as the form shows it; `since` and `until` are local times."""

    text: str = ""
    action: str = ""
    category: str = ""
    language: str = ""
    window: str = ""
    since: str = ""
    until: str = ""
    key: str = ""
    errors: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Chosen:
        """Read a query string; what is not a filter is left out."""
        return cls(**{name: query.get(name, "")[:MAX_TEXT] for name in cls.__slots__})

    @property
    def any(self) -> bool:
        """True when anything is filtered."""
        return any(getattr(self, name) for name in self.__slots__)

    @property
    def more(self) -> bool:
        """True when one of the filters is used that the form keeps folded away."""
        return bool(self.language or self.key or self.since or self.until or self.errors)

    def url(self, path: str, **more: str) -> str:
        """The address of a page with the same filters."""
        pairs = {name: getattr(self, name) for name in self.__slots__} | more
        query = urlencode({k: v for k, v in pairs.items() if v}, errors="replace")
        return f"{path}?{query}" if query else path

    def filter(self, zone: tzinfo) -> Filter:
        """The store's filter.

        Raises:
            InputError: a time or an action that cannot be read.
        """
        since, until = _moment(self.since, zone), _moment(self.until, zone)
        if self.window:
            if self.window not in WINDOWS:
                raise InputError(f"window must be one of {', '.join(WINDOWS)}")
            begin = now() - WINDOWS[self.window]
            since = max(since, begin) if since else begin
        return Filter(
            since=since,
            until=until,
            action=_action(self.action),
            category=self.category,
            key_id=self.key,
            language=self.language,
            text=self.text,
            errors_only=bool(self.errors),
        )


def _action(name: str) -> Action | None:
    if not name:
        return None
    try:
        return Action.parse(name)
    except KeyError:
        accepted = ", ".join(str(action) for action in Action)
        raise InputError(f"action must be one of {accepted}") from None


def _moment(text: str, zone: tzinfo) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment
    except ValueError:
        raise InputError("a time must look like 2025-01-31T18:00") from None
