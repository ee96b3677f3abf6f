"""Read the texts of a folder of `*.jsonl.gz` files."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path


def texts(folder: Path, prefix: str) -> Iterator[str]:
    """Texts of the files whose names begin with `prefix` (`zh_`, `en_`)."""
    for path in sorted(folder.glob(f"{prefix}*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                text = json.loads(line).get("text", "")
                if isinstance(text, str):
                    yield text
