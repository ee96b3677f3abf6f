"""A batch of documents on its way through a recipe, column by column.

>>> batch = Batch(ids=["a"], texts=["hello"], columns={"language": ["en"]})
>>> len(batch)
1
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: A column's values, one per document: strings, numbers, booleans, bytes, lists of strings or
#: a numpy array whose first axis is the document.
Column = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents of one shard, in reading order.

    `columns` holds what the reader found beside the text (a `label`, a `url`) and what
    earlier steps measured; every column is as long as `ids`.
    """

    ids: Sequence[str]
    texts: Sequence[str]
    columns: Mapping[str, Column] = field(default_factory=dict[str, Column])

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Drop:
    """Why one document goes, in the terms of the step that decided it.

    `reason` is a short fixed phrase without user text (`too short`, `near duplicate`);
    `value` is what was measured, `threshold` what it was held against; `partner` is the id
    of the document kept in its place, `similarity` (0..1) how alike they are.
    """

    reason: str
    value: float | None = None
    threshold: float | None = None
    partner: str = ""
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """A new document made from the one at `position` of the batch (an augmentation).

    Its id is the parent's id followed by `#` and `suffix`, unique within the parent.
    `columns` overrides the parent's columns; all others are inherited.
    """

    position: int
    suffix: str
    text: str
    columns: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Result:
    """What a step says about a batch.

    Args:
        texts: the changed texts, as many as came in; None when no text changed.
        columns: new or replaced columns, one value per document.
        drops: position in the batch to the reason it goes. Absent positions stay.
        changes: position to a short phrase saying how its text was changed, for the ledger.
        added: new documents.
    """

    texts: Sequence[str] | None = None
    columns: Mapping[str, Column] = field(default_factory=dict[str, Column])
    drops: Mapping[int, Drop] = field(default_factory=dict[int, Drop])
    changes: Mapping[int, str] = field(default_factory=dict[int, str])
    added: Sequence[Added] = ()
