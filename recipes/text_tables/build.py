"""Rebuild the data tables of `trueline.text` from their published sources.

Run it in a virtual environment of its own (see README.md beside it): none of the packages
read here is needed at run time.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import characters
import english
import homoglyphs
import split_characters

DATA = Path(__file__).resolve().parents[2] / "src" / "trueline" / "text" / "data"


def main() -> None:
    """Write every table, and say how large each became."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, help="folder of *.jsonl.gz files with a text field")
    parser.add_argument("--out", type=Path, default=DATA)
    options = parser.parse_args()
    out: Path = options.out
    tables = {
        "simplified.txt": characters.simplified_table(),
        "pinyin.txt": characters.pinyin_table(),
        "homoglyphs.txt": homoglyphs.table(),
    }
    if options.corpus is not None:
        tables["split_characters.txt"] = split_characters.table(options.corpus)
        tables["one_is_l.txt"] = english.one_is_l_table(options.corpus)
    for name, content in tables.items():
        (out / name).write_text(content, encoding="utf-8")
        print(f"{name}: {len(content.encode()):,} bytes")


if __name__ == "__main__":
    main()
