"""Running text for pre-training: a fixed share of every openly licensed file, then curation.

The share of a file is told in characters, so that dialogues made by a machine, classics and statutes
do not outweigh everything else. Documents are taken by hash: more characters add documents and
take none away.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import trueline

HERE = Path(__file__).parent

#: Characters taken of each file at share 1. A Chinese character is about one token of the
#: tokenizer of this recipe, four English letters are; the two languages end up with like many tokens.
CHARACTERS: Mapping[str, int] = {
    "zh_counsel_dialogues": 4_000_000,
    "zh_docs": 4_000_000,
    "zh_wiki_paragraphs": 3_300_000,
    "zh_laws": 2_000_000,
    "zh_classics": 300_000,
    "zh_poetry": 200_000,
    "en_wiki_paragraphs": 5_700_000,
    "en_docs": 12_000_000,
    "en_gov_articles": 9_000_000,
    "en_novels": 15_000_000,
}


def take_text(data: Path, out: Path, share: float) -> int:
    """Write the documents of every file below `out`; how many there are.

    Raises:
        FileNotFoundError: files are missing; the message lists them all.
    """
    folder = data / "general" / "pretrain"
    missing = [name for name in CHARACTERS if not (folder / f"{name}.jsonl.gz").is_file()]
    if missing:
        raise FileNotFoundError(f"{folder} lacks " + ", ".join(f"{n}.jsonl.gz" for n in missing))
    out.mkdir(parents=True, exist_ok=True)
    written = 0
    for name, characters in CHARACTERS.items():
        rows = list(_documents(folder / f"{name}.jsonl.gz"))
        rows.sort(key=lambda row: hashlib.blake2b(row["text"].encode(), digest_size=8).digest())
        with (out / f"{name}.jsonl").open("w", encoding="utf-8") as handle:
            left = int(characters * share)
            for number, row in enumerate(rows):
                if left <= 0:
                    break
                left -= len(row["text"])
                document = {"id": f"{name}-{number:06d}", "text": row["text"], "file": name}
                handle.write(json.dumps(document, ensure_ascii=False) + "\n")
                written += 1
    return written


def curate_text(taken: Path, out: Path) -> dict[str, Any]:
    """Curate what `take_text` wrote; counts by state."""
    trueline.curate(str(HERE / "curate.yaml"), input=str(taken / "*.jsonl"), out=str(out))
    record: dict[str, Any] = json.loads((out / "run.json").read_text(encoding="utf-8"))
    return record


def _documents(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        for line in handle:
            yield json.loads(line)
