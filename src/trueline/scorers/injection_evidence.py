"""Combine evidence that stands close together into one value.

Values of different families combine as independent evidence (noisy or); a family counts
once. Only evidence within `EXTENT` characters of the squeezed view is combined, so that what a stream has held
back is enough to decide.

    >>> from trueline.core.records import Span
    >>> near = [
    ...     Evidence("a", "x", 0.5, Span(0, 9), 0, 9), Evidence("b", "x", 0.5, Span(12, 20), 10, 17)
    ... ]
    >>> [round(finding.value, 2) for finding in combine(near)]
    [0.75]
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from trueline.core.records import Span

# Longest stretch that one finding may cover, in characters of the squeezed view.
EXTENT = 160


@dataclass(frozen=True, slots=True)
class Evidence:
    """One family seen at one place: `weight` is how likely that alone makes an attack.

    `start` and `end` count characters of the squeezed view, in which nothing can be stretched.
    """

    family: str
    label: str
    weight: float
    span: Span
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Evidence that belongs together: its value, its leading label, its families and places."""

    value: float
    label: str
    families: tuple[str, ...]
    spans: tuple[Span, ...]


def combine(evidence: Iterable[Evidence]) -> list[Finding]:
    """The strongest groups of evidence, strongest first, none sharing evidence with another."""
    pieces = sorted(set(evidence), key=lambda e: (e.start, e.end, e.family, e.weight))
    starts = [piece.start for piece in pieces]
    groups = [_group(pieces, starts, first) for first in range(len(pieces))]
    groups.sort(key=lambda group: (-_value(group), group[0].start))
    used: set[Evidence] = set()
    findings: list[Finding] = []
    for group in groups:
        if used.isdisjoint(group):
            used.update(group)
            findings.append(_finding(group))
    return findings


def _group(pieces: list[Evidence], starts: list[int], first: int) -> list[Evidence]:
    """Everything that starts with or after piece `first` and ends within its extent."""
    limit = starts[first] + EXTENT
    near = pieces[first : bisect_left(starts, limit, first)]
    return [pieces[first], *(piece for piece in near[1:] if piece.end <= limit)]


def _value(group: list[Evidence]) -> float:
    strongest: dict[str, float] = {}
    for piece in group:
        strongest[piece.family] = max(piece.weight, strongest.get(piece.family, 0.0))
    return 1 - prod(1 - weight for weight in strongest.values())


def _finding(group: list[Evidence]) -> Finding:
    leading = max(group, key=lambda piece: piece.weight)
    families = tuple(dict.fromkeys(piece.family for piece in group))
    spans = tuple(dict.fromkeys(piece.span for piece in group))
    return Finding(_value(group), leading.label, families, spans)
