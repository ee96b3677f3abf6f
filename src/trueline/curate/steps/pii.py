"""The `pii` step: find structured personal information in Chinese and English documents.

    >>> from trueline.core.policy_file import policy_from_template
    >>> step = PiiOptions().build(RunSettings(policy_from_template("default")))
    >>> found = step.run(Batch(["a"], ["手机13800138000或a@b.cn"]))
    >>> found.columns["pii_spans"]
    [['2:13:cn_mobile', '14:20:email']]

Writes `pii_count`, `pii_labels` and `pii_spans`, and `pii_mark`: a checksum of the text and the
settings the spans belong to, by which `anonymize` knows whether they still hold.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from trueline.core.records import Context
from trueline.curate.batch import Batch, Drop, Result
from trueline.curate.pii_windows import find_in_batch
from trueline.curate.spans import Labelled, packed
from trueline.curate.step import RunSettings, StepOptions
from trueline.scorers.pii import PiiScorer
from trueline.text.normalize import normalize

#: Findings below this are as often public as personal: the landlines of shops and sights.
LEAST = 0.6


class PiiOptions(StepOptions):
    """Find personal information; counts, labels and spans become columns."""

    step: Literal["pii"] = "pii"
    least: Annotated[float, Field(ge=0, le=1)] = Field(
        default=LEAST,
        description="Lowest value that counts: 1 checksum, 0.9 format, 0.6 words, 0.55 landlines.",
    )
    labels: tuple[str, ...] | None = Field(
        default=None, description="Kinds that count, such as cn_mobile; empty: all."
    )
    disguised: bool = Field(
        default=False,
        description="Undo every disguise of the normaliser first (about fifteen times slower).",
    )
    max_count: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="Drop documents with more findings; empty: drop none."
    )

    def build(self, run: RunSettings) -> PiiStep:
        """The step."""
        return PiiStep(Finder(self.least, self.labels, self.disguised), self.max_count)


@dataclass(frozen=True, slots=True)
class Finder:
    """What counts as personal information; the same for `pii`, `anonymize` and the audit."""

    least: float = LEAST
    labels: tuple[str, ...] | None = None
    disguised: bool = False

    def mark(self, text: str) -> int:
        """CRC-32 over these settings and a text: spans under one mark hold for that text."""
        settings = zlib.crc32(repr(self).encode())
        return zlib.crc32(text.encode("utf-8", "surrogatepass"), settings)

    def find(self, texts: Sequence[str]) -> list[list[Labelled]]:
        """Spans of every text in order; no two of a text overlap."""
        if self.disguised:
            return [self._with_disguises(text) for text in texts]
        return [
            [
                Labelled(start, end, label)
                for start, end, label, value in findings
                if value >= self.least and (self.labels is None or label in self.labels)
            ]
            for findings in find_in_batch(texts)
        ]

    def _with_disguises(self, text: str) -> list[Labelled]:
        found = sorted(
            (span.start, span.end, span.label)
            for score in PiiScorer().score(normalize(text), Context(role="document"))
            if score.value >= self.least
            for span in score.spans
            if self.labels is None or span.label in self.labels
        )
        kept: list[Labelled] = []
        for start, end, label in found:
            if end > start and (not kept or start >= kept[-1].end):
                kept.append(Labelled(start, end, label))
        return kept


@dataclass(frozen=True, slots=True)
class PiiStep:
    """Writes what `finder` found; drops documents with more than `max_count` findings."""

    finder: Finder = field(default_factory=Finder)
    max_count: int | None = None

    @property
    def name(self) -> str:
        return "pii"

    def run(self, batch: Batch) -> Result:
        """Columns for every document."""
        found = self.finder.find(batch.texts)
        most = self.max_count
        return Result(
            columns={
                "pii_count": [len(spans) for spans in found],
                "pii_labels": [sorted({span.label for span in spans}) for spans in found],
                "pii_spans": [packed(spans) for spans in found],
                "pii_mark": [self.finder.mark(text) for text in batch.texts],
            },
            drops={
                number: Drop("too much personal information", len(spans), most)
                for number, spans in enumerate(found)
                if most is not None and len(spans) > most
            },
        )
