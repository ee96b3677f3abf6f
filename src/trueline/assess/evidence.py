"""A file of evidence: what one part of an assessment found, in a shape the case can print.

Each part (suites, fairness, robustness, leakage, explanation, metrics, ethics review) leaves
`CASE/evidence/NAME.json`; the safety case is made of these files and of nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trueline.assess.claim import Claim
from trueline.core.errors import InputError
from trueline.core.policy import Bilingual
from trueline.core.version import version

SCHEMA = "trueline.evidence/1"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows for a reader; cells are numbers or short strings, never user text."""

    title: Bilingual
    columns: Sequence[Bilingual]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing as SVG without scripts or outside links, and what it shows."""

    title: Bilingual
    svg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one part found.

    Args:
        name: file name without `.json`: letters, digits, `_`, `-`.
        title: heading in the report.
        claims: numbers with limits, recomputable.
        tables: what lies behind them.
        figures: drawings.
        notes: what a reader must know (what was left out, what is thin), short sentences.
        inputs: sha256 by file name of what it was computed from.
        settings: seeds, options, versions.
    """

    name: str
    title: Bilingual
    claims: Sequence[Claim] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()
    notes: Sequence[Bilingual] = ()
    inputs: Mapping[str, str] = field(default_factory=dict[str, str])
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def as_json(self) -> dict[str, Any]:
        """The content of the file."""
        return {
            "schema": SCHEMA,
            "trueline": version(),
            "name": self.name,
            "title": self.title.model_dump(),
            "claims": [claim.as_json() for claim in self.claims],
            "tables": [
                {
                    "title": table.title.model_dump(),
                    "columns": [column.model_dump() for column in table.columns],
                    "rows": [list(row) for row in table.rows],
                }
                for table in self.tables
            ],
            "figures": [
                {"title": figure.title.model_dump(), "svg": figure.svg} for figure in self.figures
            ],
            "notes": [note.model_dump() for note in self.notes],
            "inputs": dict(self.inputs),
            "settings": dict(self.settings),
        }

    def write(self, case: Path) -> Path:
        """Write `CASE/evidence/NAME.json`, whole or not at all."""
        folder = case / "evidence"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        text = json.dumps(self.as_json(), ensure_ascii=False, indent=1, sort_keys=True)
        partial = path.with_suffix(".json.partial")
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(path)
        return path


def read_evidence(path: Path) -> Evidence:
    """The evidence of a file.

    Raises:
        InputError: a file that is no evidence; the message names it.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA:
            raise InputError(
                f"{path}: schema is {data['schema']!r}, this version reads {SCHEMA!r}; "
                "assess again to write it anew"
            )
        return Evidence(
            name=data["name"],
            title=Bilingual(**data["title"]),
            claims=[Claim.from_json(claim) for claim in data["claims"]],
            tables=[
                Table(
                    Bilingual(**table["title"]),
                    [Bilingual(**column) for column in table["columns"]],
                    table["rows"],
                )
                for table in data["tables"]
            ],
            figures=[Figure(Bilingual(**f["title"]), f["svg"]) for f in data["figures"]],
            notes=[Bilingual(**note) for note in data["notes"]],
            inputs=data["inputs"],
            settings=data["settings"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: not a file of evidence ({type(error).__name__}); remove it and assess again"
        ) from None


def file_sha256(path: Path) -> str:
    """`sha256:` and 64 hexadecimal digits over a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return f"sha256:{digest.hexdigest()}"
