"""Score a text with the bundled classifier, segment by segment, in Chinese and English.

    >>> from trueline.text.normalize import normalize
    >>> LinearScorer().score(normalize("Where can I buy a train ticket?"), Context())
    ()

Each segment (`trueline.text.segments`) is scored on its own and a finding's span is its
segment, so a streamed text is found out exactly as the whole one is. Text found inside the
text (base64, hex, ...) is scored as well. A segment whose n-grams are mostly unknown may be
written in rot13 or backwards: it is read that way too.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from trueline.core.records import Context, Score, Span
from trueline.models.hashing import without_values
from trueline.models.linear import Float32Array, LinearModel, load_linear
from trueline.text.language import language_of
from trueline.text.normalize import NormalizedText, View
from trueline.text.segments import segments

# Values below this are not reported; the lowest calibrated threshold is far above it.
LOWEST_VALUE = 0.05
# Least share of known n-grams in ordinary text, ASCII and other. Of test pieces, 0.5 % of the
# English and 5 % of the Chinese ones have less; 93 % of those in rot13 have.
KNOWN_ASCII, KNOWN_OTHER = 0.65, 0.34
# Decoded runs shorter than this say too little.
SHORTEST_DECODED = 4
# Part of the highest character's weight that still counts as evidence.
STRONG = 0.35
# Readings of whole texts: their segments would depend on what came before. Rotated and
# reversed text is read here, segment by segment; the other two are nearly the folded text.
_WHOLE_READINGS = frozenset({"rot13", "reversed", "turned", "leet", "repeats"})
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Characters of the original that raised a head's logit, and by how much."""

    span: Span
    label: str
    weight: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment of a view, `view.text[start:end]`, and how its text was read from there."""

    view: View
    start: int
    end: int
    text: str
    reading: str = ""

    @property
    def language(self) -> Literal["zh", "en"]:
        if self.text.isascii():
            return "en"
        return "zh" if language_of(self.text) == "zh" else "en"


class LinearScorer:
    """Scores segments with the bundled model; see `trueline.models.linear`.

    Args:
        model: another model of the same kind, such as one trained on your own data.
    """

    def __init__(self, model: LinearModel | None = None) -> None:
        self._model = load_linear() if model is None else model
        self._categories = tuple(dict.fromkeys(head.category for head in self._model.heads))
        self._floors = np.array(
            [head.ladder.logit_of(LOWEST_VALUE) for head in self._model.heads], np.float32
        ).tolist()
        self._reasons = [f"classifier: {head.label}" for head in self._model.heads]

    @property
    def model(self) -> LinearModel:
        """The weights and heads it scores with."""
        return self._model

    @property
    def name(self) -> str:
        return "linear"

    @property
    def categories(self) -> tuple[str, ...]:
        return self._categories

    @property
    def reach(self) -> int:
        return 0

    def score(self, text: NormalizedText, context: Context) -> Sequence[Score]:
        """One score for each segment and head that found something in it."""
        pieces = pieces_of(text)
        if not pieces:
            return ()
        read = self._model.hits([piece.text for piece in pieces], self._floors)
        found = [self._score(pieces[row], head, logit) for row, head, logit in read.hits]
        if min(read.known) < KNOWN_ASCII:
            turned = [other for piece, share in zip(pieces, read.known, strict=True)
                      if share < (KNOWN_ASCII if piece.text.isascii() else KNOWN_OTHER)
                      for other in turned_pieces(piece)]  # fmt: skip
            if turned:
                read = self._model.hits([piece.text for piece in turned], self._floors)
                found += [self._score(turned[row], head, logit) for row, head, logit in read.hits]
        return tuple(score for score in found if score.value >= LOWEST_VALUE)

    def _score(self, piece: Piece, number: int, logit: float) -> Score:
        head = self._model.heads[number]
        value = round(head.ladder.value(logit, piece.language), 4)
        reason = self._reasons[number] + (f" ({piece.reading})" if piece.reading else "")
        spans = (piece.view.span(piece.start, piece.end, head.label),)
        return Score(head.category, value, spans, self.name, reason, head.label)

    def threshold(self, category: str, label: str, max_false_positive_rate: float) -> float:
        """The calibrated threshold; more than 1 where the data cannot support the budget."""
        return self._model.threshold(category, label, max_false_positive_rate)

    def explain(self, text: NormalizedText, category: str, limit: int = 5) -> tuple[Evidence, ...]:
        """The characters that speak most for a category, strongest first.

        Looks at the head of the category with the highest value, in the segment where it is
        highest. Empty when no character raises it.

        Args:
            text: the text a score was about.
            category: of the taxonomy.
            limit: how many stretches of characters to return at most.
        """
        numbers = [n for n, head in enumerate(self._model.heads) if head.category == category]
        pieces = pieces_of(text)
        if not numbers or not pieces:
            return ()
        logits, _ = self._model.logits([piece.text for piece in pieces])
        _, row, number = max(
            (self._model.heads[n].ladder.value(float(logits[r, n]), piece.language), -r, n)
            for r, piece in enumerate(pieces)
            for n in numbers
        )
        piece = pieces[-row]
        weights = self._model.contributions(piece.text, number)
        places = places_of(piece.text)
        label = self._model.heads[number].label
        found = [
            Evidence(
                piece.view.span(piece.start + places[first], piece.start + places[last] + 1, label),
                label,
                round(float(weights[first : last + 1].sum()), 4),
            )
            for first, last in _stretches(weights)
        ]
        found.sort(key=lambda evidence: -evidence.weight)
        return tuple(found[:limit])


def pieces_of(text: NormalizedText) -> list[Piece]:
    """The segments of a text, and those of what is encoded in it."""
    folded = text.folded
    pieces = [
        Piece(folded, start, end, folded.text[start:end]) for start, end in segments(folded.text)
    ]
    for view in text.decoded:
        if view.name.rpartition(">")[2] in _WHOLE_READINGS:
            continue
        # Each run found is one line; its segments must not depend on the runs around it.
        inner = view.folded
        at = 0
        for line in inner.text.split("\n"):
            pieces.extend(
                Piece(inner, at + start, at + end, line[start:end], view.name)
                for start, end in segments(line)
                if end - start >= SHORTEST_DECODED
            )
            at += len(line) + 1
    return pieces


def turned_pieces(piece: Piece) -> list[Piece]:
    """A segment read backwards and, where it is ASCII, in rot13."""
    turned = [replace(piece, text=piece.text[::-1], reading="reversed")]
    if piece.text.isascii():
        turned.append(replace(piece, text=codecs.encode(piece.text, "rot13"), reading="rot13"))
    return turned


def places_of(piece: str) -> list[int]:
    """For each character of `padded(piece)`, the character of the piece it stands for."""
    places = [0]
    for match in _WORD.finditer(without_values(piece)):
        if len(places) > 1:
            places.append(match.start() - 1)  # the space between two words
        places.extend(range(*match.span()))
    places.append(max(len(piece) - 1, 0))
    return places


def _stretches(weights: Float32Array) -> Iterator[tuple[int, int]]:
    """First and last index of each run of characters that clearly raise the logit."""
    highest = float(weights.max(initial=0.0))
    if highest <= 0:
        return
    strong = (weights >= highest * STRONG).tolist()
    start = -1
    for index, is_strong in enumerate([*strong, False]):
        if is_strong and start < 0:
            start = index
        elif not is_strong and start >= 0:
            yield start, index - 1
            start = -1
