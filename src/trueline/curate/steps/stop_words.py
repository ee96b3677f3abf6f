"""The step `stop_words`: take words that say little out of `words`, or out of the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from trueline.curate.batch import Batch, Result
from trueline.curate.step import RunSettings, StepOptions
from trueline.curate.words.segment import tokens, words
from trueline.curate.words.stop_lists import stop_words

_PARALLEL = ("pos", "stems")


class StopWordsOptions(StepOptions):
    """Options of `stop_words`."""

    step: Literal["stop_words"] = "stop_words"
    extra: tuple[str, ...] = Field(default=(), description="More words to take out.")
    keep: tuple[str, ...] = Field(default=(), description="Words of the lists that stay.")
    negations: bool = Field(
        default=False,
        description="Take negations out as well; they turn a label round, so they stay by default.",
    )
    replace_text: bool = Field(
        default=False, description="Take them out of the text too, with the space behind them."
    )

    def build(self, run: RunSettings) -> StopWords:
        """The step with both bundled lists."""
        extra = {word.lower() for word in self.extra}
        keep = {word.lower() for word in self.keep}
        return StopWords((stop_words(self.negations) | extra) - keep, self.replace_text)


@dataclass(frozen=True, slots=True)
class StopWords:
    """Filters `words`, and `pos` and `stems` with it; makes `words` when there are none."""

    listed: frozenset[str]
    replace_text: bool = False
    name: str = "stop_words"

    def run(self, batch: Batch) -> Result:
        """Filter every document."""
        columns = self._columns(batch)
        if not self.replace_text:
            return Result(columns=columns)
        texts = [self._without(text) for text in batch.texts]
        pairs = enumerate(zip(batch.texts, texts, strict=True))
        changes = {at: "stop words removed" for at, (old, new) in pairs if old != new}
        return Result(texts=texts, columns=columns, changes=changes)

    def _columns(self, batch: Batch) -> dict[str, Sequence[Any]]:
        known = batch.columns.get("words")
        columns: dict[str, list[Any]] = {"words": []}
        parallel = [name for name in _PARALLEL if known is not None and name in batch.columns]
        columns.update({name: [] for name in parallel})
        for position, text in enumerate(batch.texts):
            told = known[position] if known is not None else None
            listed: Sequence[str] = words(text) if told is None else told
            kept = [at for at, word in enumerate(listed) if word.lower() not in self.listed]
            columns["words"].append([listed[at] for at in kept])
            for name in parallel:
                values = batch.columns[name][position]
                if values is not None and len(values) == len(listed):
                    values = [values[at] for at in kept]
                columns[name].append(values)
        return dict(columns)

    def _without(self, text: str) -> str:
        pieces: list[str] = []
        done = 0
        for token in tokens(text):
            if token.text.lower() in self.listed:
                pieces.append(text[done : token.start])
                done = token.end + (text[token.end : token.end + 1] == " ")
        return "".join([*pieces, text[done:]]).strip() if done else text
