"""Count pairs of syllables in ordinary Chinese text, for `trueline.scorers.syllable_pairs`.

    python recipes/lexicon/syllable_pairs.py DATA_FOLDER

DATA_FOLDER holds `general/pretrain` and `safety/train`. A pair is common when it makes up at
least one in a million pairs; words whose pairs are all common are not searched for by sound.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from trueline.scorers import syllable_pairs
from trueline.text import tables

SOURCES = (
    "general/pretrain/zh_docs.jsonl.gz",
    "general/pretrain/zh_wiki_paragraphs.jsonl.gz",
    "general/pretrain/zh_laws.jsonl.gz",
    "general/pretrain/zh_counsel_dialogues.jsonl.gz",
    "general/tasks/classification/shopping_reviews_zh.train.jsonl.gz",
    "general/tasks/classification/thucnews_headlines_zh.dev.jsonl.gz",
    "safety/train/benign_zh_kdconv.jsonl.gz",
    "safety/train/benign_zh_crosswoz.jsonl.gz",
)
CHARACTERS_PER_SOURCE = 3_000_000
ONE_IN = 1_000_000


def main(folder: Path) -> None:
    table = tables.syllables()
    counts: Counter[tuple[str, str]] = Counter()
    for name in SOURCES:
        for text in texts(folder / name, CHARACTERS_PER_SOURCE):
            sounds = [table.get(character, "") for character in text]
            counts.update(pair for pair in pairwise(sounds) if pair[0] and pair[1])
    total = sum(counts.values())
    common = frozenset(pair for pair, count in counts.items() if count * ONE_IN >= total)
    target = Path(syllable_pairs.__file__).with_name("lexicon_data") / "syllable_pairs.b85"
    target.write_text(syllable_pairs.encode_pairs(common), encoding="ascii")
    print(
        f"{total} pairs read, {len(counts)} kinds, {len(common)} common; {target.stat().st_size} bytes"
    )


def texts(path: Path, budget: int) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            text = json.loads(line)["text"]
            yield text
            budget -= len(text)
            if budget < 0:
                return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
