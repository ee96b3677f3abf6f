"""Compute a case again from its own counts, and compare every byte of its page.

A report is whole when: its content is spelled canonically; every claim follows from its counts;
verdict, tables, claim tree, regulations and sampling plan follow from the claims; and the page
made from that content is the page at hand, byte by byte. What cannot be proved from the page
alone is that the evidence is the one that was measured: `--evidence DIR` compares file hashes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trueline.assess.case.build import HTML, JSON, SCHEMA
from trueline.assess.case.canonical import canonical, digest, first_difference
from trueline.assess.case.derived import derive
from trueline.assess.case.drawing import clean_svg
from trueline.assess.case.page import EMBEDDED, render
from trueline.assess.case.sources import svg_sha256
from trueline.assess.evidence import file_sha256
from trueline.core.errors import InputError, TruelineError
from trueline.core.version import version
from trueline.core.withdrawals import FILE as WITHDRAWALS

# Larger than any page that is ever written; more is not read.
_MOST_BYTES = 8_000_000
# What people and production add after a report was made.
_ADDED_LATER = ("reviews.jsonl", "ethics.jsonl", WITHDRAWALS)
_FIGURE = re.compile(r"<!--figure:([0-9a-f]{64})-->(.*?)<!--/figure-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of it.

    Args:
        source: the file that was read.
        fault: what differs, in one sentence; empty when all is well.
        verdict: as the content says; empty when it could not be read.
        claims: how many were computed again.
        digest: of the content.
        compared: what was held against what, for the one who asked.
    """

    source: str
    fault: str
    verdict: str = ""
    claims: int = 0
    digest: str = ""
    compared: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """True when nothing differs."""
        return not self.fault

    def as_json(self) -> dict[str, Any]:
        """One line of `--json`."""
        return {
            "source": self.source, "holds": self.holds, "fault": self.fault,
            "verdict": self.verdict, "claims": self.claims, "digest": self.digest,
            "compared": list(self.compared),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Whole:
    content: Mapping[str, Any]
    figures: Mapping[str, str]
    page: str | None


class _Broken(Exception):
    """The first thing that differs."""


def verify(path: Path, evidence: Path | None = None) -> Verification:
    """Verify a page, a `case.json` or a case folder.

    Args:
        path: `case.html`, `case.json`, or a folder that holds both.
        evidence: a case folder whose files are compared with the hashes in the report.

    Raises:
        InputError: nothing there to read.
    """
    if path.is_dir():
        for name in (HTML, JSON):
            if not (path / name).exists():
                raise InputError(
                    f"{path} has no {name}; build the case first: trueline gate {path} --build"
                )
        found = verify(path / HTML, evidence)
        if found.holds and _read(path / JSON) != _embedded(path / HTML) + "\n":
            return _failed(path / JSON, "is not the content of case.html beside it", found)
        return found
    text = _read(path)
    try:
        whole = _open_page(text) if text.lstrip().startswith("<") else _open_json(text)
        return _verified(path, whole, evidence)
    except _Broken as error:
        return Verification(str(path), str(error))


def content_of(path: Path) -> Mapping[str, Any]:
    """The content of a page or `case.json`, as it stands, unverified.

    Raises:
        InputError: no case.
    """
    text = _read(path)
    try:
        return (_open_page(text) if text.lstrip().startswith("<") else _open_json(text)).content
    except _Broken as error:
        raise InputError(f"{path}: {error}") from None


def _verified(path: Path, whole: _Whole, evidence: Path | None) -> Verification:
    content = whole.content
    if content.get("schema") != SCHEMA:
        raise _Broken(f"schema is {content.get('schema')!r}; this version reads {SCHEMA!r}")
    if content.get("trueline") != version():
        raise _Broken(
            f"written by Trueline {content.get('trueline')}, this is {version()}: the page can"
            f" only be compared by the version that wrote it: pip install"
            f' "trueline=={content.get("trueline")}"'
        )
    try:
        derived = derive(content["base"], "the report")
    except TruelineError as error:
        raise _Broken(str(error)) from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise _Broken(f"the content is no safety case ({type(error).__name__})") from None
    if difference := first_difference(content.get("derived"), derived):
        raise _Broken(difference)
    compared = ["claims and verdict from their counts", "regulations from the claims"]
    if whole.page is not None:
        _check_page(whole)
        compared.append("every byte of the page")
    if evidence is not None:
        compared.append(f"{_check_files(content['base'], evidence)} files of evidence")
    claims = sum(len(one["claims"]) for one in content["base"]["evidence"])
    verdict = str(content["derived"]["ruling"]["verdict"])
    text = canonical(content)
    return Verification(str(path), "", verdict, claims, digest(text), tuple(compared))


def _check_page(whole: _Whole) -> None:
    for one in whole.content["base"]["evidence"]:
        for figure in one["figures"]:
            if figure["shown"] and figure["sha256"] not in whole.figures:
                raise _Broken(f"a drawing of {one['file']} is not the one that was written")
    if any(clean_svg(svg) != svg for svg in whole.figures.values()):
        raise _Broken("a drawing on the page holds what no drawing of a report holds")
    try:
        again = render(whole.content, whole.figures)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise _Broken(
            f"the page cannot be made from its content ({type(error).__name__})"
        ) from None
    page = whole.page or ""
    if again == page:
        return
    at = next(
        (i for i, (a, b) in enumerate(zip(page, again, strict=False)) if a != b),
        min(len(page), len(again)),
    )
    line = page.count("\n", 0, at) + 1
    column = at - (page.rfind("\n", 0, at) + 1) + 1
    raise _Broken(
        f"line {line}, column {column}: the page has {_around(page, at)}, its content makes"
        f" {_around(again, at)}"
    )


def _around(text: str, at: int) -> str:
    return repr(text[max(0, at - 12) : at + 20]) if at < len(text) else "nothing more"


def _check_files(base: Mapping[str, Any], folder: Path) -> int:
    hashes = {**base["files"], **{one["file"]: one["sha256"] for one in base["evidence"]}}
    for name, sha256 in sorted(hashes.items()):
        path = folder / name
        if ".." in Path(name).parts or Path(name).is_absolute():
            raise _Broken(f"file {name!r} does not lie in the case folder")
        if not path.is_file():
            raise _Broken(f"{path} is missing; the report rests on it")
        if file_sha256(path) != sha256:
            raise _Broken(f"{path} is not the file the report rests on: its hash differs")
    for name in _ADDED_LATER:
        if name not in hashes and (folder / name).exists():
            raise _Broken(
                f"{folder / name} is newer than the report, which does not know it; write the"
                f" report anew: trueline gate {folder} --build"
            )
    known = set(hashes)
    for path in sorted((folder / "evidence").glob("*.json")):
        if f"evidence/{path.name}" not in known:
            raise _Broken(f"{path} is evidence the report does not have")
    return len(hashes)


def _open_page(text: str) -> _Whole:
    start = text.find(EMBEDDED[0])
    end = text.find(EMBEDDED[1], start)
    if start < 0 or end < 0:
        raise _Broken("not a safety case: the page holds no content to compute again")
    content = _parsed(text[start + len(EMBEDDED[0]) : end])
    figures = {name: svg for name, svg in _FIGURE.findall(text[:start]) if svg_sha256(svg) == name}
    return _Whole(content, figures, text)


def _open_json(text: str) -> _Whole:
    content = _parsed(text)
    if canonical(content) + "\n" != text:
        raise _Broken("the JSON is not spelled as it was written")
    return _Whole(content, {}, None)


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise _Broken("the content is no JSON") from None
    if not isinstance(content, dict):
        raise _Broken("the content is no safety case")
    return content


def _embedded(path: Path) -> str:
    return canonical(content_of(path))


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    if len(data) > _MOST_BYTES:
        raise InputError(f"{path} has more than {_MOST_BYTES:,} bytes; that is no safety case")
    # A byte that is no UTF-8 becomes a surrogate, which no page that was written holds.
    return data.decode("utf-8", "surrogateescape")


def _failed(path: Path, fault: str, found: Verification) -> Verification:
    return Verification(str(path), fault, found.verdict, found.claims, found.digest)
