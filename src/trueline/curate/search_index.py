"""A full-text index of a curated data set: SQLite FTS5, nothing but the standard library.

English and other spaced writing is indexed by words, Chinese by characters that a query holds
together as a phrase, so that one character, a word or a whole sentence finds it. (Pairs of
characters cost three times as long to index and answer no more questions.) The index holds no texts:
a hit's text is read from the data file it stands in.

    build_index(Path("curated"))
    search(Path("curated"), "退款 invoice", limit=5)
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from trueline.core.errors import InputError
from trueline.curate.reporting.run_record import data_files, scan_data

INDEX = "index.sqlite"
FILTERS = ("language", "split", "label")
# Rows read and inserted at a time: bounds memory to a few thousand texts.
_ROWS = 4096
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]+")
_WIDE = re.compile("[\uff10-\uff5a]")  # full-width digits and letters
_TERM = re.compile(r'"([^"]*)"?|([^\s"]+)')
# Ends a string for SQLite, or cannot be encoded.
_UNSAID = re.compile('["\x00\ud800-\udfff]')
_WORDS = re.compile(r"[^\W_]+")
# Postings gathered in memory before a segment is written, in bytes, and no merging between:
# a quarter off the time of building, measured on 16 MB of zh and en text.
_FTS_OPTIONS = {"hashsize": 32 << 20, "automerge": 0}
_SCHEMA = """
CREATE TABLE files (file INTEGER PRIMARY KEY, path TEXT, bytes INTEGER, changed INTEGER);
CREATE TABLE documents (
  number INTEGER PRIMARY KEY, id TEXT, file INTEGER, row INTEGER,
  language TEXT, split TEXT, label TEXT);
CREATE VIRTUAL TABLE terms USING fts5(text, content='', tokenize="unicode61 remove_diacritics 2");
"""


@dataclass(frozen=True, slots=True)
class Hit:
    """A document found. `score` is BM25: higher fits better, comparable within one search."""

    id: str
    score: float
    snippet: str
    language: str
    split: str
    label: str
    file: str

    def as_json(self) -> dict[str, Any]:
        """The shape `trueline data search --json` prints."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Found:
    """The best hits, and how many documents match in all."""

    total: int
    hits: tuple[Hit, ...]


def build_index(run_folder: Path) -> int:
    """Index every document of a run folder and give how many there are.

    The index is written beside its place and moved there when complete.

    Raises:
        InputError: there is no data, or a file cannot be read.
    """
    files = _data_files(run_folder)
    half = run_folder / f"{INDEX}.partial"
    half.unlink(missing_ok=True)
    with closing(sqlite3.connect(half, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.executescript(_SCHEMA)
        for option, value in _FTS_OPTIONS.items():
            database.execute("INSERT INTO terms (terms, rank) VALUES (?, ?)", (option, value))
        database.execute("BEGIN")
        number = 0
        for file, path in enumerate(files):
            state = path.stat()
            row = (file, path.name, state.st_size, state.st_mtime_ns)
            database.execute("INSERT INTO files VALUES (?, ?, ?, ?)", row)
            for start, rows in _rows(path):
                database.executemany(
                    "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [
                        (number + at, row[0], file, start + at - 1, *row[2:])
                        for at, row in enumerate(rows, 1)
                    ],
                )
                database.executemany(
                    "INSERT INTO terms (rowid, text) VALUES (?, ?)",
                    [(number + at, index_text(row[1])) for at, row in enumerate(rows, 1)],
                )
                number += len(rows)
        database.execute("COMMIT")
        database.execute("INSERT INTO terms (terms) VALUES ('optimize')")
    half.replace(run_folder / INDEX)
    return number


def search(
    run_folder: Path,
    query: str,
    *,
    limit: int = 10,
    only: Mapping[str, str] | None = None,
) -> Found:
    """The documents that hold every word of the query, best first.

    Args:
        run_folder: what `trueline curate` wrote; the index is made when it is missing or older
            than the data.
        query: words, Chinese of any length, or "phrases in quotes"; all have to occur.
        limit: at most this many hits; `total` counts all.
        only: a value for `language`, `split` or `label` that a document must have.

    Raises:
        InputError: no data there, or a query without a letter or digit.
    """
    match = match_expression(query)
    if not match:
        raise InputError("the query holds no letter or digit to search for\n  give a word or two")
    if not _is_current(run_folder):
        build_index(run_folder)
    where = "".join(f" AND documents.{name} = ?" for name in FILTERS if name in (only or {}))
    values = [match, *[(only or {})[name] for name in FILTERS if name in (only or {})]]
    joined = "FROM terms JOIN documents ON documents.number = terms.rowid WHERE terms MATCH ?"
    with closing(sqlite3.connect(run_folder / INDEX)) as database:
        total = database.execute(f"SELECT count(*) {joined}{where}", values).fetchone()[0]
        rows = database.execute(
            "SELECT id, -bm25(terms), language, split, label, path, row "
            f"{joined.replace(' WHERE', ' JOIN files USING (file) WHERE')}{where} "
            "ORDER BY bm25(terms), documents.number LIMIT ?",
            [*values, limit],
        ).fetchall()
    needles = _needles(query)
    hits = tuple(
        Hit(
            row[0],
            round(row[1], 6),
            snippet(_text(run_folder / "data" / row[5], row[6]), needles),
            *row[2:6],
        )
        for row in rows
    )
    return Found(total, hits)


def index_text(text: str) -> str:
    """What the index is given: Chinese characters apart, full-width letters and digits plain.

    >>> index_text("全文检索 ok")
    ' 全 文 检 索  ok'
    """
    if text.isascii():
        return text
    if _WIDE.search(text):
        text = unicodedata.normalize("NFKC", text)
    return _HAN.sub(_apart, text)


def match_expression(query: str) -> str:
    """The query in FTS5's language, every term quoted; empty when nothing can be searched.

    >>> match_expression('退款 "late parcel" 钱')
    '"退 款" AND "late parcel" AND "钱"'
    """
    terms: list[str] = []
    for phrase, word in _TERM.findall(unicodedata.normalize("NFKC", query)):
        terms += _match_terms(phrase or word)
    return " AND ".join(dict.fromkeys(terms))


def snippet(text: str, needles: Sequence[str], width: int = 60) -> str:
    """The first place where a needle occurs, with `width` characters to each side.

    The needles in it stand in 「」; white space is one space; `…` says that text goes on.
    """
    marked = [re.escape(needle) for needle in sorted(needles, key=len, reverse=True)]
    pattern = re.compile("|".join(marked) or "(?!)", re.IGNORECASE)
    found = pattern.search(text)
    middle = found.start() if found else 0
    start = max(0, middle - width)
    end = min(len(text), (found.end() if found else 0) + width)
    part = pattern.sub(lambda one: f"「{one[0]}」", text[start:end])
    joined = " ".join(part.split())
    return f"{'…' if start else ''}{joined}{'…' if end < len(text) else ''}"


def _apart(run: re.Match[str]) -> str:
    return f" {' '.join(run[0])} "


def _match_terms(phrase: str) -> list[str]:
    """A phrase as quoted FTS5 terms: Chinese runs by character, the rest as it stands."""
    apart = _UNSAID.sub(" ", index_text(phrase))
    return [f'"{" ".join(apart.split())}"'] if _WORDS.search(apart) else []


def _needles(query: str) -> list[str]:
    """What to mark in a text: Chinese runs and words of the query."""
    found: list[str] = []
    for run in _HAN.findall(query):
        found.append(run)
    return [*found, *_WORDS.findall(_HAN.sub(" ", query))]


def _data_files(run_folder: Path) -> list[Path]:
    files = data_files(run_folder)
    if not files:
        raise InputError(
            f"{run_folder / 'data'} holds no data set\n"
            f"  make one: trueline curate RECIPE.yaml --out {run_folder}"
        )
    return files


def _rows(path: Path) -> Iterator[tuple[int, list[tuple[str, str, str, str, str]]]]:
    """Rows of a file a few thousand at a time, each with id, text and the filters' values."""
    try:
        scan = scan_data(path)
        known = scan.collect_schema().names()
        columns = [pl.col("id").cast(pl.String), pl.col("text").cast(pl.String)]
        columns += [
            (pl.col(name).cast(pl.String) if name in known else pl.lit(None, pl.String))
            .fill_null("")
            .alias(name)
            for name in FILTERS
        ]
        count = scan.select(pl.len()).collect().item()
        for start in range(0, count, _ROWS):
            yield start, scan.slice(start, _ROWS).select(columns).collect().rows()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(
            f"{path} cannot be read as data of a run: {type(error).__name__}\n"
            "  run `trueline curate` again; it rewrites what is broken"
        ) from None


def _text(path: Path, row: int) -> str:
    text: str = scan_data(path).slice(row, 1).select("text").collect().item()
    return text or ""


def _is_current(run_folder: Path) -> bool:
    """Whether there is an index of exactly the files that are there now."""
    index = run_folder / INDEX
    if not index.exists():
        return False
    states = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in _data_files(run_folder)]
    try:
        with closing(sqlite3.connect(index)) as database:
            indexed = database.execute("SELECT path, bytes, changed FROM files ORDER BY file")
            return indexed.fetchall() == states
    except sqlite3.DatabaseError:
        return False
