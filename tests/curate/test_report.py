"""The report and the card say what the run folder holds, in both languages, and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.curate.run_folders import HOSTILE, row, write_data, write_full_run, write_ledger

from trueline.core.errors import InputError
from trueline.curate.card import write_card
from trueline.curate.report import write_report
from trueline.curate.reporting import corpus, flow
from trueline.curate.reporting.charts import bar, columns, nice_top
from trueline.curate.reporting.duplicates import duplicates
from trueline.curate.reporting.formats import percent
from trueline.curate.reporting.run_record import read_run
from trueline.curate.reporting.words import TERMS, WORDS

SECTIONS = (
    "flow", "reasons", "quality", "languages", "sources", "lengths", "duplicates", "pii",
    "residual", "policy", "groups", "splits", "canaries", "privacy", "times", "origin",
)  # fmt: skip
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """The text of every element with an id, and whether all elements are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.texts: dict[str, str] = {}
        self.addresses: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.addresses += [str(named[name]) for name in ("src", "href") if name in named]
        if tag not in VOID:
            self.open.append((tag, named.get("id") or ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Closed at once."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, name in self.open:
            if name:
                self.texts[name] = f"{self.texts.get(name, '')} {' '.join(data.split())}".strip()


@pytest.fixture
def full(tmp_path: Path) -> Path:
    return write_full_run(tmp_path)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A run that did nothing but read: no columns, no run.json."""
    write_ledger(tmp_path, [row("a"), row("b")])
    write_data(tmp_path, [{"id": "a", "text": "x"}, {"id": "b", "text": "y"}])
    return tmp_path


def page_of(folder: Path) -> tuple[str, dict[str, str]]:
    text = write_report(folder).read_text("utf-8")
    page = Page(text)
    assert page.open == []
    return text, page.texts


def test_every_part_shows_what_the_run_measured(full: Path) -> None:
    _, texts = page_of(full)

    assert set(SECTIONS) <= set(texts)
    measured = [name for name in SECTIONS if "Not measured" not in texts[name]]
    assert measured == list(SECTIONS)
    assert "10" in texts["figures"]
    assert "−2" in texts["flow"]
    assert "Chinese 中文 1 4 25 %" in texts["quality"]
    assert "1 exact copies dropped" in texts["duplicates"]
    assert "0.810" in texts["duplicates"]
    assert "cn_mobile: 1 1 email" in texts["pii"]
    assert "At most 0.89 % of the documents" in texts["residual"]
    assert "insult" in texts["policy"]
    assert "1 at 0.5 or more" in texts["policy"]
    assert "No leak: none of 0 near-duplicate clusters and none of 1 augmented" in texts["splits"]
    assert "laplace" in texts["privacy"]
    assert "no planted junk reached policy" in texts["canaries"]


def test_a_run_that_measured_nothing_says_so_in_every_part(bare: Path) -> None:
    _, texts = page_of(bare)

    told = [name for name in SECTIONS if "Not measured in this run." in texts[name]]
    assert set(SECTIONS) - set(told) == {"flow", "reasons", "sources", "lengths"}
    assert all("本次运行未测量。" in texts[name] for name in told)
    assert "Nothing was dropped." in texts["reasons"]


def test_the_page_asks_for_nothing_and_runs_only_its_own_script(full: Path) -> None:
    text, _ = page_of(full)

    assert set(Page(text).addresses) == {"data:,", "#main"}
    assert re.findall(r"url\(|@import|https?://", text) == []
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert re.fullmatch(
        r"default-src 'none'; img-src data:; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'",
        policy[1],
    )


def test_no_text_of_a_document_reaches_report_or_card(full: Path) -> None:
    text, _ = page_of(full)
    card = write_card(full).read_text("utf-8")

    for words in ("退款", "parcel", "Database index", "[CN_MOBILE]"):
        assert words not in text
        assert words not in card


def test_names_from_the_data_cannot_become_mark_up(full: Path) -> None:
    text, _ = page_of(full)
    card = write_card(full).read_text("utf-8")

    assert "<script>document" not in text
    assert "&lt;script&gt;document" in text
    assert "<script" not in card
    assert HOSTILE not in card


def test_the_same_run_gives_the_same_bytes(full: Path) -> None:
    first = write_report(full).read_bytes(), write_card(full).read_bytes()

    assert (write_report(full).read_bytes(), write_card(full).read_bytes()) == first


def test_a_torn_cluster_and_a_torn_copy_are_called_a_leak(full: Path) -> None:
    frame = pl.read_parquet(full / "data" / "part-00000.parquet")
    torn = pl.when(pl.col("id") == "a#mask-1").then(pl.lit("test")).otherwise("split")
    joined = pl.when(pl.col("id") == "e").then(pl.lit("a")).otherwise("cluster")
    frame.with_columns(split=torn, cluster=joined).write_parquet(
        full / "data" / "part-00000.parquet"
    )

    _, texts = page_of(full)

    assert "LEAK: 1 near-duplicate clusters and 1 augmented copies" in texts["splits"]
    assert "**Leak:** 1 near-duplicate clusters" in write_card(full).read_text("utf-8")


def test_the_waterfall_adds_up_from_read_to_written(full: Path) -> None:
    stages = flow.waterfall(read_run(full))

    assert [(s.name, s.dropped, s.added, s.left) for s in stages] == [
        ("read", 0, 0, 10),
        ("fault", 1, 0, 9),
        ("quality", 2, 0, 7),
        ("exact_duplicates", 1, 0, 6),
        ("near_duplicates", 1, 0, 5),
        ("policy", 1, 0, 4),
        ("augment", 0, 1, 5),
        ("written", 0, 0, 5),
    ]


def test_a_copy_that_was_dropped_later_counts_as_added_and_dropped(tmp_path: Path) -> None:
    write_ledger(
        tmp_path,
        [
            row("a"),
            row("a#x-1", "dropped", step="quality", reason="r", parent="a",
                changes=["augment: made"]),
        ],
    )  # fmt: skip

    stages = flow.waterfall(read_run(tmp_path))

    assert [(s.name, s.dropped, s.added, s.left) for s in stages] == [
        ("read", 0, 0, 1), ("augment", 0, 1, 2), ("quality", 1, 0, 1), ("written", 0, 0, 1),
    ]  # fmt: skip


def test_reasons_count_by_language_and_share_of_its_documents(full: Path) -> None:
    found = flow.reasons(read_run(full))

    assert found.languages == ("zh", "en", "unknown")
    assert found.read == (4, 5, 1)
    first = found.rows[0]
    assert (first.step, first.reason, first.total) == ("quality", "too short", 2)
    assert [(cell.count, cell.share) for cell in first.cells] == [(1, 0.25), (1, 0.2), (0, None)]


def test_quality_shares_carry_wilsons_interval(full: Path) -> None:
    zh, en, unknown = flow.quality_shares(read_run(full))

    # Wilson (1927), 1 of 4 and 1 of 5, from an independent calculation.
    assert [zh.low, zh.high] == pytest.approx([0.0456, 0.6994], abs=5e-5)
    assert [en.low, en.high] == pytest.approx([0.0362, 0.6245], abs=5e-5)
    assert (unknown.count, unknown.low) == (0, 0.0)


def test_pairs_are_the_least_alike_first_and_exact_copies_are_apart(full: Path) -> None:
    found = duplicates(read_run(full))

    assert found is not None
    assert (found.exact, found.near) == (1, 1)
    assert [(p.dropped, p.kept, p.similarity) for p in found.pairs] == [("d", "a", 0.81)]
    assert dict(zip(found.sizes.labels, found.sizes.counts, strict=True))["2"] == (2,)


def test_languages_of_kept_documents_come_from_the_data_when_the_ledger_is_silent(
    tmp_path: Path,
) -> None:
    write_ledger(tmp_path, [row("a"), row("b", "dropped", step="quality", reason="r")])
    write_data(tmp_path, [{"id": "a", "text": "x", "language": "en"}])

    found = {r.name: (r.before, r.after) for r in corpus.languages(read_run(tmp_path))}

    assert found == {"en": (1, 1), "": (1, 0)}


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_no_column_is_higher_than_the_chart_and_every_count_shows(counts: list[int]) -> None:
    shape = columns([counts], [str(at) for at in range(len(counts))])

    heights = [height for (height,) in shape.heights]
    assert all(0 <= height <= 100.01 for height in heights)
    assert all(height > 0 for height, n in zip(heights, counts, strict=True) if n > shape.top / 1e4)
    assert all(height == 0 for height, n in zip(heights, counts, strict=True) if n == 0)


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.floats(1, 1e9))
def test_a_bar_stays_inside_its_chart(start: float, end: float, whole: float) -> None:
    drawn = bar(min(start, whole), min(end, whole), whole, "kept")

    assert 0 <= drawn.x <= 100
    assert drawn.x + drawn.width <= 100.01


@given(st.floats(1e-6, 1e12))
def test_the_top_of_a_chart_is_never_below_nor_far_above_the_highest(highest: float) -> None:
    assert highest * 0.9998 <= nice_top(highest) <= highest * 1.7


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_a_share_that_is_not_all_or_nothing_never_reads_so(count: int, more: int) -> None:
    assert percent(count / (count + more)) not in {"0 %", "100 %", "0.00 %", "100.00 %"}


def test_a_folder_without_a_ledger_is_told_with_the_next_step(tmp_path: Path) -> None:
    for write in (write_report, write_card):
        with pytest.raises(InputError) as told:
            write(tmp_path)

        assert str(told.value) == (
            f"{tmp_path}/ledger.parquet does not exist: {tmp_path} is not the folder of a "
            f"finished run\n  make one: trueline curate RECIPE.yaml --out {tmp_path}"
        )


@pytest.mark.parametrize("name", ["ledger.parquet", "run.json", "data/part-00000.parquet"])
def test_a_broken_file_is_named_and_nothing_is_written(full: Path, name: str) -> None:
    (full / name).write_bytes(b"{broken")

    with pytest.raises(InputError) as told:
        write_report(full)

    assert str(told.value).startswith(f"{full / name} cannot be read: ")
    assert str(told.value).endswith("\n  run `trueline curate` again; it rewrites what is broken")
    assert not (full / "report.html").exists()


def test_the_cards_head_is_what_the_hub_reads(full: Path) -> None:
    card = write_card(full).read_text("utf-8")

    head = yaml.safe_load(card.split("---\n")[1])
    assert head == {
        "pretty_name": "Shop pages",
        "language": ["zh", "en"],
        "license": "CC BY 4.0",
        "size_categories": ["n<1K"],
        "configs": [{"config_name": "default", "data_files": "data/*.parquet"}],
    }


def test_both_cards_have_the_same_headings_tables_and_numbers(full: Path) -> None:
    write_card(full)
    en = (full / "card.md").read_text("utf-8")
    zh = (full / "card.zh.md").read_text("utf-8")

    def shape(text: str) -> list[tuple[str, list[str]]]:
        lines = [line for line in text.splitlines() if line.startswith(("#", "|"))]
        return [(line[:2], re.findall(r"[0-9][0-9,.]*", line)) for line in lines]

    assert shape(en) == shape(zh)
    assert "| 8 | split | defaults |" in en
    assert "operations: [mask]" in en
    assert "未测量" not in zh


def test_card_tables_are_unbroken(full: Path, bare: Path) -> None:
    for folder in (full, bare):
        write_card(folder)
        for name in ("card.md", "card.zh.md"):
            lines = (folder / name).read_text("utf-8").splitlines()
            for above, line in _table_lines(lines):
                cells = len(re.findall(r"(?<!\\)\|", line))
                assert cells == len(re.findall(r"(?<!\\)\|", above)), (name, line)


def _table_lines(lines: list[str]) -> Iterator[tuple[str, str]]:
    for above, line in pairwise(lines):
        if above.startswith("|"):
            assert line.startswith("|") or line == "", line
            if line:
                yield above, line


@pytest.mark.parametrize("table", [WORDS, TERMS])
def test_every_word_is_said_in_both_languages(table: dict[str, Any]) -> None:
    for key, (english, chinese) in table.items():
        assert english, key
        assert chinese, key
        assert set(re.findall(r"{(\w+)}", english)) == set(re.findall(r"{(\w+)}", chinese))
        if key != "switch":
            assert not re.search("[\u4e00-\u9fff]", english), key
