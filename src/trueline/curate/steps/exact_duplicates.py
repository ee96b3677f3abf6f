"""Drop documents that are the same as an earlier one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xxhash
from numpy.typing import NDArray
from pydantic import Field

from trueline.curate.batch import Batch, Column, Drop, Result
from trueline.curate.codepoints import SPACE, chunks, folding, pack
from trueline.curate.step import Decisions, RunSettings, StepOptions

DIGEST = "digest"
_WIDTH = 16
_CHUNK = 1 << 16

Compare = Literal["text", "folded"]


class ExactDuplicatesOptions(StepOptions):
    """Options of the step `exact_duplicates`."""

    step: Literal["exact_duplicates"] = "exact_duplicates"
    compare: Compare = Field(
        default="text",
        description="`text`: the same characters. `folded`: the same but for case, width of "
        "letters, accents, white space and invisible characters.",
    )

    def build(self, run: RunSettings) -> ExactDuplicates:
        return ExactDuplicates(self.compare)


@dataclass(frozen=True, slots=True)
class ExactDuplicates:
    """Set step: measures a digest of 16 bytes, keeps the first document of each digest.

    Texts that fold to nothing (white space alone) are the same text.
    """

    compare: Compare = "text"
    name: str = "exact_duplicates"
    reads: tuple[str, ...] = (DIGEST,)

    def measure(self, batch: Batch) -> Result:
        digests = (
            [xxhash.xxh3_128_digest(text.encode("utf-8", "surrogatepass")) for text in batch.texts]
            if self.compare == "text"
            else _folded_digests(batch.texts)
        )
        return Result(columns={DIGEST: digests})

    def decide(self, ids: Sequence[str], columns: Mapping[str, Column]) -> Decisions:
        firsts = _first_of_same(columns[DIGEST])
        again = np.flatnonzero(firsts != np.arange(len(firsts)))
        return Decisions(
            {
                int(row): Drop("exact duplicate", partner=ids[int(firsts[row])], similarity=1.0)
                for row in again
            }
        )


def _first_of_same(column: Column | NDArray[np.uint8]) -> NDArray[np.int64]:
    """Row of the first document with the same digest, for every row."""
    rows = (
        column
        if isinstance(column, np.ndarray)
        else np.frombuffer(b"".join(column), np.uint8).reshape(-1, _WIDTH)
    )
    halves = np.ascontiguousarray(rows).view(np.uint64)
    order = np.lexsort((halves[:, 1], halves[:, 0]))  # stable: equal digests in reading order
    ordered = halves[order]
    begins = np.ones(len(order), bool)
    begins[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    firsts = np.empty(len(order), np.int64)
    firsts[order] = order[np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))]
    return firsts


def _folded_digests(texts: Sequence[str]) -> list[bytes]:
    digests: list[bytes] = []
    for part in chunks(texts, _CHUNK):
        packed = pack(texts[part])
        folded = folding().take(packed.codes, mode="clip")
        for start, length in zip(packed.starts.tolist(), packed.lengths.tolist(), strict=True):
            own = folded[start : start + length]
            digests.append(xxhash.xxh3_128_digest(own[own > SPACE].tobytes()))
    return digests
