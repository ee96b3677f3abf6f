"""Make the background of the topic scorer: how rare features are, and ordinary segments.

    python recipes/topic/background.py DATA_FOLDER

Only hashed features are kept, no text. Writes `topic_data/background.bin`: a zlib stream of
the rarities (one byte a bucket) and the buckets of each background segment.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from trueline.scorers import topic_background
from trueline.scorers.topic_features import BUCKETS, features
from trueline.text.normalize import normalize
from trueline.text.segments import segments

# Public domain, CC0, CC BY, CDLA-Permissive, BSD, MIT and Apache-2.0 only; see SOURCES.md.
SOURCES = (
    "general/pretrain/en_gov_articles",
    "general/pretrain/zh_laws",
    "general/pretrain/zh_counsel_dialogues",
    "general/tasks/classification/goemotions_en.train",
    "general/tasks/classification/multidogo_intents_en.train",
    "general/tasks/classification/sentfin_en.train",
    "general/tasks/classification/shopping_reviews_zh.train",
    "general/tasks/dialogue/chatterbot_faq_en.train",
    "general/tasks/dialogue/medqa_zh.train",
    "general/tasks/translation/opendocs.train",
    "general/tasks/translation/tatoeba.train",
    "safety/train/benign_en_instructions",
    "safety/train/benign_zh_crosswoz",
    "safety/train/benign_zh_instructions",
    "safety/train/benign_zh_kdconv",
)
SEGMENTS_PER_SOURCE = 12_000
KEPT_PER_SOURCE = 80
SEED = 20260101


def main(data: Path) -> None:
    choose = random.Random(SEED)
    frequency = np.zeros(BUCKETS)
    kept: list[list[int]] = []
    total = 0
    for name in SOURCES:
        found = list(pieces(data / f"{name}.jsonl.gz", choose))
        total += len(found)
        for buckets in found:
            frequency[buckets] += 1
        rich = [buckets for buckets in found if len(buckets) >= 4]
        kept += choose.sample(rich, min(KEPT_PER_SOURCE, len(rich)))
        print(f"{name}: {len(found)} segments")
    choose.shuffle(kept)
    rarity = np.log((total + 1) / (frequency + 1))
    target = Path(topic_background.__file__).with_name("topic_data") / "background.bin"
    target.write_bytes(topic_background.encode(rarity, kept))
    print(f"{total} segments counted, {len(kept)} kept, {target.stat().st_size} bytes")


def pieces(path: Path, choose: random.Random) -> Iterator[list[int]]:
    count = 0
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            for text in [row[key] for key in ("text", "question", "zh", "en") if row.get(key)]:
                folded = normalize(text[:2000]).folded.text
                parts = segments(folded)
                if len(parts) > 4:
                    parts = choose.sample(parts, 4)
                for start, end in parts:
                    buckets = sorted(features(folded[start:end]))
                    if buckets:
                        count += 1
                        yield buckets
            if count >= SEGMENTS_PER_SOURCE:
                return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
