"""Write en.jsonl and zh.jsonl: every frame with some of its words, then the lines by hand.

    python recipes/guard-encoder/hard_benign/build.py

The choice is by hash, so the same sources give the same files. At most PER_FRAME sentences of a
frame are taken: more of them would teach the frame and not the word.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import texts_en  # noqa: E402
import texts_zh  # noqa: E402
from texts_en import Sense  # noqa: E402

PER_FRAME = 8


def rows(language: str, senses: Sequence[Sense], by_hand: Sequence[str]) -> list[dict[str, str]]:
    """Rows without doubles; `template` is what a split keeps together."""
    found: list[dict[str, str]] = []
    seen: set[str] = set()
    for number, sense in enumerate(senses):
        for place, frame in enumerate(sense.frames):
            template = f"{language}-{number:02d}-{place}"
            texts = [frame.replace("{x}", word) for word in sense.words]
            for text in sorted(texts, key=_order)[:PER_FRAME]:
                found.append(_row(language, text, sense.name, sense.trigger, template))
    for place, text in enumerate(by_hand):
        found.append(_row(language, text, "by hand", "", f"{language}-hand-{place}"))
    kept: list[dict[str, str]] = []
    for row in found:
        key = "".join(c for c in row["text"].lower() if c.isalnum())
        if key not in seen:
            seen.add(key)
            kept.append({"id": f"hard-{language}-{len(kept):04d}", **row})
    return kept


def _row(language: str, text: str, sense: str, trigger: str, template: str) -> dict[str, str]:
    return {
        "text": text,
        "lang": language,
        "sense": sense,
        "trigger": trigger,
        "template": template,
    }


def _order(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()


def main() -> None:
    for language, source in (("en", texts_en), ("zh", texts_zh)):
        made = rows(language, source.SENSES, source.BY_HAND)
        with (HERE / f"{language}.jsonl").open("w", encoding="utf-8") as handle:
            for row in made:
                handle.write(json.dumps(row, ensure_ascii=False) + "\n")
        print(language, len(made), "rows")


if __name__ == "__main__":
    main()
