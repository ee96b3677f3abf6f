"""A report is verified from its own counts, and any changed byte or number is told."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.assess.case.case_folders import MADE, rate, write_full_case, write_suites

from trueline.assess.case.build import build_case
from trueline.assess.case.canonical import canonical
from trueline.assess.case.page import EMBEDDED, render
from trueline.assess.case.sources import svg_sha256
from trueline.assess.case.verify import content_of, verify
from trueline.core.errors import InputError


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built case, read only."""
    folder = write_full_case(tmp_path_factory.mktemp("built"))
    build_case(folder, made=MADE, pdf=False)
    return folder


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "copy"))


def test_a_report_as_written_holds(written: Path) -> None:
    page, stored, folder = (
        verify(path) for path in (written / "case.html", written / "case.json", written)
    )

    assert page.holds
    assert stored.holds
    assert folder.holds
    assert (page.verdict, page.claims) == ("NOT ENOUGH EVIDENCE", 14)
    assert page.digest == stored.digest
    assert "every byte of the page" in page.compared
    assert page.digest in (written / "case.html").read_text("utf-8")


def test_any_changed_byte_is_found(written: Path, tmp_path: Path) -> None:
    page = (written / "case.html").read_bytes()
    changed = tmp_path / "case.html"
    chance = random.Random(20261122)
    start = page.find(EMBEDDED[0].encode())
    end = page.rfind(b"<script>")
    places = [chance.randrange(len(page)) for _ in range(20)]
    places += [chance.randrange(start, end) for _ in range(20)]
    places += [0, len(page) - 1, start, end]

    for place in places:
        flipped = (
            page[:place] + bytes([page[place] ^ (1 << chance.randrange(7))]) + page[place + 1 :]
        )
        changed.write_bytes(flipped)
        assert not verify(changed).holds, place


@pytest.mark.parametrize(
    "change", [lambda p: p[:-1], lambda p: p + b"\n", lambda p: p[:5000] + p[5001:],
               lambda p: p.replace(b"\n", b"\r\n"), lambda p: b"\xef\xbb\xbf" + p, lambda p: b""],
)  # fmt: skip
def test_bytes_put_in_or_taken_out_are_found(written: Path, tmp_path: Path, change: Any) -> None:
    path = tmp_path / "case.html"
    path.write_bytes(change((written / "case.html").read_bytes()))

    assert not verify(path).holds


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every leaf of a content."""
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for at, entry in enumerate(value):
            yield from places(entry, (*path, at))
    else:
        yield path


def test_any_changed_field_is_found_in_the_json_and_under_a_new_page(
    written: Path, tmp_path: Path
) -> None:
    """Who makes the page anew from changed content is caught too, where a number is claimed."""
    content = json.loads((written / "case.json").read_text("utf-8"))
    every = [p for p in places(content) if p[0] == "derived" or "claims" in p[1:4]]
    numbers = {
        "value",
        "estimate",
        "lower",
        "upper",
        "outcome",
        "found",
        "n",
        "limit",
        "confidence",
    }
    chosen = [p for p in every if p[0] == "derived" or p[-1] in numbers]
    chance = random.Random(7)

    for place in chance.sample(chosen, 40):
        changed = json.loads(canonical(content))
        inner = changed
        for key in place[:-1]:
            inner = inner[key]
        was = inner[place[-1]]
        inner[place[-1]] = (
            was + 1 if isinstance(was, int | float) and not isinstance(was, bool) else f"{was}x"
        )
        path = tmp_path / "case.json"
        path.write_text(canonical(changed) + "\n", "utf-8")
        assert not verify(path).holds, place


def test_a_verdict_written_over_and_rendered_anew_is_found(written: Path, tmp_path: Path) -> None:
    content = json.loads((written / "case.json").read_text("utf-8"))
    content["derived"]["ruling"]["verdict"] = "RELEASE"
    figures = {f["sha256"]: "" for one in content["base"]["evidence"] for f in one["figures"]}
    path = tmp_path / "case.html"
    path.write_text(render(content, figures), "utf-8")

    found = verify(path)

    assert not found.holds
    assert found.fault == (
        'ruling.verdict is "RELEASE", computed again it is "NOT ENOUGH EVIDENCE"'
    )


def test_a_bound_made_smaller_is_named(written: Path, tmp_path: Path) -> None:
    content = json.loads((written / "case.json").read_text("utf-8"))
    claim = content["base"]["evidence"][1]["claims"][0]
    was = claim["upper"]
    claim["upper"] = 0.001
    path = tmp_path / "case.json"
    path.write_text(canonical(content) + "\n", "utf-8")

    assert verify(path).fault == (
        "the report: claim 'violation_rate': upper is 0.001, computed from its counts it is"
        f" {was!r}; the file was changed: assess again"
    )


def test_a_changed_word_of_the_page_is_named_with_its_place(written: Path, tmp_path: Path) -> None:
    path = tmp_path / "case.html"
    page = (written / "case.html").read_text("utf-8")
    path.write_text(page.replace(">NOT ENOUGH EVIDENCE<", ">RELEASE<", 1), "utf-8")

    fault = verify(path).fault

    line = page[: page.index(">NOT ENOUGH EVIDENCE<")].count("\n") + 1
    assert fault.startswith(f"line {line}, column ")
    assert "RELEASE" in fault


def test_changed_counts_with_all_numbers_made_to_fit_differ_from_the_evidence(copy: Path) -> None:
    write_suites(copy, [rate("violation_rate", 0, 5000)], settings={"graders": ["reference"]})

    found = verify(copy / "case.html", evidence=copy)

    assert found.fault == (
        f"{copy}/evidence/suites.json is not the file the report rests on: its hash differs"
    )


def test_evidence_that_is_missing_or_new_is_named(copy: Path) -> None:
    write_suites(copy, [], name="later")
    more = verify(copy / "case.html", evidence=copy)
    (copy / "evidence" / "later.json").unlink()
    whole = verify(copy / "case.html", evidence=copy)
    (copy / "plan.json").unlink()
    less = verify(copy / "case.html", evidence=copy)

    assert more.fault == f"{copy}/evidence/later.json is evidence the report does not have"
    assert whole.holds
    assert whole.compared[-1] == "6 files of evidence"
    assert less.fault == f"{copy}/plan.json is missing; the report rests on it"


def test_a_folder_whose_two_reports_differ_is_found(copy: Path) -> None:
    stored = copy / "case.json"
    stored.write_text(stored.read_text("utf-8").replace(MADE, "2026-11-22T12:00:01Z"), "utf-8")

    assert verify(copy).fault == "is not the content of case.html beside it"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("<html></html>", "not a safety case: the page holds no content to compute again"),
        ("{", "the content is no JSON"),
        ("[]\n", "the content is no safety case"),
        ("{}\n", "schema is None; this version reads 'trueline.case/1'"),
        ('{"a": 1}\n', "the JSON is not spelled as it was written"),
        ("[" * 100_000, "the content is no JSON"),
    ],
)
def test_what_is_no_case_is_said(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "case.html"
    path.write_text(text, "utf-8")

    assert verify(path).fault == fault


def test_a_report_of_another_version_says_which(written: Path, tmp_path: Path) -> None:
    content = dict(content_of(written / "case.json"))
    content["trueline"] = "9.9"
    path = tmp_path / "case.json"
    path.write_text(canonical(content) + "\n", "utf-8")

    assert verify(path).fault.endswith('pip install "trueline==9.9"')


def test_base_parts_of_a_wrong_shape_end_in_one_message(written: Path, tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    for part in ("plan", "evidence", "sign_off", "withdrawals", "items", "examples", "files"):
        wrongs: tuple[Any, ...] = (None, [], {}, "x", 3)
        for wrong in wrongs:
            content = json.loads((written / "case.json").read_text("utf-8"))
            content["base"][part] = wrong
            path.write_text(canonical(content) + "\n", "utf-8")
            assert isinstance(verify(path).holds, bool)


def test_nothing_to_read_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        verify(tmp_path / "none.html")
    with pytest.raises(InputError) as folder:
        verify(tmp_path)

    assert str(refused.value) == f"cannot read {tmp_path}/none.html: No such file or directory"
    assert str(folder.value) == (
        f"{tmp_path} has no case.html; build the case first: trueline gate {tmp_path} --build"
    )


@pytest.mark.parametrize("name", ["withdrawals.jsonl", "reviews.jsonl", "ethics.jsonl"])
def test_what_people_and_production_said_after_the_report_is_told(copy: Path, name: str) -> None:
    (copy / name).write_text("{}\n", "utf-8")

    found = verify(copy / "case.html", evidence=copy)

    assert found.fault == (
        f"{copy / name} is newer than the report, which does not know it; write the report anew:"
        f" trueline gate {copy} --build"
    )


def test_a_drawing_with_a_script_is_found_although_its_hash_fits(
    written: Path, tmp_path: Path
) -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'
    content = json.loads((written / "case.json").read_text("utf-8"))
    (figure,) = [f for one in content["base"]["evidence"] for f in one["figures"]]
    figure["sha256"] = svg_sha256(svg)
    path = tmp_path / "case.html"
    path.write_text(render(content, {figure["sha256"]: svg}), "utf-8")

    found = verify(path)

    assert found.fault == "a drawing on the page holds what no drawing of a report holds"
