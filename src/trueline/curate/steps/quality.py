"""Drop text that is not writing: too short, gibberish, repeated, symbols, adverts, misread bytes.

Chinese and English are held against limits of their own; nothing cuts Chinese at spaces. The
measures are columns (`quality_*`), so the limits can be chosen anew without reading a text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from trueline.curate.batch import Batch, Drop, Result
from trueline.curate.character_classes import Kind
from trueline.curate.step import RunSettings, StepOptions
from trueline.curate.steps.language import LANGUAGE, sampled_language
from trueline.curate.text_measures import Measures, measure

# Texts with fewer words or letters are too few to say how common function words or vowels are.
_ENOUGH_WORDS = 20
_ENOUGH_LETTERS = 40
_ENOUGH_LINES = 5


class QualityLimits(BaseModel):
    """What a text of one language may measure and still stay."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_letters: int = Field(ge=0, description="Letters and Han characters a text needs.")
    min_function_words: float = Field(
        ge=0,
        le=1,
        description="Share of Han characters (zh) or Latin words (en) that carry grammar; 0 "
        "switches the rule off.",
    )
    min_vowels: float = Field(
        ge=0, le=1, description="Share of Latin letters that are vowels; 0 switches it off."
    )
    max_symbols: float = Field(ge=0, le=1, description="Share of signs that are not punctuation.")
    max_misread: float = Field(
        ge=0, le=1, description="Share of characters that misread bytes leave behind."
    )
    max_repeated_lines: float = Field(
        ge=0, le=1, description="Share of the text in lines that came before."
    )
    max_repeated_runs: float = Field(
        ge=0, le=1, description="Share of runs of 8 characters that came before."
    )
    max_ellipsis_lines: float = Field(
        ge=0, le=1, description="Share of lines that break off, where there are 5 or more."
    )


# Chosen with benchmarks/curate_clean.py: every planted kind of junk lies beyond these limits,
# and of real poetry, classics, laws, dialogues, manuals, novels and encyclopaedias hardly any
# (results/curate_clean.json has the shares by file).
ZH = QualityLimits(
    min_letters=10,
    min_function_words=0.1,
    min_vowels=0,
    max_symbols=0.35,
    max_misread=0.1,
    max_repeated_lines=0.8,
    max_repeated_runs=0.9,
    max_ellipsis_lines=0.6,
)
EN = QualityLimits(
    min_letters=40,
    min_function_words=0.03,
    min_vowels=0.22,
    max_symbols=0.35,
    max_misread=0.1,
    max_repeated_lines=0.8,
    max_repeated_runs=0.9,
    max_ellipsis_lines=0.6,
)
OTHER = QualityLimits(
    min_letters=10,
    min_function_words=0,
    min_vowels=0,
    max_symbols=0.35,
    max_misread=0.3,
    max_repeated_lines=0.8,
    max_repeated_runs=0.9,
    max_ellipsis_lines=0.6,
)


class QualityOptions(StepOptions):
    """Options of the step `quality`."""

    step: Literal["quality"] = "quality"
    zh: QualityLimits = Field(default=ZH, description="Limits for Chinese texts.")
    en: QualityLimits = Field(default=EN, description="Limits for English texts.")
    other: QualityLimits = Field(default=OTHER, description="Limits for all other texts.")

    def build(self, run: RunSettings) -> Quality:
        return Quality(self.zh, self.en, self.other)


@dataclass(frozen=True, slots=True)
class _Rule:
    column: str
    limit: str  # field of QualityLimits
    reason: str
    at_least: bool  # whether the limit is the least a text may measure


_RULES = (
    _Rule("quality_symbols", "max_symbols", "mostly symbols", False),
    _Rule("quality_letters", "min_letters", "too short", True),
    _Rule("quality_misread", "max_misread", "misread characters", False),
    _Rule("quality_repeated_lines", "max_repeated_lines", "repeated lines", False),
    _Rule("quality_repeated_runs", "max_repeated_runs", "repeated text", False),
    _Rule("quality_ellipsis_lines", "max_ellipsis_lines", "lines that break off", False),
    _Rule("quality_vowels", "min_vowels", "few vowels", True),
    _Rule("quality_function_words", "min_function_words", "few function words", True),
)


@dataclass(frozen=True, slots=True)
class Quality:
    """Map step: writes `quality_*` columns and drops what the limits of its language forbid."""

    zh: QualityLimits = ZH
    en: QualityLimits = EN
    other: QualityLimits = OTHER
    name: str = "quality"

    def run(self, batch: Batch) -> Result:
        languages = batch.columns.get(LANGUAGE)
        if languages is None:
            languages = [sampled_language(text) for text in batch.texts]
        scores = quality_scores(measure(batch.texts), languages)
        columns = {name: values.tolist() for name, values in scores.items()}
        return Result(columns=columns, drops=self.drops(languages, scores))

    def drops(
        self, languages: Sequence[str], scores: Mapping[str, NDArray[np.float64]]
    ) -> dict[int, Drop]:
        """The first rule that each document breaks, with its value and limit."""
        dropped: dict[int, Drop] = {}
        limits = {"zh": self.zh, "en": self.en}
        chosen = [limits.get(language, self.other) for language in languages]
        for rule in _RULES:
            values = scores[rule.column]
            bounds = np.array([getattr(one, rule.limit) for one in chosen], float)
            broken = values < bounds if rule.at_least else values > bounds
            for row in np.flatnonzero(broken).tolist():
                value, bound = round(float(values[row]), 4), float(bounds[row])
                dropped.setdefault(row, Drop(rule.reason, value, bound))
        return dropped


def quality_scores(measures: Measures, languages: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """The `quality_*` columns; NaN where a text has too little for the measure."""
    visible = measures.counts.sum(axis=1) - measures.total(Kind.SPACE, Kind.NEWLINE, Kind.INVISIBLE)
    visible = np.maximum(visible, 1)
    han = measures.total(Kind.HAN, Kind.HAN_FUNCTION)
    latin = measures.total(Kind.VOWEL, Kind.CONSONANT)
    letters = han + latin + measures.total(Kind.KANA, Kind.HANGUL, Kind.ACCENTED, Kind.OTHER_LETTER)
    chinese = np.array([language == "zh" for language in languages], bool)
    of_han = np.where(
        han >= _ENOUGH_LETTERS, measures.total(Kind.HAN_FUNCTION) / np.maximum(han, 1), np.nan
    )
    of_words = np.where(measures.words >= _ENOUGH_WORDS, measures.function_words, np.nan)
    vowels = measures.total(Kind.VOWEL) / np.maximum(latin, 1)
    return {
        "quality_letters": letters.astype(float),
        "quality_symbols": measures.total(Kind.SYMBOL) / visible,
        "quality_misread": measures.total(Kind.LATIN_1_SIGN, Kind.BROKEN) / visible,
        "quality_repeated_lines": measures.repeated_lines,
        "quality_repeated_runs": measures.repeated_runs,
        "quality_ellipsis_lines": np.where(
            measures.lines >= _ENOUGH_LINES, measures.ellipsis_lines, 0.0
        ),
        "quality_vowels": np.where(latin >= _ENOUGH_LETTERS, vowels, np.nan),
        "quality_function_words": np.where(chinese, of_han, of_words),
    }
