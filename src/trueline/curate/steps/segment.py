"""The step `segment`: the words of each document as a column, jieba's for Chinese."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from trueline.curate.batch import Batch, Result
from trueline.curate.step import RunSettings, StepOptions
from trueline.curate.words.segment import words


class SegmentOptions(StepOptions):
    """Options of `segment`."""

    step: Literal["segment"] = "segment"
    punctuation: bool = Field(default=False, description="Keep punctuation marks as words.")
    replace_text: bool = Field(
        default=False, description="Also replace the text by its words with spaces between."
    )

    def build(self, run: RunSettings) -> Segment:
        """The step; jieba loads with the first Chinese document."""
        return Segment(self.punctuation, self.replace_text)


@dataclass(frozen=True, slots=True)
class Segment:
    """Writes `words`; changes the text where asked to."""

    punctuation: bool = False
    replace_text: bool = False
    name: str = "segment"

    def run(self, batch: Batch) -> Result:
        """Segment every text."""
        found = [words(text, self.punctuation) for text in batch.texts]
        if not self.replace_text:
            return Result(columns={"words": found})
        texts = [" ".join(listed) for listed in found]
        pairs = enumerate(zip(batch.texts, texts, strict=True))
        changes = {at: "segmented" for at, (old, new) in pairs if old != new}
        return Result(texts=texts, columns={"words": found}, changes=changes)
