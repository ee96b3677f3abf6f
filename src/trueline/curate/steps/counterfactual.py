"""The `counterfactual` step: the same document about the other group, with its label.

    >>> from trueline.core.policy_file import policy_from_template
    >>> step = CounterfactualOptions().build(RunSettings(policy_from_template("default")))
    >>> added = step.run(Batch(["a"], ["She said the nurse helped him."], {"label": ["ok"]})).added
    >>> [(copy.suffix, copy.text) for copy in added]
    [('counterfactual', 'He said the nurse helped her.')]

`copy` adds the swapped document beside the original, so that both groups stand in the same
words. `swap` swaps every second document at random in place, which evens counts out without
more text. A label stays, for a label that holds for one group has to hold for the other.

Limits: names of persons are not swapped; two people of different gender in one document both
change; words outside the lists, facts (a king of a named country), rhyme and puns do not
follow; `her` and `his` are told apart by the next word alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from trueline.curate.batch import Added, Batch, Column, Result
from trueline.curate.group_terms import mentioned
from trueline.curate.spans import Replacement, like, moved, replace_all, text_mark, unpacked
from trueline.curate.step import RunSettings, StepOptions
from trueline.curate.swap_en import english_swaps
from trueline.curate.swap_people import people_swaps
from trueline.curate.swap_zh import chinese_swaps

#: Columns that other steps wrote about a text, written anew for a swapped one.
_OF_THE_TEXT: dict[str, Callable[[str], object]] = {"groups": mentioned, "policy_mark": text_mark}
Attribute = Literal["gender", "origin"]


class CounterfactualOptions(StepOptions):
    """Swap words for groups of people: copies beside the originals, or balance in place."""

    step: Literal["counterfactual"] = "counterfactual"
    mode: Literal["copy", "swap"] = Field(
        default="copy",
        description="copy: add the swapped document; swap: swap half of them in place.",
    )
    attributes: tuple[Attribute, ...] = Field(
        default=("gender",),
        min_length=1,
        description="What is swapped: gender words, and origin (河南人, an African man).",
    )
    offset_columns: tuple[str, ...] = Field(
        default=("entities", "policy_redact", "policy_findings"),
        description="Columns of spans that move with the text.",
    )

    def build(self, run: RunSettings) -> CounterfactualStep:
        """The step."""
        return CounterfactualStep(self.mode, self.attributes, self.offset_columns, run.seed)


@dataclass(frozen=True, slots=True)
class CounterfactualStep:
    """Adds or swaps; every choice depends on the seed and the document's id alone."""

    mode: Literal["copy", "swap"] = "copy"
    attributes: tuple[Attribute, ...] = ("gender",)
    offset_columns: tuple[str, ...] = ("entities",)
    seed: int = 0

    @property
    def name(self) -> str:
        return "counterfactual"

    def run(self, batch: Batch) -> Result:
        """Copies as added documents, or changed texts with moved offsets."""
        texts = list(batch.texts)
        tracked = [name for name in self.offset_columns if name in batch.columns]
        told = [name for name in _OF_THE_TEXT if name in batch.columns]
        columns = {name: list(batch.columns[name]) for name in (*tracked, *told)}
        changes: dict[int, str] = {}
        added: list[Added] = []
        for number, (identifier, text) in enumerate(zip(batch.ids, batch.texts, strict=True)):
            draw = _draw(self.seed, identifier)
            swaps = self._swaps(text, draw)
            if not swaps:
                continue
            new = replace_all(text, swaps)
            spans = {name: _moved(columns[name][number], name, swaps) for name in tracked}
            spans |= {name: _OF_THE_TEXT[name](new) for name in told}
            if self.mode == "copy":
                added.append(Added(number, "counterfactual", new, spans))
            elif draw & 1:
                texts[number] = new
                changes[number] = f"{len(swaps)} group terms swapped"
                for name, value in spans.items():
                    columns[name][number] = value
        if self.mode == "copy":
            return Result(added=added)
        written: dict[str, Column] = dict(columns)
        return Result(texts=texts, columns=written, changes=changes)

    def _swaps(self, text: str, draw: int) -> list[Replacement]:
        found: list[Replacement] = []
        if "gender" in self.attributes:
            found += (*chinese_swaps(text), *english_swaps(text))
        if "origin" in self.attributes:
            found += people_swaps(text, draw >> 1)
        return sorted(found)


def _moved(value: object, column: str, swaps: Sequence[Replacement]) -> object:
    return like(value, moved(unpacked(value, column), swaps))


def _draw(seed: int, identifier: str) -> int:
    message = f"{seed}\0counterfactual\0{identifier}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(message).digest()[:8], "big")
