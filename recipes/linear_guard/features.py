"""Cut texts into the pieces the scorer will see, hash them, and keep the result on disk.

Reading 300,000 texts through the normaliser takes minutes; everything after it takes
seconds. The cache is named after the code of the normaliser and the hash, and the texts.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from corpus import Corpus, unit_hash

import trueline.models.hashing
import trueline.text
from trueline.models.hashing import hash_pieces
from trueline.text.normalize import normalize
from trueline.text.segments import segments

# Training reads at most this many pieces of a text: the first half, and others by hash.
TRAIN_PIECES = 8
BATCH = 256


@dataclass(frozen=True)
class Pieces:
    """Hashed pieces of all texts.

    `slots`: uint32, distinct slots of piece after piece; `counts`: slots of each piece;
    `texts`: which text each piece belongs to, rising.
    """

    slots: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.int64]
    texts: npt.NDArray[np.int64]

    @property
    def ends(self) -> npt.NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum(self.counts)])


def read_pieces(corpus: Corpus, cache: Path | None) -> Pieces:
    """Pieces of every text of the corpus, from the cache where it is of the same code."""
    place = None if cache is None else cache / f"pieces-{_key(corpus)}.npz"
    if place is not None and place.exists():
        with np.load(place) as stored:
            return Pieces(stored["slots"], stored["counts"], stored["texts"])
    pieces = _make(corpus)
    if place is not None:
        place.parent.mkdir(parents=True, exist_ok=True)
        np.savez(place, slots=pieces.slots, counts=pieces.counts, texts=pieces.texts)
    return pieces


def pieces_of(text: str) -> list[str]:
    """The pieces of one text, as the scorer cuts them."""
    folded = normalize(text).folded.text
    return [folded[start:end] for start, end in segments(folded)] or [""]


def _make(corpus: Corpus) -> Pieces:
    began = time.monotonic()
    slots: list[npt.NDArray[np.uint32]] = []
    counts: list[npt.NDArray[np.int64]] = []
    texts: list[int] = []
    waiting: list[str] = []
    for number, text in enumerate(corpus.texts):
        pieces = pieces_of(text)
        if corpus.splits[number] == "train":
            pieces = _some(pieces, corpus.ids[number])
        waiting.extend(pieces)
        texts.extend([number] * len(pieces))
        while len(waiting) >= BATCH:
            _hash(waiting[:BATCH], slots, counts)
            del waiting[:BATCH]
        if (number + 1) % 20_000 == 0:
            spent = time.monotonic() - began
            rate = (number + 1) / spent
            left = (len(corpus) - number - 1) / rate
            print(
                f"  read {number + 1:,} of {len(corpus):,} texts, "
                f"{rate:,.0f} a second, {left:.0f} s left",
                file=sys.stderr,
                flush=True,
            )
    if waiting:
        _hash(waiting, slots, counts)
    return Pieces(np.concatenate(slots), np.concatenate(counts), np.array(texts, np.int64))


def _some(pieces: Sequence[str], name: str) -> list[str]:
    if len(pieces) <= TRAIN_PIECES:
        return list(pieces)
    half = TRAIN_PIECES // 2
    rest = sorted(range(half, len(pieces)), key=lambda n: unit_hash(name, str(n)))[:half]
    return [*pieces[:half], *(pieces[n] for n in sorted(rest))]


def _hash(
    pieces: list[str],
    slots: list[npt.NDArray[np.uint32]],
    counts: list[npt.NDArray[np.int64]],
) -> None:
    hashed = hash_pieces(pieces)
    slots.append(hashed.slots)
    counts.append(hashed.counts.astype(np.int64))


def _key(corpus: Corpus) -> str:
    digest = hashlib.blake2b(digest_size=8)
    folder = Path(trueline.text.__file__).parent
    code = [Path(trueline.models.hashing.__file__), Path(__file__)]
    for path in sorted(folder.rglob("*")) + code:
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.name.encode() + path.read_bytes())
    for text, split in zip(corpus.texts, corpus.splits, strict=True):
        digest.update(split.encode() + text.encode("utf-8", "replace") + b"\x00")
    return digest.hexdigest()
