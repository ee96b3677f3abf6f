"""The step `stem`: English words cut to their stems; Chinese words have no endings to cut."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from typing import Any, Literal

from pydantic import Field

from trueline.core.errors import MissingExtraError
from trueline.curate.batch import Batch, Result
from trueline.curate.step import RunSettings, StepOptions
from trueline.curate.words.segment import tokens, words

Algorithm = Literal["porter", "english"]


class StemOptions(StepOptions):
    """Options of `stem`."""

    step: Literal["stem"] = "stem"
    algorithm: Algorithm = Field(
        default="porter",
        description="porter (Porter 1980) or english (its successor, Snowball English).",
    )
    replace_text: bool = Field(
        default=False, description="Also put the stems in the place of the words in the text."
    )

    def build(self, run: RunSettings) -> Stem:
        """The step; raises `MissingExtraError` when snowballstemmer is not installed."""
        _stemmer(self.algorithm)
        return Stem(self.algorithm, self.replace_text)


@dataclass(frozen=True, slots=True)
class Stem:
    """Writes `stems`, one for each of `words` (made when there are none)."""

    algorithm: Algorithm = "porter"
    replace_text: bool = False
    name: str = "stem"

    def run(self, batch: Batch) -> Result:
        """Stem every document's words."""
        known = batch.columns.get("words")
        listed = [
            words(text) if known is None or known[at] is None else list(known[at])
            for at, text in enumerate(batch.texts)
        ]
        stems = [[stem(word, self.algorithm) for word in found] for found in listed]
        columns = {"words": listed, "stems": stems}
        if not self.replace_text:
            return Result(columns=columns)
        texts = [self._stemmed(text) for text in batch.texts]
        pairs = enumerate(zip(batch.texts, texts, strict=True))
        changes = {at: "stemmed" for at, (old, new) in pairs if old != new}
        return Result(texts=texts, columns=columns, changes=changes)

    def _stemmed(self, text: str) -> str:
        pieces: list[str] = []
        done = 0
        for token in tokens(text):
            if token.text.isascii() and token.is_word:
                pieces += [text[done : token.start], stem(token.text, self.algorithm)]
                done = token.end
        return "".join([*pieces, text[done:]])


@lru_cache(maxsize=100_000)
def stem(word: str, algorithm: Algorithm = "porter") -> str:
    """The stem of an English word in lower case; words with other than ASCII letters stay.

    >>> stem("Relational"), stem("数据")
    ('relat', '数据')

    Reference: Porter (1980), An algorithm for suffix stripping.
    """
    if not word.isascii():
        return word
    stemmed: str = _stemmer(algorithm).stemWord(word.lower())
    return stemmed


@cache
def _stemmer(algorithm: Algorithm) -> Any:
    try:
        snowballstemmer: Any = import_module("snowballstemmer")
    except ModuleNotFoundError as error:
        if error.name != "snowballstemmer":
            raise
        raise MissingExtraError("Stemming", "snowballstemmer", "curate") from None
    return snowballstemmer.stemmer(algorithm)
