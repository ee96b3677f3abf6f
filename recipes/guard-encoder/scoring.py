"""Logits of the encoder and of the bundled linear classifier for whole texts, and what a logit is worth.

A text scores as its highest window (encoder) or piece (linear). Logits of different heads and
models are made comparable by the same yardstick: the share of harmless calibration texts of the
language that score as high, as -log10, so that 2 means "one harmless text in a hundred".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer
from windows import windows

from trueline.models.linear import LinearModel
from trueline.models.onnx_session import OnnxSession
from trueline.text.normalize import normalize
from trueline.text.segments import segments

Floats = npt.NDArray[np.float32]
LONGEST, AT_ONCE = 128, 32
LANGUAGES = ("zh", "en")


class Encoder:
    """The exported encoder: a session, its tokenizer and the marks around a text."""

    def __init__(self, folder: Path, file: str = "model.int8.onnx") -> None:
        self.session = OnnxSession(folder / file)
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.marks = [int(self.tokenizer.token_to_id(m) or 0) for m in ("[PAD]", "[CLS]", "[SEP]")]

    def logits(self, texts: Sequence[str]) -> Floats:
        """float32 [texts, heads], the highest over the windows of each text."""
        pieces: list[str] = []
        owners: list[int] = []
        for number, text in enumerate(texts):
            cut = windows(text)
            pieces += cut
            owners += [number] * len(cut)
        told = self.piece_logits(pieces)
        found = np.full((len(texts), told.shape[1]), -np.inf, np.float32)
        np.maximum.at(found, np.array(owners), told)
        return found

    def piece_logits(self, pieces: Sequence[str]) -> Floats:
        """float32 [pieces, heads], computed in batches of like length."""
        pad, start, end = self.marks
        ids = [
            [start, *encoding.ids[: LONGEST - 2], end]
            for encoding in self.tokenizer.encode_batch(list(pieces), add_special_tokens=False)
        ]
        order = sorted(range(len(ids)), key=lambda n: len(ids[n]))
        found: Floats | None = None
        for first in range(0, len(order), AT_ONCE):
            rows = order[first : first + AT_ONCE]
            width = max(len(ids[n]) for n in rows)
            table = np.full((len(rows), width), pad, np.int64)
            for place, n in enumerate(rows):
                table[place, : len(ids[n])] = ids[n]
            lengths = np.array([len(ids[n]) for n in rows])
            mask = (np.arange(width)[None, :] < lengths[:, None]).astype(np.int64)
            told = self.session.run({"input_ids": table, "attention_mask": mask})["label"]
            if found is None:
                found = np.zeros((len(ids), told.shape[1]), np.float32)
            found[rows] = told
        assert found is not None
        return found


def linear_logits(model: LinearModel, texts: Sequence[str]) -> Floats:
    """float32 [texts, heads], the highest over the pieces of each text."""
    found = np.full((len(texts), len(model.heads)), -np.inf, np.float32)
    for first in range(0, len(texts), 512):
        pieces: list[str] = []
        owners: list[int] = []
        for number, text in enumerate(texts[first : first + 512], start=first):
            folded = normalize(text).folded.text
            cut = [folded[a:b] for a, b in segments(folded)] or [""]
            pieces += cut
            owners += [number] * len(cut)
        np.maximum.at(found, np.array(owners), model.logits(pieces)[0])
    return found


@dataclass(frozen=True)
class Yardstick:
    """Logits of harmless calibration texts by language and head, rising."""

    harmless: dict[str, Floats]

    @classmethod
    def of(cls, logits: Floats, languages: npt.NDArray[Any]) -> Yardstick:
        """The yardstick of one model."""
        return cls({tongue: np.sort(logits[languages == tongue], axis=0) for tongue in LANGUAGES})

    def rarity(self, logits: Floats, languages: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """-log10 of the share of harmless texts that score as high, float [texts, heads].

        Above the highest harmless text the logit itself breaks ties, a hundredth a unit.
        """
        found = np.zeros(logits.shape)
        for tongue, harmless in self.harmless.items():
            ours = languages == tongue
            for head in range(logits.shape[1]):
                column, known = logits[ours, head], harmless[:, head]
                above = len(known) - np.searchsorted(known, column, side="left")
                over = np.clip(column - known[-1], 0, 50) / 100
                found[ours, head] = -np.log10((above + 1) / (len(known) + 1)) + over
        return found


def average_precision(yes: npt.NDArray[Any], no: npt.NDArray[Any]) -> float:
    """Area under the precision-recall curve, as the mean precision at each harmful text.

    >>> average_precision(np.array([3.0, 2.0]), np.array([1.0, 0.0]))
    1.0
    """
    scores = np.concatenate([yes, no])
    labels = np.concatenate([np.ones(len(yes)), np.zeros(len(no))])
    # Ties count against the model: harmless texts first.
    order = np.lexsort((labels, -scores))
    hits = np.cumsum(labels[order])
    precision = hits / np.arange(1, len(order) + 1)
    return float((precision * labels[order]).sum() / max(len(yes), 1))


def recall_at(yes: npt.NDArray[Any], no: npt.NDArray[Any], rate: float) -> float:
    """Share of harmful texts above the threshold that at most `rate` of the harmless ones pass."""
    allowed = int(rate * len(no))
    threshold = np.sort(no)[::-1][allowed] if allowed < len(no) else -np.inf
    return float((yes > threshold).mean()) if len(yes) else 0.0
