"""The two READMEs say the same, and what they show is what happens."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGLISH = (ROOT / "README.md").read_text("utf-8")
CHINESE = (ROOT / "README.zh.md").read_text("utf-8")
BLOCK = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)


def headings(text: str) -> list[int]:
    outside = BLOCK.sub("", text)
    return [len(found.group(1)) for found in re.finditer(r"^(#+) ", outside, re.MULTILINE)]


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
