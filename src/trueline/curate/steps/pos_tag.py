"""The step `pos_tag`: the part of speech of every word, in universal tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from trueline.curate.batch import Batch, Result
from trueline.curate.step import RunSettings, StepOptions
from trueline.curate.words.pos import tagged


class PosTagOptions(StepOptions):
    """Options of `pos_tag`."""

    step: Literal["pos_tag"] = "pos_tag"
    punctuation: bool = Field(default=False, description="Keep punctuation marks as words.")

    def build(self, run: RunSettings) -> PosTag:
        """The step; jieba loads with the first Chinese document."""
        return PosTag(self.punctuation)


@dataclass(frozen=True, slots=True)
class PosTag:
    """Writes `words` and `pos`, equally long for every document."""

    punctuation: bool = False
    name: str = "pos_tag"

    def run(self, batch: Batch) -> Result:
        """Tag every text."""
        found = [
            [pair for pair in tagged(text) if self.punctuation or pair[1] != "PUNCT"]
            for text in batch.texts
        ]
        return Result(
            columns={
                "words": [[word for word, _ in pairs] for pairs in found],
                "pos": [[tag for _, tag in pairs] for pairs in found],
            }
        )
