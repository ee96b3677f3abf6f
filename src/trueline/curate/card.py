"""`card.md` and `card.zh.md`: a data-set card, from the files a run left.

One file for each language, so that either can be published as it is. The head is the metadata
block of data-set cards on the Hugging Face hub; the sections follow Gebru et al. (2018),
Datasheets for Datasets, as far as a run can know.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from trueline.curate.reporting import corpus, evidence, flow
from trueline.curate.reporting.formats import percent, whole
from trueline.curate.reporting.run_record import RunRecord, read_run
from trueline.curate.reporting.words import term_text

CARDS = {"en": "card.md", "zh": "card.zh.md"}
# Reasons and sources listed; the ledger has them all.
_LISTED = 20
# What the hub calls sizes: https://huggingface.co/docs/hub/datasets-cards
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
    (1_000_000_000, "100M<n<1B"),
)


def write_card(run_folder: Path) -> Path:
    """Write both cards into a run folder and give the path of the English one.

    Raises:
        InputError: the folder holds no finished run, or a file of it cannot be read.
    """
    record = read_run(run_folder)
    for language, name in CARDS.items():
        half = run_folder / f".{name}.partial"
        half.write_text(render(record, language), encoding="utf-8")
        os.replace(half, run_folder / name)
    return run_folder / CARDS["en"]


def render(record: RunRecord, language: str) -> str:
    """The card in `en` or `zh`; the same record gives the same card."""
    states = record.states()
    reasons = flow.reasons(record)
    written = states["kept"] + states["changed"] + states["added"]
    name = str(record.run.get("name") or record.folder.resolve().name)
    characters = record.documents["characters"]
    return _environment().get_template(CARDS[language] + ".jinja").render(
        head=_metadata(record, name, written),
        name=name,
        states=states,
        read=len(record.read),
        written=written,
        characters=int(characters.sum() or 0),
        median=characters.median(),
        languages=corpus.languages(record) if record.has("language") else (),
        sources=corpus.sources(record),
        splits=corpus.splits(record),
        leak=corpus.leak(record),
        columns=record.columns,
        steps=_steps(record.run),
        licenses=_licenses(record.run),
        reasons=reasons,
        listed=_LISTED,
        pii=corpus.pii_labels(record),
        residual=evidence.residual(record),
        dp=evidence.budget(record),
        canaries=evidence.canaries(record),
        origin=evidence.origin(record),
        term=lambda key: _cell(term_text(key, language)),
        cell=_cell,
    )  # fmt: skip


def _metadata(record: RunRecord, name: str, written: int) -> str:
    """The YAML head that the hub reads."""
    found: dict[str, Any] = {"pretty_name": name}
    if "language" in record.documents.columns:
        known = set(record.documents["language"].drop_nulls().to_list())
        found["language"] = [code for code in ("zh", "en") if code in known]
    if licenses := _licenses(record.run):
        found["license"] = licenses[0] if len(licenses) == 1 else list(licenses)
    found["size_categories"] = [next((size for top, size in _SIZES if written < top), "n>1B")]
    files: dict[str, Any] = {"config_name": "default", "data_files": "data/*.parquet"}
    found["configs"] = [files]
    return yaml.safe_dump(found, allow_unicode=True, sort_keys=False).strip()


def _licenses(run: Mapping[str, Any]) -> tuple[str, ...]:
    recipe = run.get("recipe")
    told = recipe.get("license") if isinstance(recipe, Mapping) else None
    if isinstance(told, str):
        return (told,) if told else ()
    return tuple(str(one) for one in told) if isinstance(told, Sequence) else ()


def _steps(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Step names with their options, in order."""
    recipe = run.get("recipe")
    told = recipe.get("steps") if isinstance(recipe, Mapping) else None
    found: list[tuple[str, str]] = []
    for step in told if isinstance(told, Sequence) and not isinstance(told, str) else ():
        if isinstance(step, Mapping):
            options = {k: v for k, v in step.items() if k not in {"step", "version"}}
            flat = yaml.safe_dump(options, allow_unicode=True, default_flow_style=True, width=2**31)
            found.append((str(step.get("step", "")), flat.strip() if options else ""))
    return found


def _cell(value: Any) -> str:
    """A value inside a Markdown table: one line, no mark-up of its own."""
    text = " ".join(str(value).split())
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "'")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("trueline.curate", "reporting"),
        autoescape=False,  # noqa: S701 (Markdown; `_cell` takes out what would be mark-up)
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(whole=whole, percent=percent)
    return environment
