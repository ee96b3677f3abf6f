"""From hashed pieces to weights: features worth keeping, weights of rows, the best piece of a text.

A text's label says that *some* piece of it is harmful. Two passes train on all pieces of a
harmful text; the passes after them weigh its pieces by how sure the first model is of each
(multiple-instance learning with a softmax, one head at a time).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from corpus import Corpus
from features import Pieces
from scipy.sparse import csr_matrix
from solver import Fit, Float32Array, Problem, Settings, fit
from sources import HEADS

from trueline.models.hashing import SLOT_COUNT

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

# Row weights: a source of n rows weighs n ** SOURCE_POWER; positives of a head weigh
# POSITIVE_SHARE of all its rows.
SOURCE_POWER = 0.5
POSITIVE_SHARE = 0.3
FIRST_PASSES, SECOND_PASSES = 2, 4


@dataclass(frozen=True)
class Table:
    """All pieces as a matrix, with what is known about each text."""

    pieces: Any
    kept: IntArray
    texts: IntArray
    targets: npt.NDArray[np.int8]
    sources: npt.NDArray[np.int64]
    source_names: list[str]
    weights: Float32Array
    harmless: BoolArray
    in_train: BoolArray
    identities: npt.NDArray[np.uint64]

    @property
    def signs(self) -> Float32Array:
        by_text = np.where(self.targets == 1, 1, np.where(self.targets == 0, -1, 0))
        return by_text[self.texts].astype(np.float32)


def build_table(corpus: Corpus, pieces: Pieces, features: int) -> Table:
    """Keep the slots met in most training pieces, and scale each piece to length one."""
    in_train_text = np.array([split == "train" for split in corpus.splits])
    in_train = in_train_text[pieces.texts]
    met = np.bincount(pieces.slots[np.repeat(in_train, pieces.counts)], minlength=SLOT_COUNT)
    kept = np.sort(np.argsort(-met, kind="stable")[:features])
    kept = kept[met[kept] > 1]
    column = np.full(SLOT_COUNT, -1, np.int32)
    column[kept] = np.arange(kept.size, dtype=np.int32)
    columns = column[pieces.slots]
    known = columns >= 0
    ends = np.concatenate([[0], np.cumsum(known)])[pieces.ends]
    scale = (1 / np.sqrt(pieces.counts)).astype(np.float32)
    matrix = csr_matrix(
        (np.repeat(scale, np.diff(ends)), columns[known], ends),
        shape=(len(pieces.counts), kept.size),
    )
    names, numbers = np.unique(np.array(corpus.sources), return_inverse=True)
    return Table(
        pieces=matrix,
        kept=kept,
        texts=pieces.texts,
        targets=corpus.targets,
        sources=numbers.astype(np.int64),
        source_names=names.tolist(),
        weights=np.array(corpus.weights, np.float32),
        harmless=np.array([stratum != "" for stratum in corpus.strata]),
        in_train=in_train,
        identities=_identities(pieces),
    )


def train(table: Table, settings: Settings, leave_out: frozenset[str] = frozenset()) -> Fit:
    """Fit the heads on the training pieces, without the sources named in `leave_out`."""
    out = np.isin(table.sources, [table.source_names.index(name) for name in leave_out])
    rows = np.flatnonzero(table.in_train & ~out[table.texts])
    pieces, texts = table.pieces[rows], table.texts[rows]
    signs = table.signs[rows]
    per_text = np.bincount(texts, minlength=len(table.targets))[texts].astype(np.float32)
    signs = _without_carriers(signs, table.identities[rows])
    weights = _weights(table, texts, signs, per_text)
    harmless = (table.harmless[texts] / np.sqrt(per_text)).astype(np.float32)
    name = "all" if not leave_out else f"without {len(leave_out)} sources"
    first = fit(Problem(pieces, signs, weights, harmless), settings, FIRST_PASSES, None, name)
    weights = _by_best_piece(first.logits(pieces), texts, signs, weights, per_text)
    return fit(Problem(pieces, signs, weights, harmless), settings, SECOND_PASSES, first, name)


def text_logits(table: Table, model: Fit, rows: IntArray) -> tuple[Float32Array, IntArray]:
    """Highest logit of each text over its pieces, and the texts; `rows` rising."""
    logits, texts = model.logits(table.pieces[rows]), table.texts[rows]
    starts = _starts(texts)
    return np.maximum.reduceat(logits, starts, axis=0), texts[starts]


def _identities(pieces: Pieces) -> npt.NDArray[np.uint64]:
    """A number for each piece that is equal for equal pieces."""
    mixed = (pieces.slots.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return np.add.reduceat(mixed, pieces.ends[:-1])


def _without_carriers(signs: Float32Array, identities: npt.NDArray[np.uint64]) -> Float32Array:
    """Forget the label of a harmful text's piece that stands in a harmless text as well.

    An attack hidden in an e-mail makes the whole e-mail harmful; its other sentences are not.
    """
    cleaned = signs.copy()
    for head in range(signs.shape[1]):
        harmless = np.unique(identities[signs[:, head] < 0])
        carrier = (signs[:, head] > 0) & np.isin(identities, harmless)
        cleaned[carrier, head] = 0
    return cleaned


def _weights(table: Table, texts: IntArray, signs: Float32Array, per_text: Float32Array) -> Any:
    """Weights of pieces, float32 [pieces, heads]: sources balanced, positives balanced.

    A harmful text shares its weight among its pieces. Each piece of a harmless text is
    harmless, so a long one weighs more than a short one, by a square root.
    """
    weights = np.zeros_like(signs)
    sources = table.sources[texts]
    trust = table.weights[texts]
    for head in range(len(HEADS)):
        for sign, share in ((1, POSITIVE_SHARE), (-1, 1 - POSITIVE_SHARE)):
            chosen = signs[:, head] == sign
            row = trust * chosen / (per_text if sign == 1 else np.sqrt(per_text))
            total = np.bincount(sources, row, len(table.source_names))
            balance = np.where(total > 0, np.maximum(total, 1e-9) ** (SOURCE_POWER - 1), 0)
            row = row * balance[sources]
            weights[:, head] += share * row / max(row.sum(), 1e-12)
    return weights


def _by_best_piece(
    logits: Float32Array,
    texts: IntArray,
    signs: Float32Array,
    weights: Float32Array,
    per_text: Float32Array,
) -> Float32Array:
    starts = _starts(texts)
    lengths = np.diff(np.append(starts, len(texts)))
    odds = np.exp(np.clip(logits, -30, 30))
    total = np.repeat(np.add.reduceat(odds, starts, axis=0), lengths, axis=0)
    moved = weights * per_text[:, None] * odds / total
    return np.where(signs > 0, moved, weights).astype(np.float32)


def _starts(texts: IntArray) -> IntArray:
    return np.flatnonzero(np.r_[True, texts[1:] != texts[:-1]])
