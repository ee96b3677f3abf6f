"""Why the bundled classifier gave a segment its logit: every n-gram's part, exactly.

A head is linear, so nothing is estimated: the weights of a segment's distinct n-grams are whole
steps, their sum times the worth of a step plus the bias is the logit, bit for bit.

    >>> from trueline.text.normalize import normalize
    >>> found = explain_segments(LinearScorer(), normalize("I will kill you, you idiot."), "violence")
    >>> found[0].logit == found[0].model_logit, len(found[0].ngrams) > 20
    (True, True)

An n-gram that stands in several places counts once; on the text its weight is spread evenly
over its places and their characters, so the characters' weights add up to logit minus bias, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from trueline.core.records import Span
from trueline.models.hashing import padded
from trueline.models.linear import PieceWeights
from trueline.scorers.linear import LinearScorer, Piece, pieces_of, places_of, turned_pieces
from trueline.text.normalize import NormalizedText

#: N-grams that `as_json` lists, the heaviest first.
SHOWN = 40


@dataclass(frozen=True, slots=True)
class NgramWeight:
    """One n-gram of a segment.

    Args:
        text: as the model read it: folded, digits as they stand, a space at a word's edge.
        steps: its weight in whole steps.
        weight: what it adds to the logit.
        spans: where it stands in the original text.
    """

    text: str
    steps: int
    weight: float
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class SegmentExplanation:
    """Why one head gave one segment its logit.

    Args:
        category: of the taxonomy.
        label: the head's.
        span: the segment in the original text.
        reading: how it was read where not as it stands: `base64`, `reversed`, ...
        language: whose scale the value is on.
        value: 0 to 1, as the scorer gives it.
        logit: bias + unit x the steps of all n-grams.
        model_logit: as the model computes it; the same number.
        bias: what the logit starts from.
        unit: what one step is worth here.
        ngrams: those with a weight, the heaviest first by size.
        characters: what each character of the segment adds, for `text[span.start:span.end]`.
    """

    category: str
    label: str
    span: Span
    reading: str
    language: Literal["zh", "en"]
    value: float
    logit: float
    model_logit: float
    bias: float
    unit: float
    ngrams: tuple[NgramWeight, ...]
    characters: tuple[float, ...]

    @property
    def raised(self) -> float:
        """What n-grams added."""
        return sum(ngram.weight for ngram in self.ngrams if ngram.steps > 0)

    @property
    def lowered(self) -> float:
        """What n-grams took away; 0 or less."""
        return sum(ngram.weight for ngram in self.ngrams if ngram.steps < 0)

    def as_json(self) -> dict[str, Any]:
        """The shape that the command line and the console show."""
        return {
            "category": self.category,
            "label": self.label,
            "span": [self.span.start, self.span.end],
            "reading": self.reading,
            "language": self.language,
            "score": self.value,
            "logit": self.logit,
            "bias": self.bias,
            "raised": round(self.raised, 6),
            "lowered": round(self.lowered, 6),
            "ngrams": [
                {
                    "text": ngram.text,
                    "weight": round(ngram.weight, 6),
                    "spans": [[span.start, span.end] for span in ngram.spans],
                }
                for ngram in self.ngrams[:SHOWN]
            ],
            "ngrams_in_all": len(self.ngrams),
            "characters": [round(weight, 6) for weight in self.characters],
        }


def explain_segments(
    scorer: LinearScorer, text: NormalizedText, label: str, span: Span | None = None
) -> list[SegmentExplanation]:
    """Explanations of one head, for every segment of a text, highest logit first.

    Args:
        scorer: the classifier.
        text: what was scored.
        label: of the head.
        span: only segments that stand exactly there in the original.

    Returns:
        Nothing for a label that no head has.
    """
    numbers = [n for n, head in enumerate(scorer.model.heads) if head.label == label]
    found = [
        _explained(scorer, piece, numbers[0])
        for piece in (_every_reading(text) if numbers else ())
        if span is None or _place(piece)[:2] == (span.start, span.end)
    ]
    return sorted(found, key=lambda one: (-one.value, bool(one.reading)))


def _every_reading(text: NormalizedText) -> Iterator[Piece]:
    for piece in pieces_of(text):
        yield piece
        yield from turned_pieces(piece)


def _place(piece: Piece) -> tuple[int, int]:
    span = piece.view.span(piece.start, piece.end)
    return span.start, span.end


def _explained(scorer: LinearScorer, piece: Piece, number: int) -> SegmentExplanation:
    model = scorer.model
    head = model.heads[number]
    weights = model.piece_weights(piece.text, number)
    logits, _ = model.logits([piece.text])
    spans = [_span(piece, place) for place in places_of(piece.text)]
    segment = piece.view.span(piece.start, piece.end, head.label)
    return SegmentExplanation(
        category=head.category,
        label=head.label,
        span=segment,
        reading=piece.reading or ("" if piece.view.name == "folded" else piece.view.name),
        language=piece.language,
        value=round(head.ladder.value(weights.logit, piece.language), 4),
        logit=weights.logit,
        model_logit=float(logits[0, number]),
        bias=float(weights.bias),
        unit=weights.unit,
        ngrams=_ngrams(piece, weights, spans),
        characters=_spread(
            segment, spans, model.contributions(piece.text, number).astype(float).tolist()
        ),
    )


def _ngrams(piece: Piece, weights: PieceWeights, spans: list[Span]) -> tuple[NgramWeight, ...]:
    """The distinct slots that carry weight, each with all places that fall into it."""
    read = padded(piece.text)
    grams = weights.grams
    places: dict[int, list[int]] = {}
    for index, slot in enumerate(grams.slots.tolist()):
        if weights.steps[index]:
            places.setdefault(slot, []).append(index)
    found: list[NgramWeight] = []
    for indices in places.values():
        first = indices[0]
        begin, order = int(grams.begins[first]), int(grams.orders[first])
        steps = int(weights.steps[first])
        stands: dict[tuple[int, int], None] = {}
        for index in indices:
            start, length = int(grams.begins[index]), int(grams.orders[index])
            covered = spans[start : start + length]
            stands[min(s.start for s in covered), max(s.end for s in covered)] = None
        found.append(
            NgramWeight(
                read[begin : begin + order],
                steps,
                steps * weights.unit,
                tuple(Span(start, end) for start, end in stands),
            )
        )
    return tuple(sorted(found, key=lambda one: (-abs(one.steps), one.spans[0].start, one.text)))


def _span(piece: Piece, place: int) -> Span:
    """Where a character of the piece's text stands in the original."""
    if piece.reading == "reversed":
        place = len(piece.text) - 1 - place
    return piece.view.span(piece.start + place, piece.start + place + 1)


def _spread(segment: Span, spans: list[Span], weights: Iterable[float]) -> tuple[float, ...]:
    """Weights of read characters on those of the original, evenly where one became several."""
    length = max(segment.end - segment.start, 1)
    found = [0.0] * length
    for span, weight in zip(spans, weights, strict=True):
        start = min(max(span.start - segment.start, 0), length - 1)
        end = min(max(span.end - segment.start, start + 1), length)
        for place in range(start, end):
            found[place] += weight / (end - start)
    return tuple(found)
