"""A linear classifier over hashed character n-grams, as the yardstick of the recipes in this folder.

    python recipes/train/linear_baseline.py --train FILE [--carve 0.1] --test FILE

One logistic regression a label, trained with the solver of `recipes/linear_guard` on the n-grams
(1 to 5 characters) of `trueline.models.hashing`. The label with the highest logit is the answer.
With `--tags` the files hold tokens and BIO tags, and the yardstick is a dictionary: the longest
run of tokens that was one and the same kind of entity in training.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "linear_guard"))

from solver import Problem, Settings, fit  # noqa: E402

from trueline.models.hashing import SLOT_COUNT, hash_pieces  # noqa: E402
from trueline.stats.classification import classification  # noqa: E402
from trueline.stats.entities import entities  # noqa: E402
from trueline.train.data import read_files, split_share  # noqa: E402

PASSES, FEATURES = 6, 250_000


def main() -> None:
    arguments = _arguments()
    began = time.monotonic()
    train, _ = read_files([arguments.train], "train")
    if arguments.carve:
        train, _ = split_share(train, arguments.carve, 0)
    test, _ = read_files([arguments.test], "test")
    figures = dictionary(train, test) if arguments.tags else linear(train, test)
    figures |= {"train": len(train), "test": len(test)}
    figures["minutes"] = round((time.monotonic() - began) / 60, 2)
    print(json.dumps(figures, ensure_ascii=False))


def linear(train: Sequence[Any], test: Sequence[Any]) -> dict[str, float]:
    """Accuracy and macro F1 of the linear classifier, and of the commonest label."""
    labels = sorted({row["label"] for row in train})
    kept, known = _matrix([row["text"] for row in train], None)
    _, asked = _matrix([row["text"] for row in test], kept)
    place = {label: number for number, label in enumerate(labels)}
    signs = -np.ones((len(train), len(labels)), np.float32)
    signs[np.arange(len(train)), [place[row["label"]] for row in train]] = 1
    none = np.zeros(len(train), np.float32)
    problem = Problem(known, signs, np.ones_like(signs), none)
    model = fit(problem, Settings(energy=0.0, batch=256), PASSES)
    told = [labels[n] for n in model.logits(asked).argmax(1)]
    truth = [row["label"] for row in test]
    common = Counter(row["label"] for row in train).most_common(1)[0][0]
    figures = classification(truth, told, labels)
    return {
        "accuracy": round(figures["accuracy"], 4),
        "macro_f1": round(figures["macro_f1"], 4),
        "accuracy_of_commonest_label": round(float(np.mean([t == common for t in truth])), 4),
    }


def dictionary(train: Sequence[Any], test: Sequence[Any]) -> dict[str, float]:
    """Entity F1 of a dictionary of the training entities, longest match first."""
    seen: dict[tuple[str, ...], Counter[str]] = {}
    for row in train:
        for start, end, kind in entities(row["tags"]):
            seen.setdefault(tuple(row["tokens"][start:end]), Counter())[kind] += 1
    longest = max((len(words) for words in seen), default=1)
    right = told = there = 0
    for row in test:
        truth = {tuple(one) for one in entities(row["tags"])}
        found = set(_matches(row["tokens"], seen, longest))
        right, told, there = right + len(truth & found), told + len(found), there + len(truth)
    precision, recall = right / max(told, 1), right / max(there, 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}


def _matches(
    tokens: Sequence[str], seen: dict[tuple[str, ...], Counter[str]], longest: int
) -> list[tuple[int, int, str]]:
    found: list[tuple[int, int, str]] = []
    at = 0
    while at < len(tokens):
        for size in range(min(longest, len(tokens) - at), 0, -1):
            kinds = seen.get(tuple(tokens[at : at + size]))
            if kinds:
                found.append((at, at + size, kinds.most_common(1)[0][0]))
                at += size - 1
                break
        at += 1
    return found


def _matrix(texts: Sequence[str], kept: Any) -> tuple[Any, Any]:
    """Rows of length one over the slots kept; those of the commonest n-grams when None."""
    parts = [
        hash_pieces([t.lower() for t in texts[n : n + 512]]) for n in range(0, len(texts), 512)
    ]
    slots = np.concatenate([part.slots for part in parts])
    counts = np.concatenate([part.counts for part in parts]).astype(np.int64)
    if kept is None:
        met = np.bincount(slots, minlength=SLOT_COUNT)
        kept = np.sort(np.argsort(-met, kind="stable")[:FEATURES])
        kept = kept[met[kept] > 1]
    column = np.full(SLOT_COUNT, -1, np.int32)
    column[kept] = np.arange(kept.size, dtype=np.int32)
    columns = column[slots]
    known = columns >= 0
    ends = np.concatenate([[0], np.cumsum(known)])[np.concatenate([[0], np.cumsum(counts)])]
    values = np.repeat((1 / np.sqrt(np.maximum(counts, 1))).astype(np.float32), np.diff(ends))
    return kept, csr_matrix((values, columns[known], ends), shape=(len(texts), kept.size))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", required=True, help="file of rows")
    parser.add_argument("--test", required=True, help="file of rows")
    parser.add_argument("--carve", type=float, default=0.0, help="share kept out of --train")
    parser.add_argument("--tags", action="store_true", help="rows of tokens and tags")
    return parser.parse_args()


if __name__ == "__main__":
    main()
