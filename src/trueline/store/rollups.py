"""Counts per minute and per hour, written with the exchanges they count.

The overview of a million exchanges reads a few hundred of these rows. A row belongs to one
chain, so writers never wait for each other's counts.

    >>> tally = Tally()
    >>> tally.add(60, "allow", ("privacy",), "en", "", False, 12.0, 0.7)
    >>> tally.counts[60]["action"]
    {'allow': 1}
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

MINUTE = 60
HOUR = 3600
# Buckets grow by 2^(1/8) from 0.01 ms: a percentile read back is off by at most 4.5 %.
_SMALLEST_MS = 0.01
_STEPS = 8.0

_NONE: Mapping[str, int] = {}

Counts = dict[str, Any]
_NUMBERS = ("total", "errors", "shadow")
_TABLES = ("action", "category", "language", "latency", "guard", "asked", "broke")
_STRATIFIED = ("asked", "broke")
# Keys and models come from outside and may be any number; languages, routes and categories not.
_FOLDED = ("k:", "m:")
# So many keys, and so many models, are told apart in a row.
MAX_STRATA = 150


class Tally:
    """Counts of one batch by the minute (its first second since 1970) they fall in."""

    def __init__(self) -> None:
        self.counts: dict[int, Counts] = {}

    def add(
        self,
        second: int,
        action: str,
        categories: Sequence[str],
        language: str,
        error: str,
        shadow: bool | int,
        latency_ms: float,
        guard_ms: float,
        asked: Sequence[str] = (),
        broke: Sequence[str] = (),
    ) -> None:
        """Count one exchange that began in `second` since 1970.

        `asked` and `broke` name the strata it belongs to, see `strata`; both are empty when the
        model was not asked, `broke` when the reply kept the policy.
        """
        start = second - second % MINUTE
        counts = self.counts.get(start)
        if counts is None:
            counts = self.counts[start] = empty_counts()
        counts["total"] += 1
        _count(counts["action"], action)
        _count(counts["language"], language)
        _count(counts["latency"], bucket(latency_ms))
        _count(counts["guard"], bucket(guard_ms))
        for category in categories:
            _count(counts["category"], category)
        for stratum in asked:
            _count(counts["asked"], _told_apart(counts["asked"], stratum))
        for stratum in broke:
            _count(counts["broke"], _as_asked(counts["asked"], stratum))
        if error:
            counts["errors"] += 1
        if shadow:
            counts["shadow"] += 1

    def rows(self) -> dict[tuple[int, int], Counts]:
        """The batch's counts by (width, start), minutes and hours."""
        merged: dict[tuple[int, int], Counts] = {}
        for start, counts in self.counts.items():
            merged[MINUTE, start] = counts
            hour = (HOUR, start - start % HOUR)
            merge_counts(merged.setdefault(hour, empty_counts()), counts)
        return merged


def empty_counts() -> Counts:
    """Counts of nothing."""
    counts: Counts = dict.fromkeys(_NUMBERS, 0)
    for name in _TABLES:
        counts[name] = {}
    return counts


def merge_counts(into: Counts, more: Mapping[str, Any]) -> None:
    """Add `more` to `into`, in place."""
    for name in _NUMBERS:
        into[name] += more[name]
    for name in _TABLES:
        table, added = into[name], more.get(name, _NONE)  # older rows lack some tables
        # The overview merges thousands of rows: only what could overflow is looked after.
        if name not in _STRATIFIED or len(into["asked"]) + len(added) <= MAX_STRATA:
            for key, count in added.items():
                table[key] = table.get(key, 0) + count
            continue
        fold = _told_apart if name == "asked" else _as_asked
        for key, count in added.items():
            key = fold(into["asked"], key)
            table[key] = table.get(key, 0) + count


def add_counts(left: Mapping[str, Any], right: Mapping[str, Any]) -> Counts:
    """The sum of two counts; neither is changed."""
    summed = {name: left[name] for name in _NUMBERS}
    summed.update((name, dict(left.get(name, _NONE))) for name in _TABLES)
    merge_counts(summed, right)
    return summed


def strata(language: str, route: str, key_id: str, model: str) -> tuple[str, ...]:
    """Names of the strata of an exchange: all, its language, route, key and model."""
    return ("", f"l:{language}", f"r:{route}", f"k:{key_id}", f"m:{model}")


def bucket(milliseconds: float) -> str:
    """Name of the histogram bucket a duration falls in."""
    if milliseconds <= _SMALLEST_MS:
        return "0"
    return str(1 + int(_STEPS * math.log2(milliseconds / _SMALLEST_MS)))


def percentile(histogram: Mapping[str, int], share: float) -> float | None:
    """Approximate percentile in milliseconds: the middle of the bucket it falls in.

    Args:
        histogram: counts by bucket name.
        share: 0.5 for the median, 0.99 for p99.

    Returns:
        None for an empty histogram.
    """
    total = sum(histogram.values())
    if not total:
        return None
    rank, seen = max(1, math.ceil(share * total)), 0
    for index in sorted(int(name) for name in histogram):
        seen += histogram[str(index)]
        if seen >= rank:
            return 0.0 if index == 0 else _SMALLEST_MS * 2.0 ** ((index - 0.5) / _STEPS)
    return None


def dump_counts(counts: Mapping[str, Any]) -> str:
    """Counts as the text that is stored."""
    return orjson.dumps(counts).decode()


def load_counts(stored: str) -> Counts:
    """Counts from the text that was stored."""
    counts: Counts = orjson.loads(stored)
    return counts


def _told_apart(asked: Mapping[str, int], stratum: str) -> str:
    """A key or model by its name, or as `k:*` or `m:*` when there are too many to tell apart."""
    if stratum in asked or stratum[:2] not in _FOLDED or len(asked) < MAX_STRATA:
        return stratum
    same = sum(name.startswith(stratum[:2]) for name in asked)
    return stratum if same < MAX_STRATA else stratum[:2] + "*"


def _as_asked(asked: Mapping[str, int], stratum: str) -> str:
    """The name under which a stratum is among the asked; no violation is without its question."""
    return stratum if stratum in asked or stratum[:2] not in _FOLDED else stratum[:2] + "*"


def _count(table: dict[str, int], key: str) -> None:
    table[key] = table.get(key, 0) + 1
