"""Lower-case texts, for models that are trained without capitals.

>>> step = LowercaseStep()
>>> step.run(Batch(ids=["a"], texts=["Good DAY 你好"])).texts
['good day 你好']
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trueline.curate.batch import Batch, Result
from trueline.curate.step import RunSettings, StepOptions


class LowercaseOptions(StepOptions):
    """Lower-case every text by Unicode's rules; Chinese stays as it is."""

    step: Literal["lowercase"] = "lowercase"

    def build(self, run: RunSettings) -> LowercaseStep:
        return LowercaseStep()


@dataclass(frozen=True, slots=True)
class LowercaseStep:
    """Python's `str.lower`: no letter is lost, though a text may grow (İ becomes two)."""

    name: str = "lowercase"

    def run(self, batch: Batch) -> Result:
        texts = [text.lower() for text in batch.texts]
        changes = {
            position: "lower-cased"
            for position, (before, after) in enumerate(zip(batch.texts, texts, strict=True))
            if before != after
        }
        return Result(texts=texts if changes else None, changes=changes)
