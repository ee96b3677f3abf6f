"""Build the safety case of a folder: `case.json`, `case.html`, `case.pdf`, the tree as GSN.

from pathlib import Path
from trueline.assess.case.build import build_case

print(build_case(Path("cases/today")).verdict)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trueline.assess.case.canonical import canonical, digest
from trueline.assess.case.derived import derive
from trueline.assess.case.drawing import clean_svg
from trueline.assess.case.formats import now
from trueline.assess.case.gsn import gsn_yaml
from trueline.assess.case.page import render
from trueline.assess.case.sentences import Speaker
from trueline.assess.case.sources import read_all_evidence, read_base, svg_sha256
from trueline.core.errors import InputError, MissingExtraError
from trueline.core.extras import require
from trueline.core.version import version

SCHEMA = "trueline.case/1"
JSON, HTML, PDF, GSN = "case.json", "case.html", "case.pdf", "case.gsn.yaml"
#: A page larger than this opens slowly and mails badly.
MOST_BYTES = 1_000_000
# Rows of a table that go into the page, tried from the most; drawings go before rows do.
_ROWS = (200, 60, 20, 5)


@dataclass(frozen=True, slots=True)
class Case:
    """A built case.

    Args:
        folder: where it stands.
        content: schema, base and derived parts, as plain data.
        page: the HTML.
        notes: what was left out and why, in sentences for the one who built it.
    """

    folder: Path
    content: Mapping[str, Any]
    page: str
    notes: tuple[str, ...] = field(default=())

    @property
    def verdict(self) -> str:
        """RELEASE, HOLD or NOT ENOUGH EVIDENCE."""
        return str(self.content["derived"]["ruling"]["verdict"])

    @property
    def digest(self) -> str:
        """`sha256:` over the content; the page shows it."""
        return digest(canonical(self.content))

    def sentence(self, lang: str = "en") -> str:
        """The verdict with its number."""
        return Speaker(self.content, lang).verdict()


def build_case(case: Path, *, made: str = "", pdf: bool = True) -> Case:
    """Assemble the case of a folder and write its files.

    Args:
        case: a folder with `plan.json` and `evidence/`.
        made: time to print, UTC; now when empty.
        pdf: write `case.pdf` where the extra `assess` is installed; a note says so where not.

    Raises:
        InputError: a file is missing or broken, or a number does not follow from its counts.
    """
    built = assemble(case, made=made)
    notes = list(built.notes)
    _write(case / JSON, (canonical(built.content) + "\n").encode())
    _write(case / HTML, built.page.encode())
    _write(case / GSN, gsn_yaml(built.content).encode())
    if pdf:
        try:
            require("reportlab", extra="assess", feature="The PDF of a safety case")
            from trueline.assess.case.pdf import render_pdf

            _write(case / PDF, render_pdf(built.content))
        except MissingExtraError as error:
            notes.append(str(error))
    return Case(case, built.content, built.page, tuple(notes))


def assemble(case: Path, *, made: str = "") -> Case:
    """The case of a folder as it stands now, nothing written.

    Raises:
        InputError: as `build_case`.
    """
    drawings = _drawings(case)
    made = made or now()
    page = ""
    for rows in _ROWS:
        for chosen in _choices(drawings):
            content = _content(case, rows, frozenset(chosen), made)
            page = render(content, {name: drawings[name] for name in chosen})
            if len(page.encode()) <= MOST_BYTES:
                left = len(drawings) - len(chosen)
                notes = (
                    [f"{left} drawings are only in evidence/, to keep the page small"]
                    if left
                    else []
                )
                return Case(case, content, page, tuple(notes))
    raise InputError(
        f"{case}: the page has {len(page.encode()):,} bytes with the shortest tables, more than"
        f" {MOST_BYTES:,}; split the evidence over several cases"
    )


def _content(case: Path, rows: int, figures: frozenset[str], made: str) -> dict[str, Any]:
    base = read_base(case, rows=rows, figures=figures)
    return {
        "schema": SCHEMA, "trueline": version(), "made": made, "base": base,
        "derived": derive(base, str(case)),
    }  # fmt: skip


def _drawings(case: Path) -> dict[str, str]:
    """Cleaned drawings by their SHA-256, smallest first."""
    cleaned = {
        text
        for _, evidence in read_all_evidence(case)
        for figure in evidence.figures
        if (text := clean_svg(figure.svg)) is not None
    }
    return {svg_sha256(text): text for text in sorted(cleaned, key=lambda one: (len(one), one))}


def _choices(drawings: Mapping[str, str]) -> list[list[str]]:
    names = list(drawings)
    counts = dict.fromkeys((len(names), len(names) // 2, len(names) // 4, 0))
    return [names[:count] for count in counts]


def _write(path: Path, data: bytes) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(data)
        os.replace(partial, path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from None
