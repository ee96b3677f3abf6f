"""Curate a folder of mixed Chinese and English web pages, and ask what happened to each.

python examples/curate_web_pages.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl

import trueline
from trueline.curate.search_index import search

PAGES = Path(__file__).parent / "data" / "web_pages" / "*.html"
RECIPE = """\
name: web pages
steps:
  - step: html_to_text
  - step: unicode
  - step: language
  - step: quality
  - step: exact_duplicates
  - step: near_duplicates
  - step: policy
  - step: pii
  - step: anonymize
"""


def main() -> None:
    """Run the recipe, print the ledger by document, and search the result."""
    with tempfile.TemporaryDirectory() as folder:
        recipe, out = Path(folder) / "recipe.yaml", Path(folder) / "curated"
        recipe.write_text(RECIPE, "utf-8")
        run = trueline.curate(recipe, input=str(PAGES), out=out)
        print(f"{run.counts.inputs} pages read, {run.counts.documents} kept")
        ledger = pl.read_parquet(out / "ledger.parquet")
        for row in ledger.sort("source").iter_rows(named=True):
            why = f"{row['step']}: {row['reason']}" if row["reason"] else ""
            print(f"{Path(row['source']).name:17} {row['language']:6} {row['state']:8} {why}")
        for query in ("预约", "sourdough"):
            [hit] = search(out, query).hits
            print(f"{query}: {hit.snippet}")
        print(*sorted(path.name for path in out.iterdir() if path.name[0] != "."))


if __name__ == "__main__":
    main()
