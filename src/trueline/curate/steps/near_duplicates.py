"""Drop documents that are nearly the same as one that is kept.

Sketches (`trueline.curate.sketch`) are compared, never texts. Copies that differ in case,
width of letters, accents, invisible characters or spaces are found as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from trueline.curate.bands import similar_pairs, similarity_of
from trueline.curate.batch import Batch, Column, Drop, Result
from trueline.curate.representatives import ranks_of, represent
from trueline.curate.sketch import Sketches, sketch
from trueline.curate.step import Decisions, RunSettings, StepOptions

SKETCH = "sketch"
#: At an estimate of 0.65, documents truly 0.7 alike are missed in about 3 of 100 cases, unlike
#: ones are not met (benchmarks/curate_near_duplicates.py).
SIMILARITY = 0.65

Keep = Literal["first", "longest"]


class NearDuplicatesOptions(StepOptions):
    """Options of the step `near_duplicates`."""

    step: Literal["near_duplicates"] = "near_duplicates"
    similarity: float = Field(
        default=SIMILARITY,
        ge=0.3,
        le=1,
        description="Estimated Jaccard similarity of shingles (5 characters of Chinese, 5 words "
        "of English) from which on a document goes.",
    )
    keep: Keep = Field(
        default="first",
        description="Which document of like ones stays: the first that was read, or the longest.",
    )

    def build(self, run: RunSettings) -> NearDuplicates:
        return NearDuplicates(self.similarity, self.keep)


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """Set step: measures a sketch of 524 bytes a document, drops those like a kept one.

    The column `cluster` holds the id of the document that stands for each one: its own, when
    it stays.
    """

    similarity: float = SIMILARITY
    keep: Keep = "first"
    name: str = "near_duplicates"
    reads: tuple[str, ...] = (SKETCH,)

    def measure(self, batch: Batch) -> Result:
        return Result(columns={SKETCH: sketch(batch.texts).rows()})

    def decide(self, ids: Sequence[str], columns: Mapping[str, Column]) -> Decisions:
        sketches = Sketches.from_rows(columns[SKETCH])
        order = np.arange(len(ids))
        if self.keep == "longest":
            order = np.argsort(-sketches.lengths.astype(np.int64), kind="stable")

        def compare(first: int, second: int) -> float:
            return float(similarity_of(sketches, np.array([first]), np.array([second]))[0])

        pairs = similar_pairs(sketches, self.similarity)
        gone = represent(pairs, ranks_of(order), self.similarity, compare)
        cluster = list(ids)
        drops: dict[int, Drop] = {}
        for row, found in sorted(gone.items()):
            cluster[row] = ids[found.partner]
            drops[row] = Drop(
                "near duplicate",
                value=round(found.similarity, 4),
                threshold=self.similarity,
                partner=ids[found.partner],
                similarity=round(found.similarity, 4),
            )
        return Decisions(drops, {"cluster": cluster})
