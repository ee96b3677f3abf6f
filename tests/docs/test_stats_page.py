"""The page on bounds shows what happens, in both languages."""

from __future__ import annotations

import io
import re
import shlex
from contextlib import redirect_stdout
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from trueline.cli.main import main

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


def page(language: str) -> str:
    return (DOCS / language / "stats.md").read_text("utf-8")


@LANGUAGES
def test_the_plan_is_the_one_printed(language: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = [body for kind, body in BLOCK.findall(page(language)) if kind == "console"]

    assert len(shown) == 1
    command, _, output = shown[0].partition("\n")
    with pytest.raises(SystemExit):
        main(shlex.split(command.removeprefix("$ trueline ")))
    assert capsys.readouterr().out == output


@LANGUAGES
def test_python_prints_what_the_page_shows(language: str) -> None:
    found = BLOCK.findall(page(language))
    scope: dict[str, Any] = {}
    checked = 0
    for (kind, body), (following, output) in pairwise(found):
        if kind == "python":
            out = io.StringIO()
            with redirect_stdout(out):
                exec(compile(body, "stats.md", "exec"), scope)
            assert (following, out.getvalue()) == ("text", output)
            checked += 1

    assert checked == 5


def test_both_languages_have_the_same_headings_and_python() -> None:
    headings, programs = [], []
    for language in ("en", "zh"):
        text = page(language)
        headings.append(re.findall(r"^(#+) ", BLOCK.sub("", text), re.MULTILINE))
        programs.append([body for kind, body in BLOCK.findall(text) if kind == "python"])

    assert headings[0] == headings[1]
    assert programs[0] == programs[1]


@LANGUAGES
def test_every_link_leads_to_a_file(language: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", page(language))

    assert links
    assert [link for link in links if not (DOCS / language / link).exists()] == []
