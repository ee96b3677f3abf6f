"""`report.html`: one file without network that shows what a run did, in both languages.

It reads the run folder alone: `ledger.parquet`, the columns of `data`, `run.json`, and what an
audit or a private release left beside them. No text of a document reaches it.
"""

from __future__ import annotations

import base64
import hashlib
import os
from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from trueline.core.version import version
from trueline.curate.reporting import corpus, evidence, flow
from trueline.curate.reporting.duplicates import duplicates
from trueline.curate.reporting.formats import percent, whole
from trueline.curate.reporting.groups import groups
from trueline.curate.reporting.run_record import RunRecord, read_run
from trueline.curate.reporting.words import both, say, term

REPORT = "report.html"
_HEATS = (0.001, 0.01, 0.05, 0.2, 0.5)  # share of a language's documents, palest to darkest


def write_report(run_folder: Path) -> Path:
    """Write `report.html` into a run folder and give its path.

    Raises:
        InputError: the folder holds no finished run, or a file of it cannot be read.
    """
    page = render(read_run(run_folder))
    path = run_folder / REPORT
    half = run_folder / f".{REPORT}.partial"
    half.write_text(page, encoding="utf-8")
    os.replace(half, path)
    return path


def render(record: RunRecord) -> str:
    """The page as text; the same record gives the same page."""
    states = record.states()
    lengths, lengths_before = corpus.lengths(record)
    script, style = _part("page.js"), _part("page.css")
    steps = flow.step_names(record.run)
    return _environment().get_template("page.html").render(
        name=str(record.run.get("name") or record.folder.resolve().name),
        version=version(),
        script=Markup(script),  # noqa: S704 (ours)
        style=Markup(style),  # noqa: S704 (ours)
        script_hash=_hash(script),
        style_hash=_hash(style),
        states=states,
        read=len(record.read),
        written=states["kept"] + states["changed"] + states["added"],
        stages=flow.waterfall(record),
        reasons=flow.reasons(record),
        quality=flow.quality_shares(record) if any("quality" in name for name in steps) else (),
        languages=corpus.languages(record) if record.has("language") else (),
        sources=corpus.sources(record),
        lengths=lengths,
        lengths_before=lengths_before,
        dups=duplicates(record),
        dedup_ran=any("dup" in name for name in steps),
        pii=corpus.pii_labels(record),
        residual=evidence.residual(record),
        scores=corpus.policy_scores(record),
        groups=groups(record),
        splits=corpus.splits(record),
        leak=corpus.leak(record),
        canaries=evidence.canaries(record),
        dp=evidence.budget(record),
        times=evidence.times(record),
        origin=evidence.origin(record),
    )  # fmt: skip


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("trueline.curate", "reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(say=say, both=both, term=term)
    environment.filters.update(whole=whole, percent=percent, heat=_heat, thinned=_thinned)
    return environment


def _part(name: str) -> str:
    return files("trueline.curate.reporting").joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _heat(part: float | None) -> str:
    """A class for a cell: how large a share of the language a reason took."""
    return "" if part is None else f" heat-{sum(part >= edge for edge in _HEATS)}"


def _thinned(labels: tuple[str, ...]) -> list[str]:
    """At most six of the labels, evenly spread, the first and the last among them."""
    if len(labels) <= 6:
        return list(labels)
    return [labels[round(at * (len(labels) - 1) / 4)] for at in range(5)]
