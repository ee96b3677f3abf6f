"""Write planted documents as the run's own input looks: same format, field names, encoding."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
import polars as pl

from trueline.curate.canary_documents import Planted
from trueline.curate.readers.csv_rows import DELIMITERS
from trueline.curate.recipe import Recipe


@dataclass(frozen=True)
class PlantedFiles:
    """The files, their format, and which planted document each id of the run belongs to."""

    paths: tuple[Path, ...]
    format: str
    names: dict[str, str]


def write_planted(
    folder: Path, form: str, planted: Sequence[Planted], recipe: Recipe
) -> PlantedFiles:
    """Write `planted` into `folder`.

    A data set folder is planted as parquet, since both reach the steps as tables; a text that
    the recipe's encoding cannot hold, as JSON lines.
    """
    form = "parquet" if form == "huggingface" else form
    if form in ("csv", "tsv", "txt"):
        try:
            for document in planted:
                document.text.encode(recipe.encoding)
        except UnicodeEncodeError:
            form = "jsonl"
    if form == "html" or (form == "txt" and recipe.txt_document == "file"):
        return _one_file_each(folder, form, planted, recipe)
    path = folder / f"canary.{form}"
    lines = _lines(path, form, planted, recipe)
    numbered = recipe.id_field is None or form == "txt"
    names = {
        f"{path.as_posix()}:{line}" if numbered else document.identifier: document.identifier
        for line, document in zip(lines, planted, strict=True)
    }
    return PlantedFiles((path,), form, names)


def _one_file_each(
    folder: Path, form: str, planted: Sequence[Planted], recipe: Recipe
) -> PlantedFiles:
    names: dict[str, str] = {}
    for document in planted:
        text = document.text
        encoding = recipe.encoding
        if form == "html" and not text.startswith("<!DOCTYPE"):
            lines = "".join(f"<p>{html.escape(line)}</p>\n" for line in text.split("\n"))
            text = (
                '<!DOCTYPE html><html><head><meta charset="utf-8"><title>page</title></head>'
                f"<body><article>\n{lines}</article></body></html>"
            )
        path = folder / f"{document.identifier}.{form}"
        path.write_bytes(text.encode("utf-8" if form == "html" else encoding))
        names[path.as_posix()] = document.identifier
    return PlantedFiles(tuple(folder / Path(name).name for name in names), form, names)


def _lines(path: Path, form: str, planted: Sequence[Planted], recipe: Recipe) -> list[int]:
    """Write one file; returns the line or row that each document starts at."""
    texts = [document.text for document in planted]
    ids = [document.identifier for document in planted]
    field = recipe.fields.identifier
    named = {field: ids} if field is not None else {}
    if form == "parquet":
        pl.DataFrame({**named, recipe.text_field: texts}).write_parquet(path)
        return list(range(1, len(planted) + 1))
    if form == "jsonl":
        records = [
            {**{name: values[row] for name, values in named.items()}, recipe.text_field: text}
            for row, text in enumerate(texts)
        ]
        path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
        return list(range(1, len(planted) + 1))
    if form == "txt":
        body = "".join(text.replace("\n", " ").replace("\r", " ") + "\n" for text in texts)
        path.write_bytes(body.encode(recipe.encoding))
        return list(range(1, len(planted) + 1))
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=DELIMITERS[form], lineterminator="\n")
    writer.writerow([*named, recipe.text_field])
    starts: list[int] = []
    line = 2
    for row, text in enumerate(texts):
        starts.append(line)
        writer.writerow([*(values[row] for values in named.values()), text])
        line += 1 + text.count("\n")
    path.write_bytes(stream.getvalue().encode(recipe.encoding))
    return starts
