"""Divide the documents into train, dev and test sets that share no near duplicates."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import xxhash
from numpy.typing import NDArray
from pydantic import Field, model_validator

from trueline.curate.bands import similar_pairs
from trueline.curate.batch import Batch, Column, Result
from trueline.curate.components import Components
from trueline.curate.sketch import Sketches, sketch
from trueline.curate.step import Decisions, RunSettings, StepOptions

SKETCH = "split_sketch"
SPLIT = "split"


class SplitOptions(StepOptions):
    """Options of the step `split`."""

    step: Literal["split"] = "split"
    train: float = Field(default=0.8, ge=0, le=1, description="Share of the training set.")
    dev: float = Field(default=0.1, ge=0, le=1, description="Share of the development set.")
    test: float = Field(default=0.1, ge=0, le=1, description="Share of the test set.")
    leak_similarity: float = Field(
        default=0.5,
        ge=0.3,
        le=1,
        description="Documents estimated at least this alike go into the same set, also those "
        "that a near-duplicate step let stay.",
    )
    group_by: tuple[str, ...] = Field(
        default=(),
        description="Columns (an author, a source) whose documents of one value stay together; "
        "empty values group nothing.",
    )
    stratify: str = Field(
        default="",
        description="Column (a label, a language) whose values keep the same shares in each set.",
    )

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> Self:
        total = self.train + self.dev + self.test
        if abs(total - 1) > 1e-9:
            message = f"train, dev and test must sum to 1 (got {total:g}); change one of them"
            raise ValueError(message)
        return self

    def build(self, run: RunSettings) -> Split:
        return Split(
            shares=(self.train, self.dev, self.test),
            leak_similarity=self.leak_similarity,
            group_by=self.group_by,
            stratify=self.stratify,
            seed=run.seed,
        )


@dataclass(frozen=True, slots=True)
class Split:
    """Set step: column `split` is `train`, `dev` or `test`; drops nothing.

    Whole groups of like documents are dealt out, in an order that a hash of the seed and the
    id of their first document gives, so the same documents are always divided alike.
    """

    shares: tuple[float, float, float] = (0.8, 0.1, 0.1)
    leak_similarity: float = 0.5
    group_by: tuple[str, ...] = ()
    stratify: str = ""
    seed: int = 0
    name: str = "split"

    @property
    def reads(self) -> tuple[str, ...]:
        more = (*self.group_by, self.stratify) if self.stratify else self.group_by
        return (SKETCH, *dict.fromkeys(more))

    def measure(self, batch: Batch) -> Result:
        return Result(columns={SKETCH: sketch(batch.texts).rows()})

    def decide(self, ids: Sequence[str], columns: Mapping[str, Column]) -> Decisions:
        groups = Components(len(ids))
        pairs = similar_pairs(Sketches.from_rows(columns[SKETCH]), self.leak_similarity)
        groups.join(pairs.first, pairs.second)
        for name in self.group_by:
            groups.join(*_links(columns[name]))
        roots = groups.roots(np.arange(len(ids)))
        labels = columns[self.stratify] if self.stratify else [""] * len(ids)
        chosen = self._deal(ids, roots, labels)
        return Decisions(columns={SPLIT: [chosen[root] for root in roots.tolist()]})

    def _deal(self, ids: Sequence[str], roots: NDArray[np.int64], labels: Column) -> dict[int, str]:
        """Set of each group, by its root."""
        members: dict[int, list[int]] = defaultdict(list)
        for row, root in enumerate(roots.tolist()):
            members[root].append(row)
        strata: dict[str, list[int]] = defaultdict(list)
        for root, rows in members.items():
            common = Counter(str(labels[row]) for row in rows)
            strata[min(common, key=lambda label: (-common[label], label))].append(root)

        chosen: dict[int, str] = {}
        for label in sorted(strata):
            order = sorted(strata[label], key=lambda root: (_hash(self.seed, ids[root]), root))
            held: dict[str, int] = {"train": 0, "dev": 0, "test": 0}
            total = sum(len(members[root]) for root in order)
            wanted = {name: share * total for name, share in zip(held, self.shares, strict=True)}
            # Large groups first, while there is room; then each to the set that lacks most.
            for root in sorted(order, key=lambda root: -len(members[root])):
                name = max(
                    (name for name in held if wanted[name] > 0),
                    key=lambda name: (wanted[name] - held[name]) / wanted[name],
                )
                chosen[root] = name
                held[name] += len(members[root])
        return chosen


def _links(column: Column) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each row beside the first one with the same value; rows without a value have none."""
    first: dict[str, int] = {}
    pairs = [
        (first.setdefault(str(value), row), row)
        for row, value in enumerate(column)
        if value is not None and value != ""
    ]
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _hash(seed: int, identifier: str) -> int:
    """Where a group stands in the order of dealing."""
    return xxhash.xxh3_64_intdigest(identifier.encode("utf-8", "surrogatepass"), seed % (1 << 64))
