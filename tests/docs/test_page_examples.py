"""What the pages show is what happens: commands, Python, YAML, links."""

from __future__ import annotations

import io
import json
import re
import shlex
from contextlib import redirect_stdout
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from trueline.cli.main import main
from trueline.core.policy_file import parse_policy
from trueline.gateway.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("scorers", "normalizer", "guard", "gateway", "log", "console", "cli")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
HASH = re.compile(r"sha256:[0-9a-f]+")
# Commands whose output depends on nothing but the template and the text.
RUNS = ("--help", "check", "init", "policy", "plan", "plugins")
FAULTY = "schema: trueline.policy/1\nname: x\ncategories:\n  violence: {acton: block}\n"
TEXTS = [{"id": 1, "text": "hello"}, None, {"id": 3}]

LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


def blocks(language: str, name: str) -> list[tuple[str, str]]:
    return BLOCK.findall((DOCS / language / f"{name}.md").read_text("utf-8"))


def steps(block: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with the output shown."""
    found = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    return [(command, shown) for command, shown in found]


def shape(shown: str) -> str:
    """A pattern: `...` is some text, on a line of its own some lines."""
    lines = HASH.sub("sha256:0", shown).splitlines(keepends=True)
    parts = ["(?:.*\n)*" if line == "...\n" else _line(line) for line in lines]
    return "".join(parts)


def _line(line: str) -> str:
    return ".*".join(re.escape(part) for part in line.split("..."))


def headings(text: str) -> list[int]:
    outside = BLOCK.sub("", text)
    return [len(found) for found in re.findall(r"^(#+) ", outside, re.MULTILINE)]


@LANGUAGES
def test_commands_print_what_the_page_shows(
    language: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("TRUELINE_POLICY", "TRUELINE_DB"):
        monkeypatch.delenv(name, raising=False)
    lines = "\n".join("" if line is None else json.dumps(line) for line in TEXTS)
    Path("texts.jsonl").write_text(lines, "utf-8")
    Path("faulty.yaml").write_text(FAULTY, "utf-8")
    shown = [
        step for kind, body in blocks(language, "cli") if kind == "console" for step in steps(body)
    ]
    run = [(shlex.split(command)[1:], output) for command, output in shown]
    run = [(arguments, output) for arguments, output in run if arguments[0] in RUNS]

    assert len(run) >= 8
    for arguments, output in run:
        with pytest.raises(SystemExit):
            main(arguments)
        told = capsys.readouterr()
        printed = HASH.sub("sha256:0", told.out + told.err)
        assert re.fullmatch(shape(output), printed), (arguments, printed)


@LANGUAGES
@pytest.mark.parametrize("name", ["normalizer", "guard"])
def test_python_prints_what_the_page_shows(language: str, name: str) -> None:
    found = blocks(language, name)
    scope: dict[str, Any] = {}
    checked = 0

    for (kind, body), (following, output) in pairwise(found):
        if kind == "python" and following == "text":
            out = io.StringIO()
            with redirect_stdout(out):
                exec(compile(body, f"{name}.md", "exec"), scope)
            assert out.getvalue() == output
            checked += 1
    assert checked


@LANGUAGES
def test_the_policy_parts_on_the_page_are_valid(language: str) -> None:
    parts = [body for kind, body in blocks(language, "scorers") if kind == "yaml"]
    names = ("defamation", "misinformation", "unfair_business")
    head = "schema: trueline.policy/1\nname: shown\ncategories:\n"
    head += "".join(f"  {name}: {{action: flag}}\n" for name in names)

    assert len(parts) == 3
    for part in parts:
        parse_policy(head + part)


@LANGUAGES
def test_the_settings_on_the_page_are_valid(language: str) -> None:
    parts = [body for kind, body in blocks(language, "gateway") if kind == "yaml"]

    assert [Settings.model_validate(yaml.safe_load(part)).port for part in parts] == [8080]


@pytest.mark.parametrize("name", PAGES)
def test_both_languages_have_the_same_headings(name: str) -> None:
    english, chinese = (
        (DOCS / language / f"{name}.md").read_text("utf-8") for language in ("en", "zh")
    )

    assert headings(english) == headings(chinese)


@LANGUAGES
@pytest.mark.parametrize("name", PAGES)
def test_every_link_and_picture_leads_to_a_file(language: str, name: str) -> None:
    text = (DOCS / language / f"{name}.md").read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]

    assert [link for link in links if not (DOCS / language / link.split("#")[0]).exists()] == []
