"""Rows to fine-tune on: labels, trust and split of the linear classifier's recipe, cut into windows.

A row is `{"text", "label": {head: 0 or 1}, "head_weights": {head: weight}, "source"}`. A head that is
not named was not annotated and costs nothing. Weights balance sources (a source of n rows weighs
n ** 0.5) and give positives a fixed share of each head, as `recipes/linear_guard/training.py` does.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "linear_guard"))

from corpus import Corpus as Corpus  # type: ignore[import-not-found]  # noqa: E402
from corpus import Split, unit_hash  # noqa: E402
from corpus import read_corpus as read_corpus  # noqa: E402
from noise import noised  # noqa: E402
from sources import HEADS as HEADS  # type: ignore[import-not-found]  # noqa: E402
from windows import windows  # noqa: E402

#: Rows of a source that train at most. Every positive of a rare head is in a source below it.
ROWS = 3000
MORE = {"cold_zh": 9000, "swsr_sexism_zh": 7000, "hatemoji_build_en": 4000}
#: Windows of ordinary running text of one file.
RUNNING = 260
SOURCE_POWER, POSITIVE_SHARE = 0.5, 0.35
#: Rare heads would otherwise take single steps by storm.
HEAVIEST = 20.0
#: Share of training texts that are disguised, and windows read of one text.
NOISED, WINDOWS = 0.15, 2
HARD_CUTS = (0.70, 0.85)
HARD = "hard_benign"


def read_texts(data: Path) -> Corpus:
    """The linear classifier's corpus, with the hard benign sentences of this folder."""
    corpus = read_corpus(data)
    for language in ("zh", "en"):
        for line in (HERE / "hard_benign" / f"{language}.jsonl").open(encoding="utf-8"):
            row = json.loads(line)
            place = unit_hash(HARD, row["template"])
            split: Split = "train" if place < HARD_CUTS[0] else "calibrate"
            if place >= HARD_CUTS[1]:
                split = "test"
            corpus.ids.append(row["id"])
            corpus.texts.append(row["text"])
            corpus.sources.append(HARD)
            corpus.languages.append(language)
            corpus.strata.append("hard")
            corpus.splits.append(split)
            corpus.weights.append(2.0)
            corpus.rows.append([0] * len(HEADS))
    return corpus


def write_rows(
    corpus: Corpus, out: Path, share: float = 1.0, leave_out: frozenset[str] = frozenset()
) -> dict[str, int]:
    """Write train.jsonl and dev.jsonl; how many rows each has.

    Args:
        corpus: of `read_texts`.
        out: the folder.
        share: of the rows of each source that are taken; more than 1 where time allows.
        leave_out: sources nothing is learned from.
    """
    out.mkdir(parents=True, exist_ok=True)
    chosen = {
        "train": _chosen(corpus, "train", share, leave_out),
        "dev": _chosen(corpus, "calibrate", share * 0.02, leave_out),
    }
    counts: dict[str, int] = {}
    for split, numbers in chosen.items():
        cut = [(n, window) for n in numbers for window in _windows(corpus, n, split)]
        weights = head_weights(corpus, [n for n, _ in cut])
        with (out / f"{split}.jsonl").open("w", encoding="utf-8") as handle:
            for (n, window), row_weights in zip(cut, weights, strict=True):
                known = {h: t for h, t in zip(HEADS, corpus.rows[n], strict=True) if t >= 0}
                row = {
                    "text": window,
                    "label": known,
                    "head_weights": {
                        h: round(float(w), 4)
                        for h, w in zip(HEADS, row_weights, strict=True)
                        if h in known
                    },
                    "source": corpus.sources[n],
                }
                handle.write(json.dumps(row, ensure_ascii=False) + "\n")
        counts[split] = len(cut)
    return counts


def head_weights(corpus: Corpus, numbers: Sequence[int]) -> npt.NDArray[np.float64]:
    """Weight of each row for each head, float [rows, heads]; mean 1 over rows for each head."""
    targets = np.array([corpus.rows[n] for n in numbers])
    names, sources = np.unique([corpus.sources[n] for n in numbers], return_inverse=True)
    trust = np.array([corpus.weights[n] for n in numbers])
    found = np.zeros(targets.shape)
    for head in range(targets.shape[1]):
        for value, share in ((1, POSITIVE_SHARE), (0, 1 - POSITIVE_SHARE)):
            row = trust * (targets[:, head] == value)
            total = np.bincount(sources, row, len(names))
            balance = np.where(total > 0, np.maximum(total, 1e-9) ** (SOURCE_POWER - 1), 0)
            row = row * balance[sources]
            found[:, head] += share * row * len(numbers) / max(row.sum(), 1e-12)
    return np.minimum(found, HEAVIEST)


def _chosen(corpus: Corpus, split: str, share: float, leave_out: frozenset[str]) -> list[int]:
    taken: Counter[str] = Counter()
    found: list[int] = []
    numbers = [
        n
        for n, own in enumerate(corpus.splits)
        if own == split and corpus.sources[n] not in leave_out
    ]
    for n in sorted(numbers, key=lambda n: unit_hash("row", corpus.ids[n])):
        source = corpus.sources[n]
        ordinary = corpus.strata[n] == "ordinary" and not source.startswith("benign")
        limit = RUNNING if ordinary else MORE.get(source, ROWS)
        if taken[source] < limit * share:
            taken[source] += 1
            found.append(n)
    return found


def _windows(corpus: Corpus, number: int, split: str) -> list[str]:
    """At most WINDOWS windows of a text: its first, and another by hash."""
    text, name = corpus.texts[number], corpus.ids[number]
    if split == "train" and unit_hash("noise", name) < NOISED:
        text = noised(text, name)
    found = windows(text)
    if len(found) <= WINDOWS:
        return found
    other = 1 + int(unit_hash("window", name) * (len(found) - 1))
    return [found[0], found[other]]
