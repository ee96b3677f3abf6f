"""Curate customer feedback from a CSV file: no personal data, no copies, more training rows.

python examples/curate_feedback_csv.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl

import trueline

FEEDBACK = Path(__file__).parent / "data" / "feedback.csv"
RECIPE = """\
name: feedback
text_field: comment
id_field: null
steps:
  - step: unicode
  - step: language
  - step: exact_duplicates
  - step: pii
  - step: anonymize
  - step: augment
    operations: [synonym, delete]
    label_words: [不满意, broken]
"""


def main() -> None:
    """Run the recipe and show each comment with its label and what was made of it."""
    with tempfile.TemporaryDirectory() as folder:
        recipe, out = Path(folder) / "recipe.yaml", Path(folder) / "curated"
        recipe.write_text(RECIPE, "utf-8")
        run = trueline.curate(recipe, input=str(FEEDBACK), out=out)
        print(run.counts)
        data = pl.read_parquet(out / "data" / "*.parquet")
        for row in data.filter(pl.col("label") == "neg").iter_rows(named=True):
            print(f"{row['label']} {row['augmentation'] or '-':8} {row['text']}")


if __name__ == "__main__":
    main()
