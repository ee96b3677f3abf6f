"""A recipe: where documents come from, which steps they pass, where they go.

>>> Recipe(input="reviews.csv").input
('reviews.csv',)
"""

from __future__ import annotations

import codecs
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SerializeAsAny, field_validator

from trueline.curate.readers.chunk import Fields
from trueline.curate.step import StepOptions

AUTO = "auto"


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class RecipeSettings(BaseModel):
    """Everything in a recipe but its steps; unknown fields are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(default="curate", min_length=1, description="The data set's name.")
    license: Names = Field(
        default=(), description="Licences of the input, for the card: a name or a list of names."
    )
    input: Names = Field(
        default=(), description="Files, folders or globs, by the folder the command runs in."
    )
    format: Literal["auto", "jsonl", "csv", "tsv", "txt", "html", "parquet", "huggingface"] = Field(
        default="auto", description="Format of the input; `auto` goes by each file's name."
    )
    text_field: str = Field(default="text", min_length=1, description="Field that holds the text.")
    id_field: str | None = Field(
        default=AUTO,
        description="Field that holds the id; null numbers records as file:line; `auto` takes "
        "the field `id` where a record has one and numbers the others.",
    )
    keep_fields: Literal["all"] | tuple[str, ...] = Field(
        default="all", description="Further fields to keep as columns; `all`, or their names."
    )
    txt_document: Literal["file", "line"] = Field(
        default="file", description="What one document of a txt file is."
    )
    encoding: str = Field(
        default="utf-8",
        description="Encoding of txt, csv and html files; a page's own <meta charset> goes first.",
    )
    max_document_mb: float = Field(
        default=16, gt=0, le=1000, description="The longest record that is read, in megabytes."
    )
    on_error: Literal["stop", "skip"] = Field(
        default="stop",
        description="What a record that cannot be read does: end the run, or become a `fault` row "
        "of the ledger.",
    )
    policy: str | None = Field(
        default=None, description="Policy file or template name, unless --policy gives one."
    )
    out: str = Field(default="curated", min_length=1, description="Folder to write to.")
    output: Literal["parquet", "jsonl"] = Field(
        default="parquet", description="Format of the data set."
    )
    compression_level: int = Field(
        default=1, ge=1, le=19, description="zstd level of parquet output; 3 is 15 % smaller."
    )
    seed: int = Field(default=0, ge=0, description="Feeds every random choice.")

    @field_validator("encoding")
    @classmethod
    def _knows_encoding(cls, name: str) -> str:
        marks = '",\t\n'
        try:
            plain = marks.encode(name) == marks.encode("ascii")
            codecs.getincrementaldecoder(name)
        except (LookupError, UnicodeError):
            plain = False
        if not plain:
            raise ValueError("is not an encoding this can read. Try utf-8, gb18030 or big5")
        return name

    @property
    def fields(self) -> Fields:
        """What the readers need to know."""
        return Fields(
            text=self.text_field,
            identifier="id" if self.id_field == AUTO else self.id_field,
            numbers_missing=self.id_field == AUTO,
            keep=None if self.keep_fields == "all" else self.keep_fields,
            encoding=self.encoding,
            txt_document=self.txt_document,
            max_bytes=int(self.max_document_mb * 1e6),
        )


class Recipe(RecipeSettings):
    """A whole recipe. Files are read by `trueline.curate.recipe_file`."""

    steps: tuple[SerializeAsAny[StepOptions], ...] = Field(
        default=(), description="The steps, in the order documents pass them."
    )
