"""The step `augment`: more documents from those there are, with labels that still hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, model_validator

from trueline.core.errors import InputError
from trueline.curate.augmentation.back_translation import BackTranslate, TranslationServer
from trueline.curate.augmentation.draft import EntitySpan
from trueline.curate.augmentation.rewrite import Rewritten, rewrite, say_anew
from trueline.curate.batch import Added, Batch, Result
from trueline.curate.spans import Labelled, like, unpacked
from trueline.curate.step import RunSettings, StepOptions
from trueline.curate.words.segment import words
from trueline.text.language import language_of

OperationName = Literal[
    "mask", "synonym", "insert", "delete", "swap", "case", "word_order", "back_translation"
]
# Columns of the word steps: they describe the parent's text, not the new one.
_WORD_COLUMNS = ("pos", "stems")


class AugmentOptions(StepOptions):
    """Options of `augment`."""

    step: Literal["augment"] = "augment"
    operations: tuple[OperationName, ...] = Field(
        default=("synonym", "swap", "delete"),
        description="What is done, each to its own copy: mask, synonym, insert, delete, swap, "
        "case, word_order, back_translation.",
        min_length=1,
    )
    copies: int = Field(default=1, ge=1, le=100, description="Copies for each operation.")
    rate: float = Field(
        default=0.1, gt=0, le=1, description="Share of the words worked on, at least one."
    )
    mask: str = Field(default="[MASK]", min_length=1, description="What a masked word becomes.")
    label_words: tuple[str, ...] = Field(
        default=(),
        description="Words and phrases that bear the label and so never change; negations with "
        "what they negate and numbers are protected anyway.",
    )
    splits: tuple[str, ...] = Field(
        default=("train",),
        description="Where the documents have a `split`, only these parts get copies, so that "
        "no test document has a twin.",
    )
    entities_field: str = Field(
        default="entities", description="The column of entity spans, [start, end, label] each."
    )
    back_translation_url: str = Field(
        default="",
        pattern="^(https?://.+)?$",
        description="An OpenAI-compatible server, such as http://127.0.0.1:8000/v1; nothing is "
        "sent unless it is set and `operations` has back_translation.",
    )
    back_translation_model: str = Field(
        default="default", description="The model name to ask that server for."
    )

    @model_validator(mode="after")
    def _needs_a_server(self) -> AugmentOptions:
        if "back_translation" in self.operations and not self.back_translation_url:
            raise ValueError("back_translation needs back_translation_url")
        return self

    def build(self, run: RunSettings) -> Augment:
        """The step, with the translation server when there is one."""
        url = self.back_translation_url
        server = TranslationServer(url, self.back_translation_model) if url else None
        return Augment(self, run.seed, back_translate=server)


@dataclass(frozen=True, slots=True)
class Augment:
    """Adds copies of documents; the documents themselves stay as they are.

    Every document gets `parent` (the id it was made from) and `augmentation` (the operation),
    both empty for documents that were read.
    """

    options: AugmentOptions
    seed: int = 0
    back_translate: BackTranslate | None = None
    name: str = "augment"

    def run(self, batch: Batch) -> Result:
        """Propose copies of each document of the wanted parts."""
        added: list[Added] = []
        for position in range(len(batch)):
            if self._wanted(batch, position):
                added += self._copies(batch, position)
        nothing = [""] * len(batch)
        columns: dict[str, Sequence[Any]] = {}
        for name in ("parent", "augmentation"):
            columns[name] = batch.columns.get(name, nothing)
        return Result(columns=columns, added=added)

    def _wanted(self, batch: Batch, position: int) -> bool:
        made = batch.columns.get("augmentation")
        if made is not None and made[position]:
            return False
        split = batch.columns.get("split")
        return split is None or split[position] in self.options.splits

    def _copies(self, batch: Batch, position: int) -> list[Added]:
        text = batch.texts[position]
        entities = _spans(batch, self.options.entities_field, position)
        added: list[Added] = []
        seen = {text}
        for operation in self.options.operations:
            for copy in range(1, self.options.copies + 1):
                if operation == "back_translation" and copy > 1:
                    break  # the same words come back every time
                key = f"{batch.ids[position]}|{copy}"
                made = self._make(text, operation, key, entities)
                if made is None or made.text in seen:
                    continue
                seen.add(made.text)
                suffix = f"{operation}-{copy}"
                columns = self._columns(batch, position, operation, made)
                added.append(Added(position, suffix, made.text, columns))
        return added

    def _make(
        self, text: str, operation: str, key: str, entities: Sequence[EntitySpan]
    ) -> Rewritten | None:
        options = self.options
        terms = frozenset(word.lower() for word in options.label_words if word)
        if operation == "back_translation":
            if self.back_translate is None:
                return None
            language = language_of(text)
            return say_anew(text, language, self.back_translate, terms=terms, entities=entities)
        return rewrite(
            text,
            operation,
            key,
            seed=self.seed,
            rate=options.rate,
            mask=options.mask,
            terms=terms,
            entities=entities,
        )

    def _columns(
        self, batch: Batch, position: int, operation: str, made: Rewritten
    ) -> Mapping[str, Any]:
        columns: dict[str, Any] = {"parent": batch.ids[position], "augmentation": operation}
        if self.options.entities_field in batch.columns:
            before = batch.columns[self.options.entities_field][position]
            spans = [Labelled(span.start, span.end, span.label) for span in made.entities]
            columns[self.options.entities_field] = like(before, spans)
        if "words" in batch.columns:
            columns["words"] = words(made.text)
        columns.update({name: None for name in _WORD_COLUMNS if name in batch.columns})
        return columns


def _spans(batch: Batch, field: str, position: int) -> list[EntitySpan]:
    """The entity spans of one document, sorted.

    Raises:
        InputError: the column holds no spans, or one lies outside the text.
    """
    column = batch.columns.get(field)
    length = len(batch.texts[position])
    found = [] if column is None else unpacked(column[position], field)
    if any(not span.start < span.end <= length for span in found):
        raise InputError(
            f"augment: document {batch.ids[position]}, column {field}: a span lies outside the "
            f"text of {length} characters\n"
            "  count characters from 0, in code points, the end excluded"
        )
    return sorted((EntitySpan(*span) for span in found), key=lambda span: (span.start, span.end))
