"""What a pattern found in a view of the text, and how findings become scores.

>>> claims = Claims(20)
>>> claims.take(2, 9), claims.take(5, 12), claims.take(9, 12)
(True, False, True)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from trueline.core.records import Score, Span
from trueline.text.normalize import View

# How sure a pattern is. A policy that wants only checksums sets its threshold above 0.9.
CHECKSUM = 1.0
FORMAT = 0.9
SHAPE = 0.8
CONTEXT = 0.6
PUBLIC = 0.55

_REASONS = {
    CHECKSUM: "format and checksum hold",
    FORMAT: "format holds",
    SHAPE: "looks like one",
    CONTEXT: "the words beside it say so",
    PUBLIC: "format holds; as often public as personal",
}


class Finding(NamedTuple):
    """Characters `[start, end)` of one view's text, what they are, and how sure that is."""

    start: int
    end: int
    label: str
    value: float


class Claims:
    """Which characters of a text already belong to a finding; the first one keeps them.

    Args:
        length: number of characters of the text.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._taken: bytearray | None = None

    def free(self, start: int, end: int) -> bool:
        """Whether nobody claimed a character of `[start, end)`."""
        return self._taken is None or self._taken.find(1, start, end) < 0

    def take(self, start: int, end: int) -> bool:
        """Claim `[start, end)`; False, and nothing claimed, when a character is taken."""
        if not self.free(start, end):
            return False
        if self._taken is None:
            self._taken = bytearray(self._length)
        self._taken[start:end] = b"\x01" * (end - start)
        return True


def scores_of(
    category: str,
    scorer: str,
    original: str,
    found: Sequence[tuple[View, Sequence[Finding]]],
) -> list[Score]:
    """One score for each label and strength, with every span in the original text.

    A label found with two strengths gives two scores: a strong finding must not lift a weak
    one over the policy's threshold, else a stream would have let the weak one pass. What one
    view has found, later views do not find again under another name.
    """
    grouped: dict[tuple[str, float], set[Span]] = {}
    claims = Claims(len(original))
    for view, findings in found:
        spans = [(view.span(f.start, f.end, f.label), f.value) for f in findings]
        fresh = [(span, value) for span, value in spans if claims.free(span.start, span.end)]
        for span, value in fresh:
            claims.take(span.start, span.end)
            grouped.setdefault((span.label, value), set()).add(span)
    return [
        Score(
            category=category,
            value=value,
            spans=tuple(sorted(spans, key=lambda span: (span.start, span.end))),
            scorer=scorer,
            reason=_REASONS.get(value, "format holds"),
            label=label,
        )
        for (label, value), spans in grouped.items()
    ]
