"""Every link between the pages leads somewhere, and the index leads to every page."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*/*.md", "deploy/*.md", "src/trueline/assess/suites/*.md")
    for path in ROOT.glob(pattern)
)
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def outside_code(text: str) -> str:
    """The text without blocks of code; code within a heading or link keeps its words."""
    return CODE.sub(lambda found: "" if found[0].startswith("```") else found[0].strip("`"), text)


def anchors(path: Path) -> set[str]:
    """What may stand behind `#`: headings as GitHub and MyST write them."""
    text = outside_code(path.read_text("utf-8"))
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


def broken(path: Path) -> list[str]:
    """The links of a page that lead nowhere."""
    found = []
    for link in LINK.findall(outside_code(path.read_text("utf-8"))):
        place, _, anchor = unquote(link).partition("#")
        target = (path.parent / place) if place else path
        if "://" in link or link.startswith("mailto:"):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(path: Path) -> None:
    assert broken(path) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# The page\n[a](page.md#the-page) [b](gone.md) [c](#elsewhere) `code.md`\n"
        "```text\n[e](block.md)\n```\n",
        "utf-8",
    )

    assert broken(page) == ["gone.md", "#elsewhere"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_index_lists_every_page_once(language: str) -> None:
    listed = LINK.findall((DOCS / language / "index.md").read_text("utf-8"))
    pages = {path.name for path in (DOCS / language).glob("*.md")} - {"index.md"}

    assert sorted(listed) == sorted(pages)


def test_both_indexes_list_the_pages_in_the_same_order() -> None:
    english, chinese = (
        LINK.findall((DOCS / language / "index.md").read_text("utf-8")) for language in ("en", "zh")
    )

    assert english == chinese


@pytest.mark.parametrize("name", sorted(path.name for path in (DOCS / "en").glob("*.md")))
def test_both_languages_have_headings_of_the_same_levels(name: str) -> None:
    levels = [
        re.findall(
            r"^(#+) ", outside_code((DOCS / language / name).read_text("utf-8")), re.MULTILINE
        )
        for language in ("en", "zh")
    ]

    assert levels[0] == levels[1]
