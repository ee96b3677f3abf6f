"""Write the language of every document, and drop those of languages that are not wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from trueline.curate.batch import Batch, Drop, Result
from trueline.curate.step import RunSettings, StepOptions
from trueline.text.language import Language, language_of

LANGUAGE = "language"
# Characters looked at, at the start, in the middle and at the end: on the planted corpus they
# tell languages as surely as the whole text does (benchmarks/curate_clean.py).
_WINDOW = 200


class LanguageOptions(StepOptions):
    """Options of the step `language`."""

    step: Literal["language"] = "language"
    keep: tuple[Language, ...] = Field(
        default=("zh", "en", "other"),
        min_length=1,
        description="Languages that stay: any of zh, en and other.",
    )

    def build(self, run: RunSettings) -> LanguageStep:
        return LanguageStep(tuple(dict.fromkeys(self.keep)))


@dataclass(frozen=True, slots=True)
class LanguageStep:
    """Map step: column `language` is `zh`, `en` or `other`."""

    keep: tuple[Language, ...] = ("zh", "en", "other")
    name: str = "language"

    def run(self, batch: Batch) -> Result:
        languages = [sampled_language(text) for text in batch.texts]
        drops = {
            position: Drop(f"language {language} not kept")
            for position, language in enumerate(languages)
            if language not in self.keep
        }
        return Result(columns={LANGUAGE: languages}, drops=drops)


def sampled_language(text: str) -> Language:
    """Language of a text, by up to 600 characters of it."""
    if len(text) > 3 * _WINDOW:
        middle = len(text) // 2
        text = "\n".join(
            (text[:_WINDOW], text[middle - _WINDOW // 2 : middle + _WINDOW // 2], text[-_WINDOW:])
        )
    return language_of(text)
