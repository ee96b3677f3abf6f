"""The contract every scorer keeps, built-in or third-party."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from trueline.core.records import Context, Score
from trueline.text.normalize import NormalizedText


@runtime_checkable
class Scorer(Protocol):
    """Finds something in a text.

    A scorer is pure and thread-safe: the same text and context give the same scores. It
    reads the views of `NormalizedText` it needs and gives spans in the *original* text.
    """

    @property
    def name(self) -> str:
        """Short name shown in verdicts: `pii`, `secrets`, `lexicon`, `linear`."""
        ...

    @property
    def categories(self) -> tuple[str, ...]:
        """Categories of the taxonomy (or the policy's own topics) this scorer can find."""
        ...

    @property
    def reach(self) -> int:
        """Longest distance from a finding's start to what may still change it.

        Counted in characters of the squeezed view (`NormalizedText.squeezed`): letters and
        digits alone, so spaces and marks put between them do not use it up. The streaming guard
        holds back the original text of that many. 0 means that the scorer works on whole
        segments (see `trueline.text.segments`).
        """
        ...

    def score(self, text: NormalizedText, context: Context) -> Sequence[Score]:
        """Score one text; an empty sequence means nothing was found."""
        ...

    def threshold(self, category: str, label: str, max_false_positive_rate: float) -> float:
        """Threshold whose false-positive rate stays within the budget, as calibrated.

        Scorers with validators answer 0.5: their values are 0 or near 1.
        """
        ...
