"""The two READMEs say the same, and what they show is what happens."""

from __future__ import annotations

import io
import re
import shlex
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from trueline.cli.main import main

ROOT = Path(__file__).parents[2]
ENGLISH = (ROOT / "README.md").read_text("utf-8")
CHINESE = (ROOT / "README.zh.md").read_text("utf-8")
BLOCK = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)


def headings(text: str) -> list[int]:
    outside = BLOCK.sub("", text)
    return [len(found.group(1)) for found in re.finditer(r"^(#+) ", outside, re.MULTILINE)]


def told(line: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command prints to standard output."""
    with pytest.raises(SystemExit):
        main(shlex.split(line, comments=True)[1:])
    return capsys.readouterr().out


def links(text: str) -> list[str]:
    return [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]


def test_both_readmes_have_the_same_headings_and_code_blocks() -> None:
    assert headings(ENGLISH) == headings(CHINESE)
    assert BLOCK.findall(ENGLISH) == BLOCK.findall(CHINESE)


def test_the_readmes_link_each_other_on_line_three() -> None:
    assert "(README.zh.md)" in ENGLISH.splitlines()[2]
    assert "(README.md)" in CHINESE.splitlines()[2]


@pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_every_local_link_leads_to_a_file(text: str) -> None:
    missing = [link for link in links(text) if not (ROOT / link.split("#")[0]).exists()]

    assert missing == []


def test_the_ten_lines_print_what_the_readme_shows() -> None:
    blocks = BLOCK.findall(ENGLISH)
    at = next(i for i, (kind, body) in enumerate(blocks) if kind == "python" and "Judge" in body)
    out = io.StringIO()

    with redirect_stdout(out):
        exec(compile(blocks[at][1], "README.md", "exec"), {})

    assert out.getvalue() == blocks[at + 1][1]


def test_english_and_chinese_docs_have_equal_file_names() -> None:
    english = {path.name for path in (ROOT / "docs" / "en").glob("*.md")}
    chinese = {path.name for path in (ROOT / "docs" / "zh").glob("*.md")}

    assert english == chinese
    assert "index.md" in english


def test_the_verdict_is_the_one_the_gate_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRUELINE_POLICY", raising=False)
    blocks = BLOCK.findall(ENGLISH)
    at = next(i for i, (_, body) in enumerate(blocks) if "trueline assess" in body)
    assess, gate, verify = blocks[at][1].splitlines()
    pages = {
        language: (ROOT / "docs" / language / "cli.md").read_text("utf-8")
        for language in ("en", "zh")
    }

    told(assess, capsys)
    english, chinese = told(gate, capsys), told(f"{gate.split('#')[0]} --lang zh", capsys)
    verified = told(verify, capsys).splitlines()[0]

    assert english == blocks[at + 1][1]
    assert f"$ trueline gate case\n{english}" in pages["en"]
    assert f"$ trueline gate case --lang zh\n{chinese}" in pages["zh"]
    assert all(f"--evidence case\n{verified}\n" in page for page in pages.values())
