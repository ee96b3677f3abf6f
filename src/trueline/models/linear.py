"""The bundled bilingual classifier: hashed character n-grams, one logistic head per kind of harm.

A piece of text is the set of its n-gram slots (`trueline.models.hashing`). A head adds the
weights of those slots, divides by the square root of their number and adds its bias. Only a
few hundred thousand of the four million slots carry weights; the others count for nothing,
so words never met in training cannot push a score.

    >>> model = load_linear()
    >>> logits, known = model.logits(["good morning"])
    >>> logits.shape == (1, len(model.heads))
    True

A model is one file: magic, BLAKE2b of all that follows, a JSON header, the gaps between the
slots that carry weights, their weights. Nothing in it is executed, and a file that was
changed is refused.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from trueline.core.errors import InputError
from trueline.models.hashing import SLOT_BITS, SLOT_COUNT, Ngrams, hash_ngrams
from trueline.models.ngram_weights import LANES, Hits, NgramWeights

MAGIC = b"TLLIN\x00\x00\x01"
NEVER = 1.01  # a threshold that no value reaches
_DIGEST_BYTES = 32
Language = Literal["zh", "en"]

Float32Array = npt.NDArray[np.float32]
Int8Array = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Ladder:
    """What a head's logit is worth: rungs from a generous error budget to a strict one.

    Rung `n` has the same meaning in both languages: `zh[n]` and `en[n]` are the logits that at
    most a share `budgets[n]` of harmless calibration texts reaches (upper 95 % bound, in the
    worst group that is large enough to tell), `values[n]` is the value shown there.
    """

    budgets: tuple[float, ...]
    values: tuple[float, ...]
    zh: tuple[float, ...]
    en: tuple[float, ...]

    def value(self, logit: float, language: Language) -> float:
        """The value, 0 to 1, of a logit; straight lines between the rungs."""
        logits = self.zh if language == "zh" else self.en
        at = bisect_right(logits, logit)
        if at == 0:
            # Below the first rung the odds fall with the logit.
            return self.values[0] / (1 + math.expm1(min(logits[0] - logit, 50.0)))
        if at == len(logits):
            return self.values[-1]
        low, high = logits[at - 1], logits[at]
        part = (logit - low) / (high - low)
        return self.values[at - 1] + part * (self.values[at] - self.values[at - 1])

    def threshold(self, budget: float) -> float:
        """The smallest value of a rung within the budget; more than 1 when there is none."""
        # Budgets fall along the ladder.
        at = bisect_left(self.budgets, -budget, key=lambda rung: -rung)
        return self.values[at] if at < len(self.budgets) else NEVER

    def logit_at(self, value: float, language: Language) -> float:
        """The lowest logit of a language that reaches a value, 0 to 1; infinite for none."""
        logits = self.zh if language == "zh" else self.en
        if value <= self.values[0]:
            return logits[0] - math.log(self.values[0] / value) if value > 0 else -math.inf
        at = bisect_left(self.values, value)
        if at == len(self.values):
            return math.inf
        part = (value - self.values[at - 1]) / (self.values[at] - self.values[at - 1])
        return logits[at - 1] + part * (logits[at] - logits[at - 1])

    def logit_of(self, value: float) -> float:
        """The lowest logit, in either language, that may reach a value."""
        if value <= self.values[0]:
            low = min(self.zh[0], self.en[0])
            return low - math.log(self.values[0] / value)
        at = min(bisect_left(self.values, value), len(self.values) - 1)
        return min(self.zh[at - 1], self.en[at - 1])


@dataclass(frozen=True, slots=True)
class Head:
    """One kind of harm: its name, where it goes in the taxonomy, and its ladder."""

    name: str
    category: str
    label: str
    ladder: Ladder


@dataclass(frozen=True, slots=True)
class PieceWeights:
    """What each n-gram of one piece does to a head's logit, in whole steps.

    Args:
        grams: the n-grams, with their places in `padded(piece)`.
        steps: int64, the weight of each n-gram's slot; a slot counts once however often it is met.
        distinct: distinct slots of the piece.
        scale: what one step is worth before it is divided by the square root of `distinct`.
        bias: what the logit starts from.
    """

    grams: Ngrams
    steps: npt.NDArray[np.int64]
    distinct: int
    scale: np.float32
    bias: np.float32

    @property
    def total(self) -> int:
        """The steps of all distinct slots together."""
        _, first = np.unique(self.grams.slots, return_index=True)
        return int(self.steps[first].sum())

    @property
    def logit(self) -> float:
        """The logit that the steps add up to, bit for bit the model's own."""
        root = np.sqrt(np.float32(self.distinct))
        return float(np.float32(self.total) * self.scale / root + self.bias)

    @property
    def unit(self) -> float:
        """What one step adds to the logit."""
        return float(self.scale) / math.sqrt(self.distinct)


class LinearModel:
    """Weights and heads. Immutable after loading, safe to share between threads.

    Args:
        heads: in the order of the weight columns.
        shares: for each category, budget of the category -> budget of each of its heads.
        kept: slots that carry weights, rising.
        weights: int8 [kept, heads].
        scales: float32 [heads], what one step of a weight is worth.
        bias: float32 [heads].
    """

    def __init__(
        self,
        heads: Sequence[Head],
        shares: Mapping[str, Mapping[float, float]],
        kept: npt.NDArray[np.int64],
        weights: Int8Array,
        scales: Float32Array,
        bias: Float32Array,
    ) -> None:
        if len(heads) > LANES:
            raise ValueError(f"at most {LANES} heads, got {len(heads)}")
        self.heads = tuple(heads)
        self.shares = shares
        self._weights = NgramWeights(kept, weights, scales, bias)
        self._scales = scales
        self._bias = bias

    def logits(self, pieces: Sequence[str]) -> tuple[Float32Array, Float32Array]:
        """Score normalised pieces.

        Returns:
            Logits, float32 [pieces, heads], and the share of each piece's n-grams that carry
            weights, float32 [pieces]: low for gibberish.
        """
        return self._weights.logits(pieces)

    def hits(self, pieces: Sequence[str], floors: Sequence[float]) -> Hits:
        """The logits that reach the floors of their heads, without an array for the rest."""
        return self._weights.hits(pieces, floors)

    def bias(self, head: int) -> float:
        """What a head's logit starts from."""
        return float(self._bias[head])

    def piece_weights(self, piece: str, head: int) -> PieceWeights:
        """The weights behind a head's logit of one normalised piece."""
        grams = hash_ngrams(piece)
        return PieceWeights(
            grams,
            self._weights.weights_of(grams.slots, head).astype(np.int64),
            int(np.unique(grams.slots).size),
            np.float32(self._scales[head]),
            np.float32(self._bias[head]),
        )

    def contributions(self, piece: str, head: int) -> Float32Array:
        """How much each character of the padded piece adds to a head's logit.

        The sum over the characters is the logit without its bias. An n-gram's weight is
        spread evenly over its places and over its characters.
        """
        grams = hash_ngrams(piece)
        _, inverse, times = np.unique(grams.slots, return_inverse=True, return_counts=True)
        weight = self._weights.weights_of(grams.slots, head).astype(np.float64)
        share = weight / (times[inverse] * grams.orders) * self._scales[head] / np.sqrt(times.size)
        length = int(grams.begins.max()) + 1
        # Add at the first character, take away after the last: a running sum fills the middle.
        steps = np.bincount(grams.begins, share, length + 1)
        steps -= np.bincount(grams.begins + grams.orders, share, length + 1)
        return np.cumsum(steps)[:length].astype(np.float32)

    def threshold(self, category: str, label: str, budget: float) -> float:
        """Value at which the category's heads together stay within the budget.

        Returns:
            More than 1 when the calibration data cannot support such a budget, or the model
            has no such head.
        """
        shares = self.shares.get(category, {})
        supported = [known for known in shares if known <= budget]
        for head in self.heads:
            if (head.category, head.label) == (category, label) and supported:
                return head.ladder.threshold(shares[max(supported)])
        return NEVER


def save_linear(
    path: Path,
    heads: Sequence[Head],
    shares: Mapping[str, Mapping[float, float]],
    kept: npt.NDArray[np.int64],
    weights: Float32Array,
    bias: Float32Array,
    about: Mapping[str, Any],
) -> str:
    """Quantise to int8, write the file and return its SHA-256.

    Args:
        path: file to write.
        heads: in the order of the weight columns.
        shares: for each category, its budget -> the budget of each of its heads.
        kept: slots with weights, rising.
        weights: float32 [kept, heads].
        bias: float32 [heads].
        about: provenance for the header (settings, versions).
    """
    scales = np.maximum(np.abs(weights).max(axis=0), 1e-9) / 127
    # Gaps between slots are stored in 16 bits; slots of weight 0 bridge wider ones.
    bridged = np.union1d(kept, np.arange(0, SLOT_COUNT, (1 << 16) - 1))
    steps = np.zeros((bridged.size, weights.shape[1]), np.int8)
    steps[np.searchsorted(bridged, kept)] = np.rint(weights / scales)
    arrays = [np.diff(bridged, prepend=0).astype("<u2").tobytes(), steps.tobytes()]
    header = {
        "slot_bits": SLOT_BITS,
        "kept": int(bridged.size),
        "heads": [
            {
                "name": head.name,
                "category": head.category,
                "label": head.label,
                "scale": float(scales[number]),
                "bias": float(bias[number]),
                "budgets": head.ladder.budgets,
                "values": head.ladder.values,
                "zh": head.ladder.zh,
                "en": head.ladder.en,
            }
            for number, head in enumerate(heads)
        ],
        "shares": {name: sorted(table.items()) for name, table in shares.items()},
        "about": dict(about),
    }
    text = json.dumps(header, ensure_ascii=False, sort_keys=True).encode()
    body = struct.pack("<I", len(text)) + text + b"".join(arrays)
    path.write_bytes(MAGIC + _checksum(body) + body)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_linear(data: bytes, name: str) -> LinearModel:
    """Check and read the content of a model file.

    Raises:
        InputError: not a model, of another version, or changed since it was written.
    """
    start = len(MAGIC) + _DIGEST_BYTES
    if data[: len(MAGIC)] != MAGIC:
        raise InputError(f"{name} is not a linear model of this version; train it again")
    body = memoryview(data)[start:]
    if _checksum(body) != data[len(MAGIC) : start]:
        raise InputError(f"{name} does not match its checksum: it is damaged or was changed")
    (length,) = struct.unpack_from("<I", body)
    header = json.loads(bytes(body[4 : 4 + length]))
    if header["slot_bits"] != SLOT_BITS:
        raise InputError(f"{name} was hashed to {header['slot_bits']} bits, not {SLOT_BITS}")
    count, at = header["kept"], 4 + length
    kept = np.cumsum(np.frombuffer(body, "<u2", count, at), dtype=np.int64)
    weights = np.frombuffer(body, np.int8, offset=at + 2 * count)
    entries = header["heads"]
    return LinearModel(
        heads=[_head(entry) for entry in entries],
        shares={
            category: {float(budget): float(share) for budget, share in table}
            for category, table in header["shares"].items()
        },
        kept=kept,
        weights=weights.reshape(count, len(entries)),
        scales=np.array([entry["scale"] for entry in entries], np.float32),
        bias=np.array([entry["bias"] for entry in entries], np.float32),
    )


@cache
def load_linear() -> LinearModel:
    """The model in the package, read once."""
    file = files("trueline.models") / "linear_guard" / "linear_guard.bin"
    return read_linear(file.read_bytes(), "linear_guard.bin")


def _checksum(body: bytes | memoryview) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest()


def _head(entry: Mapping[str, Any]) -> Head:
    ladder = Ladder(
        budgets=tuple(entry["budgets"]),
        values=tuple(entry["values"]),
        zh=tuple(entry["zh"]),
        en=tuple(entry["en"]),
    )
    return Head(entry["name"], entry["category"], entry["label"], ladder)
